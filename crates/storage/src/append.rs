//! Events that change nothing else: many in one commit, without a timer. While one batch is on its way to the disk the
//! next one gathers, so a lone event never waits and a thousand share a commit.
//!
//! What belongs to the event and needs no look at anything else travels with it: an opaque token that was issued, a
//! refresh token that was used for the next one.

use std::collections::{BTreeMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use domain::{TenantId, Timestamp, TokenHash};
use futures_util::FutureExt as _;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::access_tokens::{self, AccessToken};
use crate::audit::{self, AuditRow};
use crate::db::Store;
#[cfg(feature = "failpoints")]
use crate::failpoint::{self, Point};
use crate::postgres::PgStore;
use crate::refresh_tokens::{self, RefreshToken};
use crate::{DbOptions, StoreError, Tx};

mod stats;

pub use stats::AppendStats;
use stats::Counters;

/// An event for the batching appender.
#[derive(Clone, Debug)]
pub struct Append {
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// What happened.
    pub event: AuditRow,
    /// The opaque access token that was issued, if one was: it is kept in the same commit.
    pub token: Option<AccessToken>,
}

/// A refresh token used for the next one.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The token that was presented.
    pub used: TokenHash,
    /// When.
    pub at: Timestamp,
    /// Its successor.
    pub next: RefreshToken,
}

/// What is written in one batch with others.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) append: Append,
    /// Must succeed for the rest to be written.
    pub(crate) rotation: Option<Rotation>,
}

/// Who waits for an entry.
struct Caller {
    since: Instant,
    /// Whether the entry was kept; one is not if its refresh token had been used.
    ack: oneshot::Sender<Result<bool, StoreError>>,
}

#[derive(Debug)]
pub(crate) struct Appender {
    queue: mpsc::Sender<(Box<Entry>, Caller)>,
    wait: Duration,
    counters: Arc<Counters>,
    closing: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Appender {
    pub(crate) fn start(store: Store, options: &DbOptions) -> Self {
        let (queue, waiting) = mpsc::channel(options.append.queue.max(1));
        let counters = Arc::new(Counters::default());
        let closing = CancellationToken::new();
        let batcher = Batcher {
            store,
            waiting,
            batch: options.append.batch.max(1),
            counters: Arc::clone(&counters),
            closing: closing.clone(),
        };
        Self {
            queue,
            wait: options.wait,
            counters,
            closing,
            task: Mutex::new(Some(tokio::spawn(batcher.run()))),
        }
    }

    pub(crate) async fn append(&self, entry: Box<Entry>) -> Result<bool, StoreError> {
        let (ack, outcome) = oneshot::channel();
        // Mostly there is room, and no timer is needed.
        let since = Instant::now();
        match self.queue.try_send((entry, Caller { since, ack })) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(StoreError::Closed),
            Err(mpsc::error::TrySendError::Full(refused)) => {
                self.queue
                    .send_timeout(refused, self.wait)
                    .await
                    .map_err(|refused| match refused {
                        mpsc::error::SendTimeoutError::Timeout(_) => {
                            self.counters.refused();
                            StoreError::Busy
                        }
                        mpsc::error::SendTimeoutError::Closed(_) => StoreError::Closed,
                    })?;
            }
        }
        outcome.await.map_err(|_| StoreError::UnknownOutcome)?
    }

    pub(crate) fn stats(&self) -> AppendStats {
        self.counters.snapshot()
    }

    pub(crate) async fn close(&self) {
        self.closing.cancel();
        if let Some(task) = self.task.lock().await.take() {
            // A panic of the task has already been reported by the runtime.
            drop(task.await);
        }
    }
}

struct Batcher {
    store: Store,
    waiting: mpsc::Receiver<(Box<Entry>, Caller)>,
    batch: usize,
    counters: Arc<Counters>,
    closing: CancellationToken,
}

impl Batcher {
    async fn run(mut self) {
        let mut crowded = false;
        while let Some((entry, ack)) = self.next().await {
            let (mut entries, mut acks) = (vec![*entry], vec![ack]);
            if crowded {
                // Those who were answered together ask again together: let them come first.
                tokio::task::yield_now().await;
            }
            while entries.len() < self.batch {
                let Ok((entry, ack)) = self.waiting.try_recv() else {
                    break;
                };
                entries.push(*entry);
                acks.push(ack);
            }
            crowded = entries.len() > 1;
            self.counters.gathered(entries.len());
            // A panic loses its batch, whose callers hear that the outcome is unknown, and not the task: without it every
            // event would be refused until somebody starts the program again.
            if AssertUnwindSafe(self.settle(entries, acks))
                .catch_unwind()
                .await
                .is_err()
            {
                tracing::error!("writing a batch of events panicked");
            }
        }
    }

