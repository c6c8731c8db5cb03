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
        let count = minute.count((tenant, kind, network.to_owned()));
        *count += 1;
        *count <= one_by_one(kind)
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

/// How many of a kind are recorded each on its own.
const fn one_by_one(kind: EventKind) -> u64 {
    match kind {
        EventKind::RequestsShed => 0,
        _ => ONE_BY_ONE,
    }
}

impl Minute {
    fn count(&mut self, mut bucket: Bucket) -> &mut u64 {
        if self.counts.len() >= TRACKED && !self.counts.contains_key(&bucket) {
            "elsewhere".clone_into(&mut bucket.2);
        }
        self.counts.entry(bucket).or_insert(0)
    }

    fn turn(&mut self, now: Timestamp) {
        let number = now.secs().div_euclid(60);
        if number != self.number {
            self.close();
            self.number = number;
        }
    }

    fn close(&mut self) {
        let over = self.counts.drain().filter_map(|(bucket, count)| {
            let beyond = count.saturating_sub(one_by_one(bucket.1));
            (beyond > 0).then_some((bucket, beyond))
        });
        self.due.extend(over);
    }
}
