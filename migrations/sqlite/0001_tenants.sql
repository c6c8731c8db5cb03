-- Tenants and the wrapped data keys under which their columns are sealed.
-- SQLite has no roles and no row-level security: `WHERE tenant_id` in every statement is the law on both engines.

CREATE TABLE tenants (
    id          BLOB    NOT NULL PRIMARY KEY,
    slug        TEXT    NOT NULL UNIQUE,
    name        TEXT    NOT NULL,
    settings    TEXT    NOT NULL CHECK (json_valid(settings)),
    disabled_at INTEGER,
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE data_keys (
    tenant_id  BLOB    NOT NULL REFERENCES tenants (id),
    id         BLOB    NOT NULL,
    purpose    TEXT    NOT NULL,
    user_id    BLOB,
    period     TEXT,
    wrapped    BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CHECK (user_id IS NULL OR period IS NULL)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX data_keys_user ON data_keys (tenant_id, user_id) WHERE user_id IS NOT NULL;
CREATE UNIQUE INDEX data_keys_period ON data_keys (tenant_id, purpose, period) WHERE period IS NOT NULL;
CREATE UNIQUE INDEX data_keys_tenant ON data_keys (tenant_id, purpose) WHERE user_id IS NULL AND period IS NULL;
