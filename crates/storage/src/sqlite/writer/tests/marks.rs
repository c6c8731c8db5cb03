//! A database with a table of marks, and transactions that stand in line to make them.

use std::sync::Arc;
use std::time::Duration;

use domain::{TenantId, Timestamp};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::{Db, DbOptions, GroupLimits, MigrateOptions, Query as _, StoreError, Tx};

/// Ends the outer transaction from within a statement, as a full disk would.
pub(super) const BREAKER: &str = "
    CREATE TABLE marks (tenant_id BLOB NOT NULL, name INTEGER NOT NULL PRIMARY KEY, CHECK (name <> -1)) STRICT;
    CREATE TRIGGER break_all BEFORE INSERT ON marks WHEN new.name = -2 BEGIN
        SELECT RAISE(ROLLBACK, 'broken');
    END;";
pub(super) const MARK: &str = "INSERT INTO marks (tenant_id, name) VALUES ($1, $2)";

pub(super) struct Marks {
    pub(super) db: Db,
    pub(super) url: String,
    pub(super) tenant: TenantId,
    /// Gone with the test.
    _folder: tempfile::TempDir,
}

impl Marks {
    /// A database whose groups stay open for as long as somebody waits, so that a test knows who shares a commit.
    pub(super) async fn new() -> Self {
        let patient = Duration::from_mins(1);
        Self::with(GroupLimits {
            members: 1_000,
            member: patient,
            open_least: patient,
            open_most: patient,
            ..GroupLimits::default()
        })
        .await
    }

    pub(super) async fn with(group: GroupLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("rsp.db").display());
        crate::migrate(&MigrateOptions::at(url.clone(), Timestamp::from_secs(0)))
            .await
            .unwrap();
        let options: SqliteConnectOptions = url.parse().unwrap();
        let mut raw = options.connect().await.unwrap();
        sqlx::raw_sql(BREAKER).execute(&mut raw).await.unwrap();
        raw.close().await.unwrap();
        let wait = Duration::from_mins(1);
        let db = Db::open(&DbOptions {
            wait,
            group,
            ..DbOptions::at(url.clone())
        })
        .await
        .unwrap();
        Self {
            db,
            url,
            tenant: TenantId::from_uuid(uuid::Uuid::from_u128(7)),
            _folder: folder,
        }
    }

    pub(super) async fn begin(&self) -> Tx {
        self.db.begin(self.tenant).await.unwrap()
    }

    pub(super) async fn names(&self) -> Vec<i64> {
        let mut read = self.db.read(self.tenant).await.unwrap();
        let rows: Vec<(i64,)> = read
            .handle()
            .all("SELECT name FROM marks WHERE tenant_id = $1 ORDER BY name", ())
            .await
            .unwrap();
        rows.into_iter().map(|(name,)| name).collect()
    }

    /// A transaction in the given group's first place: the next ones wait behind it.
    pub(super) async fn first(&self, name: i64) -> Tx {
        let mut tx = self.begin().await;
        mark(&mut tx, name).await.unwrap();
        tx
    }

    /// Queues a transaction and returns once it waits.
    pub(super) async fn queue<F>(
        &self,
        tasks: &mut JoinSet<(i64, Result<(), StoreError>)>,
        name: i64,
        body: fn(Tx, i64) -> F,
    ) where
        F: Future<Output = Result<(), StoreError>> + Send + 'static,
    {
        let (db, tenant) = (self.db.clone(), self.tenant);
        let waits = Arc::new(Barrier::new(2));
        let told = waits.clone();
        tasks.spawn(async move {
            let turn = db.begin(tenant);
            tokio::pin!(turn);
            // Polled once it stands in the queue.
            assert!(
                polled_once(&mut turn).await.is_none(),
                "somebody else has the turn"
            );
            told.wait().await;
            let tx = match turn.await {
                Ok(tx) => tx,
                Err(error) => return (name, Err(error)),
            };
            (name, body(tx, name).await)
        });
        waits.wait().await;
    }
}

/// Polls once.
pub(super) async fn polled_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    tokio::select! {
        biased;
        output = future => Some(output),
        () = std::future::ready(()) => None,
    }
}

pub(super) async fn mark(tx: &mut Tx, name: i64) -> Result<u64, StoreError> {
    tx.handle().execute(MARK, (name,)).await
}