    async fn next(&mut self) -> Option<(Box<Entry>, Caller)> {
        tokio::select! {
            biased;
            entry = self.waiting.recv() => entry,
            () = self.closing.cancelled() => {
                self.waiting.close();
                self.waiting.recv().await
            }
        }
    }

    /// Writes a batch and tells each caller. If the database refused it, each event is tried alone, so that a bad one
    /// fails alone; if the database is away, all are told at once.
    async fn settle(&self, entries: Vec<Entry>, callers: Vec<Caller>) {
        let entries = Arc::new(entries);
        let outcome = self.write_all(&entries).await;
        let alone = entries.len() > 1 && outcome.as_ref().is_err_and(|error| !error.is_unavailable());
        let mut kept = outcome.as_ref().map(|kept| kept.iter());
        for (entry, caller) in entries.iter().zip(callers) {
            let outcome = match &mut kept {
                Ok(kept) => Ok(kept.next().copied().unwrap_or(false)),
                Err(_) if alone => self.write_one(entry).await,
                Err(error) => Err(StoreError::clone(error)),
            };
            self.counters.settled(caller.since.elapsed());
            // A caller that went away does not need to know.
            drop(caller.ack.send(outcome));
        }
    }

    async fn write_one(&self, entry: &Entry) -> Result<bool, StoreError> {
        let kept = self.write(&Arc::new(vec![entry.clone()])).await?;
        Ok(kept.first().copied().unwrap_or(false))
    }

    async fn write_all(&self, entries: &Arc<Vec<Entry>>) -> Result<Vec<bool>, StoreError> {
        #[cfg(feature = "failpoints")]
        failpoint::reach(Point::BeforeBatch).await?;
        let kept = self.write(entries).await?;
        #[cfg(feature = "failpoints")]
        failpoint::reach(Point::AfterBatch).await?;
        Ok(kept)
    }

    async fn write(&self, entries: &Arc<Vec<Entry>>) -> Result<Vec<bool>, StoreError> {
        match &self.store {
            Store::Postgres(store) => on_postgres(store, entries).await,
            Store::Sqlite(store) => store.write(Arc::clone(entries)).await,
        }
    }
}

/// One transaction that goes from tenant to tenant.
async fn on_postgres(store: &PgStore, entries: &[Entry]) -> Result<Vec<bool>, StoreError> {
    let mut by_tenant: BTreeMap<TenantId, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        by_tenant.entry(entry.append.tenant).or_default().push(entry);
    }
    let Some(first) = by_tenant.keys().next() else {
        return Ok(Vec::new());
    };
    let mut tx = store.begin(*first).await?;
    let mut used = HashSet::new();
    for (tenant, entries) in by_tenant {
        tx.switch_to(tenant).await?;
        for hash in of_one_tenant(&mut tx, &entries).await? {
            used.insert((tenant, hash));
        }
    }
    tx.finish().await?;
    Ok(entries
        .iter()
        .map(|entry| match &entry.rotation {
            None => true,
            Some(rotation) => used.remove(&(entry.append.tenant, rotation.used)),
        })
        .collect())
}

/// Writes what one tenant has in a batch; the refresh tokens that were good.
async fn of_one_tenant(tx: &mut Tx, entries: &[&Entry]) -> Result<HashSet<TokenHash>, StoreError> {
    let rotations: Vec<&Rotation> = entries
        .iter()
        .filter_map(|entry| entry.rotation.as_ref())
        .collect();
    let used = refresh_tokens::consume_all(tx, &rotations).await?;
    let mut left = used.clone();
    let (mut events, mut successors, mut tokens) = (Vec::new(), Vec::new(), Vec::new());
    for entry in entries {
        if let Some(rotation) = &entry.rotation {
            // The first in line has it; whoever presents the same one after that has a used one.
            if !left.remove(&rotation.used) {
                continue;
            }
            successors.push(&rotation.next);
        }
        events.push(&entry.append.event);
        tokens.extend(&entry.append.token);
    }
    audit::insert_all(tx, &events).await?;
    refresh_tokens::insert_all(tx, &successors).await?;
    access_tokens::insert_all(tx, &tokens).await?;
    Ok(used)
}
