//! Values under unguessable keys, for a while and not too many.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{Timestamp, TokenHash};

/// Keeps at most `capacity` values, each for `lifetime`. When it is full the oldest makes room.
///
/// Keys are kept as hashes, so how long a look-up takes says nothing about a key.
pub(super) struct Store<T> {
    lifetime: Duration,
    capacity: usize,
    entries: Mutex<VecDeque<Entry<T>>>,
}

struct Entry<T> {
    key: TokenHash,
    expires_at: Timestamp,
    value: T,
}

impl<T: Clone> Store<T> {
    pub(super) const fn new(lifetime: Duration, capacity: usize) -> Self {
        Self {
            lifetime,
            capacity,
            entries: Mutex::new(VecDeque::new()),
        }
    }

    /// Keeps `value` under `key`.
    pub(super) fn put(&self, now: Timestamp, key: &str, value: T) {
        let mut entries = self.live(now);
        while entries.len() >= self.capacity {
            entries.pop_front();
        }
        entries.push_back(Entry {
            key: TokenHash::of(key),
            expires_at: now.plus(self.lifetime),
            value,
        });
    }

    /// The value under `key`.
    pub(super) fn find(&self, now: Timestamp, key: &str) -> Option<T> {
        let key = TokenHash::of(key);
        let entries = self.live(now);
        let found = entries.iter().find(|entry| entry.key == key);
        found.map(|entry| entry.value.clone())
    }

    /// Takes the value under `key` out, if it `fits`; else it stays.
    pub(super) fn take_if(&self, now: Timestamp, key: &str, fits: impl Fn(&T) -> bool) -> Option<T> {
        let key = TokenHash::of(key);
        let mut entries = self.live(now);
        let place = entries
            .iter()
            .position(|entry| entry.key == key && fits(&entry.value))?;
        entries.remove(place).map(|entry| entry.value)
    }

    /// Takes the value under `key` out.
    pub(super) fn take(&self, now: Timestamp, key: &str) -> Option<T> {
        self.take_if(now, key, |_| true)
    }

    /// Whether any value `fits`.
    pub(super) fn any(&self, now: Timestamp, fits: impl Fn(&T) -> bool) -> bool {
        self.live(now).iter().any(|entry| fits(&entry.value))
    }

    fn live(&self, now: Timestamp) -> MutexGuard<'_, VecDeque<Entry<T>>> {
        // No code that can panic runs between two steps of a change, so a poisoned list is a whole list.
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| now < entry.expires_at);
        entries
    }
}
