//! Goal 9: access tokens checked in process, by the library a protected resource links.

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::bench::{Bound, Budget, Case, Figure, Outcome, program};
use crate::command;

pub(super) const CASE: Case = Case {
    name: "validate",
    goals: &[9],
    about: "validation of JWT access tokens in process, known and unknown ones",
    run,
};

fn run(budget: Budget) -> Result<Outcome> {
    let rounds = budget.rounds.to_string();
    let milliseconds = (budget.seconds * 200).to_string();
    let printed = command::output_of(
        &program("bench-validate").display().to_string(),
        &[&rounds, &milliseconds],
    )?;
    let mut outcome = Outcome::default();
    for line in printed.lines() {
        let result: Value =
            serde_json::from_str(line).context("bench-validate said something else than expected")?;
        let alg = result.get("alg").and_then(Value::as_str).unwrap_or_default();
        let number = |name| result.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
        let (bare, cold, hot) = (number("bare_us"), number("cold_us"), number("hot_us"));
        let known = Figure::new(
            9,
            format!("{alg}: a token met before"),
            hot,
            "us",
            Bound::AtMost(0.6),
        );
        let unknown = Figure::new(
            9,
            format!("{alg}: a token met first, over its signature check alone"),
            cold / bare,
            "x",
            Bound::AtMost(1.1),
        );
        outcome.figures.push(known.aim(Bound::AtMost(0.4)));
        outcome.figures.push(unknown.aim(Bound::AtMost(1.05)));
        outcome.notes.push(format!(
            "{alg}: {:.0} bytes; signature alone {bare:.1} us, met first {cold:.1} us, met before {hot:.2} us of CPU.",
            number("bytes")
        ));
    }
    Ok(outcome)
}
