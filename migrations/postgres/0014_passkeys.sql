-- Passkeys, and the ceremonies by which they are made and used. A credential is a public key and what was said about it.

CREATE TABLE passkeys (
    tenant_id       UUID    NOT NULL,
    id              UUID    NOT NULL,
    user_id         UUID    NOT NULL,
    -- What the authenticator knows its person by: random, and gone with the person's last passkey.
    user_handle     BYTEA   NOT NULL CHECK (length(user_handle) = 32),
    credential_id   BYTEA   NOT NULL CHECK (length(credential_id) BETWEEN 1 AND 1023),
    credential      JSONB   NOT NULL,
    name            TEXT    NOT NULL CHECK (length(name) <= 64),
    counter         BIGINT  NOT NULL,
    backup_eligible BOOLEAN NOT NULL,
    backed_up       BOOLEAN NOT NULL,
    hardware_bound  BOOLEAN NOT NULL,
    user_verified   BOOLEAN NOT NULL,
    created_at      BIGINT  NOT NULL,
    last_used_at    BIGINT,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, credential_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX passkeys_user ON passkeys (tenant_id, user_id);

-- One for each flow, session or invitation: a new challenge takes the place of the one before.
CREATE TABLE passkey_ceremonies (
    tenant_id   UUID   NOT NULL,
    bound_to    TEXT   COLLATE "C" NOT NULL,
    id          UUID   NOT NULL,
    state       JSONB  NOT NULL,
    expires_at  BIGINT NOT NULL,
    consumed_at BIGINT,
    PRIMARY KEY (tenant_id, bound_to)
);
CREATE INDEX passkey_ceremonies_expiry ON passkey_ceremonies (tenant_id, expires_at);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['passkeys', 'passkey_ceremonies'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant_isolation ON %I
            USING (tenant_id = NULLIF(current_setting(''app.current_tenant_id'', true), '''')::uuid)
            WITH CHECK (tenant_id = NULLIF(current_setting(''app.current_tenant_id'', true), '''')::uuid)', name);
        EXECUTE format('CREATE POLICY owner_access ON %I TO CURRENT_USER USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;
