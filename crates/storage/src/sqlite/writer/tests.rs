//! The failure rules of shared commits, each provoked. The statements here are the tests' own; `marks` is a table that
//! only they have.

use std::sync::Arc;
use std::time::Duration;

use domain::{TenantId, Timestamp};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::{Db, DbOptions, GroupLimits, MigrateOptions, Query as _, SqlErrorKind, StoreError, Tx};

/// Ends the outer transaction from within a statement, as a full disk would.
const BREAKER: &str = "
    CREATE TABLE marks (tenant_id BLOB NOT NULL, name INTEGER NOT NULL PRIMARY KEY, CHECK (name <> -1)) STRICT;
    CREATE TRIGGER break_all BEFORE INSERT ON marks WHEN new.name = -2 BEGIN
        SELECT RAISE(ROLLBACK, 'broken');
    END;";
const MARK: &str = "INSERT INTO marks (tenant_id, name) VALUES ($1, $2)";
/// Holds the writer for tens of milliseconds.
const SLOW: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
    SELECT count(*) FROM n WHERE $1 IS NOT NULL";

struct Marks {
    db: Db,
    url: String,
    tenant: TenantId,
    /// Gone with the test.
    _folder: tempfile::TempDir,
}

impl Marks {
    /// A database whose groups stay open for as long as somebody waits, so that a test knows who shares a commit.
    async fn new() -> Self {
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

    async fn with(group: GroupLimits) -> Self {
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

    async fn begin(&self) -> Tx {
        self.db.begin(self.tenant).await.unwrap()
    }

    async fn names(&self) -> Vec<i64> {
        let mut read = self.db.read(self.tenant).await.unwrap();
        let rows: Vec<(i64,)> = read
            .handle()
            .all("SELECT name FROM marks WHERE tenant_id = $1 ORDER BY name", ())
            .await
            .unwrap();
        rows.into_iter().map(|(name,)| name).collect()
    }

    /// A transaction in the given group's first place: the next ones wait behind it.
    async fn first(&self, name: i64) -> Tx {
        let mut tx = self.begin().await;
        mark(&mut tx, name).await.unwrap();
        tx
    }

    /// Queues a transaction and returns once it waits.
    async fn queue<F>(
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
async fn polled_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    tokio::select! {
        biased;
        output = future => Some(output),
        () = std::future::ready(()) => None,
    }
}

async fn mark(tx: &mut Tx, name: i64) -> Result<u64, StoreError> {
    tx.handle().execute(MARK, (name,)).await
}

async fn marked(mut tx: Tx, name: i64) -> Result<(), StoreError> {
    mark(&mut tx, name).await?;
    tx.finish().await
}

async fn undone(mut tx: Tx, name: i64) -> Result<(), StoreError> {
    mark(&mut tx, name).await?;
    tx.rollback().await
}

async fn dropped(mut tx: Tx, name: i64) -> Result<(), StoreError> {
    mark(&mut tx, name).await?;
    drop(tx);
    Ok(())
}

/// Rule 2: an error poisons its transaction.
async fn refused(mut tx: Tx, name: i64) -> Result<(), StoreError> {
    mark(&mut tx, name).await?;
    let error = mark(&mut tx, -1).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Sql(e) if e.kind == SqlErrorKind::Check),
        "{error}"
    );
    assert!(matches!(mark(&mut tx, 99).await, Err(StoreError::Poisoned)));
    assert!(matches!(tx.finish().await, Err(StoreError::Poisoned)));
    Err(error)
}

async fn breaking(mut tx: Tx, _: i64) -> Result<(), StoreError> {
    mark(&mut tx, -2).await.unwrap_err();
    assert!(matches!(tx.finish().await, Err(StoreError::Poisoned)));
    Ok(())
}

async fn panicking(mut tx: Tx, name: i64) -> Result<(), StoreError> {
    mark(&mut tx, name).await?;
    panic!("on purpose");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_of_mixed_fates_keeps_exactly_the_committed() {
    let marks = Marks::new().await;
    let first = marks.first(0).await;
    let mut tasks = JoinSet::new();
    for n in (1..60).step_by(6) {
        marks.queue(&mut tasks, n, marked).await;
        marks.queue(&mut tasks, n + 1, undone).await;
        marks.queue(&mut tasks, n + 2, dropped).await;
        marks.queue(&mut tasks, n + 3, refused).await;
        marks.queue(&mut tasks, n + 4, panicking).await;
        marks.queue(&mut tasks, n + 5, marked).await;
    }
    first.finish().await.unwrap();
    let mut committed = vec![0];
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok((name, outcome)) if name % 6 == 1 || name % 6 == 0 => {
                outcome.unwrap();
                committed.push(name);
            }
            Ok((name, outcome)) => assert_eq!(outcome.is_err(), name % 6 == 4, "{name}"),
            Err(error) => assert!(error.is_panic()),
        }
    }
    committed.sort_unstable();
    assert_eq!(marks.names().await, committed);
    let stats = marks.db.writer_stats().unwrap();
    assert_eq!(
        (stats.groups, stats.members, stats.lost),
        (1, 31, 0),
        "one commit for all of them"
    );
}

