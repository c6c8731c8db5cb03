-- The audit log: rows are added and read, never changed and never deleted.

CREATE TABLE audit_log (
    tenant_id    BLOB    NOT NULL,
    id           BLOB    NOT NULL,
    occurred_at  INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    outcome      TEXT    NOT NULL CHECK (outcome IN ('failure', 'success', 'warning')),
    reason       TEXT,
    actor_kind   TEXT    NOT NULL,
    actor_id     TEXT,
    user_id      BLOB,
    session_id   BLOB,
    client_id    TEXT,
    grant_id     BLOB,
    target_kind  TEXT,
    target_id    TEXT,
    request_id   BLOB,
    -- JSON kept as the text that was written: the log's hashes are over these bytes.
    details      TEXT    NOT NULL,
    sealed       BLOB,
    seal_key     BLOB,
    address_mac  BLOB,
    network_mac  BLOB,
    name_mac     BLOB,
    network_kind TEXT,
    agent_family TEXT,
    count        INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
