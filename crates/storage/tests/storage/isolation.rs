//! PostgreSQL's row-level security as the net under the statements (DB2, DB3).

use domain::TenantId;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Row as _};
use storage::{DbOptions, users};
use testkit::Backend;

use crate::scene::{Scene, keep};

pub(crate) async fn connect(url: &str) -> PgConnection {
    url.parse::<PgConnectOptions>().unwrap().connect().await.unwrap()
}

/// Every tenant table with a row of the first tenant in it, reached as the product's role.
async fn scene() -> (Scene, TenantId, PgConnection) {
    let s = Scene::new(Backend::Postgres).await;
    let other = s.store.tenant("other").await;
    s.add_family().await;
    let raw = connect(&s.store.url).await;
    (s, other, raw)
}

async fn count(raw: &mut PgConnection, table: &'static str) -> i64 {
    let text = match table {
        "users" => "SELECT count(*) FROM users",
        "clients" => "SELECT count(*) FROM clients",
        _ => "SELECT count(*) FROM grants",
    };
    sqlx::query(text).fetch_one(raw).await.unwrap().get(0)
}

#[tokio::test]
async fn an_unset_tenant_sees_nothing_and_cannot_write() {
    let (s, _, mut raw) = scene().await;
    // Fresh connection: the setting is unknown. After one use it reads as an empty text.
    for _ in 0..2 {
        for table in ["users", "clients", "grants"] {
            assert_eq!(count(&mut raw, table).await, 0, "{table}");
        }
        let text =
            "INSERT INTO revoked_tokens (tenant_id, jti, expires_at, revoked_at) VALUES ($1, 'j', 1, 1)";
        let refused = sqlx::query(text)
            .bind(s.tenant)
            .execute(&mut raw)
            .await
            .unwrap_err();
        assert!(refused.to_string().contains("row-level security"), "{refused}");
        let text = format!(
            "BEGIN; SELECT set_config('app.current_tenant_id', '{}', true); COMMIT",
            s.tenant
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(text))
            .execute(&mut raw)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_set_tenant_sees_and_writes_its_own_only() {
    let (s, other, mut raw) = scene().await;
    for (tenant, expected) in [(s.tenant, 1), (other, 0)] {
        let text = format!("BEGIN; SELECT set_config('app.current_tenant_id', '{tenant}', true)");
        sqlx::raw_sql(sqlx::AssertSqlSafe(text))
            .execute(&mut raw)
            .await
            .unwrap();
        for table in ["users", "clients", "grants"] {
            assert_eq!(count(&mut raw, table).await, expected, "{table}");
        }
        let changed = sqlx::query("UPDATE users SET status = 'active'")
            .execute(&mut raw)
            .await
            .unwrap();
        assert_eq!(changed.rows_affected(), u64::try_from(expected).unwrap());
        let text =
            "INSERT INTO revoked_tokens (tenant_id, jti, expires_at, revoked_at) VALUES ($1, 'j', 1, 1)";
        let outcome = sqlx::query(text).bind(s.tenant).execute(&mut raw).await;
        assert_eq!(outcome.is_ok(), tenant == s.tenant);
        sqlx::raw_sql("ROLLBACK").execute(&mut raw).await.unwrap();
    }
}

#[tokio::test]
async fn one_pooled_connection_never_carries_a_tenant_over() {
    let options = DbOptions {
        connections: 1,
        ..DbOptions::default()
    };
    let store = Backend::Postgres.fresh_with(options).await;
    let (a, b) = (store.tenant("a").await, store.tenant("b").await);
    let (world, _) = testkit::test_world();
    let s = Scene {
        store,
        tenant: a,
        now: world.now(),
        world,
    };
    s.add_user("ada@example.com").await;
    for n in 0..2_000_u32 {
        let (tenant, expected) = if n % 3 == 0 { (b, 0) } else { (a, 1) };
        match n % 4 {
            0 => assert_eq!(
                users::count(&mut s.db().read(tenant).await.unwrap())
                    .await
                    .unwrap(),
                expected
            ),
            1 => {
                let mut tx = s.db().begin(tenant).await.unwrap();
                assert_eq!(users::count(&mut tx).await.unwrap(), expected);
                keep(tx).await;
            }
            2 => drop(s.db().begin(tenant).await.unwrap()),
            _ => s.db().begin(tenant).await.unwrap().rollback().await.unwrap(),
        }
    }
}

#[tokio::test]
async fn errors_do_not_tell_what_was_bound() {
    let s = Scene::new(Backend::Postgres).await;
    let mut flow = s.flow();
    flow.request = serde_json::json!({ "canary": "hunter2" });
    let mut tx = s.tx().await;
    storage::flows::insert(&mut tx, &flow).await.unwrap();
    let error = storage::flows::insert(&mut tx, &flow).await.unwrap_err();
    let told = format!("{error} {error:?}");
    assert!(
        !told.contains("hunter2") && !told.contains(&flow.id.to_string()),
        "{told}"
    );
}
