//! Goal 8: a refresh token changed for the next one, with the family's rules and its event durable, beside a token for
//! a service.

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::bench::load::{answered, give};
use crate::bench::measure::{Contender, Measured, cpu_us, each, load_average};
use crate::bench::product::Product;
use crate::bench::wrk::{CONNECTIONS, Load, Wrk};
use crate::bench::{Bound, Budget, Case, Figure, Outcome, folder};
use crate::demo::Engine;

pub(super) const CASE: Case = Case {
    name: "refresh",
    goals: &[8],
    about: "refresh with rotation beside client credentials",
    run,
};

/// Where the application of [`account`] is.
pub(super) const REDIRECT: &str = "https://app.example.com/callback";

fn run(budget: Budget) -> Result<Outcome> {
    let product = Product::start(Engine::Sqlite)?;
    let form = product
        .service("jwt", "ES256")?
        .form("grant_type=client_credentials");
    let token = Contender {
        name: "rsp ES256".to_owned(),
        pid: product.pid,
        load: Wrk::post(
            product.port,
            "/oauth/token",
            "refresh-token",
            (&[], &[form]),
            "access_token",
        )?,
    };
    let account = account(&product)?;
    let chains = folder().join("chains.json");
    give(&json!({ "do": "grants", "account": account, "count": CONNECTIONS, "chains": chains }))?;
    let rotate = |seconds: u32| {
        answered(&json!({
            "do": "refresh", "account": account, "chains": chains, "seconds": f64::from(seconds),
        }))
    };
    token.load.warm_up()?;
    rotate(1)?;
    let (mut tokens, mut refreshes) = (Vec::new(), Vec::new());
    for round in 1..=budget.rounds {
        let issued = turn(&product, || token.load.drive(budget.seconds))?;
        let rotated = turn(&product, || Ok(rotate(budget.seconds)?.load))?;
        println!(
            "round {round}:  token {:.1} us  refresh {:.1} us  (load {})",
            issued.0,
            rotated.0,
            load_average()
        );
        tokens.push(issued);
        refreshes.push(rotated);
    }
    let measured = vec![
        Measured::of(&token.name, &tokens),
        Measured::of("rsp refresh", &refreshes),
    ];
    let [token, refresh] = measured.as_slice() else {
        bail!("a turn is missing");
    };
    let ratio = refresh.cpu_us / token.cpu_us;
    let figure = Figure::new(
        8,
        "CPU time of a refresh over a token for a service",
        ratio,
        "x",
        Bound::AtMost(1.6),
    );
    Ok(Outcome {
        figures: vec![figure.aim(Bound::AtMost(1.3))],
        notes: vec!["A refresh answers with an ID token too: two signatures.".to_owned()],
        measured,
        ..Outcome::default()
    })
}

fn turn(product: &Product, drive: impl FnOnce() -> Result<Load>) -> Result<(f64, Load)> {
    let before = cpu_us(product.pid)?;
    let load = drive()?;
    let spent = cpu_us(product.pid)?.saturating_sub(before);
    Ok((each(spent, load.requests), load))
}

/// A person of the demo, and an application of the company's own, as the load generator wants them.
pub(super) fn account(product: &Product) -> Result<Value> {
    let application = product.register(
        "bench application",
        json!({
            "grant_types": ["authorization_code", "refresh_token"],
            "redirect_uris": [REDIRECT],
            "scopes": "openid offline_access",
            "consent": "implied",
            "id_token_alg": "ES256",
        }),
    )?;
    let (email, password) = product.person()?;
    Ok(json!({
        "port": product.port,
        "email": email,
        "password": password,
        "client_id": application.id,
        "client_secret": application.secret,
        "redirect_uri": REDIRECT,
    }))
}
