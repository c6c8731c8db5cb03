-- What people allowed clients, and every credential that came from it. Only hashes of credentials are kept.
-- No foreign key to tenants or clients: each token would lock the one row that all others lock too.

CREATE TABLE grants (
    tenant_id  BLOB    NOT NULL,
    id         BLOB    NOT NULL,
    client_id  TEXT    NOT NULL,
    user_id    BLOB    NOT NULL,
    session_id BLOB,
    scopes     TEXT    NOT NULL,
    resources  TEXT    NOT NULL CHECK (json_valid(resources)),
    -- Whether it outlives the session it was given in.
    offline    INTEGER NOT NULL CHECK (offline IN (0, 1)),
    acr        TEXT    NOT NULL,
    amr        TEXT    NOT NULL CHECK (json_valid(amr)),
    auth_time  INTEGER NOT NULL,
    claims     TEXT    CHECK (json_valid(claims)),
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_user ON grants (tenant_id, user_id, client_id) WHERE revoked_at IS NULL;
CREATE INDEX grants_session ON grants (tenant_id, session_id) WHERE revoked_at IS NULL AND session_id IS NOT NULL;

CREATE TABLE codes (
    tenant_id         BLOB    NOT NULL,
    hash              BLOB    NOT NULL CHECK (length(hash) = 32),
    grant_id          BLOB    NOT NULL,
    client_id         TEXT    NOT NULL,
    redirect_uri      TEXT    NOT NULL,
    redirect_uri_sent INTEGER NOT NULL CHECK (redirect_uri_sent IN (0, 1)),
    challenge         TEXT,
    nonce             TEXT,
    failures          INTEGER NOT NULL,
    consumed_at       INTEGER,
    created_at        INTEGER NOT NULL,
    expires_at        INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, hash),
    FOREIGN KEY (tenant_id, grant_id) REFERENCES grants (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX codes_expiry ON codes (tenant_id, expires_at);

CREATE TABLE refresh_tokens (
    tenant_id   BLOB    NOT NULL,
    hash        BLOB    NOT NULL CHECK (length(hash) = 32),
    grant_id    BLOB    NOT NULL,
    client_id   TEXT    NOT NULL,
    consumed_at INTEGER,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, hash),
    FOREIGN KEY (tenant_id, grant_id) REFERENCES grants (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (tenant_id, expires_at);

CREATE TABLE access_tokens (
    tenant_id  BLOB    NOT NULL,
    hash       BLOB    NOT NULL CHECK (length(hash) = 32),
    jti        TEXT    NOT NULL,
    grant_id   BLOB,
    client_id  TEXT    NOT NULL,
    user_id    BLOB,
    scopes     TEXT    NOT NULL,
    audience   TEXT    NOT NULL CHECK (json_valid(audience)),
    issued_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (tenant_id, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX access_tokens_expiry ON access_tokens (tenant_id, expires_at);

CREATE TABLE revoked_tokens (
    tenant_id  BLOB    NOT NULL,
    jti        TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, jti)
) STRICT, WITHOUT ROWID;
CREATE INDEX revoked_tokens_expiry ON revoked_tokens (tenant_id, expires_at);
