-- Sign-ins under way and signed-in browsers.

CREATE TABLE flows (
    tenant_id    UUID   NOT NULL,
    id           UUID   NOT NULL,
    browser_hash BYTEA  NOT NULL CHECK (length(browser_hash) = 32),
    request      JSONB  NOT NULL,
    session_id   UUID,
    attempts     BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    finished_at  BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX flows_expiry ON flows (tenant_id, expires_at);

CREATE TABLE sessions (
    tenant_id           UUID   NOT NULL,
    id                  UUID   NOT NULL,
    token_hash          BYTEA  NOT NULL CHECK (length(token_hash) = 32),
    user_id             UUID   NOT NULL,
    acr                 TEXT   NOT NULL,
    amr                 JSONB  NOT NULL,
    auth_time           BIGINT NOT NULL,
    created_at          BIGINT NOT NULL,
    last_seen_at        BIGINT NOT NULL,
    idle_expires_at     BIGINT NOT NULL,
    absolute_expires_at BIGINT NOT NULL,
    ended_at            BIGINT,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX sessions_user ON sessions (tenant_id, user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_expiry ON sessions (tenant_id, absolute_expires_at);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['flows', 'sessions'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant_isolation ON %I
            USING (tenant_id = NULLIF(current_setting(''app.current_tenant_id'', true), '''')::uuid)
            WITH CHECK (tenant_id = NULLIF(current_setting(''app.current_tenant_id'', true), '''')::uuid)', name);
        EXECUTE format('CREATE POLICY owner_access ON %I TO CURRENT_USER USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;
