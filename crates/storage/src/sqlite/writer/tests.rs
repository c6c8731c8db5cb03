//! The failure rules of shared commits, each provoked. The statements here are the tests' own; `marks` is a table that
//! only they have.

mod connection;
mod marks;

use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::task::JoinSet;

use crate::{Db, DbOptions, GroupLimits, Query as _, SqlErrorKind, StoreError, Tx};

use marks::{Marks, mark, polled_once};

/// Holds the writer for tens of milliseconds.
const SLOW: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
    SELECT count(*) FROM n WHERE $1 IS NOT NULL";

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
    // The same wait bounds opening a reader, which takes more than a moment on a busy machine.
    let options = DbOptions {
        wait: Duration::from_millis(500),
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
