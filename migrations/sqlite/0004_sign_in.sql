-- Sign-ins under way and signed-in browsers.

CREATE TABLE flows (
    tenant_id    BLOB    NOT NULL,
    id           BLOB    NOT NULL,
    browser_hash BLOB    NOT NULL CHECK (length(browser_hash) = 32),
    request      TEXT    NOT NULL CHECK (json_valid(request)),
    session_id   BLOB,
    attempts     INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    finished_at  INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX flows_expiry ON flows (tenant_id, expires_at);

CREATE TABLE sessions (
    tenant_id           BLOB    NOT NULL,
    id                  BLOB    NOT NULL,
    token_hash          BLOB    NOT NULL CHECK (length(token_hash) = 32),
    user_id             BLOB    NOT NULL,
    acr                 TEXT    NOT NULL,
    amr                 TEXT    NOT NULL CHECK (json_valid(amr)),
    auth_time           INTEGER NOT NULL,
    created_at          INTEGER NOT NULL,
    last_seen_at        INTEGER NOT NULL,
    idle_expires_at     INTEGER NOT NULL,
    absolute_expires_at INTEGER NOT NULL,
    ended_at            INTEGER,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (tenant_id, user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_expiry ON sessions (tenant_id, absolute_expires_at);
