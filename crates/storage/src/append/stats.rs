//! Numbers about batches of events, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What the appender did since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AppendStats {
    /// Batches it wrote, or tried to.
    pub batches: u64,
    /// Events they carried.
    pub events: u64,
    /// Largest batch.
    pub largest: u64,
    /// Time from an event's arrival to the end of its batch, of all events.
    pub wait_time: Duration,
    /// Events for which there was no place in time.
    pub refused: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    batches: AtomicU64,
    events: AtomicU64,
    largest: AtomicU64,
    wait_micros: AtomicU64,
    refused: AtomicU64,
}

const RELAXED: Ordering = Ordering::Relaxed;

impl Counters {
    pub(super) fn gathered(&self, events: usize) {
        let events = u64::try_from(events).unwrap_or(u64::MAX);
        self.batches.fetch_add(1, RELAXED);
        self.events.fetch_add(events, RELAXED);
        self.largest.fetch_max(events, RELAXED);
    }

    pub(super) fn settled(&self, waited: Duration) {
        let micros = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
        self.wait_micros.fetch_add(micros, RELAXED);
    }

    pub(super) fn refused(&self) {
        self.refused.fetch_add(1, RELAXED);
    }

    pub(super) fn snapshot(&self) -> AppendStats {
        AppendStats {
            batches: self.batches.load(RELAXED),
            events: self.events.load(RELAXED),
            largest: self.largest.load(RELAXED),
            wait_time: Duration::from_micros(self.wait_micros.load(RELAXED)),
            refused: self.refused.load(RELAXED),
        }
    }
}
