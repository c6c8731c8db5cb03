//! What each PostgreSQL role is and may do (DB1, DB2, DB5, DB7), read from the catalogue and tried out.

use domain::{EventKind, Secret};
use sqlx::Row as _;
use storage::schema::SchemaError;
use storage::{Db, DbOptions, StoreError, audit};
use testkit::Backend;
use testkit::postgres::{APP, READER};

use crate::isolation::connect;
use crate::scene::Scene;

#[tokio::test]
async fn the_products_role_is_held_back_by_row_level_security() {
    let s = Scene::new(Backend::Postgres).await;
    let mut raw = connect(&s.store.url).await;
    let row = sqlx::query(
        "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication,
            has_schema_privilege(current_schema(), 'CREATE'), has_database_privilege(current_database(), 'CREATE'),
            (SELECT count(*) FROM pg_class c WHERE c.relowner = r.oid)
         FROM pg_roles r WHERE rolname = current_user",
    )
    .fetch_one(&mut raw)
    .await
    .unwrap();
    assert_eq!(
        (
            row.get::<bool, _>(0),
            row.get::<bool, _>(1),
            row.get::<bool, _>(2)
        ),
        (false, false, false)
    );
    assert_eq!(row.get::<i64, _>(3), 0, "it owns something");
    for text in [
        "CREATE TABLE mine (id BIGINT)",
        "ALTER TABLE users DISABLE ROW LEVEL SECURITY",
        "DROP TABLE users",
    ] {
        sqlx::raw_sql(text).execute(&mut raw).await.unwrap_err();
    }
}

