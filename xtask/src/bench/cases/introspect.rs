//! Goal 6: introspection of opaque tokens and of JWTs. Many tokens in turn, so that no answer can be kept for one.

use anyhow::{Result, bail};
use serde_json::json;

use crate::bench::measure::{Contender, in_turn};
use crate::bench::product::{API, Product, Registered, token_from};
use crate::bench::wrk::Wrk;
use crate::bench::{Budget, Case, Figure, Outcome, rivals};
use crate::demo::Engine;

const OIDC_PROVIDER: &str = "oidc-provider opaque";
const GLEWLWYD: &str = "Glewlwyd jwt";

/// Different tokens asked about.
const TOKENS: usize = 200;

pub(super) const CASE: Case = Case {
    name: "introspect",
    goals: &[6],
    about: "introspection of 200 tokens in turn, opaque and JWT",
    run,
};

fn run(budget: Budget) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let floor = rivals::floor()?;
    let rival = rivals::oidc_provider(&mut outcome.notes)?;
    let glewlwyd = rivals::glewlwyd(&mut outcome.notes)?;
    let product = Product::start(Engine::Sqlite)?;
    let api = product.register("bench api", json!({ "resource": API }))?;
    let asking = |name: &str, (pid, port): (u32, u16), path: &str, forms: &[String]| -> Result<Contender> {
        let script = format!("introspect-{}", name.replace(' ', "-"));
        Ok(Contender {
            name: name.to_owned(),
            pid,
            load: Wrk::post(port, path, &script, (&[], forms), "\"active\":true")?,
        })
    };
    let ours = |format: &str| -> Result<Contender> {
        let client = product.service(format, "ES256")?;
        let forms = questions(&api, || product.token_of(&client))?;
        let name = format!("rsp {format}");
        asking(&name, (product.pid, product.port), "/oauth/introspect", &forms)
    };
    let mut contenders = vec![
        Contender {
            name: "floor JSON".to_owned(),
            pid: floor.pid,
            load: Wrk::get(floor.port, "/json", "\"active\":true"),
        },
        ours("opaque")?,
        ours("jwt")?,
    ];
    if let Some(rival) = &rival {
        let forms = (0..TOKENS)
            .map(|_| {
                let asked = rivals::oidc_provider_token("opaque");
                let token = token_from(rival.port, "/token", &asked)?;
                Ok(rivals::form(&format!("token={token}")))
            })
            .collect::<Result<Vec<_>>>()?;
        contenders.push(asking(
            OIDC_PROVIDER,
            (rival.pid, rival.port),
            "/token/introspection",
            &forms,
        )?);
    }
    if let Some(glewlwyd) = &glewlwyd {
        let forms = (0..TOKENS)
            .map(|_| {
                let asked = rivals::glewlwyd_token();
                let token = token_from(glewlwyd.port, rivals::GLEWLWYD_TOKEN, &asked)?;
                Ok(rivals::form(&format!("token={token}")))
            })
            .collect::<Result<Vec<_>>>()?;
        contenders.push(asking(
            GLEWLWYD,
            (glewlwyd.pid, glewlwyd.port),
            rivals::GLEWLWYD_INTROSPECT,
            &forms,
        )?);
    }
    outcome.measured = in_turn(budget, &contenders)?;
    let [floor, opaque, jwt, others @ ..] = outcome.measured.as_slice() else {
        bail!("a contender is missing");
    };
    let other = |name: &str| others.iter().find(|measured| measured.name == name);
    for ours in [opaque, jwt] {
        outcome
            .figures
            .push(Figure::over_floor(6, ours, floor, (3.0, 2.0)));
        // It refuses to introspect JWTs, so its opaque tokens stand beside both.
        let rival = (OIDC_PROVIDER, other(OIDC_PROVIDER));
        let over = Figure::over_rival(6, ours, rival, (8.0, Some(12.0)));
        outcome.figures.push(over);
    }
    let rival = (GLEWLWYD, other(GLEWLWYD));
    outcome
        .figures
        .push(Figure::over_rival(6, jwt, rival, (12.0, None)));
    Ok(outcome)
}

/// Forms that ask about fresh tokens, each once.
fn questions(api: &Registered, token: impl Fn() -> Result<String>) -> Result<Vec<String>> {
    (0..TOKENS)
        .map(|_| Ok(api.form(&format!("token={}", token()?))))
        .collect()
}
