-- People, how they got in, and what they allowed.

CREATE TABLE users (
    tenant_id            BLOB    NOT NULL REFERENCES tenants (id),
    id                   BLOB    NOT NULL,
    email                TEXT    NOT NULL,
    -- Lower case throughout: what must be unique and what is looked up.
    email_folded         TEXT    NOT NULL,
    email_verified       INTEGER NOT NULL CHECK (email_verified IN (0, 1)),
    profile              TEXT    NOT NULL CHECK (json_valid(profile)),
    status               TEXT    NOT NULL CHECK (status IN ('active', 'invited', 'disabled')),
    password_hash        TEXT,
    created_at           INTEGER NOT NULL,
    updated_at           INTEGER NOT NULL,
    last_login_at        INTEGER,
    data_retention_until INTEGER,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, email_folded)
) STRICT;

CREATE TABLE invitations (
    tenant_id   BLOB    NOT NULL,
    id          BLOB    NOT NULL,
    hash        BLOB    NOT NULL CHECK (length(hash) = 32),
    user_id     BLOB    NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    consumed_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_expiry ON invitations (tenant_id, expires_at);

-- The history of consents: a row is only ever closed, never removed or rewritten.
CREATE TABLE user_consents (
    tenant_id  BLOB    NOT NULL,
    id         BLOB    NOT NULL DEFAULT (randomblob(16)),
    user_id    BLOB    NOT NULL,
    client_id  TEXT    NOT NULL,
    scopes     TEXT    NOT NULL,
    granted_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, client_id) REFERENCES clients (tenant_id, client_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_consents_live ON user_consents (tenant_id, user_id, client_id) WHERE revoked_at IS NULL;
