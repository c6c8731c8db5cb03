-- Programs that ask for tokens, and the keys tokens are signed with.

CREATE TABLE clients (
    tenant_id   BLOB    NOT NULL REFERENCES tenants (id),
    client_id   TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('confidential', 'native', 'spa')),
    auth_method TEXT    NOT NULL,
    secret_hash BLOB    CHECK (length(secret_hash) = 32),
    settings    TEXT    NOT NULL CHECK (json_valid(settings)),
    disabled_at INTEGER,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, client_id)
) STRICT;

CREATE TABLE signing_keys (
    tenant_id      BLOB    NOT NULL REFERENCES tenants (id),
    kid            TEXT    NOT NULL,
    alg            TEXT    NOT NULL,
    bits           INTEGER,
    state          TEXT    NOT NULL CHECK (state IN ('next', 'active', 'retiring', 'retired')),
    public_jwk     TEXT    NOT NULL CHECK (json_valid(public_jwk)),
    sealed_private BLOB    NOT NULL,
    created_at     INTEGER NOT NULL,
    activated_at   INTEGER,
    retiring_at    INTEGER,
    retired_at     INTEGER,
    PRIMARY KEY (tenant_id, kid)
) STRICT;
CREATE UNIQUE INDEX signing_keys_active ON signing_keys (tenant_id, alg) WHERE state = 'active';
