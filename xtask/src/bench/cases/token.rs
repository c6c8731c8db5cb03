//! Goals 1 to 3: a token for a service. The product proves the client, records the event durably and signs; the floor
//! reads the form and signs.

use anyhow::{Result, bail};

use crate::bench::measure::{Contender, in_turn};
use crate::bench::product::Product;
use crate::bench::wrk::Wrk;
use crate::bench::{Budget, Case, Figure, Outcome, rivals};
use crate::demo::Engine;

pub(super) const ES256: Case = Case {
    name: "token-es256",
    goals: &[1],
    about: "client credentials, JWT signed with ES256",
    run: |budget| {
        let signed = Signed {
            goal: 1,
            alg: "ES256",
            floor: (2.0, 1.5),
            rival: (5.0, Some(7.0)),
        };
        run(budget, &signed)
    },
};

pub(super) const EDDSA: Case = Case {
    name: "token-eddsa",
    goals: &[2],
    about: "client credentials, JWT signed with EdDSA",
    run: |budget| {
        let signed = Signed {
            goal: 2,
            alg: "EdDSA",
            floor: (2.2, 1.6),
            rival: (5.0, Some(8.0)),
        };
        run(budget, &signed)
    },
};

pub(super) const RS256: Case = Case {
    name: "token-rs256",
    goals: &[3],
    about: "client credentials, JWT signed with RS256, 3072 bits",
    run: |budget| {
        let signed = Signed {
            goal: 3,
            alg: "RS256",
            floor: (1.2, 1.1),
            rival: (1.6, None),
        };
        run(budget, &signed)
    },
};

/// An algorithm and what is wanted of it: must and aim.
struct Signed {
    goal: u8,
    alg: &'static str,
    /// At most so many times the floor.
    floor: (f64, f64),
    /// At least so many times cheaper than another server.
    rival: (f64, Option<f64>),
}

fn run(budget: Budget, signed: &Signed) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let floor = rivals::floor()?;
    let rival = rivals::oidc_provider(&mut outcome.notes)?;
    let product = Product::start(Engine::Sqlite)?;
    let alg = signed.alg;
    let lower = alg.to_lowercase();
    let asking = |name: &str, (pid, port): (u32, u16), path: &str, form: String| -> Result<Contender> {
        Ok(Contender {
            name: format!("{name} {alg}"),
            pid,
            load: Wrk::post(
                port,
                path,
                &format!("{lower}-{name}"),
                (&[], &[form]),
                "access_token",
            )?,
        })
    };
    let form = product.service("jwt", alg)?.form("grant_type=client_credentials");
    let path = format!("/token/{lower}");
    let mut contenders = vec![
        asking("floor", (floor.pid, floor.port), &path, form.clone())?,
        asking("rsp", (product.pid, product.port), "/oauth/token", form)?,
    ];
    if let Some(rival) = &rival {
        let form = rivals::oidc_provider_token(&lower);
        contenders.push(asking("oidc-provider", (rival.pid, rival.port), "/token", form)?);
    }
    outcome.measured = in_turn(budget, &contenders)?;
    let [floor, ours, rival @ ..] = outcome.measured.as_slice() else {
        bail!("a contender is missing");
    };
    let rival = Figure::over_rival(signed.goal, ours, ("oidc-provider", rival.first()), signed.rival);
    outcome.figures = vec![Figure::over_floor(signed.goal, ours, floor, signed.floor), rival];
    Ok(outcome)
}
