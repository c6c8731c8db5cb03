-- Second factors: time-based codes (the seed sealed), recovery codes (hashes only), and how many wrong codes there were.
-- A flow remembers what was proved in it; each step is written against the version it was read at.

ALTER TABLE flows ADD COLUMN progress JSONB NOT NULL DEFAULT '{}';
ALTER TABLE flows ADD COLUMN version BIGINT NOT NULL DEFAULT 0;

CREATE TABLE totp_factors (
    tenant_id    UUID   NOT NULL,
    user_id      UUID   NOT NULL,
    id           UUID   NOT NULL,
    seed         BYTEA  NOT NULL,
    seal_key     UUID   NOT NULL,
    -- The highest time step a code was accepted for: nothing at or below it counts again.
    last_step    BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    confirmed_at BIGINT,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);

CREATE TABLE recovery_codes (
    tenant_id  UUID   NOT NULL,
    user_id    UUID   NOT NULL,
    hash       BYTEA  NOT NULL CHECK (length(hash) = 32),
    created_at BIGINT NOT NULL,
    used_at    BIGINT,
    PRIMARY KEY (tenant_id, user_id, hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);

CREATE TABLE factor_attempts (
    tenant_id     UUID   NOT NULL,
    user_id       UUID   NOT NULL,
    kind          TEXT   NOT NULL CHECK (kind IN ('totp', 'recovery_code')),
    failures      BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL,
    -- How long the factor will be closed when it is closed next.
    next_block    BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id, kind),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['totp_factors', 'recovery_codes', 'factor_attempts'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant_isolation ON %I
            USING (tenant_id = NULLIF(current_setting(''app.current_tenant_id'', true), '''')::uuid)
            WITH CHECK (tenant_id = NULLIF(current_setting(''app.current_tenant_id'', true), '''')::uuid)', name);
        EXECUTE format('CREATE POLICY owner_access ON %I TO CURRENT_USER USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;
