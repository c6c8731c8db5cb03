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

/// Up to this limit each moment is kept by itself, and there is room again at the very moment the oldest leaves.
const EXACT: u32 = 256;
/// Beyond it moments are kept in so many parts of the window, and a part leaves as a whole with its newest. So a window
/// never lets more through than its limit, costs the same whatever the limit is, and has room again late by a part at most.
const PARTS: i64 = 64;

/// Windows of this process: as many keys as there is room for, and in each at most [`EXACT`] runs.
#[derive(Debug)]
pub(super) struct Memory {
    shards: [Mutex<HashMap<String, Window>>; SHARDS],
    room: usize,
}

/// What is counted, the newest first.
#[derive(Debug, Default)]
struct Window {
    runs: VecDeque<Run>,
    /// Of all runs together.
    counted: u32,
    length: Duration,
}

/// Moments that leave the window together.
#[derive(Debug)]
struct Run {
    newest: i64,
    /// From the first to the newest.
    span: i64,
    count: u32,
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
            // A key that is known, as nearly all are, is not copied.
            if let Some(window) = shard.get_mut(key) {
                return window.take(limit, now.micros());
            }
            make_room(shard, room, now.micros());
            shard.entry(key.to_owned()).or_default().take(limit, now.micros())
        })
    }

    pub(super) fn look(&self, key: &str, limit: Limit, now: Timestamp) -> Taken {
        self.with_shard(key, |shard, _| match shard.get_mut(key) {
            Some(window) => {
                let now = window.turn(now.micros());
                window.says(window.counted < limit.most, limit, now)
            }
            None => Taken {
                allowed: limit.most > 0,
                left: limit.most,
                reset: Duration::ZERO,
            },
        })
    }

    pub(super) fn give_back(&self, key: &str) {
        self.with_shard(key, |shard, _| shard.get_mut(key).map(Window::give_back));
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
    fn take(&mut self, limit: Limit, now: i64) -> Taken {
        self.length = limit.window;
        let now = self.turn(now);
        let allowed = self.counted < limit.most;
        if allowed {
            self.count(now, grain(limit));
        }
        self.says(allowed, limit, now)
    }

    fn count(&mut self, now: i64, grain: i64) {
        self.counted += 1;
        if let Some(run) = self.runs.front_mut() {
            let span = now - run.newest + run.span;
            if span <= grain {
                *run = Run {
                    newest: now,
                    span,
                    count: run.count + 1,
                };
                return;
            }
        }
        self.runs.push_front(Run {
            newest: now,
            span: 0,
            count: 1,
        });
    }

    fn give_back(&mut self) {
        let Some(run) = self.runs.front_mut() else {
            return;
        };
        self.counted -= 1;
        run.count -= 1;
        if run.count == 0 {
            self.runs.pop_front();
        }
    }

    /// Drops what has left the window. A clock that goes back does not open it again.
    fn turn(&mut self, now: i64) -> i64 {
        let now = self.runs.front().map_or(now, |run| now.max(run.newest));
        let gone = now.saturating_sub(micros(self.length));
        while let Some(oldest) = self.runs.pop_back_if(|oldest| oldest.newest <= gone) {
            self.counted -= oldest.count;
        }
        now
    }

    fn says(&self, allowed: bool, limit: Limit, now: i64) -> Taken {
        let length = micros(self.length);
        let until = self.runs.back().map_or(0, |oldest| oldest.newest + length - now);
        Taken {
            allowed,
            left: limit.most.saturating_sub(self.counted),
            reset: Duration::from_micros(u64::try_from(until).unwrap_or(0)),
        }
    }
}

/// The longest run under this limit.
fn grain(limit: Limit) -> i64 {
    if limit.most <= EXACT {
        0
    } else {
        micros(limit.window) / PARTS
    }
}

/// In a full shard: what has run out goes, else of some keys the one that counts least. A key that is near its limit
/// stays, so a flood of new keys does not wash it away.
fn make_room(shard: &mut HashMap<String, Window>, room: usize, now: i64) {
    if shard.len() < room {
        return;
    }
    let mut looked: Vec<(u32, i64, &String)> = shard
        .iter()
        .take(LOOKED_AT)
        .map(|(key, window)| {
            let newest = window.runs.front().map_or(i64::MIN, |run| run.newest);
            let over = newest <= now.saturating_sub(micros(window.length));
            (if over { 0 } else { window.counted }, newest, key)
        })
        .collect();
    looked.sort();
    if let Some(least) = looked.first().map(|(_, _, key)| (*key).clone()) {
        shard.remove(&least);
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_secs(1_000_000);
    const LARGE: Limit = Limit {
        most: 60_000,
        window: Duration::from_mins(1),
    };

    fn runs(memory: &Memory, key: &str) -> usize {
        memory.with_shard(key, |shard, _| {
            shard.get(key).map_or(0, |window| window.runs.len())
        })
    }

    #[test]
    fn a_large_limit_lets_exactly_its_number_through_and_keeps_little() {
        let memory = Memory::with_room_for(16);
        let take = |millis: u64| memory.take("client", LARGE, START.plus(Duration::from_millis(millis)));
        // One each millisecond: the last is allowed, the next is one too many, as long as the first is in the window.
        for millis in 0..59_999 {
            assert!(take(millis).allowed, "{millis}");
        }
        assert_eq!(take(59_999).left, 0);
        assert!(!take(59_999).allowed);
        assert!(runs(&memory, "client") <= 65, "{}", runs(&memory, "client"));
        // The first part leaves with its newest, 937 ms after the first: not before, and all of it then.
        assert!(!take(60_936).allowed);
        let taken = take(60_937);
        assert_eq!((taken.allowed, taken.left), (true, 937));
    }

    #[test]
    fn never_more_than_the_limit_in_any_window() {
        let memory = Memory::with_room_for(16);
        let limit = Limit {
            most: 300,
            window: Duration::from_secs(10),
        };
        let mut allowed: VecDeque<i64> = VecDeque::new();
        let mut total = 0;
        for step in 0..20_000_u64 {
            // More than fits, in bursts that fit no part.
            let now = START.plus(Duration::from_micros(step * 7_919 + (step % 13) * 211));
            if memory.take("client", limit, now).allowed {
                total += 1;
                allowed.push_back(now.micros());
            }
            let gone = now.micros() - micros(limit.window);
            while allowed.pop_front_if(|oldest| *oldest <= gone).is_some() {}
            assert!(allowed.len() <= 300, "{}", allowed.len());
        }
        // 158 s are nearly 16 windows; what a part costs is less than one in thirty.
        assert!(total >= 15 * 300 * 29 / 30, "{total}");
    }

    #[test]
    fn what_is_given_back_of_a_run_is_not_counted() {
        let memory = Memory::with_room_for(16);
        let two = Limit { most: 2, ..LARGE };
        for _ in 0..3 {
            memory.take("one", two, START);
        }
        assert_eq!(runs(&memory, "one"), 1, "one moment is one run");
        for left in [1, 2, 2] {
            memory.give_back("one");
            assert_eq!(memory.look("one", two, START).left, left);
        }
    }
}
