use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::{Clock, SystemClock, Timestamp};

/// As far as clocks may be apart: what tokens are given for clocks elsewhere.
pub const CLOCK_LEEWAY: Duration = Duration::from_mins(1);

/// A step ahead beyond the leeway is believed when it has stood this long: a machine that slept, or a clock put right.
const BELIEVED_AFTER: Duration = Duration::from_mins(5);
/// While the wall clock is behind, one part in so many is left out of the time that passes, until they agree.
const SLOWER: i64 = 100;

/// How long it is since some fixed moment, by a clock that nobody sets.
type Elapsed = Box<dyn Fn() -> Duration + Send + Sync>;

/// The wall clock, held to the time that really passes. What was shown is never taken back, so what has expired stays
/// expired; and a wall clock that is set wrong while the process runs does not make time pass.
///
/// - Behind: time goes on one per cent slower until the wall clock has caught up.
/// - Ahead by no more than [`CLOCK_LEEWAY`]: followed at once.
/// - Ahead by more: believed when it stays so for five minutes.
pub struct SteadyClock {
    wall: Arc<dyn Clock>,
    elapsed: Elapsed,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// Last shown, in nanoseconds since 1970: whole microseconds would lose what passes between two calls.
    shown: i64,
    /// When that was.
    at: Duration,
    /// The wall clock was first seen far ahead then, by this much.
    ahead: Option<(Duration, i64)>,
    /// How far the wall clock was ahead of what was shown.
    apart: i64,
}

impl SteadyClock {
    /// Holds `wall` to `elapsed`.
    pub fn new(wall: Arc<dyn Clock>, elapsed: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        let state = State {
            shown: nanos(wall.now()),
            at: elapsed(),
            ahead: None,
            apart: 0,
        };
        Self {
            wall,
            elapsed: Box::new(elapsed),
            state: Mutex::new(state),
        }
    }

    /// Holds the clock of the operating system to its monotonic clock.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the monotonic clock is read for the time of day"
    )]
    pub fn system() -> Self {
        let start = std::time::Instant::now();
        Self::new(Arc::new(SystemClock), move || start.elapsed())
    }

    fn look(&self) -> State {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.step(nanos(self.wall.now()), (self.elapsed)());
        *state
    }
}

impl State {
    fn step(&mut self, wall: i64, at: Duration) {
        let passed = span(at.saturating_sub(self.at));
        let steady = self.shown.saturating_add(passed);
        let ahead_by = wall.saturating_sub(steady);
        if ahead_by < 0 {
            self.ahead = None;
            self.shown = steady.saturating_sub(passed / SLOWER).max(wall);
        } else if ahead_by <= span(CLOCK_LEEWAY) {
            self.ahead = None;
            self.shown = wall;
        } else {
            self.shown = if self.is_believed(ahead_by, at) {
                wall
            } else {
                steady
            };
        }
        self.at = self.at.max(at);
        self.apart = wall.saturating_sub(self.shown);
    }

    /// Whether the wall clock has been ahead by about as much for long enough.
    fn is_believed(&mut self, ahead_by: i64, at: Duration) -> bool {
        match self.ahead {
            Some((since, by)) if ahead_by.abs_diff(by) <= span(CLOCK_LEEWAY).unsigned_abs() => {
                at.saturating_sub(since) >= BELIEVED_AFTER
            }
            _ => {
                self.ahead = Some((at, ahead_by));
                false
            }
        }
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.look().shown / 1_000)
    }

    fn wall_ahead_micros(&self) -> i64 {
        self.look().apart / 1_000
    }

    fn not_before(&self, moment: Timestamp) {
        self.look();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let moment = nanos(moment);
        if moment > state.shown {
            state.apart = state.apart.saturating_sub(moment - state.shown);
            state.shown = moment;
        }
    }
}

impl fmt::Debug for SteadyClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SteadyClock")
    }
}

fn nanos(moment: Timestamp) -> i64 {
    moment.micros().saturating_mul(1_000)
}

fn span(span: Duration) -> i64 {
    i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)
}
