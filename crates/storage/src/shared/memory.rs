use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::Timestamp;

use super::{Limit, Taken};

/// Keys are spread over so many locks.
const SHARDS: usize = 16;
/// Of a full shard so many keys are looked at for one to forget.
const LOOKED_AT: usize = 16;

/// Windows of this process: as many keys as there is room for, and in each at most as many moments as its limit.
#[derive(Debug)]
pub(super) struct Memory {
    shards: [Mutex<HashMap<String, Window>>; SHARDS],
    room: usize,
}

/// Moments counted, the newest first.
#[derive(Debug, Default)]
struct Window {
    moments: VecDeque<i64>,
    length: Duration,
}

impl Memory {
    pub(super) fn with_room_for(keys: usize) -> Self {
        Self {
            shards: Default::default(),
            room: (keys / SHARDS).max(1),
        }
    }

    pub(super) fn take(&self, key: &str, limit: Limit, now: Timestamp) -> Taken {
        self.with_shard(key, |shard, room| {
            if !shard.contains_key(key) {
                make_room(shard, room, now.micros());
            }
            let window = shard.entry(key.to_owned()).or_default();
            window.length = limit.window;
            let now = window.turn(now.micros());
            let allowed = window.moments.len() < size(limit);
            if allowed {
                window.moments.push_front(now);
            }
            window.says(allowed, limit, now)
        })
    }

    pub(super) fn look(&self, key: &str, limit: Limit, now: Timestamp) -> Taken {
        self.with_shard(key, |shard, _| match shard.get_mut(key) {
            Some(window) => {
                let now = window.turn(now.micros());
                window.says(window.moments.len() < size(limit), limit, now)
            }
            None => Taken {
                allowed: limit.most > 0,
                left: limit.most,
                reset: Duration::ZERO,
            },
        })
    }

    pub(super) fn give_back(&self, key: &str) {
        self.with_shard(key, |shard, _| {
            shard.get_mut(key).and_then(|window| window.moments.pop_front())
        });
    }

    pub(super) fn forget(&self, key: &str) {
        self.with_shard(key, |shard, _| shard.remove(key));
    }

    #[expect(
        clippy::expect_used,
        reason = "a remainder of SHARDS is an index below SHARDS"
    )]
    fn with_shard<T>(&self, key: &str, act: impl FnOnce(&mut HashMap<String, Window>, usize) -> T) -> T {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let shards = u64::try_from(SHARDS).unwrap_or(1);
        let at = usize::try_from(hasher.finish() % shards).unwrap_or(0);
        let shard = self.shards.get(at).expect("a shard");
        act(
            &mut shard.lock().unwrap_or_else(PoisonError::into_inner),
            self.room,
        )
    }
}

impl Window {
    /// Drops what has left the window. A clock that goes back does not open it again.
    fn turn(&mut self, now: i64) -> i64 {
        let now = self.moments.front().map_or(now, |newest| now.max(*newest));
        let length = micros(self.length);
        while self.moments.back().is_some_and(|oldest| *oldest <= now - length) {
            self.moments.pop_back();
        }
        now
    }

    fn says(&self, allowed: bool, limit: Limit, now: i64) -> Taken {
        let counted = u32::try_from(self.moments.len()).unwrap_or(u32::MAX);
        let oldest = self.moments.back().copied().unwrap_or(now - micros(self.length));
        let until = u64::try_from(oldest + micros(self.length) - now).unwrap_or(0);
        Taken {
            allowed,
            left: limit.most.saturating_sub(counted),
            reset: Duration::from_micros(until),
        }
    }
}

/// In a full shard: what has run out goes, else of some keys the one that counts least. A key that is near its limit
/// stays, so a flood of new keys does not wash it away.
fn make_room(shard: &mut HashMap<String, Window>, room: usize, now: i64) {
    if shard.len() < room {
        return;
    }
    let mut looked: Vec<(usize, i64, &String)> = shard
        .iter()
        .take(LOOKED_AT)
        .map(|(key, window)| {
            let newest = window.moments.front().copied().unwrap_or(i64::MIN);
            let over = newest <= now.saturating_sub(micros(window.length));
            (if over { 0 } else { window.moments.len() }, newest, key)
        })
        .collect();
    looked.sort();
    if let Some(least) = looked.first().map(|(_, _, key)| (*key).clone()) {
        shard.remove(&least);
    }
}

fn size(limit: Limit) -> usize {
    usize::try_from(limit.most).unwrap_or(usize::MAX)
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}