/// Rule 1: the outer commit's failure is everybody's, and the next group has a good connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outer_failure_is_told_to_every_member() {
    let marks = Marks::new().await;
    let first = marks.first(1).await;
    let mut tasks = JoinSet::new();
    marks.queue(&mut tasks, 2, marked).await;
    marks.queue(&mut tasks, 3, undone).await;
    marks.queue(&mut tasks, 4, breaking).await;
    marks.queue(&mut tasks, 5, marked).await;
    let lost = first.finish().await.unwrap_err();
    assert!(
        matches!(lost, StoreError::Lost(_)) && lost.is_unavailable(),
        "{lost}"
    );
    for (name, outcome) in tasks.join_all().await {
        match name {
            // Rule 5: a refusal that may rest on what was lost is not told as one.
            2 | 3 => assert!(matches!(outcome, Err(StoreError::Lost(_))), "{name}: {outcome:?}"),
            _ => outcome.unwrap(),
        }
    }
    assert_eq!(
        marks.names().await,
        [5],
        "the one behind the broken group has a new connection"
    );
    assert_eq!(marks.db.writer_stats().unwrap().lost, 3);
}

/// Rule 4: who takes too long is rolled back and told so; those behind go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_member_expires() {
    let marks = Marks::with(GroupLimits {
        member: Duration::from_millis(30),
        ..GroupLimits::default()
    })
    .await;
    let mut slow = marks.first(1).await;
    let mut tasks = JoinSet::new();
    marks.queue(&mut tasks, 2, marked).await;
    for (_, outcome) in tasks.join_all().await {
        outcome.unwrap();
    }
    assert!(matches!(mark(&mut slow, 3).await, Err(StoreError::Expired)));
    assert!(matches!(slow.finish().await, Err(StoreError::Poisoned)));
    assert_eq!(marks.names().await, [2]);
    assert_eq!(marks.db.writer_stats().unwrap().expired, 1);

    // It may also find out only when it commits.
    let slow = marks.first(1).await;
    let mut tasks = JoinSet::new();
    marks.queue(&mut tasks, 4, marked).await;
    for (_, outcome) in tasks.join_all().await {
        outcome.unwrap();
    }
    assert!(matches!(slow.finish().await, Err(StoreError::Expired)));
    assert_eq!(marks.names().await, [2, 4]);
}

/// Who stops waiting for its turn is passed over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_cancelled_while_waiting_does_nothing() {
    let marks = Marks::new().await;
    let first = marks.first(1).await;
    let (mut cancelled, mut tasks) = (JoinSet::new(), JoinSet::new());
    for n in 2..12 {
        marks.queue(&mut cancelled, n, marked).await;
        marks.queue(&mut tasks, n + 100, marked).await;
    }
    cancelled.shutdown().await;
    first.finish().await.unwrap();
    let mut expected: Vec<i64> = tasks.join_all().await.into_iter().map(|(name, _)| name).collect();
    expected.push(1);
    expected.sort_unstable();
    assert_eq!(marks.names().await, expected);
}

