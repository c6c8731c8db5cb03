//! A PostgreSQL that is away is refused soon, and used again as soon as it is back.

use std::time::Duration;

use storage::{DbOptions, StoreError};
use testkit::postgres::{Options, Postgres};
use testkit::{Place, Store};
use tokio::task::block_in_place;
use tokio::time::Instant;

/// Far less than the wait for a connection below, and generous for a busy machine.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_is_refused_soon_and_used_again_when_it_is_back() {
    let mut server = Postgres::start(Options::default()).unwrap();
    let options = DbOptions {
        wait: Duration::from_mins(1),
        ..DbOptions::default()
    };
    let store = Store::open(Place::on(&server), options).await;
    let tenant = store.tenant("default").await;
    store.db.read(tenant).await.unwrap();

    block_in_place(|| server.stop()).unwrap();
    let gone = Instant::now();
    for _ in 0..3 {
        let refused = store.db.begin(tenant).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
        assert!(store.db.ping().await.unwrap_err().is_unavailable());
        assert!(
            storage::tenants::list(&store.db)
                .await
                .unwrap_err()
                .is_unavailable()
        );
    }
    assert!(gone.elapsed() < SOON, "{:?}", gone.elapsed());

    block_in_place(|| server.start_again()).unwrap();
    let back = Instant::now();
    while store.db.ping().await.is_err() {
        assert!(back.elapsed() < SOON, "still refused");
    }
    store.db.begin(tenant).await.unwrap().rollback().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_a_free_place_is_not_away() {
    let server = Postgres::start(Options::default()).unwrap();
    let place = Place::on(&server);
    let options = DbOptions {
        connections: 1,
        wait: Duration::from_secs(2),
        ..DbOptions::default()
    };
    let store = Store::open(place, options).await;
    let tenant = store.tenant("default").await;
    server
        .run_as_superuser("ALTER ROLE auth_service_app CONNECTION LIMIT 1")
        .unwrap();
    // The only connection is in use: the next in line waits, doubts, and is told to come again.
    let first = store.db.begin(tenant).await.unwrap();
    let refused = store.db.begin(tenant).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
    first.rollback().await.unwrap();
    store.db.begin(tenant).await.unwrap().rollback().await.unwrap();
}
