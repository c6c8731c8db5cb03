//! Many transactions, one commit: each is a savepoint in an outer transaction that the writer passes from one to the
//! next and commits for all of them, so that one fsync serves a whole group.
//!
//! Rules the engine can rely on:
//! - `commit()` and `rollback()` return after the outer commit, because a decision may rest on what an earlier member
//!   of the same group wrote.
//! - If the outer commit fails, every member of the group is told so.
//! - A statement that failed or was abandoned poisons its transaction: some errors end the outer transaction, and the
//!   next statement would run outside any.
//! - A transaction that is dropped, panics or takes too long is rolled back and the next one goes on.
//! - No deferred constraints: they would be checked at the outer commit and fail the innocent.

mod stats;
#[cfg(test)]
mod tests;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::batch::{self, Texts};
use crate::append::Entry;
use crate::error::while_committing;
#[cfg(feature = "failpoints")]
use crate::failpoint::{self, Point};
use crate::{GroupLimits, StoreError};

use stats::Counters;
pub use stats::WriterStats;

/// How long an abandoned statement may hold the connection before the writer gives it up and takes a new one.
const SEAT_PATIENCE: Duration = Duration::from_secs(1);

/// How many times longer a batch may take than a single transaction.
const BATCH: u32 = 10;

type Outcome = Result<(), StoreError>;
type Ack = oneshot::Sender<Outcome>;
/// The connection, while a member has it; empty once the writer took it back.
type Seat = Arc<Mutex<Option<SqliteConnection>>>;

#[derive(Debug)]
enum End {
    Commit(Ack),
    Rollback(Ack),
}

/// What becomes of what a member did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Keep,
    Undo,
}

/// The statements between members. The first has the outer transaction to itself and needs no savepoint: most groups have
/// one member. Each text is as short as it can be, because every statement in it wakes a task of ours.
impl Step {
    /// For the next member.
    const fn and_go_on(self, is_first: bool) -> &'static str {
        match (self, is_first) {
            (Self::Keep, true) => "SAVEPOINT m",
            (Self::Keep, false) => "RELEASE m; SAVEPOINT m",
            (Self::Undo, true) => "ROLLBACK; BEGIN IMMEDIATE; SAVEPOINT m",
            (Self::Undo, false) => "ROLLBACK TO m",
        }
    }

    /// For the end; COMMIT keeps what stands in an open savepoint.
    const fn and_commit(self, is_first: bool) -> &'static str {
        match (self, is_first) {
            (Self::Keep, _) => "COMMIT",
            (Self::Undo, true) => "ROLLBACK",
            (Self::Undo, false) => "ROLLBACK TO m; COMMIT",
        }
    }
}

/// Runs one of the writer's own texts, prepared once for each connection.
pub(super) async fn run(connection: &mut SqliteConnection, text: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(text).execute(connection).await.map(drop)
}

/// Whose turn it is.
#[derive(Debug)]
enum Turn {
    Batch(Batch),
    Member(Place),
}

/// A batch of this crate's own: it needs no seat, and is a commit of its own.
#[derive(Debug)]
struct Batch {
    entries: Arc<Vec<Entry>>,
    limit: Duration,
    /// Set by who comes first: the writer when it begins, or the caller when it gives up.
    claimed: Arc<AtomicBool>,
    done: oneshot::Sender<Result<Vec<bool>, StoreError>>,
}

/// A place in the line.
#[derive(Debug)]
struct Place {
    grant: oneshot::Sender<Member>,
    /// How long the turn may take.
    limit: Duration,
}

/// One transaction's turn on the connection.
#[derive(Debug)]
pub(crate) struct Member {
    seat: Seat,
    end: oneshot::Sender<End>,
    failed: bool,
}

