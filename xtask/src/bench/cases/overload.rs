//! Goal 27: twice as many requests as can be answered. What is answered stays near the peak and does not come late.

use anyhow::{Context as _, Result};

use super::refresh::REDIRECT;
use super::revoke_lag::Person;
use crate::bench::load::Asking;
use crate::bench::measure::{forget_most_resident, load_average, most_resident_mib, resident_mib};
use crate::bench::plot::{Axis, Line, Plot, Scale};
use crate::bench::product::{API, Product};
use crate::bench::report::commit;
use crate::bench::{Bound, Budget, Case, Figure, Outcome, pause};
use crate::demo::Engine;

pub(super) const CASE: Case = Case {
    name: "overload",
    goals: &[27],
    about: "requests at a rate of their own, at 70 % and twice of the peak",
    run,
};

/// Connections that find the peak.
const BUSY: u32 = 32;
/// Connections open at most while requests come at a rate of their own: so many that it is the server with which they
/// wait, not the client. One address, so the server has to allow it.
const MANY: u32 = 2_048;
const ALLOWED: (&str, &str) = ("RSP__SERVER__LIMITS__MAX_CONNECTIONS_PER_SOURCE", "4096");

/// Offered load of the picture, in percent of the peak.
const OFFERED: [u32; 8] = [10, 40, 70, 100, 130, 160, 200, 250];

/// What requests may take beside what a server at rest has: of each connection a head and a body at the limits of
/// `server.limits`, 32 KiB and 64 KiB. What waits in lines is on a connection.
const HELD_MIB: f64 = 2_048.0 * 96.0 / 1_024.0;
/// Seconds until the memory of the hash that the demo's start computes is given back.
const GIVEN_BACK: u64 = 25;

/// Every endpoint that programs ask often, and the one where people arrive. Not refreshes: each needs a token of its own.
fn kinds(product: &Product) -> Result<Vec<(&'static str, Asking)>> {
    let service = product.service("jwt", "ES256")?;
    let api = product.register("bench api", serde_json::json!({ "resource": API }))?;
    let token = product.token_of(&service)?;
    let over = product.token_of(&service)?;
    let people = Person::several(product, 1)?;
    let person = people.first().context("nobody signed in")?;
    let bearer = format!("Bearer {}", person.token(product.port)?);
    let asking = |path: &str, bodies: Vec<String>| Asking {
        port: product.port,
        path: path.to_owned(),
        headers: Vec::new(),
        bodies,
    };
    let authorize = format!(
        "/oauth/authorize?response_type=code&client_id={}&redirect_uri={}&scope=openid&state=bench\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
        person.client.id,
        REDIRECT.replace(':', "%3A").replace('/', "%2F")
    );
    Ok(vec![
        (
            "discovery",
            asking("/.well-known/openid-configuration", Vec::new()),
        ),
        ("keys", asking("/oauth/jwks", Vec::new())),
        (
            "token",
            asking(
                "/oauth/token",
                vec![service.form("grant_type=client_credentials")],
            ),
        ),
        (
            "introspection",
            asking("/oauth/introspect", vec![api.form(&format!("token={token}"))]),
        ),
        (
            "userinfo",
            Asking {
                headers: vec![("Authorization".to_owned(), bearer)],
                ..asking("/oauth/userinfo", Vec::new())
            },
        ),
        (
            "revocation of what is revoked",
            asking("/oauth/revoke", vec![service.form(&format!("token={over}"))]),
        ),
        ("authorize", asking(&authorize, Vec::new())),
    ])
}

fn run(budget: Budget) -> Result<Outcome> {
    let product = Product::start_as(&[], Engine::Sqlite, &[ALLOWED])?;
    let kinds = kinds(&product)?;
    pause(GIVEN_BACK);
    let rest = resident_mib(product.pid)?;
    forget_most_resident(product.pid)?;
    let seconds = budget.seconds * budget.rounds;
    let mut outcome = Outcome::default();
    let mut lines = Vec::new();
    for (name, asking) in &kinds {
        asking
            .closed(BUSY, budget.seconds)
            .with_context(|| format!("warming up {name}"))?;
        let peak = asking.closed(BUSY, seconds)?.load.per_second;
        lines.push(goodput(name, asking, peak, budget)?);
        let calm = asking.open(0.7 * peak, MANY, seconds)?;
        let over = asking.open(2.0 * peak, MANY, seconds)?;
        println!(
            "{name}: peak {peak:.0}/s, at 70 % p99 {:.1} ms; at twice {:.0}/s answered, p99 {:.1} ms, {} refused, {} \
             failed (load {})",
            calm.load.p99_ms,
            over.load.per_second,
            over.load.p99_ms,
            over.refused,
            over.failed,
            load_average()
        );
        let kept = Figure::new(
            27,
            format!("{name}: answered in a second at twice the peak, of the peak"),
            100.0 * over.load.per_second / peak,
            "%",
            Bound::AtLeast(80.0),
        );
        let late = Figure::new(
            27,
            format!("{name}: p99 at twice the peak over p99 at 70 %"),
            over.load.p99_ms / calm.load.p99_ms,
            "x",
            Bound::AtMost(4.0),
        );
        outcome.figures.extend([kept.aim(Bound::AtLeast(90.0)), late]);
        outcome.notes.push(format!(
            "{name}: peak {peak:.0}/s; at twice {} refused and {} failed.",
            over.refused, over.failed
        ));
    }
    outcome.plots.push(("goodput.svg", plot(lines)));
    let most = most_resident_mib(product.pid)?;
    outcome.figures.push(Figure::new(
        27,
        format!("resident memory at its most over at rest: no more than {MANY} connections may hold"),
        most - rest,
        "MiB",
        Bound::AtMost(HELD_MIB),
    ));
    outcome.notes.push(format!(
        "Resident: {rest:.0} MiB at rest, {most:.0} MiB at its most, {:.0} MiB afterwards. The client has the same two \
         cores, and takes its part of them.",
        resident_mib(product.pid)?
    ));
    Ok(outcome)
}

/// What is answered when this much of the peak is asked for, in percent.
fn goodput(name: &str, asking: &Asking, peak: f64, budget: Budget) -> Result<Line> {
    let point = |percent: &u32| -> Result<(f64, f64)> {
        let offered = f64::from(*percent);
        let answered = asking.open(peak * offered / 100.0, MANY, budget.seconds)?;
        Ok((offered, 100.0 * answered.load.per_second / peak))
    };
    Ok(Line {
        name: name.to_owned(),
        points: OFFERED.iter().map(point).collect::<Result<_>>()?,
    })
}

fn plot(lines: Vec<Line>) -> String {
    let axis = |label| Axis {
        label,
        scale: Scale::Linear,
    };
    let plot = Plot {
        title: format!("Requests answered when more are asked for, commit {}", commit()),
        x: axis("offered load, % of the peak"),
        y: axis("answered, % of the peak"),
        lines,
    };
    plot.svg()
}
