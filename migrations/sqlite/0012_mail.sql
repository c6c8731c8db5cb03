-- Mails to be sent, committed together with what they tell of, and the single-use links in them. What a mail says and to
-- whom is sealed. due_at is also the claim: who sends a mail moves it ahead first.
-- mail_limits counts wishes for mails under keyed hashes, until expires_at.

CREATE TABLE links (
    tenant_id    BLOB    NOT NULL,
    id           BLOB    NOT NULL,
    hash         BLOB    NOT NULL CHECK (length(hash) = 32),
    purpose      TEXT    NOT NULL,
    user_id      BLOB,
    browser_hash BLOB    CHECK (length(browser_hash) = 32),
    address_mac  BLOB,
    sealed       BLOB,
    seal_key     BLOB,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    consumed_at  INTEGER,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX links_expiry ON links (tenant_id, expires_at);
CREATE INDEX links_user ON links (tenant_id, user_id) WHERE consumed_at IS NULL;

-- Recoveries of people who lost their second factor, waiting for ready_at.
CREATE TABLE factor_recoveries (
    tenant_id  BLOB    NOT NULL,
    user_id    BLOB    NOT NULL,
    started_at INTEGER NOT NULL,
    ready_at   INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX factor_recoveries_expiry ON factor_recoveries (tenant_id, expires_at);

CREATE TABLE mail_limits (
    tenant_id  BLOB    NOT NULL,
    key        BLOB    NOT NULL,
    count      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_limits_expiry ON mail_limits (tenant_id, expires_at);

CREATE TABLE mail_outbox (
    tenant_id  BLOB    NOT NULL,
    id         BLOB    NOT NULL,
    template   TEXT    NOT NULL,
    language   TEXT    NOT NULL,
    user_id    BLOB,
    sealed     BLOB    NOT NULL,
    seal_key   BLOB    NOT NULL,
    attempts   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    sent_at    INTEGER,
    ended_at   INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_outbox_due ON mail_outbox (tenant_id, due_at) WHERE ended_at IS NULL;
CREATE INDEX mail_outbox_expiry ON mail_outbox (tenant_id, expires_at);

CREATE INDEX sessions_recent ON sessions (tenant_id, user_id, last_seen_at);
