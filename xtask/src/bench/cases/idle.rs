//! Goal 19: memory of a server that nobody asks anything.

use anyhow::{Context as _, Result};

use crate::bench::measure::{median, resident_mib};
use crate::bench::product::Product;
use crate::bench::{Bound, Budget, Case, Figure, Outcome, folder, fresh, pause};
use crate::demo::Engine;
use crate::grow::Place;

pub(super) const CASE: Case = Case {
    name: "idle",
    goals: &[19],
    about: "memory of a server at rest",
    run,
};

fn run(budget: Budget) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let product = Product::start(engine)?;
        // Until the memory of the hash that the demo's start computes is given back.
        pause(FIRST);
        let resident = rest(product.pid, budget)?;
        if engine == Engine::Sqlite {
            let what = "resident memory at rest, SQLite, `rsp demo` with its sample application";
            outcome.figures.push(judged(what, resident));
        }
        outcome.notes.push(format!(
            "{}: {resident:.1} MiB, `rsp demo` with its sample application.",
            engine.name()
        ));
    }
    // A demo made its tenants and keys, and has ended; what is measured is `rsp serve` on them.
    let place = Place::prepare(Engine::Sqlite, &fresh("idle")?)?;
    let (server, _) = place.another(folder().join("idle.log"))?;
    let pid = server.pid().context("the server has no process")?;
    pause(FIRST);
    let what = "resident memory at rest, SQLite, `rsp serve`";
    outcome.figures.push(judged(what, rest(pid, budget)?));
    Ok(outcome)
}

fn judged(what: &str, resident: f64) -> Figure {
    Figure::new(19, what, resident, "MiB", Bound::AtMost(25.0)).aim(Bound::AtMost(15.0))
}

/// Seconds.
const FIRST: u64 = 25;

fn rest(pid: u32, budget: Budget) -> Result<f64> {
    let mut seen = Vec::new();
    for _ in 0..budget.rounds {
        // What runs by itself, every five seconds, belongs to being at rest.
        pause(u64::from(budget.seconds));
        seen.push(resident_mib(pid)?);
    }
    Ok(median(&seen))
}