/// A statement that was cut runs on behind the scenes; its transaction is rolled back all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_cancelled_in_a_statement_leaves_nothing() {
    let marks = Marks::new().await;
    for n in 0..20 {
        let mut tx = marks.first(n).await;
        let statement = tx.handle().number(SLOW, ());
        tokio::pin!(statement);
        assert!(
            polled_once(&mut statement).await.is_none(),
            "it takes longer than one poll"
        );
    }
    marks.first(100).await.finish().await.unwrap();
    assert_eq!(marks.names().await, [100]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_too_long_is_told_to_come_back() {
    let mut marks = Marks::new().await;
    marks.db.close().await;
    let options = DbOptions {
        wait: Duration::from_millis(20),
        ..DbOptions::at(marks.url.clone())
    };
    let group = GroupLimits {
        queue: 1,
        member: Duration::from_mins(1),
        ..GroupLimits::default()
    };
    marks.db = Db::open(&DbOptions { group, ..options }).await.unwrap();
    let first = marks.first(1).await;
    for _ in 0..3 {
        let error = marks.db.begin(marks.tenant).await.map(drop).unwrap_err();
        assert!(matches!(error, StoreError::Busy), "{error}");
    }
    first.finish().await.unwrap();
    marks.first(2).await.finish().await.unwrap();
    assert_eq!(marks.names().await, [1, 2]);
    assert_eq!(marks.db.writer_stats().unwrap().refused, 3);
}

/// A foreign process that holds the file's lock makes everybody wait, but not for long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_writer_makes_the_database_busy() {
    let marks = Marks::new().await;
    let options: SqliteConnectOptions = marks.url.parse().unwrap();
    let mut foreign = options.connect().await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut foreign)
        .await
        .unwrap();
    let error = marks.db.begin(marks.tenant).await.map(drop).unwrap_err();
    assert!(matches!(error, StoreError::Busy), "{error}");
    sqlx::raw_sql("ROLLBACK").execute(&mut foreign).await.unwrap();
    marks.first(1).await.finish().await.unwrap();
    assert_eq!(marks.names().await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_few_and_too_many_values_are_refused() {
    let marks = Marks::new().await;
    let mut tx = marks.begin().await;
    let few = tx.handle().execute(MARK, ()).await;
    assert!(matches!(
        few,
        Err(StoreError::Arity {
            expected: 2,
            given: 1
        })
    ));
    let many = tx.handle().execute(MARK, (1_i64, 2_i64)).await;
    assert!(matches!(
        many,
        Err(StoreError::Arity {
            expected: 2,
            given: 3
        })
    ));
    mark(&mut tx, 1).await.unwrap();
    tx.finish().await.unwrap();
    assert_eq!(marks.names().await, [1]);
}

#[tokio::test]
async fn the_writing_connection_is_set_up_for_durability() {
    let marks = Marks::new().await;
    let mut tx = marks.begin().await;
    for (pragma, expected) in [
        (
            "SELECT synchronous FROM pragma_synchronous WHERE $1 IS NOT NULL",
            2,
        ),
        (
            "SELECT foreign_keys FROM pragma_foreign_keys WHERE $1 IS NOT NULL",
            1,
        ),
        ("SELECT temp_store FROM pragma_temp_store WHERE $1 IS NOT NULL", 2),
        (
            "SELECT recursive_triggers FROM pragma_recursive_triggers WHERE $1 IS NOT NULL",
            1,
        ),
        (
            "SELECT trusted_schema FROM pragma_trusted_schema WHERE $1 IS NOT NULL",
            0,
        ),
        (
            "SELECT journal_mode = 'wal' FROM pragma_journal_mode WHERE $1 IS NOT NULL",
            1,
        ),
        ("SELECT query_only FROM pragma_query_only WHERE $1 IS NOT NULL", 0),
    ] {
        assert_eq!(
            tx.handle().number(pragma, ()).await.unwrap(),
            expected,
            "{pragma}"
        );
    }
    drop(tx);
    let mut read = marks.db.read(marks.tenant).await.unwrap();
    let query_only = "SELECT query_only FROM pragma_query_only WHERE $1 IS NOT NULL";
    assert_eq!(read.handle().number(query_only, ()).await.unwrap(), 1);
    let refused = read.handle().execute(MARK, (1_i64,)).await;
    assert!(refused.is_err(), "readers cannot write");
}
