-- Second factors: time-based codes (the seed sealed), recovery codes (hashes only), and how many wrong codes there were.
-- A flow remembers what was proved in it; each step is written against the version it was read at.

ALTER TABLE flows ADD COLUMN progress TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(progress));
ALTER TABLE flows ADD COLUMN version INTEGER NOT NULL DEFAULT 0;

CREATE TABLE totp_factors (
    tenant_id    BLOB    NOT NULL,
    user_id      BLOB    NOT NULL,
    id           BLOB    NOT NULL,
    seed         BLOB    NOT NULL,
    seal_key     BLOB    NOT NULL,
    -- The highest time step a code was accepted for: nothing at or below it counts again.
    last_step    INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    confirmed_at INTEGER,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery_codes (
    tenant_id  BLOB    NOT NULL,
    user_id    BLOB    NOT NULL,
    hash       BLOB    NOT NULL CHECK (length(hash) = 32),
    created_at INTEGER NOT NULL,
    used_at    INTEGER,
    PRIMARY KEY (tenant_id, user_id, hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE factor_attempts (
    tenant_id     BLOB    NOT NULL,
    user_id       BLOB    NOT NULL,
    kind          TEXT    NOT NULL CHECK (kind IN ('totp', 'recovery_code')),
    failures      INTEGER NOT NULL,
    blocked_until INTEGER NOT NULL,
    -- How long the factor will be closed when it is closed next.
    next_block    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id, kind),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT, WITHOUT ROWID;
