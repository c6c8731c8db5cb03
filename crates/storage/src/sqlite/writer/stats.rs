//! Numbers about shared commits, for metrics, and the one of them that steers: how long a commit takes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::GroupLimits;

/// What the writer did since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriterStats {
    /// Outer commits.
    pub groups: u64,
    /// Transactions they carried.
    pub members: u64,
    /// Largest group.
    pub largest: u64,
    /// Time spent in outer commits.
    pub commit_time: Duration,
    /// Time transactions waited for their turn, of those that had one.
    pub wait_time: Duration,
    /// Smoothed time of one outer commit.
    pub commit_smoothed: Duration,
    /// Transactions rolled back because they took too long.
    pub expired: u64,
    /// Transactions lost because the outer commit failed.
    pub lost: u64,
    /// Transactions that were told to come back later.
    pub refused: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    groups: AtomicU64,
    members: AtomicU64,
    largest: AtomicU64,
    commit_micros: AtomicU64,
    wait_micros: AtomicU64,
    smoothed_micros: AtomicU64,
    expired: AtomicU64,
    lost: AtomicU64,
    refused: AtomicU64,
}

const RELAXED: Ordering = Ordering::Relaxed;

impl Counters {
    pub(super) fn committed(&self, members: usize, took: Duration) {
        let members = u64::try_from(members).unwrap_or(u64::MAX);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.groups.fetch_add(1, RELAXED);
        self.members.fetch_add(members, RELAXED);
        self.largest.fetch_max(members, RELAXED);
        self.commit_micros.fetch_add(micros, RELAXED);
        // Only the writer's task writes here, so reading and storing apart is safe.
        let smoothed = self.smoothed_micros.load(RELAXED);
        self.smoothed_micros.store((smoothed * 7 + micros) / 8, RELAXED);
    }

    pub(super) fn waited(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.wait_micros.fetch_add(micros, RELAXED);
    }

    /// A batch was written and committed. Its time says nothing about that of a commit alone.
    pub(super) fn batched(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.groups.fetch_add(1, RELAXED);
        self.members.fetch_add(1, RELAXED);
        self.largest.fetch_max(1, RELAXED);
        self.commit_micros.fetch_add(micros, RELAXED);
    }

    pub(super) fn expired(&self) {
        self.expired.fetch_add(1, RELAXED);
    }

    pub(super) fn lost(&self, members: usize) {
        self.lost
            .fetch_add(u64::try_from(members).unwrap_or(u64::MAX), RELAXED);
    }

    pub(super) fn refused(&self) {
        self.refused.fetch_add(1, RELAXED);
    }

    /// How long the next group stays open: four commits, so that a slow disk gets larger groups.
    pub(super) fn open_for(&self, limits: GroupLimits) -> Duration {
        let four = Duration::from_micros(self.smoothed_micros.load(RELAXED).saturating_mul(4));
        four.max(limits.open_least).min(limits.open_most)
    }

    pub(super) fn snapshot(&self) -> WriterStats {
        WriterStats {
            groups: self.groups.load(RELAXED),
            members: self.members.load(RELAXED),
            largest: self.largest.load(RELAXED),
            commit_time: Duration::from_micros(self.commit_micros.load(RELAXED)),
            wait_time: Duration::from_micros(self.wait_micros.load(RELAXED)),
            commit_smoothed: Duration::from_micros(self.smoothed_micros.load(RELAXED)),
            expired: self.expired.load(RELAXED),
            lost: self.lost.load(RELAXED),
            refused: self.refused.load(RELAXED),
        }
    }
}
