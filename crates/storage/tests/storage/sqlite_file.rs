//! How the SQLite file is kept (DB9), and what stands in for PostgreSQL's rights on the log (DB5).

use std::os::unix::fs::PermissionsExt as _;

use domain::EventKind;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use storage::{Db, DbOptions, MigrateOptions, audit};
use testkit::Backend;

use crate::scene::Scene;

async fn connect(url: &str) -> SqliteConnection {
    url.parse::<SqliteConnectOptions>()
        .unwrap()
        .connect()
        .await
        .unwrap()
}

#[tokio::test]
async fn only_the_owner_can_read_the_file() {
    let s = Scene::new(Backend::Sqlite).await;
    s.add_user("ada@example.com").await;
    let folder = s.store.folder().unwrap();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        names.push(entry.file_name().into_string().unwrap());
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{names:?}"
        );
    }
    names.sort();
    assert_eq!(
        names,
        ["rsp.db", "rsp.db-shm", "rsp.db-wal"],
        "and the log is a write-ahead log"
    );
}

#[tokio::test]
async fn a_file_others_can_read_is_closed_to_them() {
    let place = Backend::Sqlite.place();
    let (world, _) = testkit::test_world();
    storage::migrate(&MigrateOptions::at(place.url.clone(), world.now()))
        .await
        .unwrap();
    let file = place.url.strip_prefix("sqlite://").unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
    Db::open(&DbOptions::at(place.url.clone()))
        .await
        .unwrap()
        .close()
        .await;
    assert_eq!(
        std::fs::metadata(file).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_made() {
    let place = Backend::Sqlite.place();
    let refused = Db::open(&DbOptions::at(place.url.clone())).await.unwrap_err();
    assert!(
        matches!(
            refused,
            storage::StoreError::Schema(storage::schema::SchemaError::Missing)
        ),
        "{refused}"
    );
    assert!(!std::fs::exists(place.url.strip_prefix("sqlite://").unwrap()).unwrap());
}

#[tokio::test]
async fn the_log_can_be_added_to_and_read_only() {
    let s = Scene::new(Backend::Sqlite).await;
    let event = s.event(EventKind::TokenIssued);
    s.tx().await.commit(event.clone().into()).await.unwrap();
    let mut raw = connect(&s.store.url).await;
    for text in ["UPDATE audit_log SET reason = 'x'", "DELETE FROM audit_log"] {
        let refused = sqlx::raw_sql(text)
            .execute(&mut raw)
            .await
            .unwrap_err()
            .to_string();
        assert!(refused.contains("append-only"), "{text}: {refused}");
    }
    assert_eq!(audit::list(&mut s.read().await, None, 9).await.unwrap(), [event]);
}

#[tokio::test]
async fn every_table_is_strict() {
    let s = Scene::new(Backend::Sqlite).await;
    let mut raw = connect(&s.store.url).await;
    let lax: Vec<(String,)> = sqlx::query_as(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0
         AND name NOT LIKE 'sqlite_%' AND name <> '_sqlx_migrations'",
    )
    .fetch_all(&mut raw)
    .await
    .unwrap();
    assert_eq!(lax, [], "tables without STRICT");
}
