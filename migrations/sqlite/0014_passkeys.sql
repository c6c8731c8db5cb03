-- Passkeys, and the ceremonies by which they are made and used. A credential is a public key and what was said about it.

CREATE TABLE passkeys (
    tenant_id       BLOB    NOT NULL,
    id              BLOB    NOT NULL,
    user_id         BLOB    NOT NULL,
    -- What the authenticator knows its person by: random, and gone with the person's last passkey.
    user_handle     BLOB    NOT NULL CHECK (length(user_handle) = 32),
    credential_id   BLOB    NOT NULL CHECK (length(credential_id) BETWEEN 1 AND 1023),
    credential      TEXT    NOT NULL CHECK (json_valid(credential)),
    name            TEXT    NOT NULL CHECK (length(name) <= 64),
    counter         INTEGER NOT NULL,
    backup_eligible INTEGER NOT NULL CHECK (backup_eligible IN (0, 1)),
    backed_up       INTEGER NOT NULL CHECK (backed_up IN (0, 1)),
    hardware_bound  INTEGER NOT NULL CHECK (hardware_bound IN (0, 1)),
    user_verified   INTEGER NOT NULL CHECK (user_verified IN (0, 1)),
    created_at      INTEGER NOT NULL,
    last_used_at    INTEGER,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, credential_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX passkeys_user ON passkeys (tenant_id, user_id);

-- One for each flow, session or invitation: a new challenge takes the place of the one before.
CREATE TABLE passkey_ceremonies (
    tenant_id   BLOB    NOT NULL,
    bound_to    TEXT    NOT NULL,
    id          BLOB    NOT NULL,
    state       TEXT    NOT NULL CHECK (json_valid(state)),
    expires_at  INTEGER NOT NULL,
    consumed_at INTEGER,
    PRIMARY KEY (tenant_id, bound_to)
) STRICT, WITHOUT ROWID;
CREATE INDEX passkey_ceremonies_expiry ON passkey_ceremonies (tenant_id, expires_at);
