//! Exactly the rights each role needs, given anew after every migration (DB1, DB5, DB7).

use sqlx::postgres::PgConnection;

use crate::StoreError;
use crate::postgres::run;
use crate::schema::SchemaError;

/// Who gets rights.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Roles<'a> {
    /// The product.
    pub(crate) app: &'a str,
    /// Reports; skipped if there is no such role.
    pub(crate) reader: &'a str,
}

/// What the product may do with each table. No right on a partition: rows go through `audit_log`.
const APP: &[(&str, &str)] = &[
    ("_sqlx_migrations", "SELECT"),
    ("access_token_kinds", "SELECT, INSERT"),
    ("access_tokens", "SELECT, INSERT, UPDATE, DELETE"),
    ("attempts", "SELECT, INSERT, UPDATE, DELETE"),
    ("audit_log", "SELECT, INSERT"),
    ("clients", "SELECT, INSERT, UPDATE"),
    ("codes", "SELECT, INSERT, UPDATE, DELETE"),
    ("data_keys", "SELECT, INSERT, DELETE"),
    ("factor_attempts", "SELECT, INSERT, UPDATE, DELETE"),
    ("factor_recoveries", "SELECT, INSERT, UPDATE, DELETE"),
    ("flows", "SELECT, INSERT, UPDATE, DELETE"),
    ("grants", "SELECT, INSERT, UPDATE"),
    ("invitations", "SELECT, INSERT, UPDATE, DELETE"),
    ("passkey_ceremonies", "SELECT, INSERT, UPDATE, DELETE"),
    ("passkeys", "SELECT, INSERT, UPDATE, DELETE"),
    ("recovery_codes", "SELECT, INSERT, UPDATE, DELETE"),
    ("links", "SELECT, INSERT, UPDATE, DELETE"),
    ("mail_limits", "SELECT, INSERT, UPDATE, DELETE"),
    ("mail_outbox", "SELECT, INSERT, UPDATE, DELETE"),
    ("refresh_tokens", "SELECT, INSERT, UPDATE, DELETE"),
    ("revoked_tokens", "SELECT, INSERT, DELETE"),
    ("sessions", "SELECT, INSERT, UPDATE, DELETE"),
    ("signing_keys", "SELECT, INSERT, UPDATE"),
    ("tenants", "SELECT, INSERT, UPDATE"),
    ("totp_factors", "SELECT, INSERT, UPDATE, DELETE"),
    ("trusted_devices", "SELECT, INSERT, UPDATE, DELETE"),
    ("used_challenges", "SELECT, INSERT, DELETE"),
    ("user_consents", "SELECT, INSERT, UPDATE"),
    ("users", "SELECT, INSERT, UPDATE"),
];

/// The views of reports and the tables behind them; the reader may see the views' columns of these tables.
const REPORTS: &[(&str, &str)] = &[
    ("report_audit", "audit_log"),
    ("report_clients", "clients"),
    ("report_consents", "user_consents"),
    ("report_grants", "grants"),
    ("report_sessions", "sessions"),
    ("report_users", "users"),
];

/// Takes every right on this schema from both roles and the public, and gives back the listed ones, in one step.
pub(crate) async fn give(connection: &mut PgConnection, roles: Roles<'_>) -> Result<(), StoreError> {
    let (schema, app, owns): (String, Option<String>, bool) = sqlx::query_as(
        "SELECT quote_ident(current_schema()), (SELECT quote_ident(rolname) FROM pg_roles WHERE rolname = $1),
            (SELECT pg_has_role(current_user, nspowner, 'MEMBER') FROM pg_namespace WHERE nspname = current_schema())",
    )
    .bind(roles.app)
    .fetch_one(&mut *connection)
    .await?;
    let app = app.ok_or_else(|| SchemaError::RoleMissing(roles.app.to_owned()))?;
    let (reader,): (Option<String>,) =
        sqlx::query_as("SELECT (SELECT quote_ident(rolname) FROM pg_roles WHERE rolname = $1)")
            .bind(roles.reader)
            .fetch_one(&mut *connection)
            .await?;

    let mut statements = vec!["BEGIN".to_owned()];
    if owns {
        statements.push(format!("REVOKE ALL ON SCHEMA {schema} FROM PUBLIC"));
    }
    for role in std::iter::once(&app).chain(&reader) {
        statements.push(format!(
            "REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM PUBLIC, {role}"
        ));
        if owns {
            statements.push(format!("REVOKE ALL ON SCHEMA {schema} FROM {role}"));
            statements.push(format!("GRANT USAGE ON SCHEMA {schema} TO {role}"));
        }
    }
    statements.extend(
        APP.iter()
            .map(|(table, rights)| format!("GRANT {rights} ON {table} TO {app}")),
    );
    if let Some(reader) = reader {
        for (view, table) in REPORTS {
            let columns = columns_of(connection, view).await?;
            statements.push(format!("GRANT SELECT ON {view} TO {reader}"));
            statements.push(format!("GRANT SELECT ({columns}) ON {table} TO {reader}"));
        }
    }
    statements.push("COMMIT".to_owned());
    run(connection, statements.join(";\n")).await
}

async fn columns_of(connection: &mut PgConnection, view: &str) -> Result<String, StoreError> {
    let (columns,): (String,) = sqlx::query_as(
        "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0",
    )
    .bind(view)
    .fetch_one(connection)
    .await?;
    Ok(columns)
}
