//! Goals 11 and 12: decisions in process, through the index over scopes and by the engine alone.

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::bench::{Bound, Budget, Case, Figure, Outcome, program};
use crate::command;

pub(super) const LIB: Case = Case {
    name: "authz-lib",
    goals: &[11],
    about: "decisions in process, from ten policies to a million",
    run: lib,
};

pub(super) const DIFF: Case = Case {
    name: "authz-diff",
    goals: &[12],
    about: "decisions through the index against those of the engine alone, on random stores",
    run: diff,
};

/// Policies at the ends of the goal, with a hundred thousand entities.
const ENDS: [f64; 2] = [10.0, 10_000.0];
const ENTITIES: f64 = 100_000.0;
/// Decisions that are compared; fewer with a smaller `--most`.
const CASES: u32 = 1_000_000;

fn lib(budget: Budget) -> Result<Outcome> {
    let rounds = budget.rounds.to_string();
    let milliseconds = (budget.seconds * 200).to_string();
    let most = budget.most.to_string();
    let printed = said(&["lib", &rounds, &milliseconds, &most])?;
    let mut outcome = Outcome::default();
    let mut ends = [f64::NAN; 2];
    for line in printed.lines() {
        let result: Value =
            serde_json::from_str(line).context("bench-authz said something else than expected")?;
        let number = |name| result.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
        let (policies, indexed) = (number("policies"), number("indexed_us"));
        let is_large = number("entities") >= ENTITIES;
        for (end, found) in ENDS.iter().zip(&mut ends) {
            if is_large && (policies - end).abs() < 0.5 {
                *found = indexed;
            }
        }
        if is_large && (policies - ENDS[1]).abs() < 0.5 {
            let half = Figure::new(
                11,
                "half of the decisions take at most",
                number("p50_us"),
                "us",
                Bound::AtMost(15.0),
            );
            let most = Figure::new(
                11,
                "99 of 100 decisions take at most",
                number("p99_us"),
                "us",
                Bound::AtMost(50.0),
            );
            outcome.figures.push(half.aim(Bound::AtMost(9.0)));
            outcome.figures.push(most);
        }
        let bare = number("bare_us");
        let bare = if bare.is_nan() {
            String::new()
        } else {
            format!(", the engine alone {bare:.1} us")
        };
        outcome.notes.push(format!(
            "{policies} policies, {} entities: {indexed:.2} us of CPU{bare}; p50 {:.1} us, p99 {:.1} us; {:.1} policies evaluated \
             of each request, {} of {} allowed; compiled in {} ms, {} MB.",
            number("entities"),
            number("p50_us"),
            number("p99_us"),
            number("candidates") / number("requests"),
            number("allowed"),
            number("requests"),
            number("compile_ms"),
            number("memory_mb")
        ));
    }
    let growth = Figure::new(
        11,
        "CPU time with 10 000 policies over that with 10",
        ends[1] / ends[0],
        "x",
        Bound::AtMost(2.0),
    );
    outcome.figures.push(growth.aim(Bound::AtMost(1.5)));
    Ok(outcome)
}

fn diff(budget: Budget) -> Result<Outcome> {
    let printed = said(&["diff", &budget.most.min(CASES).to_string()])?;
    let result: Value =
        serde_json::from_str(&printed).context("bench-authz said something else than expected")?;
    let number = |name| result.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let mut outcome = Outcome::default();
    outcome.figures.push(Figure::new(
        12,
        "decisions, reasons or errors that differ",
        number("differences"),
        "",
        Bound::AtMost(0.0),
    ));
    outcome.notes.push(format!(
        "{} requests of {} random stores: {} allowed, {} with policies that fail, {} where the index left out at least half, \
         {} with entities of their own, {} refused.",
        number("cases"),
        number("stores"),
        number("allowed"),
        number("failed"),
        number("narrowed"),
        number("layered"),
        number("refused")
    ));
    Ok(outcome)
}

fn said(words: &[&str]) -> Result<String> {
    command::output_of(&program("bench-authz").display().to_string(), words)
}
