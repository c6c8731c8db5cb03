//! Events that change nothing else: many in one commit, without a timer. While one batch is on its way to the disk the
//! next one gathers, so a lone event never waits and a thousand share a commit.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use domain::TenantId;
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
use crate::{DbOptions, StoreError};

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

struct Entry {
    append: Append,
    since: Instant,
    ack: oneshot::Sender<Result<(), StoreError>>,
}

#[derive(Debug)]
pub(crate) struct Appender {
    queue: mpsc::Sender<Entry>,
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

    pub(crate) async fn append(&self, append: Append) -> Result<(), StoreError> {
        let (ack, outcome) = oneshot::channel();
        let since = Instant::now();
        self.queue
            .send_timeout(Entry { append, since, ack }, self.wait)
            .await
            .map_err(|refused| match refused {
                mpsc::error::SendTimeoutError::Timeout(_) => {
                    self.counters.refused();
                    StoreError::Busy
                }
                mpsc::error::SendTimeoutError::Closed(_) => StoreError::Closed,
            })?;
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
    waiting: mpsc::Receiver<Entry>,
    batch: usize,
    counters: Arc<Counters>,
    closing: CancellationToken,
}

impl Batcher {
    async fn run(mut self) {
        let mut crowded = false;
        while let Some(first) = self.next().await {
            let mut batch = vec![first];
            if crowded {
                // Those who were answered together ask again together: let them come first.
                tokio::task::yield_now().await;
            }
            while batch.len() < self.batch {
                match self.waiting.try_recv() {
                    Ok(entry) => batch.push(entry),
                    Err(_) => break,
                }
            }
            crowded = batch.len() > 1;
            self.counters.gathered(batch.len());
            // A panic loses its batch, whose callers hear that the outcome is unknown, and not the task: without it every
            // event would be refused until somebody starts the program again.
            if AssertUnwindSafe(self.settle(batch)).catch_unwind().await.is_err() {
                tracing::error!("writing a batch of events panicked");
            }
        }
    }

    async fn next(&mut self) -> Option<Entry> {
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
    async fn settle(&self, batch: Vec<Entry>) {
        let appends: Vec<&Append> = batch.iter().map(|entry| &entry.append).collect();
        let outcome = self.write_all(&appends).await;
        let alone = batch.len() > 1 && outcome.as_ref().is_err_and(|error| !error.is_unavailable());
        for Entry { append, since, ack } in batch {
            let outcome = if alone {
                self.write(&[&append]).await
            } else {
                outcome.clone()
            };
            self.counters.settled(since.elapsed());
            // A caller that went away does not need to know.
            drop(ack.send(outcome));
        }
    }

    async fn write_all(&self, appends: &[&Append]) -> Result<(), StoreError> {
        #[cfg(feature = "failpoints")]
        failpoint::reach(Point::BeforeBatch).await?;
        self.write(appends).await?;
        #[cfg(feature = "failpoints")]
        failpoint::reach(Point::AfterBatch).await?;
        Ok(())
    }

    async fn write(&self, appends: &[&Append]) -> Result<(), StoreError> {
        let mut by_tenant: BTreeMap<TenantId, Vec<&Append>> = BTreeMap::new();
        for append in appends {
            by_tenant.entry(append.tenant).or_default().push(append);
        }
        let Some(first) = by_tenant.keys().next() else {
            return Ok(());
        };
        let mut tx = self.store.begin_batch(*first).await?;
        for (tenant, appends) in by_tenant {
            tx.switch_to(tenant).await?;
            let events: Vec<&AuditRow> = appends.iter().map(|append| &append.event).collect();
            audit::insert_all(&mut tx, &events).await?;
            let tokens: Vec<&AccessToken> = appends
                .iter()
                .filter_map(|append| append.token.as_ref())
                .collect();
            access_tokens::insert_all(&mut tx, &tokens).await?;
        }
        tx.finish().await
    }
}