#[tokio::test]
async fn a_role_that_is_not_held_back_is_refused() {
    let s = Scene::new(Backend::Postgres).await;
    let schema = s.store.schema.clone().unwrap();
    let superuser = schema.app_url.replace(APP, "postgres");
    for (url, expected) in [
        (schema.owner_url, "the owner of the tables"),
        (superuser, "a superuser"),
    ] {
        let refused = Db::open(&DbOptions::at(url)).await.unwrap_err();
        assert!(
            matches!(&refused, StoreError::Schema(SchemaError::Role(fault)) if *fault == expected),
            "{refused}"
        );
    }
    Db::open(&DbOptions {
        url: Secret::new(schema.app_url),
        ..DbOptions::default()
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn every_table_of_a_tenant_has_forced_row_level_security() {
    let s = Scene::new(Backend::Postgres).await;
    let mut raw = connect(&s.store.schema.as_ref().unwrap().owner_url).await;
    let rows = sqlx::query(
        "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,
            EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'),
            (SELECT count(*) FROM pg_policies p WHERE p.schemaname = current_schema() AND p.tablename = c.relname
                AND p.roles = '{public}' AND p.qual LIKE '%NULLIF(current_setting(%tenant_id%'
                AND p.with_check = p.qual AND p.cmd = 'ALL'),
            (SELECT count(*) FROM pg_policies p WHERE p.schemaname = current_schema() AND p.tablename = c.relname)
         FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
         ORDER BY 1",
    )
    .fetch_all(&mut raw)
    .await
    .unwrap();
    let mut bare = Vec::new();
    for row in &rows {
        let name: String = row.get(0);
        if !row.get::<bool, _>(2) {
            bare.push(name);
            continue;
        }
        assert!(
            row.get::<bool, _>(1),
            "{name}: row-level security is not enabled and forced"
        );
        assert_eq!(
            row.get::<i64, _>(3),
            1,
            "{name}: tenant_isolation with USING and WITH CHECK"
        );
        assert_eq!(
            row.get::<i64, _>(4),
            2,
            "{name}: that policy and the owner's, no other"
        );
    }
    assert_eq!(bare, ["_sqlx_migrations", "tenants"]);
    assert!(rows.len() >= 18, "{} tables", rows.len());
}

#[tokio::test]
async fn the_log_can_be_added_to_and_read_only() {
    let s = Scene::new(Backend::Postgres).await;
    let event = s.event(EventKind::TokenIssued);
    s.tx().await.commit(event.clone().into()).await.unwrap();
    let schema = s.store.schema.clone().unwrap();
    let set = format!(
        "SELECT set_config('app.current_tenant_id', '{}', false)",
        s.tenant
    );
    // The product has no right to; the owner has, and is stopped by the trigger.
    for (url, words) in [
        (schema.app_url, "permission denied"),
        (schema.owner_url, "append-only"),
    ] {
        let mut raw = connect(&url).await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(set.clone()))
            .execute(&mut raw)
            .await
            .unwrap();
        for text in [
            "UPDATE audit_log SET reason = 'x'",
            "DELETE FROM audit_log",
            "TRUNCATE audit_log",
            "UPDATE audit_log_2026_01 SET reason = 'x'",
            "DELETE FROM audit_log_2026_01",
            "TRUNCATE audit_log_2026_01",
            "TRUNCATE audit_log_default",
        ] {
            let refused = sqlx::raw_sql(text)
                .execute(&mut raw)
                .await
                .unwrap_err()
                .to_string();
            assert!(refused.contains(words), "{text}: {refused}");
        }
    }
    assert_eq!(audit::list(&mut s.read().await, None, 9).await.unwrap(), [event]);
}

#[tokio::test]
async fn rights_are_exactly_the_listed_ones() {
    let s = Scene::new(Backend::Postgres).await;
    let mut raw = connect(&s.store.schema.as_ref().unwrap().owner_url).await;
    let rows = sqlx::query(
        "SELECT grantee::text, table_name::text, string_agg(privilege_type, ',' ORDER BY privilege_type)
         FROM information_schema.role_table_grants
         WHERE table_schema = current_schema() AND grantee <> current_user GROUP BY 1, 2 ORDER BY 1, 2",
    )
    .fetch_all(&mut raw)
    .await
    .unwrap();
    let rights: Vec<(String, String, String)> = rows.iter().map(|r| (r.get(0), r.get(1), r.get(2))).collect();
    let of = |role: &str| {
        let mine = rights.iter().filter(|(grantee, ..)| grantee == role);
        mine.map(|(_, table, rights)| format!("{table}: {rights}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of(APP),
        [
            "_sqlx_migrations: SELECT",
            "access_token_kinds: INSERT,SELECT",
            "access_tokens: DELETE,INSERT,SELECT,UPDATE",
            "attempts: DELETE,INSERT,SELECT,UPDATE",
            "audit_log: INSERT,SELECT",
            "clients: INSERT,SELECT,UPDATE",
            "codes: DELETE,INSERT,SELECT,UPDATE",
            "data_keys: DELETE,INSERT,SELECT",
            "factor_attempts: DELETE,INSERT,SELECT,UPDATE",
            "factor_recoveries: DELETE,INSERT,SELECT,UPDATE",
            "flows: DELETE,INSERT,SELECT,UPDATE",
            "grants: INSERT,SELECT,UPDATE",
            "invitations: DELETE,INSERT,SELECT,UPDATE",
            "links: DELETE,INSERT,SELECT,UPDATE",
            "mail_limits: DELETE,INSERT,SELECT,UPDATE",
            "mail_outbox: DELETE,INSERT,SELECT,UPDATE",
            "passkey_ceremonies: DELETE,INSERT,SELECT,UPDATE",
            "passkeys: DELETE,INSERT,SELECT,UPDATE",
            "recovery_codes: DELETE,INSERT,SELECT,UPDATE",
            "refresh_tokens: DELETE,INSERT,SELECT,UPDATE",
            "revoked_tokens: DELETE,INSERT,SELECT",
            "sessions: DELETE,INSERT,SELECT,UPDATE",
            "signing_keys: INSERT,SELECT,UPDATE",
            "tenants: INSERT,SELECT,UPDATE",
            "totp_factors: DELETE,INSERT,SELECT,UPDATE",
            "trusted_devices: DELETE,INSERT,SELECT,UPDATE",
            "used_challenges: DELETE,INSERT,SELECT",
            "user_consents: INSERT,SELECT,UPDATE",
            "users: INSERT,SELECT,UPDATE",
        ]
    );
    assert_eq!(
        of(READER),
        [
            "report_audit: SELECT",
            "report_clients: SELECT",
            "report_consents: SELECT",
            "report_grants: SELECT",
            "report_sessions: SELECT",
            "report_users: SELECT",
        ]
    );
    assert!(
        rights
            .iter()
            .all(|(grantee, ..)| grantee == APP || grantee == READER),
        "{rights:?}"
    );
}

#[tokio::test]
async fn reports_see_safe_columns_of_their_tenant() {
    let s = Scene::new(Backend::Postgres).await;
    s.add_family().await;
    let mut raw = connect(&s.store.schema.as_ref().unwrap().reader_url).await;
    let count = "SELECT count(*) FROM report_users";
    assert_eq!(
        sqlx::query(count)
            .fetch_one(&mut raw)
            .await
            .unwrap()
            .get::<i64, _>(0),
        0,
        "no tenant set"
    );
    let set = format!(
        "SELECT set_config('app.current_tenant_id', '{}', false)",
        s.tenant
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(set))
        .execute(&mut raw)
        .await
        .unwrap();
    assert_eq!(
        sqlx::query(count)
            .fetch_one(&mut raw)
            .await
            .unwrap()
            .get::<i64, _>(0),
        1
    );
    sqlx::raw_sql("SELECT status FROM users")
        .execute(&mut raw)
        .await
        .unwrap();
    for text in [
        "SELECT password_hash FROM users",
        "SELECT email FROM users",
        "SELECT * FROM users",
        "SELECT secret_hash FROM clients",
        "SELECT sealed_private FROM signing_keys",
        "SELECT wrapped FROM data_keys",
        "SELECT hash FROM codes",
        "SELECT sealed FROM audit_log",
        "SELECT token_hash FROM sessions",
        "UPDATE report_users SET status = 'disabled'",
    ] {
        let refused = sqlx::raw_sql(text)
            .execute(&mut raw)
            .await
            .unwrap_err()
            .to_string();
        assert!(refused.contains("permission denied"), "{text}: {refused}");
    }
}
