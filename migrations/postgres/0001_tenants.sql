-- Tenants and the wrapped data keys under which their columns are sealed.
-- The role that runs this file owns the tables; the application's role gets exact rights afterwards.

-- The one table without row-level security: it is read to find out which tenant a request is for.
CREATE TABLE tenants (
    id          UUID   NOT NULL PRIMARY KEY,
    slug        TEXT   NOT NULL UNIQUE,
    name        TEXT   NOT NULL,
    settings    JSONB  NOT NULL,
    disabled_at BIGINT,
    created_at  BIGINT NOT NULL
);

CREATE TABLE data_keys (
    tenant_id  UUID   NOT NULL REFERENCES tenants (id),
    id         UUID   NOT NULL,
    purpose    TEXT   NOT NULL,
    user_id    UUID,
    period     TEXT,
    wrapped    BYTEA  NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CHECK (user_id IS NULL OR period IS NULL)
);
CREATE UNIQUE INDEX data_keys_user ON data_keys (tenant_id, user_id) WHERE user_id IS NOT NULL;
CREATE UNIQUE INDEX data_keys_period ON data_keys (tenant_id, purpose, period) WHERE period IS NOT NULL;
CREATE UNIQUE INDEX data_keys_tenant ON data_keys (tenant_id, purpose) WHERE user_id IS NULL AND period IS NULL;

-- An unset tenant reads as NULL and equals nothing. NULLIF, because a pooled connection keeps '' after the first use.
ALTER TABLE data_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE data_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON data_keys
    USING (tenant_id = NULLIF(current_setting('app.current_tenant_id', true), '')::uuid)
    WITH CHECK (tenant_id = NULLIF(current_setting('app.current_tenant_id', true), '')::uuid);
CREATE POLICY owner_access ON data_keys TO CURRENT_USER USING (true) WITH CHECK (true);
