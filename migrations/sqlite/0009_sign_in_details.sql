-- What a session was begun with: family of browser and operating system in clear, address and user agent sealed under
-- the person's key. Sessions from before have none of it. A flow needs neither the session it led to nor a count of
-- attempts: nothing ever read them.

ALTER TABLE sessions ADD COLUMN agent_family TEXT;
ALTER TABLE sessions ADD COLUMN agent_system TEXT;
ALTER TABLE sessions ADD COLUMN sealed BLOB;
ALTER TABLE sessions ADD COLUMN seal_key BLOB;

ALTER TABLE flows DROP COLUMN session_id;
ALTER TABLE flows DROP COLUMN attempts;
