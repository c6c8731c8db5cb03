//! One target under libFuzzer; the variable `RSP_FUZZ_TARGET` names it. Started by `cargo xtask fuzz`.
#![no_main]

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use fuzz::Target;
use libfuzzer_sys::fuzz_target;

/// No input may keep a parser busy for longer.
const LONGEST: Duration = Duration::from_millis(100);

/// An input that took long may have met a busy machine: it is slow if it is slow each time.
const TRIES: usize = 5;

static TARGET: OnceLock<Target> = OnceLock::new();

fuzz_target!(init: choose(), |input: &[u8]| {
    if let Some(target) = TARGET.get()
        && (0..TRIES).all(|_| time(target, input) > LONGEST)
    {
        panic!("{} was busy with this input for more than {LONGEST:?}", target.name);
    }
});

fn choose() {
    let name = std::env::var_os("RSP_FUZZ_TARGET").unwrap_or_default();
    let found = name.to_str().and_then(fuzz::find);
    assert!(found.is_some(), "RSP_FUZZ_TARGET names no target");
    found.map(|target| TARGET.set(target));
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a parser was busy is what is measured here"
)]
fn time(target: &Target, input: &[u8]) -> Duration {
    let start = Instant::now();
    (target.run)(input);
    start.elapsed()
}
