-- What many opaque access tokens say alike is kept once: to whom they were issued, what they open, and where. A token
-- names it, and has an id of its own only where that does not follow from its hash. For whom it speaks is told by its
-- grant.

CREATE TABLE access_token_kinds (
    tenant_id BLOB NOT NULL,
    -- Follows from the other columns; not so for the tokens that were there before this table.
    id        BLOB NOT NULL CHECK (length(id) = 16),
    client_id TEXT NOT NULL,
    scopes    TEXT NOT NULL,
    audience  TEXT NOT NULL CHECK (json_valid(audience)),
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
INSERT INTO access_token_kinds (tenant_id, id, client_id, scopes, audience)
    SELECT tenant_id, randomblob(16), client_id, scopes, audience
    FROM (SELECT DISTINCT tenant_id, client_id, scopes, audience FROM access_tokens);
CREATE INDEX access_token_kinds_said ON access_token_kinds (tenant_id, client_id, scopes, audience);

-- The order of the columns is PostgreSQL's: those of even length first, so that nothing is lost between them.
CREATE TABLE slim_access_tokens (
    tenant_id  BLOB    NOT NULL,
    kind_id    BLOB    NOT NULL,
    grant_id   BLOB,
    issued_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    hash       BLOB    NOT NULL CHECK (length(hash) = 32),
    jti        TEXT,
    PRIMARY KEY (tenant_id, hash)
) STRICT, WITHOUT ROWID;
INSERT INTO slim_access_tokens (tenant_id, kind_id, grant_id, issued_at, expires_at, revoked_at, hash, jti)
    SELECT a.tenant_id, k.id, a.grant_id, a.issued_at, a.expires_at, a.revoked_at, a.hash, a.jti
    FROM access_tokens a JOIN access_token_kinds k ON k.tenant_id = a.tenant_id AND k.client_id = a.client_id
        AND k.scopes = a.scopes AND k.audience = a.audience
    ORDER BY a.tenant_id, a.hash;
DROP TABLE access_tokens;
ALTER TABLE slim_access_tokens RENAME TO access_tokens;
CREATE INDEX access_tokens_expiry ON access_tokens (tenant_id, expires_at);
DROP INDEX access_token_kinds_said;
