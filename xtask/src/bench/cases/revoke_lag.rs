//! Goal 10: a revoked token is refused by every node, soon, and from then on always. Two nodes on one PostgreSQL.

use std::fs;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::refresh::account;
use crate::bench::load::give;
use crate::bench::measure::load_average;
use crate::bench::product::{API, Product, Registered, json_in, text, token_from};
use crate::bench::{Bound, Budget, Case, Figure, Outcome, folder, fresh};
use crate::demo::Engine;
use crate::grow::Place;
use crate::plain_http;

pub(super) const CASE: Case = Case {
    name: "revoke-lag",
    goals: &[10],
    about: "from the answer of a revocation to the last node that still accepts the token",
    run,
};

/// Tokens revoked in a round, half of them opaque and half JWTs.
const TOKENS: u32 = 20;
/// Tokens of people revoked in a round, which are shown to userinfo.
const OF_PEOPLE: u32 = 10;
/// Questions after the first refusal: none may be answered otherwise.
const AFTERWARDS: u32 = 20;

/// What became of one token.
#[derive(Default)]
struct Seen {
    /// Milliseconds from the revocation's answer to the first refusal, on the slower node.
    lag_ms: f64,
    /// Times it was accepted after it had been refused.
    stale: u32,
}

fn run(budget: Budget) -> Result<Outcome> {
    let place = Place::prepare(Engine::Postgres, &fresh("revoke-lag")?)?;
    let product = Product::at(&place, "revoke-lag-1.log")?;
    let (_other, port) = place.another(folder().join("revoke-lag-2.log"))?;
    let api = product.register("bench api", json!({ "resource": API }))?;
    let (opaque, jwt) = (
        product.service("opaque", "ES256")?,
        product.service("jwt", "ES256")?,
    );
    let ports = [product.port, port];
    let people = Person::several(&product, OF_PEOPLE * budget.rounds)?;
    let mut people = people.iter();
    let (mut worst, mut stale, mut count) = (0.0_f64, 0, 0);
    for round in 1..=budget.rounds {
        for n in 0..TOKENS {
            let client = if n % 2 == 0 { &opaque } else { &jwt };
            let token = product.token_of(client)?;
            let question = api.form(&format!("token={token}"));
            let form = client.form(&format!("token={token}"));
            let seen = one(product.port, &form, ports, |port| is_active(port, &question))?;
            worst = worst.max(seen.lag_ms);
            stale += seen.stale;
            count += 1;
        }
        for person in people.by_ref().take(usize::try_from(OF_PEOPLE)?) {
            let (token, form) = (person.token(product.port)?, &person.client);
            let form = form.form(&format!("token={token}"));
            let seen = one(product.port, &form, ports, |port| is_shown(port, &token))?;
            worst = worst.max(seen.lag_ms);
            stale += seen.stale;
            count += 1;
        }
        println!(
            "round {round}:  {count} tokens, longest {worst:.1} ms, {stale} stale  (load {})",
            load_average()
        );
    }
    let late = Figure::new(
        10,
        "longest time until both nodes refuse",
        worst,
        "ms",
        Bound::AtMost(1_000.0),
    );
    let never = Figure::new(
        10,
        "accepted after that",
        f64::from(stale),
        "",
        Bound::AtMost(0.0),
    );
    Ok(Outcome {
        figures: vec![late.aim(Bound::AtMost(100.0)), never],
        notes: vec![format!(
            "{count} tokens, each known to both nodes before; those of services asked about by introspection, those of \
             people shown to userinfo. The time includes that of the questions, each on a new connection."
        )],
        ..Outcome::default()
    })
}

/// A grant of somebody who signed in.
pub(super) struct Person {
    /// The application it was for.
    pub(super) client: Registered,
    refresh_token: String,
}

impl Person {
    /// With a grant each.
    pub(super) fn several(product: &Product, count: u32) -> Result<Vec<Self>> {
        let account = account(product)?;
        let chains = folder().join("revoke-lag-chains.json");
        give(&json!({ "do": "grants", "account": account, "count": count, "chains": chains }))?;
        let kept: Value = json_in(&fs::read_to_string(&chains)?)?;
        let tokens = kept.get("tokens").and_then(Value::as_array);
        let tokens = tokens.context("the load generator kept no refresh tokens")?;
        tokens
            .iter()
            .map(|token| {
                Ok(Self {
                    client: Registered {
                        id: text(&account, "client_id")?,
                        secret: text(&account, "client_secret")?,
                    },
                    refresh_token: token.as_str().context("a refresh token is no text")?.to_owned(),
                })
            })
            .collect()
    }

    /// An access token.
    pub(super) fn token(&self, port: u16) -> Result<String> {
        let rest = format!("grant_type=refresh_token&refresh_token={}", self.refresh_token);
        token_from(port, "/oauth/token", &self.client.form(&rest))
    }
}

fn is_active(port: u16, question: &str) -> Result<bool> {
    let answer = plain_http::post(port, "/oauth/introspect", &[], question)?;
    match (answer.status, answer.body.contains("\"active\":true")) {
        (200, active) => Ok(active),
        (status, _) => bail!("introspection: {status} {}", answer.body),
    }
}

fn is_shown(port: u16, token: &str) -> Result<bool> {
    let headers = [("Authorization", &*format!("Bearer {token}"))];
    let answer = plain_http::get_with(port, "/oauth/userinfo", &headers)?;
    match answer.status {
        200 => Ok(true),
        401 => Ok(false),
        status => bail!("userinfo: {status} {}", answer.body),
    }
}

/// Revokes with `form` at the node on `port`.
fn one(port: u16, form: &str, ports: [u16; 2], accepts: impl Fn(u16) -> Result<bool>) -> Result<Seen> {
    for port in ports.into_iter().chain(ports) {
        if !accepts(port)? {
            bail!("a good token is refused by the node on port {port}");
        }
    }
    let answer = plain_http::post(port, "/oauth/revoke", &[], form)?;
    if answer.status != 200 {
        bail!("revocation: {} {}", answer.status, answer.body);
    }
    let start = now();
    let mut seen = Seen::default();
    for port in ports.into_iter().rev() {
        while accepts(port)? {
            if start.elapsed().as_secs() > 10 {
                bail!("the node on port {port} accepts a token 10 s after its revocation");
            }
        }
    }
    seen.lag_ms = start.elapsed().as_secs_f64() * 1_000.0;
    for _ in 0..AFTERWARDS {
        for port in ports {
            seen.stale += u32::from(accepts(port)?);
        }
    }
    Ok(seen)
}

#[expect(clippy::disallowed_methods, reason = "time on the wall is what is measured")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}
