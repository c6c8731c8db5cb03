-- What many opaque access tokens say alike is kept once: to whom they were issued, what they open, and where. A token
-- names it, and has an id of its own only where that does not follow from its hash. For whom it speaks is told by its
-- grant.

CREATE TABLE access_token_kinds (
    tenant_id UUID  NOT NULL,
    -- Follows from the other columns; not so for the tokens that were there before this table.
    id        UUID  NOT NULL,
    client_id TEXT  NOT NULL,
    scopes    TEXT  NOT NULL,
    audience  JSONB NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
INSERT INTO access_token_kinds (tenant_id, id, client_id, scopes, audience)
    SELECT tenant_id, gen_random_uuid(), client_id, scopes, audience
    FROM (SELECT DISTINCT tenant_id, client_id, scopes, audience FROM access_tokens) said;

-- Those of even length first, so that nothing is lost between them.
CREATE TABLE slim_access_tokens (
    tenant_id  UUID   NOT NULL,
    kind_id    UUID   NOT NULL,
    grant_id   UUID,
    issued_at  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    hash       BYTEA  NOT NULL CHECK (length(hash) = 32),
    jti        TEXT
);
INSERT INTO slim_access_tokens (tenant_id, kind_id, grant_id, issued_at, expires_at, revoked_at, hash, jti)
    SELECT a.tenant_id, k.id, a.grant_id, a.issued_at, a.expires_at, a.revoked_at, a.hash, a.jti
    FROM access_tokens a JOIN access_token_kinds k ON k.tenant_id = a.tenant_id AND k.client_id = a.client_id
        AND k.scopes = a.scopes AND k.audience = a.audience;
DROP TABLE access_tokens;
ALTER TABLE slim_access_tokens RENAME TO access_tokens;
ALTER TABLE access_tokens ADD CONSTRAINT access_tokens_pkey PRIMARY KEY (tenant_id, hash);
ALTER TABLE access_tokens RENAME CONSTRAINT slim_access_tokens_hash_check TO access_tokens_hash_check;
CREATE INDEX access_tokens_expiry ON access_tokens (tenant_id, expires_at);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['access_token_kinds', 'access_tokens'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant_isolation ON %I
            USING (tenant_id = NULLIF(current_setting(''app.current_tenant_id'', true), '''')::uuid)
            WITH CHECK (tenant_id = NULLIF(current_setting(''app.current_tenant_id'', true), '''')::uuid)', name);
        EXECUTE format('CREATE POLICY owner_access ON %I TO CURRENT_USER USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;
