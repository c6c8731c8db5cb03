-- What reports may see: no addresses, hashes, secrets, keys or sealed fields.

CREATE VIEW report_users AS
    SELECT tenant_id, id, email_verified, status, created_at, updated_at, last_login_at, data_retention_until FROM users;
CREATE VIEW report_clients AS
    SELECT tenant_id, client_id, name, kind, auth_method, disabled_at, created_at, updated_at FROM clients;
CREATE VIEW report_sessions AS
    SELECT tenant_id, id, user_id, acr, auth_time, created_at, last_seen_at, absolute_expires_at, ended_at FROM sessions;
CREATE VIEW report_grants AS
    SELECT tenant_id, id, client_id, user_id, scopes, offline, created_at, revoked_at FROM grants;
CREATE VIEW report_consents AS
    SELECT tenant_id, id, user_id, client_id, scopes, granted_at, revoked_at FROM user_consents;
CREATE VIEW report_audit AS
    SELECT tenant_id, id, occurred_at, kind, outcome, reason, actor_kind, user_id, session_id, client_id, grant_id,
           target_kind, network_kind, agent_family, count
    FROM audit_log;