impl Member {
    /// The connection for one statement; the transaction counts as failed until [`Member::went_well`].
    pub(crate) async fn seat(&mut self) -> Result<MappedMutexGuard<'_, SqliteConnection>, StoreError> {
        if std::mem::replace(&mut self.failed, true) {
            return Err(StoreError::Poisoned);
        }
        MutexGuard::try_map(self.seat.lock().await, Option::as_mut).map_err(|_| StoreError::Expired)
    }

    /// The statement ended well.
    pub(crate) fn went_well(&mut self) {
        self.failed = false;
    }

    pub(crate) async fn commit(self) -> Outcome {
        if self.failed {
            return Err(StoreError::Poisoned);
        }
        self.end(End::Commit).await
    }

    pub(crate) async fn rollback(self) -> Outcome {
        self.end(End::Rollback).await
    }

    async fn end(self, how: fn(Ack) -> End) -> Outcome {
        let (ack, outcome) = oneshot::channel();
        self.end.send(how(ack)).map_err(|_| StoreError::Expired)?;
        outcome.await.map_err(|_| StoreError::UnknownOutcome)?
    }
}

/// The way to the one writing connection.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Turn>,
    wait: Duration,
    limit: Duration,
    counters: Arc<Counters>,
    closing: CancellationToken,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Writer {
    /// Starts the task that owns `connection`; `options` make a new one when it is lost.
    pub(crate) fn start(
        connection: SqliteConnection,
        options: SqliteConnectOptions,
        limits: GroupLimits,
        wait: Duration,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(limits.queue.max(1));
        let counters = Arc::new(Counters::default());
        let closing = CancellationToken::new();
        let owner = Owner {
            waiting,
            options,
            limits,
            counters: counters.clone(),
            closing: closing.clone(),
            texts: Texts::default(),
        };
        let task = Arc::new(Mutex::new(Some(tokio::spawn(owner.run(connection)))));
        Self {
            queue,
            wait,
            limit: limits.member,
            counters,
            closing,
            task,
        }
    }

    /// Waits for a turn, but only for so long.
    pub(crate) async fn admit(&self) -> Result<Member, StoreError> {
        let limit = self.limit;
        let since = Instant::now();
        let turn = async {
            let (grant, granted) = oneshot::channel();
            self.queue
                .send(Turn::Member(Place { grant, limit }))
                .await
                .map_err(|_| StoreError::Closed)?;
            granted.await.map_err(|_| StoreError::Busy)
        };
        let member = timeout(self.wait, turn).await.unwrap_or(Err(StoreError::Busy));
        match &member {
            Ok(_) => self.counters.waited(since.elapsed()),
            Err(StoreError::Busy) => self.counters.refused(),
            Err(_) => {}
        }
        member
    }

    /// Writes a batch and commits it; for each entry whether it was kept. Waits for its turn, but only for so long.
    pub(crate) async fn write(&self, entries: Arc<Vec<Entry>>) -> Result<Vec<bool>, StoreError> {
        let (done, mut outcome) = oneshot::channel();
        let claimed = Arc::new(AtomicBool::new(false));
        let batch = Batch {
            entries,
            limit: self.limit * BATCH,
            claimed: Arc::clone(&claimed),
            done,
        };
        let busy = || {
            self.counters.refused();
            Err(StoreError::Busy)
        };
        match self.queue.send_timeout(Turn::Batch(batch), self.wait).await {
            Ok(()) => {}
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => return busy(),
            Err(mpsc::error::SendTimeoutError::Closed(_)) => return Err(StoreError::Closed),
        }
        let told = match timeout(self.wait, &mut outcome).await {
            Ok(told) => told,
            // Its turn did not come, and now never will.
            Err(_) if !claimed.swap(true, Ordering::AcqRel) => return busy(),
            Err(_) => outcome.await,
        };
        told.map_err(|_| StoreError::UnknownOutcome)?
    }

    pub(crate) fn stats(&self) -> WriterStats {
        self.counters.snapshot()
    }

    /// Lets those who wait finish, then closes the connection.
    pub(crate) async fn close(&self) {
        self.closing.cancel();
        if let Some(task) = self.task.lock().await.take() {
            // A panic of the task has already been reported by the runtime.
            drop(task.await);
        }
    }
}

