//! Subjects about which nothing is believed for now.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::changes::Subject;

/// From the making of an event to the end of every belief that was formed before its commit: the longest wait for a
/// commit, and more than such a belief's life.
const UNSETTLED: Duration = Duration::from_secs(3);
/// Subjects remembered at most; beyond, everything is unsettled.
const MOST: usize = 10_000;

#[derive(Debug)]
pub(super) struct Unsettled {
    began: Instant,
    /// Milliseconds after `began` until which some subject is unsettled: what nearly every look needs to know.
    until: AtomicU64,
    marks: Mutex<Marks>,
}

#[derive(Debug)]
struct Marks {
    subjects: HashMap<Subject, Instant>,
    /// Until when nothing is settled, because there were too many subjects to remember.
    everything: Instant,
}

impl Default for Unsettled {
    fn default() -> Self {
        let now = Instant::now();
        Self {
            began: now,
            until: AtomicU64::new(0),
            marks: Mutex::new(Marks {
                subjects: HashMap::new(),
                everything: now,
            }),
        }
    }
}

impl Unsettled {
    pub(super) fn mark(&self, subject: Subject, now: Instant) {
        let end = now + UNSETTLED;
        let mut marks = self.marks();
        if marks.subjects.len() >= MOST {
            marks.subjects.retain(|_, end| *end > now);
        }
        if marks.subjects.len() >= MOST {
            marks.subjects.clear();
            marks.everything = end;
        } else {
            marks.subjects.insert(subject, end);
        }
        self.until.store(self.millis(end), Ordering::SeqCst);
    }

    /// Whether nothing at all is unsettled.
    pub(super) fn is_quiet(&self, now: Instant) -> bool {
        self.until.load(Ordering::SeqCst) <= self.millis(now)
    }

    pub(super) fn has(&self, subject: &Subject, now: Instant) -> bool {
        let marks = self.marks();
        marks.everything > now || marks.subjects.get(subject).is_some_and(|end| *end > now)
    }

    fn millis(&self, at: Instant) -> u64 {
        u64::try_from(at.duration_since(self.began).as_millis()).unwrap_or(u64::MAX)
    }

    /// A panic cannot leave a half-made mark.
    fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use domain::{GrantId, TenantId, World};
    use tokio::time::Instant;

    use super::{MOST, Subject, UNSETTLED, Unsettled};

    fn subject(world: &World, tenant: TenantId) -> Subject {
        Subject::Grant(tenant, GrantId::generate(world))
    }

    #[test]
    fn a_marked_subject_settles_after_a_while_and_others_never_were_unsettled() {
        let (world, unsettled, now) = (World::system(), Unsettled::default(), Instant::now());
        let tenant = TenantId::generate(&world);
        let (marked, other) = (subject(&world, tenant), subject(&world, tenant));
        assert!(unsettled.is_quiet(now));
        unsettled.mark(marked.clone(), now);
        assert!(!unsettled.is_quiet(now) && unsettled.has(&marked, now) && !unsettled.has(&other, now));
        let later = now + UNSETTLED;
        assert!(unsettled.is_quiet(later) && !unsettled.has(&marked, later));
    }

    #[test]
    fn more_subjects_than_can_be_remembered_unsettle_everything() {
        let (world, unsettled, now) = (World::system(), Unsettled::default(), Instant::now());
        let tenant = TenantId::generate(&world);
        let other = subject(&world, tenant);
        for _ in 0..MOST {
            unsettled.mark(subject(&world, tenant), now);
        }
        assert!(!unsettled.has(&other, now));
        unsettled.mark(subject(&world, tenant), now);
        assert!(unsettled.has(&other, now));
        assert!(!unsettled.has(&other, now + UNSETTLED));
    }
}
