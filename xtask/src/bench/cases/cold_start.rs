//! Goal 20: from the start of the process to its first answer, with an empty database and with one that has grown.

use std::fs;

use anyhow::{Context as _, Result};

use crate::bench::measure::{cpu_us, each, load_average, median};
use crate::bench::{Bound, Budget, Case, Figure, Outcome, folder, fresh};
use crate::demo::Engine;
use crate::grow::{Crowd, Place};

pub(super) const CASE: Case = Case {
    name: "cold-start",
    goals: &[20],
    about: "CPU time from start to first answer, empty and grown",
    run,
};

fn run(budget: Budget) -> Result<Outcome> {
    let size = u64::from(budget.most);
    let empty = Place::prepare(Engine::Sqlite, &fresh("cold-empty")?)?;
    let grown = Place::prepare(Engine::Sqlite, &fresh("cold-grown")?)?;
    grown.fill(Crowd {
        users: size,
        tokens: size,
        seed: 1,
    })?;
    let (mut small, mut large) = (Vec::new(), Vec::new());
    for round in 1..=budget.rounds {
        small.push(start(&empty)?);
        large.push(start(&grown)?);
        println!(
            "round {round}:  empty {:.3} s  grown {:.3} s  (load {})",
            small.last().copied().unwrap_or(f64::NAN),
            large.last().copied().unwrap_or(f64::NAN),
            load_average()
        );
    }
    let (small, large) = (median(&small), median(&large));
    let tokens = format!("{} people and tokens", Budget::size_said(budget.most));
    let spent = Figure::new(
        20,
        format!("CPU time to the first answer, {tokens}"),
        large,
        "s",
        Bound::AtMost(0.15),
    );
    let ratio = Figure::new(
        20,
        format!("{tokens} over none"),
        large / small,
        "x",
        Bound::AtMost(1.2),
    );
    let outcome = Outcome {
        figures: vec![spent.aim(Bound::AtMost(0.05)), ratio],
        notes: vec![format!(
            "{size} people and tokens; empty {small:.3} s, grown {large:.3} s. The demo's start includes its sample \
             application and looks after its accounts."
        )],
        ..Outcome::default()
    };
    for place in ["cold-empty", "cold-grown"] {
        fs::remove_dir_all(folder().join(place)).context("cannot remove a database")?;
    }
    Ok(outcome)
}

/// CPU time of all threads when the first answer is there, in seconds.
fn start(place: &Place) -> Result<f64> {
    let server = place.serve(folder().join("cold-start.log"))?;
    let pid = server.pid().context("the server has no process")?;
    let mut spent: u64 = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task")).context("the server has ended")? {
        // A thread that ended meanwhile is left out.
        let times = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        let first = times.split(' ').next().unwrap_or_default();
        spent += first.parse::<u64>().unwrap_or(0);
    }
    // Coarser, but it counts threads that have ended.
    let spent = spent.max(cpu_us(pid)? * 1_000);
    Ok(each(spent, 1_000_000_000))
}
