-- People, how they got in, and what they allowed.

CREATE TABLE users (
    tenant_id            UUID    NOT NULL REFERENCES tenants (id),
    id                   UUID    NOT NULL,
    email                TEXT    NOT NULL,
    -- Lower case throughout: what must be unique and what is looked up.
    email_folded         TEXT    NOT NULL,
    email_verified       BOOLEAN NOT NULL,
    profile              JSONB   NOT NULL,
    status               TEXT    NOT NULL CHECK (status IN ('active', 'invited', 'disabled')),
    password_hash        TEXT,
    created_at           BIGINT  NOT NULL,
    updated_at           BIGINT  NOT NULL,
    last_login_at        BIGINT,
    data_retention_until BIGINT,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, email_folded)
);

CREATE TABLE invitations (
    tenant_id   UUID   NOT NULL,
    id          UUID   NOT NULL,
    hash        BYTEA  NOT NULL CHECK (length(hash) = 32),
    user_id     UUID   NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    consumed_at BIGINT,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX invitations_expiry ON invitations (tenant_id, expires_at);

-- The history of consents: a row is only ever closed, never removed or rewritten.
CREATE TABLE user_consents (
    tenant_id  UUID   NOT NULL,
    id         UUID   NOT NULL DEFAULT gen_random_uuid(),
    user_id    UUID   NOT NULL,
    client_id  TEXT   COLLATE "C" NOT NULL,
    scopes     TEXT   NOT NULL,
    granted_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, client_id) REFERENCES clients (tenant_id, client_id)
);
CREATE INDEX user_consents_live ON user_consents (tenant_id, user_id, client_id) WHERE revoked_at IS NULL;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['users', 'invitations', 'user_consents'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant_isolation ON %I
            USING (tenant_id = NULLIF(current_setting(''app.current_tenant_id'', true), '''')::uuid)
            WITH CHECK (tenant_id = NULLIF(current_setting(''app.current_tenant_id'', true), '''')::uuid)', name);
        EXECUTE format('CREATE POLICY owner_access ON %I TO CURRENT_USER USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;