/// The task that owns the connection.
struct Owner {
    waiting: mpsc::Receiver<Turn>,
    options: SqliteConnectOptions,
    limits: GroupLimits,
    counters: Arc<Counters>,
    closing: CancellationToken,
    texts: Texts,
}

impl Owner {
    async fn run(mut self, connection: SqliteConnection) {
        let mut spare = Some(connection);
        let mut left_over = None;
        loop {
            let first = match left_over.take() {
                Some(place) => place,
                None => match self.next().await {
                    Some(place) => place,
                    None => break,
                },
            };
            let connection = match spare.take() {
                Some(connection) => Ok(connection),
                None => self.options.connect().await,
            };
            // Without a connection a member is dropped, and its begin() says Busy.
            let Ok(connection) = connection else {
                if let Turn::Batch(batch) = first {
                    drop(batch.done.send(Err(StoreError::Busy)));
                }
                continue;
            };
            // A panic loses its group, whose members hear that the outcome is unknown, and not the writer.
            let served = AssertUnwindSafe(async {
                match first {
                    Turn::Member(place) => self.group(connection, place).await,
                    Turn::Batch(batch) => (self.batch(connection, batch).await, None),
                }
            })
            .catch_unwind();
            (spare, left_over) = served.await.unwrap_or_else(|_panic| {
                tracing::error!("the writer panicked while it served a group");
                (None, None)
            });
        }
        if let Some(connection) = spare {
            // What was committed is durable; the close only tidies up.
            drop(connection.close().await);
        }
    }

    /// The next in line, as long as there can be one.
    async fn next(&mut self) -> Option<Turn> {
        tokio::select! {
            biased;
            place = self.waiting.recv() => place,
            () = self.closing.cancelled() => {
                self.waiting.close();
                self.waiting.recv().await
            }
        }
    }

    /// A batch, as a commit of its own; gives the connection back if it is still good.
    async fn batch(&mut self, mut connection: SqliteConnection, batch: Batch) -> Option<SqliteConnection> {
        let started = Instant::now();
        let Batch {
            entries,
            limit,
            claimed,
            done,
        } = batch;
        if claimed.swap(true, Ordering::AcqRel) {
            return Some(connection);
        }
        #[cfg(feature = "failpoints")]
        if let Err(error) = failpoint::reach(Point::BeforeGroup).await {
            drop(done.send(Err(error)));
            return Some(connection);
        }
        let work = batch::write(&mut connection, &mut self.texts, &entries);
        let outcome = timeout(limit, work).await.unwrap_or_else(|_| {
            self.counters.expired();
            Err(StoreError::UnknownOutcome)
        });
        #[cfg(feature = "failpoints")]
        let outcome = match outcome {
            Ok(kept) => failpoint::reach(Point::AfterGroup).await.map(|()| kept),
            error => error,
        };
        let spare = match &outcome {
            Ok(_) => {
                self.counters.batched(started.elapsed());
                Some(connection)
            }
            // A constraint: the statement is undone, and the transaction it stood in has to be. After a statement that
            // stood alone there is none to undo, and a new connection is the simplest way to be sure of that.
            Err(error) if !error.is_unavailable() => {
                run(&mut connection, "ROLLBACK").await.ok().map(|()| connection)
            }
            Err(_) => {
                self.counters.lost(1);
                None
            }
        };
        // Who no longer listens does not need to know.
        drop(done.send(outcome));
        spare
    }

