use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::{EventKind, TenantId, Timestamp};

/// Recorded one by one for each tenant, kind and network in a minute.
const ONE_BY_ONE: u64 = 10;
/// Different (tenant, kind, network) remembered at once; beyond it a network shares the count of all others.
const TRACKED: usize = 50_000;

type Bucket = (TenantId, EventKind, String);

/// Bounds what anonymous visitors can make us write.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    minute: Mutex<Minute>,
}

#[derive(Debug, Default)]
struct Minute {
    number: i64,
    counts: HashMap<Bucket, u64>,
    /// Counts of past minutes that still have to be written.
    due: Vec<(Bucket, u64)>,
}

impl Refusals {
    /// Whether this refusal is recorded on its own. If not, it is counted.
    pub(crate) fn admit(&self, tenant: TenantId, kind: EventKind, network: &str, now: Timestamp) -> bool {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        minute.turn(now);
        let crowded = minute.counts.len() >= TRACKED;
        let mut bucket = (tenant, kind, network.to_owned());
        if crowded && !minute.counts.contains_key(&bucket) {
            "elsewhere".clone_into(&mut bucket.2);
        }
        let count = minute.counts.entry(bucket).or_insert(0);
        *count += 1;
        *count <= ONE_BY_ONE
    }

    /// The counts of minutes that have passed (all of them with `everything`).
    pub(crate) fn take_due(&self, now: Timestamp, everything: bool) -> Vec<Counted> {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        minute.turn(now);
        if everything {
            minute.close();
        }
        std::mem::take(&mut minute.due)
            .into_iter()
            .map(|((tenant, kind, network), count)| Counted {
                tenant,
                kind,
                network,
                count,
            })
            .collect()
    }
}

/// Refusals of one kind from one network in one minute, beyond those recorded one by one.
#[derive(Debug)]
pub(crate) struct Counted {
    /// Whose.
    pub(crate) tenant: TenantId,
    /// What was refused.
    pub(crate) kind: EventKind,
    /// From where.
    pub(crate) network: String,
    /// How often.
    pub(crate) count: u64,
}

impl Minute {
    fn turn(&mut self, now: Timestamp) {
        let number = now.secs().div_euclid(60);
        if number != self.number {
            self.close();
            self.number = number;
        }
    }

    fn close(&mut self) {
        let over = self.counts.drain().filter(|(_, count)| *count > ONE_BY_ONE);
        self.due
            .extend(over.map(|(bucket, count)| (bucket, count - ONE_BY_ONE)));
    }
}
