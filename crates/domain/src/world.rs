use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use crate::{SteadyClock, Timestamp};

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Microseconds by which the machine's own clock is ahead of [`Clock::now`]; a clock that is the machine's own, or
    /// has none, is never apart from it.
    fn wall_ahead_micros(&self) -> i64 {
        0
    }

    /// Makes every later moment at least this one, where the clock keeps track of that.
    fn not_before(&self, _moment: Timestamp) {}
}

/// Where randomness comes from.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the wall clock is read"
    )]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// The random source of the operating system. Small draws come from a store that each thread fills with one call, so
/// that a request with five ids and nonces does not make five; what was given out is wiped from it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

/// Bytes of a thread's store.
const STORE: usize = 1_024;
/// Larger draws go to the operating system.
const SMALL: usize = 64;

struct Store {
    bytes: [u8; STORE],
    used: usize,
}

thread_local! {
    static STORED: RefCell<Store> = const { RefCell::new(Store { bytes: [0; STORE], used: STORE }) };
}

impl Store {
    /// Gives `to` its bytes, of which none is given twice.
    fn draw(&mut self, to: &mut [u8]) {
        if STORE - self.used < to.len() {
            ask(&mut self.bytes);
            self.used = 0;
        }
        let kept = self.bytes.iter_mut().skip(self.used);
        for (to, kept) in to.iter_mut().zip(kept) {
            *to = std::mem::take(kept);
        }
        self.used += to.len();
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() > SMALL {
            return ask(bytes);
        }
        STORED.with_borrow_mut(|store| store.draw(bytes));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where randomness is drawn"
)]
#[expect(
    clippy::panic,
    reason = "without randomness no secret can be made; stopping is the only safe answer"
)]
fn ask(bytes: &mut [u8]) {
    if let Err(cause) = getrandom::fill(bytes) {
        panic!("the operating system gives no randomness: {cause}");
    }
}

/// The outside that pure code depends on: time and randomness, passed in so that tests can set them.
#[derive(Clone)]
pub struct World {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl World {
    /// A world of the given clock and entropy.
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { clock, entropy }
    }

    /// The real world: its time of day never goes back while the program runs.
    pub fn system() -> Self {
        Self::new(Arc::new(SteadyClock::system()), Arc::new(SystemEntropy))
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Microseconds by which the machine's clock is ahead of [`World::now`]; see [`SteadyClock`].
    pub fn wall_ahead_micros(&self) -> i64 {
        self.clock.wall_ahead_micros()
    }

    /// Makes every later moment at least this one, where the clock keeps track of that.
    pub fn not_before(&self, moment: Timestamp) {
        self.clock.not_before(moment);
    }

    /// Fills `bytes` with unpredictable bytes.
    pub fn fill(&self, bytes: &mut [u8]) {
        self.entropy.fill(bytes);
    }

    /// An array of unpredictable bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A time-ordered id (UUIDv7, RFC 9562 section 5.7). An id is a name, never a secret (CR6).
    pub fn uuid_v7(&self) -> Uuid {
        uuid::Builder::from_unix_timestamp_millis(self.now().unix_millis(), &self.random::<10>()).into_uuid()
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("World")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Entropy as _, STORE, STORED, SystemEntropy};

    #[test]
    fn nothing_is_given_twice_and_nothing_given_is_kept() {
        let mut seen = HashSet::new();
        for size in [16, 10, 32, 12, 64, 65, 100].into_iter().cycle().take(1_000) {
            let mut bytes = vec![0; size];
            SystemEntropy.fill(&mut bytes);
            let head: Vec<u8> = bytes.iter().copied().take(10).collect();
            assert!(seen.insert(head), "given twice");
        }
        STORED.with_borrow(|store| {
            assert!(store.used <= STORE);
            assert!(store.bytes.iter().take(store.used).all(|byte| *byte == 0));
        });
    }
}
