-- Mails to be sent, committed together with what they tell of, and the single-use links in them. What a mail says and to
-- whom is sealed. due_at is also the claim: who sends a mail moves it ahead first.
-- mail_limits counts wishes for mails under keyed hashes, until expires_at.

CREATE TABLE links (
    tenant_id    UUID   NOT NULL,
    id           UUID   NOT NULL,
    hash         BYTEA  NOT NULL CHECK (length(hash) = 32),
    purpose      TEXT   NOT NULL,
    user_id      UUID,
    browser_hash BYTEA  CHECK (length(browser_hash) = 32),
    address_mac  BYTEA,
    sealed       BYTEA,
    seal_key     UUID,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    consumed_at  BIGINT,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX links_expiry ON links (tenant_id, expires_at);
CREATE INDEX links_user ON links (tenant_id, user_id) WHERE consumed_at IS NULL;

-- Recoveries of people who lost their second factor, waiting for ready_at.
CREATE TABLE factor_recoveries (
    tenant_id  UUID   NOT NULL,
    user_id    UUID   NOT NULL,
    started_at BIGINT NOT NULL,
    ready_at   BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX factor_recoveries_expiry ON factor_recoveries (tenant_id, expires_at);

CREATE TABLE mail_limits (
    tenant_id  UUID   NOT NULL,
    key        BYTEA  NOT NULL,
    count      BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, key)
);
CREATE INDEX mail_limits_expiry ON mail_limits (tenant_id, expires_at);

CREATE TABLE mail_outbox (
    tenant_id  UUID   NOT NULL,
    id         UUID   NOT NULL,
    template   TEXT   NOT NULL,
    language   TEXT   NOT NULL,
    user_id    UUID,
    sealed     BYTEA  NOT NULL,
    seal_key   UUID   NOT NULL,
    attempts   BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    sent_at    BIGINT,
    ended_at   BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX mail_outbox_due ON mail_outbox (tenant_id, due_at) WHERE ended_at IS NULL;
CREATE INDEX mail_outbox_expiry ON mail_outbox (tenant_id, expires_at);

CREATE INDEX sessions_recent ON sessions (tenant_id, user_id, last_seen_at);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['factor_recoveries', 'links', 'mail_limits', 'mail_outbox'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant_isolation ON %I
            USING (tenant_id = NULLIF(current_setting(''app.current_tenant_id'', true), '''')::uuid)
            WITH CHECK (tenant_id = NULLIF(current_setting(''app.current_tenant_id'', true), '''')::uuid)', name);
        EXECUTE format('CREATE POLICY owner_access ON %I TO CURRENT_USER USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;
