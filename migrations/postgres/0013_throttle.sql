-- What slows down who guesses, and what keeps the owner in. Keys are keyed hashes of accounts and addresses; rows of
-- accounts that do not exist look like all others.

CREATE TABLE attempts (
    tenant_id    UUID   NOT NULL REFERENCES tenants (id),
    key          BYTEA  NOT NULL CHECK (length(key) = 32),
    -- One after another, or within the window that began at began_at.
    failures     BIGINT NOT NULL,
    began_at     BIGINT NOT NULL,
    -- Nothing is tried before that.
    next_at      BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, key)
);
CREATE INDEX attempts_expiry ON attempts (tenant_id, expires_at);

-- Browsers in which a person has signed in before. One secret for a browser, a row for each of its people.
CREATE TABLE trusted_devices (
    tenant_id  UUID   NOT NULL,
    token_hash BYTEA  NOT NULL CHECK (length(token_hash) = 32),
    user_id    UUID   NOT NULL,
    created_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, token_hash, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX trusted_devices_user ON trusted_devices (tenant_id, user_id);
CREATE INDEX trusted_devices_expiry ON trusted_devices (tenant_id, expires_at);

-- Challenges that were answered: each counts once.
CREATE TABLE used_challenges (
    tenant_id  UUID   NOT NULL REFERENCES tenants (id),
    hash       BYTEA  NOT NULL CHECK (length(hash) = 32),
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, hash)
);
CREATE INDEX used_challenges_expiry ON used_challenges (tenant_id, expires_at);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['attempts', 'trusted_devices', 'used_challenges'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant_isolation ON %I
            USING (tenant_id = NULLIF(current_setting(''app.current_tenant_id'', true), '''')::uuid)
            WITH CHECK (tenant_id = NULLIF(current_setting(''app.current_tenant_id'', true), '''')::uuid)', name);
        EXECUTE format('CREATE POLICY owner_access ON %I TO CURRENT_USER USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;
