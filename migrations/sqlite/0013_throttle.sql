-- What slows down who guesses, and what keeps the owner in. Keys are keyed hashes of accounts and addresses; rows of
-- accounts that do not exist look like all others.

CREATE TABLE attempts (
    tenant_id    BLOB    NOT NULL REFERENCES tenants (id),
    key          BLOB    NOT NULL CHECK (length(key) = 32),
    -- One after another, or within the window that began at began_at.
    failures     INTEGER NOT NULL,
    began_at     INTEGER NOT NULL,
    -- Nothing is tried before that.
    next_at      INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_expiry ON attempts (tenant_id, expires_at);

-- Browsers in which a person has signed in before. One secret for a browser, a row for each of its people.
CREATE TABLE trusted_devices (
    tenant_id  BLOB    NOT NULL,
    token_hash BLOB    NOT NULL CHECK (length(token_hash) = 32),
    user_id    BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, token_hash, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX trusted_devices_user ON trusted_devices (tenant_id, user_id);
CREATE INDEX trusted_devices_expiry ON trusted_devices (tenant_id, expires_at);

-- Challenges that were answered: each counts once.
CREATE TABLE used_challenges (
    tenant_id  BLOB    NOT NULL REFERENCES tenants (id),
    hash       BLOB    NOT NULL CHECK (length(hash) = 32),
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX used_challenges_expiry ON used_challenges (tenant_id, expires_at);
