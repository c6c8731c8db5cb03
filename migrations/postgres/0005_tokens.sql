-- What people allowed clients, and every credential that came from it. Only hashes of credentials are kept.
-- No foreign key to tenants or clients: each token would lock the one row that all others lock too.

CREATE TABLE grants (
    tenant_id  UUID    NOT NULL,
    id         UUID    NOT NULL,
    client_id  TEXT    NOT NULL,
    user_id    UUID    NOT NULL,
    session_id UUID,
    scopes     TEXT    NOT NULL,
    resources  JSONB   NOT NULL,
    -- Whether it outlives the session it was given in.
    offline    BOOLEAN NOT NULL,
    acr        TEXT    NOT NULL,
    amr        JSONB   NOT NULL,
    auth_time  BIGINT  NOT NULL,
    claims     JSONB,
    created_at BIGINT  NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX grants_user ON grants (tenant_id, user_id, client_id) WHERE revoked_at IS NULL;
CREATE INDEX grants_session ON grants (tenant_id, session_id) WHERE revoked_at IS NULL AND session_id IS NOT NULL;

CREATE TABLE codes (
    tenant_id         UUID    NOT NULL,
    hash              BYTEA   NOT NULL CHECK (length(hash) = 32),
    grant_id          UUID    NOT NULL,
    client_id         TEXT    NOT NULL,
    redirect_uri      TEXT    NOT NULL,
    redirect_uri_sent BOOLEAN NOT NULL,
    challenge         TEXT,
    nonce             TEXT,
    failures          BIGINT  NOT NULL,
    consumed_at       BIGINT,
    created_at        BIGINT  NOT NULL,
    expires_at        BIGINT  NOT NULL,
    PRIMARY KEY (tenant_id, hash),
    FOREIGN KEY (tenant_id, grant_id) REFERENCES grants (tenant_id, id)
);
CREATE INDEX codes_expiry ON codes (tenant_id, expires_at);

CREATE TABLE refresh_tokens (
    tenant_id   UUID   NOT NULL,
    hash        BYTEA  NOT NULL CHECK (length(hash) = 32),
    grant_id    UUID   NOT NULL,
    client_id   TEXT   NOT NULL,
    consumed_at BIGINT,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, hash),
    FOREIGN KEY (tenant_id, grant_id) REFERENCES grants (tenant_id, id)
);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (tenant_id, expires_at);

CREATE TABLE access_tokens (
    tenant_id  UUID   NOT NULL,
    hash       BYTEA  NOT NULL CHECK (length(hash) = 32),
    jti        TEXT   NOT NULL,
    grant_id   UUID,
    client_id  TEXT   NOT NULL,
    user_id    UUID,
    scopes     TEXT   NOT NULL,
    audience   JSONB  NOT NULL,
    issued_at  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (tenant_id, hash)
);
CREATE INDEX access_tokens_expiry ON access_tokens (tenant_id, expires_at);

CREATE TABLE revoked_tokens (
    tenant_id  UUID   NOT NULL,
    jti        TEXT   NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, jti)
);
CREATE INDEX revoked_tokens_expiry ON revoked_tokens (tenant_id, expires_at);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['grants', 'codes', 'refresh_tokens', 'access_tokens', 'revoked_tokens'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant_isolation ON %I
            USING (tenant_id = NULLIF(current_setting(''app.current_tenant_id'', true), '''')::uuid)
            WITH CHECK (tenant_id = NULLIF(current_setting(''app.current_tenant_id'', true), '''')::uuid)', name);
        EXECUTE format('CREATE POLICY owner_access ON %I TO CURRENT_USER USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;
