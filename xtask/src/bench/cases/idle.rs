//! Goal 19: memory of a server that nobody asks anything.

use anyhow::Result;

use crate::bench::measure::{median, resident_mib};
use crate::bench::product::Product;
use crate::bench::{Bound, Budget, Case, Figure, Outcome, fresh, pause};
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
        let resident = rest(&product, budget)?;
        if engine == Engine::Sqlite {
            let figure = Figure::new(
                19,
                "resident memory at rest, SQLite",
                resident,
                "MiB",
                Bound::AtMost(25.0),
            );
            outcome.figures.push(figure.aim(Bound::AtMost(15.0)));
        }
        outcome.notes.push(format!(
            "{}: {resident:.1} MiB, the demo with its sample application.",
            engine.name()
        ));
    }
    let place = Place::prepare(Engine::Sqlite, &fresh("idle")?)?;
    let served = rest(&Product::at(&place, "idle.log")?, budget)?;
    let figure = Figure::new(
        19,
        "resident memory at rest, SQLite, `rsp serve` without the demo",
        served,
        "MiB",
        Bound::AtMost(25.0),
    );
    outcome.figures.push(figure.aim(Bound::AtMost(15.0)));
    Ok(outcome)
}

/// Seconds.
const FIRST: u64 = 25;

fn rest(product: &Product, budget: Budget) -> Result<f64> {
    let mut seen = Vec::new();
    for _ in 0..budget.rounds {
        // What runs by itself, every five seconds, belongs to being at rest.
        pause(u64::from(budget.seconds));
        seen.push(resident_mib(product.pid)?);
    }
    Ok(median(&seen))
}