    /// One outer transaction; gives the connection back if it is still good, and whose turn is next if that was asked
    /// already: a batch, or who should have had a turn in a group that broke.
    async fn group(
        &mut self,
        mut connection: SqliteConnection,
        first: Place,
    ) -> (Option<SqliteConnection>, Option<Turn>) {
        // On error `first` is dropped. A foreign process holding the lock leaves the connection good.
        if run(&mut connection, "BEGIN IMMEDIATE").await.is_err() {
            return (None, None);
        }
        let opened = Instant::now();
        let open = self.counters.open_for(self.limits);
        let (mut place, mut waiting, mut is_first) = (first, Vec::new(), true);
        let left_over;
        let outcome = loop {
            let Some((back, step)) = self.turn(connection, place, &mut waiting).await else {
                let why = StoreError::Lost("a statement kept the connection".to_owned());
                lose(waiting, &self.counters, &why);
                return (None, None);
            };
            connection = back;
            let is_full = waiting.len() >= self.limits.members || opened.elapsed() >= open;
            let next = if is_full {
                None
            } else {
                self.waiting.try_recv().ok()
            };
            let next = match next {
                Some(Turn::Member(next)) => next,
                // Nobody waits, or a batch does: commit now.
                other => {
                    left_over = other;
                    let last = step.and_commit(is_first);
                    break self.commit(&mut connection, last, waiting.len()).await;
                }
            };
            // A failed step means that some statement ended the outer transaction: nothing is left to commit.
            if let Err(error) = run(&mut connection, step.and_go_on(is_first)).await {
                lose(waiting, &self.counters, &StoreError::Lost(error.to_string()));
                return (None, Some(Turn::Member(next)));
            }
            (place, is_first) = (next, false);
        };
        match outcome {
            Ok(()) => {
                for ack in waiting {
                    // Who no longer listens does not need to know.
                    drop(ack.send(Ok(())));
                }
                (Some(connection), left_over)
            }
            Err(error) => {
                lose(waiting, &self.counters, &error);
                (None, left_over)
            }
        }
    }

    async fn commit(&self, connection: &mut SqliteConnection, text: &'static str, members: usize) -> Outcome {
        #[cfg(feature = "failpoints")]
        failpoint::reach(Point::BeforeGroup).await?;
        let started = Instant::now();
        match run(connection, text).await {
            Ok(()) => {
                self.counters.committed(members, started.elapsed());
                #[cfg(feature = "failpoints")]
                failpoint::reach(Point::AfterGroup).await?;
                Ok(())
            }
            // After an I/O error the frames may lie in the log already: never say "not done".
            Err(error) => match while_committing(error) {
                StoreError::UnknownOutcome => Err(StoreError::UnknownOutcome),
                other => Err(StoreError::Lost(other.to_string())),
            },
        }
    }

    /// One member's turn; the connection and what to do with its savepoint, or nothing if the connection is gone.
    async fn turn(
        &self,
        connection: SqliteConnection,
        place: Place,
        waiting: &mut Vec<Ack>,
    ) -> Option<(SqliteConnection, Step)> {
        if place.grant.is_closed() {
            return Some((connection, Step::Undo));
        }
        let seat: Seat = Arc::new(Mutex::new(Some(connection)));
        let (end, ended) = oneshot::channel();
        let told = place
            .grant
            .send(Member {
                seat: seat.clone(),
                end,
                failed: false,
            })
            .is_ok();
        let end = if told {
            self.end_of(ended, place.limit).await
        } else {
            None
        };
        let connection = timeout(SEAT_PATIENCE, seat.lock()).await.ok()?.take()?;
        let step = match end {
            Some(End::Commit(ack)) => {
                waiting.push(ack);
                Step::Keep
            }
            Some(End::Rollback(ack)) => {
                waiting.push(ack);
                Step::Undo
            }
            None => Step::Undo,
        };
        Some((connection, step))
    }

    /// How the member ended; nothing if it was dropped or ran out of time.
    async fn end_of(&self, ended: oneshot::Receiver<End>, limit: Duration) -> Option<End> {
        let end = timeout(limit, ended).await;
        if end.is_err() {
            self.counters.expired();
        }
        end.ok()?.ok()
    }
}

fn lose(waiting: Vec<Ack>, counters: &Counters, error: &StoreError) {
    counters.lost(waiting.len());
    for ack in waiting {
        // Who no longer listens does not need to know.
        drop(ack.send(Err(error.clone())));
    }
}
