-- The audit log: rows are added and read, never changed and never deleted. Retention drops whole partitions.
-- Partitioned by the id, which is a UUIDv7 and so is time; months are added each time migrations run.

CREATE TABLE audit_log (
    tenant_id    UUID   NOT NULL,
    id           UUID   NOT NULL,
    occurred_at  BIGINT NOT NULL,
    kind         TEXT   NOT NULL,
    outcome      TEXT   NOT NULL CHECK (outcome IN ('failure', 'success', 'warning')),
    reason       TEXT,
    actor_kind   TEXT   NOT NULL,
    actor_id     TEXT,
    user_id      UUID,
    session_id   UUID,
    client_id    TEXT,
    grant_id     UUID,
    target_kind  TEXT,
    target_id    TEXT,
    request_id   UUID,
    -- JSON kept as the text that was written: the log's hashes are over these bytes.
    details      TEXT   NOT NULL,
    sealed       BYTEA,
    seal_key     UUID,
    address_mac  BYTEA,
    network_mac  BYTEA,
    name_mac     BYTEA,
    network_kind TEXT,
    agent_family TEXT,
    count        BIGINT NOT NULL CHECK (count > 0),
    PRIMARY KEY (tenant_id, id)
) PARTITION BY RANGE (id);
CREATE TABLE audit_log_default PARTITION OF audit_log DEFAULT;

CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log_default
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['audit_log', 'audit_log_default'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant_isolation ON %I
            USING (tenant_id = NULLIF(current_setting(''app.current_tenant_id'', true), '''')::uuid)
            WITH CHECK (tenant_id = NULLIF(current_setting(''app.current_tenant_id'', true), '''')::uuid)', name);
        EXECUTE format('CREATE POLICY owner_access ON %I TO CURRENT_USER USING (true) WITH CHECK (true)', name);
    END LOOP;
END $$;
