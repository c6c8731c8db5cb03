//! Goal 7: discovery and the key set cost hardly more than a fixed text.

use anyhow::Result;

use crate::bench::measure::{Contender, in_turn};
use crate::bench::product::Product;
use crate::bench::wrk::Wrk;
use crate::bench::{Budget, Case, Figure, Outcome, rivals};
use crate::demo::Engine;

pub(super) const CASE: Case = Case {
    name: "metadata",
    goals: &[7],
    about: "discovery and key set beside a fixed text",
    run,
};

fn run(budget: Budget) -> Result<Outcome> {
    let floor = rivals::floor()?;
    let product = Product::start(Engine::Sqlite)?;
    let ours = |name: &str, path: &str, expect| Contender {
        name: name.to_owned(),
        pid: product.pid,
        load: Wrk::get(product.port, path, expect),
    };
    let hello = Contender {
        name: "floor hello".to_owned(),
        pid: floor.pid,
        load: Wrk::get(floor.port, "/hello", "hello"),
    };
    let measured = in_turn(
        budget,
        &[
            hello,
            ours("rsp discovery", "/.well-known/openid-configuration", "issuer"),
            ours("rsp keys", "/oauth/jwks", "\"keys\""),
        ],
    )?;
    let figures = match measured.as_slice() {
        [hello, ours @ ..] => ours
            .iter()
            .map(|ours| Figure::over_floor(7, ours, hello, (1.5, 1.2)))
            .collect(),
        [] => Vec::new(),
    };
    Ok(Outcome {
        figures,
        measured,
        ..Outcome::default()
    })
}
