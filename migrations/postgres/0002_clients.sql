-- Programs that ask for tokens, and the keys tokens are signed with.

CREATE TABLE clients (
    tenant_id   UUID   NOT NULL REFERENCES tenants (id),
    -- Byte order, as SQLite has it: lists come in the same order on both.
    client_id   TEXT   COLLATE "C" NOT NULL,
    name        TEXT   NOT NULL,
    kind        TEXT   NOT NULL CHECK (kind IN ('confidential', 'native', 'spa')),
    auth_method TEXT   NOT NULL,
    secret_hash BYTEA  CHECK (length(secret_hash) = 32),
    settings    JSONB  NOT NULL,
    disabled_at BIGINT,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, client_id)
);

CREATE TABLE signing_keys (
    tenant_id      UUID   NOT NULL REFERENCES tenants (id),
    kid            TEXT   NOT NULL,
    alg            TEXT   NOT NULL,
    bits           BIGINT,
    state          TEXT   NOT NULL CHECK (state IN ('next', 'active', 'retiring', 'retired')),
    public_jwk     JSONB  NOT NULL,
    sealed_private BYTEA  NOT NULL,
    created_at     BIGINT NOT NULL,
    activated_at   BIGINT,
    retiring_at    BIGINT,
    retired_at     BIGINT,
    PRIMARY KEY (tenant_id, kid)
);
CREATE UNIQUE INDEX signing_keys_active ON signing_keys (tenant_id, alg) WHERE state = 'active';

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['clients', 'signing_keys'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant_isolation ON %I
            USING (tenant_id = NULLIF(current_setting(''app.current_tenant_id'', true), '''')::uuid)
            WITH CHECK (tenant_id = NULLIF(current_setting(''app.current_tenant_id'', true), '''')::uuid)', name);
        EXECUTE format('CREATE POLICY owner_access ON %I TO CURRENT_USER USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;
