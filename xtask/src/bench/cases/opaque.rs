//! Goals 4 and 5: opaque tokens, each durable before the answer.

use anyhow::{Context as _, Result, bail};

use crate::bench::load::Asking;
use crate::bench::measure::{Contender, in_turn, load_average, median};
use crate::bench::product::Product;
use crate::bench::wrk::Wrk;
use crate::bench::{Bound, Budget, Case, Figure, Outcome, folder, rivals};
use crate::command::output_of;
use crate::demo::Engine;

pub(super) const COST: Case = Case {
    name: "token-opaque",
    goals: &[4],
    about: "client credentials, opaque token, durable",
    run: cost,
};

pub(super) const RATE: Case = Case {
    name: "token-durable",
    goals: &[5],
    about: "opaque tokens in a second, 64 clients, beside rows written a hundred at a time",
    run: rate,
};

/// Clients of goal 5.
const CLIENTS: u32 = 64;

fn cost(budget: Budget) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let rival = rivals::oidc_provider(&mut outcome.notes)?;
    let product = Product::start(Engine::Sqlite)?;
    let asking = |name: &str, (pid, port): (u32, u16), path: &str, form: String| -> Result<Contender> {
        Ok(Contender {
            name: format!("{name} opaque"),
            pid,
            load: Wrk::post(
                port,
                path,
                &format!("opaque-{name}"),
                (&[], &[form]),
                "access_token",
            )?,
        })
    };
    let form = product
        .service("opaque", "ES256")?
        .form("grant_type=client_credentials");
    let mut contenders = vec![asking("rsp", (product.pid, product.port), "/oauth/token", form)?];
    if let Some(rival) = &rival {
        let form = rivals::oidc_provider_token("opaque");
        contenders.push(asking("oidc-provider", (rival.pid, rival.port), "/token", form)?);
    }
    outcome.measured = in_turn(budget, &contenders)?;
    let [ours, rival @ ..] = outcome.measured.as_slice() else {
        bail!("a contender is missing");
    };
    let spent = Figure::new(
        4,
        "CPU time of an opaque token",
        ours.cpu_us,
        "us",
        Bound::AtMost(45.0),
    );
    let rival = Figure::over_rival(
        4,
        ours,
        ("oidc-provider in memory", rival.first()),
        (5.0, Some(8.0)),
    );
    outcome.figures = vec![spent.aim(Bound::AtMost(30.0)), rival];
    Ok(outcome)
}

fn rate(budget: Budget) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let glewlwyd = rivals::glewlwyd(&mut outcome.notes)?;
    let product = Product::start(Engine::Sqlite)?;
    let form = product
        .service("opaque", "ES256")?
        .form("grant_type=client_credentials");
    let ours = Asking {
        port: product.port,
        path: "/oauth/token".to_owned(),
        headers: Vec::new(),
        bodies: vec![form],
    };
    let other = glewlwyd.as_ref().map(|rival| Asking {
        port: rival.port,
        path: rivals::GLEWLWYD_TOKEN.to_owned(),
        headers: Vec::new(),
        bodies: vec![rivals::glewlwyd_token()],
    });
    ours.closed(CLIENTS, 1)?;
    let (mut rows, mut tokens, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=budget.rounds {
        let ceiling = ceiling(budget.seconds)?;
        let issued = ours.closed(CLIENTS, budget.seconds)?.load.per_second;
        if let Some(other) = &other {
            others.push(other.closed(CLIENTS, budget.seconds)?.load.per_second);
        }
        println!(
            "round {round}:  {ceiling:.0} rows/s  {issued:.0} tokens/s  (load {})",
            load_average()
        );
        rows.push(ceiling);
        tokens.push(issued);
    }
    let (rows, tokens) = (median(&rows), median(&tokens));
    let kept = Figure::new(
        5,
        "tokens in a second, of rows SQLite writes a hundred at a time",
        100.0 * tokens / rows,
        "%",
        Bound::AtLeast(70.0),
    );
    outcome.figures.push(kept.aim(Bound::AtLeast(85.0)));
    let mut over = Figure::new(
        5,
        "tokens in a second over Glewlwyd's",
        f64::NAN,
        "x",
        Bound::AtLeast(20.0),
    );
    over.value = (!others.is_empty()).then(|| tokens / median(&others));
    outcome.figures.push(over);
    outcome.notes.push(format!(
        "{tokens:.0} tokens/s, {rows:.0} rows/s. A token is two rows, a request and its answer; the client has the \
         same cores."
    ));
    Ok(outcome)
}

/// What SQLite can keep at most: rows of 430 bytes by one program that does nothing else, a hundred in each
/// transaction with `synchronous = FULL`.
fn ceiling(seconds: u32) -> Result<f64> {
    let file = folder().join("ceiling.db").display().to_string();
    let script = "bench/peers/sqlite/ceiling.py";
    let printed = output_of("python3", &[script, &file, &seconds.to_string()])?;
    printed.trim().parse().context("the ceiling is no number")
}
