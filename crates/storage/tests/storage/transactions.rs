//! What a transaction promises on both engines.

use std::sync::Arc;
use std::time::Duration;

use domain::{EventKind, Events};
use storage::{DbOptions, SqlErrorKind, StoreError, audit, flows, users};
use testkit::Backend;

use crate::scene::{Scene, keep};

on_both! {
    a_change_is_kept_with_its_events_or_not_at_all
    a_dropped_transaction_leaves_nothing
    a_failed_statement_poisons_its_transaction
    a_closed_database_says_so
    a_reader_changes_nothing
    many_transactions_do_not_mix
}

async fn a_change_is_kept_with_its_events_or_not_at_all(backend: Backend) {
    let s = Scene::new(backend).await;
    let mut tx = s.tx().await;
    assert!(
        users::insert(&mut tx, &s.user("ada@example.com"), None)
            .await
            .unwrap()
    );
    assert_eq!(users::count(&mut s.read().await).await.unwrap(), 0, "not yet");
    tx.commit(s.event(EventKind::UserCreated).into()).await.unwrap();
    assert_eq!(users::count(&mut s.read().await).await.unwrap(), 1);
    assert_eq!(audit::count(&mut s.read().await).await.unwrap(), 1);

    let mut tx = s.tx().await;
    assert!(
        users::insert(&mut tx, &s.user("bob@example.com"), None)
            .await
            .unwrap()
    );
    let bad = audit::AuditRow {
        count: 0,
        ..s.event(EventKind::UserCreated)
    };
    let refused = tx
        .commit(Events::one(s.event(EventKind::UserCreated)).and(bad))
        .await;
    assert!(matches!(refused, Err(StoreError::Sql(e)) if e.kind == SqlErrorKind::Check));
    assert_eq!(users::count(&mut s.read().await).await.unwrap(), 1);
    assert_eq!(audit::count(&mut s.read().await).await.unwrap(), 1);
}

async fn a_dropped_transaction_leaves_nothing(backend: Backend) {
    let s = Scene::new(backend).await;
    let mut tx = s.tx().await;
    assert!(
        users::insert(&mut tx, &s.user("ada@example.com"), None)
            .await
            .unwrap()
    );
    drop(tx);
    let mut tx = s.tx().await;
    assert!(
        users::insert(&mut tx, &s.user("bob@example.com"), None)
            .await
            .unwrap()
    );
    tx.rollback().await.unwrap();
    assert_eq!(users::count(&mut s.tx().await).await.unwrap(), 0);
}

async fn a_failed_statement_poisons_its_transaction(backend: Backend) {
    let s = Scene::new(backend).await;
    let flow = s.flow();
    let mut tx = s.tx().await;
    assert!(
        users::insert(&mut tx, &s.user("ada@example.com"), None)
            .await
            .unwrap()
    );
    flows::insert(&mut tx, &flow).await.unwrap();
    let refused = flows::insert(&mut tx, &flow).await;
    assert!(matches!(refused, Err(StoreError::Sql(e)) if e.kind == SqlErrorKind::Unique));
    assert!(matches!(users::count(&mut tx).await, Err(StoreError::Poisoned)));
    let refused = tx.commit_unrecorded("a test's own rows").await;
    assert!(matches!(refused, Err(StoreError::Poisoned)));
    assert_eq!(users::count(&mut s.tx().await).await.unwrap(), 0);
}

async fn a_closed_database_says_so(backend: Backend) {
    let s = Scene::new(backend).await;
    s.db().ping().await.unwrap();
    s.db().close().await;
    let append = storage::Append {
        tenant: s.tenant,
        event: s.event(EventKind::TokenIssued),
        token: None,
    };
    for error in [
        s.db().begin(s.tenant).await.map(drop).unwrap_err(),
        s.db().read(s.tenant).await.map(drop).unwrap_err(),
        s.db().ping().await.unwrap_err(),
        s.db().append(append).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Closed), "{error}");
        assert!(error.is_unavailable());
    }
}

async fn a_reader_changes_nothing(backend: Backend) {
    // The types forbid it; this is the second line.
    let s = Scene::new(backend).await;
    s.add_user("ada@example.com").await;
    let mut q = s.read().await;
    assert_eq!(users::count(&mut q).await.unwrap(), 1);
    match backend {
        Backend::Postgres => {
            let mut session = connect_postgres(&s.store.url).await;
            sqlx::raw_sql("BEGIN READ ONLY")
                .execute(&mut session)
                .await
                .unwrap();
            sqlx::raw_sql("DELETE FROM flows")
                .execute(&mut session)
                .await
                .unwrap_err();
        }
        Backend::Sqlite => {
            let options: sqlx::sqlite::SqliteConnectOptions = s.store.url.parse().unwrap();
            let options = options.pragma("query_only", "ON");
            let mut session = sqlx::ConnectOptions::connect(&options).await.unwrap();
            sqlx::raw_sql("DELETE FROM flows")
                .execute(&mut session)
                .await
                .unwrap_err();
        }
    }
}

async fn many_transactions_do_not_mix(backend: Backend) {
    let s = Arc::new(Scene::new(backend).await);
    let mut callers = tokio::task::JoinSet::new();
    for n in 0..200_u32 {
        let s = s.clone();
        callers.spawn(async move {
            let mut tx = s.tx().await;
            let user = s.user(&format!("u{n}@example.com"));
            assert!(users::insert(&mut tx, &user, None).await.unwrap());
            match n % 4 {
                0 => keep(tx).await,
                1 => tx.rollback().await.unwrap(),
                2 => drop(tx),
                _ => tx.commit(s.event(EventKind::UserCreated).into()).await.unwrap(),
            }
        });
    }
    callers.join_all().await;
    assert_eq!(users::count(&mut s.read().await).await.unwrap(), 100);
    assert_eq!(audit::count(&mut s.read().await).await.unwrap(), 50);
}

async fn connect_postgres(url: &str) -> sqlx::postgres::PgConnection {
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    sqlx::ConnectOptions::connect(&options).await.unwrap()
}

#[tokio::test]
async fn a_postgres_that_went_away_is_unavailable_and_comes_back() {
    let mut server = testkit::postgres::Postgres::start(testkit::postgres::Options::default()).unwrap();
    let schema = server.fresh_schema();
    let (world, _) = testkit::test_world();
    storage::migrate(&storage::MigrateOptions::at(
        schema.owner_url.clone(),
        world.now(),
    ))
    .await
    .unwrap();
    let options = DbOptions {
        wait: Duration::from_millis(300),
        ..DbOptions::at(schema.app_url.clone())
    };
    let db = storage::Db::open(&options).await.unwrap();
    let tenant = domain::TenantId::generate(&world);
    let under_way = db.begin(tenant).await.unwrap();

    server.stop().unwrap();
    let error = under_way
        .commit_unrecorded("a test's own rows")
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::UnknownOutcome), "{error}");
    // Every connection of the pool finds out for itself, then none can be had.
    for _ in 0..3 {
        let error = db.begin(tenant).await.map(drop).unwrap_err();
        assert!(error.is_unavailable(), "{error}");
        assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    }
    assert!(db.ping().await.unwrap_err().is_unavailable());

    server.start_again().unwrap();
    let mut q = db.read(tenant).await.unwrap();
    assert_eq!(users::count(&mut q).await.unwrap(), 0);
}
