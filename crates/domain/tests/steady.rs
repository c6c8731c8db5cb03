//! The steady clock: a wall clock that is set wrong neither takes time back nor makes it pass.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::Duration;

use domain::{Clock, SteadyClock, Timestamp};

const START: i64 = 1_800_000_000;
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// The wall clock of a machine, in seconds since 1970, and the seconds that have really passed.
#[derive(Debug, Default)]
struct Machine {
    set_by: AtomicI64,
    passed: AtomicI64,
}

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(START + self.passed.load(SeqCst) + self.set_by.load(SeqCst))
    }
}

struct Bench {
    machine: Arc<Machine>,
    clock: SteadyClock,
}

impl Bench {
    fn new() -> Self {
        let machine = Arc::new(Machine::default());
        let elapsed = Arc::clone(&machine);
        let clock = SteadyClock::new(Arc::clone(&machine) as _, move || {
            Duration::from_secs(elapsed.passed.load(SeqCst).unsigned_abs())
        });
        Self { machine, clock }
    }

    /// Somebody sets the wall clock.
    fn set(&self, by: i64) {
        self.machine.set_by.fetch_add(by, SeqCst);
    }

    /// Time passes, looked at each second; what is shown then, in seconds since the start.
    fn pass(&self, seconds: i64) -> i64 {
        for _ in 0..seconds {
            self.machine.passed.fetch_add(1, SeqCst);
            self.clock.now();
        }
        self.shown()
    }

    fn shown(&self) -> i64 {
        self.clock.now().secs() - START
    }

    fn apart(&self) -> i64 {
        self.clock.wall_ahead_micros() / 1_000_000
    }
}

#[test]
fn an_undisturbed_clock_is_followed() {
    let bench = Bench::new();
    assert_eq!(bench.pass(2 * HOUR), 2 * HOUR);
    assert_eq!(bench.apart(), 0);
}

#[test]
fn time_goes_on_when_the_wall_clock_is_set_back() {
    for step in [30, 5 * MINUTE, HOUR] {
        let bench = Bench::new();
        bench.pass(100);
        bench.set(-step);
        assert_eq!(bench.shown(), 100, "not taken back");
        assert_eq!(bench.apart(), -step);
        let shown = bench.pass(1_000);
        assert!(
            (1_089..=1_100).contains(&shown),
            "{shown} goes on after a step of {step}"
        );
    }
}

#[test]
fn clocks_meet_again_after_a_step_back() {
    let bench = Bench::new();
    bench.set(-30);
    let shown = bench.pass(HOUR);
    assert_eq!(shown, HOUR - 30, "one per cent of an hour is more than the step");
    assert_eq!(bench.apart(), 0);
}

#[test]
fn a_small_step_ahead_is_followed_and_a_large_one_is_not() {
    let bench = Bench::new();
    bench.set(MINUTE);
    assert_eq!(bench.shown(), MINUTE);
    for step in [5 * MINUTE, HOUR] {
        let bench = Bench::new();
        bench.set(step);
        assert_eq!(bench.pass(4 * MINUTE), 4 * MINUTE, "{step}");
        assert_eq!(bench.apart(), step);
        bench.set(-step);
        assert_eq!(
            bench.pass(HOUR),
            4 * MINUTE + HOUR,
            "put right, and nothing remains"
        );
        assert_eq!(bench.apart(), 0);
    }
}

#[test]
fn a_step_ahead_that_stays_is_believed() {
    let bench = Bench::new();
    bench.set(HOUR);
    assert_eq!(bench.pass(6 * MINUTE), HOUR + 6 * MINUTE);
    assert_eq!(bench.apart(), 0);
}

#[test]
fn a_clock_that_keeps_running_away_is_not_believed() {
    let bench = Bench::new();
    for passed in 1..10 {
        bench.set(5 * MINUTE);
        assert_eq!(bench.pass(4 * MINUTE), passed * 4 * MINUTE);
    }
}

#[test]
fn time_begins_no_earlier_than_what_is_known() {
    let bench = Bench::new();
    bench.clock.not_before(Timestamp::from_secs(START + 5 * MINUTE));
    assert_eq!(bench.shown(), 5 * MINUTE);
    assert_eq!(bench.apart(), -5 * MINUTE);
    bench.clock.not_before(Timestamp::from_secs(START));
    assert_eq!(bench.shown(), 5 * MINUTE, "an earlier moment changes nothing");
    let shown = bench.pass(100);
    assert!((398..=400).contains(&shown), "{shown}");
}
