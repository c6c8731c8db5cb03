//! Goals 16 to 18: a sign-in costs its hash and hardly more; a flood of them is bounded; who cannot sign in costs the
//! same whatever the reason.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::bench::load::{Answered, Asking, answered, give};
use crate::bench::measure::{Measured, cpu_us, each, load_average, median, most_resident_mib, resident_mib};
use crate::bench::product::Product;
use crate::bench::wrk::Load;
use crate::bench::{Bound, Budget, Case, Figure, Outcome, folder, pause, rivals};
use crate::demo::Engine;

pub(super) const SIGN_IN: Case = Case {
    name: "login",
    goals: &[16],
    about: "a sign-in with a password beside its bare hash",
    run: sign_in,
};

pub(super) const FLOOD: Case = Case {
    name: "login-flood",
    goals: &[17],
    about: "500 sign-ins at the same moment",
    run: flood,
};

pub(super) const TIMING: Case = Case {
    name: "login-timing",
    goals: &[18],
    about: "unknown person, disabled person, wrong password",
    run: timing,
};

/// One hash at a time on both sides: two at once share a memory bus, and cost more each.
const ALONE: (&str, &str) = ("RSP__PASSWORD__MAX_CONCURRENT", "1");
/// Forms fetched for one turn; more than one core can hash for.
const FORMS_PER_SECOND: u32 = 30;
/// Connections, so that the next password is there when the last is done.
const PAIR: u32 = 2;

fn sign_in(budget: Budget) -> Result<Outcome> {
    let floor = rivals::floor()?;
    let product = Product::start_as(&[], Engine::Sqlite, &[ALONE])?;
    let (email, password) = product.person()?;
    let typed = format!("email={email}&password={password}");
    let bare = |memory: &str| {
        let asking = Asking {
            port: floor.port,
            path: format!("/hash/{memory}"),
            headers: Vec::new(),
            bodies: vec![typed.clone()],
        };
        move |seconds| asking.closed(PAIR, seconds)
    };
    let (kept, fresh) = (bare("kept"), bare("fresh"));
    let ours = |seconds| product.sign_ins((&email, &password), seconds);
    kept(1)?;
    fresh(1)?;
    product.fetch_forms(FORMS_PER_SECOND)?;
    ours(1)?;
    let mut turns: [Vec<(f64, Load)>; 3] = Default::default();
    let [of_kept, of_fresh, of_ours] = &mut turns;
    for round in 1..=budget.rounds {
        of_kept.push(turn(floor.pid, || kept(budget.seconds))?);
        of_fresh.push(turn(floor.pid, || fresh(budget.seconds))?);
        product.fetch_forms(FORMS_PER_SECOND * budget.seconds)?;
        of_ours.push(turn(product.pid, || ours(budget.seconds))?);
        let last = |turns: &[(f64, Load)]| turns.last().map_or(f64::NAN, |turn| turn.0 / 1_000.0);
        println!(
            "round {round}:  hash {:.1} ms  allocating {:.1} ms  sign-in {:.1} ms  (load {})",
            last(of_kept),
            last(of_fresh),
            last(of_ours),
            load_average()
        );
    }
    let measured = vec![
        Measured::of("floor hash, kept memory", of_kept),
        Measured::of("floor hash, allocating", of_fresh),
        Measured::of("rsp sign-in", of_ours),
    ];
    let [kept, fresh, ours] = measured.as_slice() else {
        bail!("a turn is missing");
    };
    let alone = Figure::over_floor(16, kept, fresh, (0.85, 0.75));
    Ok(Outcome {
        figures: vec![Figure::over_floor(16, ours, kept, (1.05, 1.02)), alone],
        notes: vec![
            "Argon2id with 64 MiB, 3 passes, 4 lanes; one hash at a time on both sides. A sign-in is the POST of the \
             form: flow, account, hash, session and event. Fetching the form is not counted."
                .to_owned(),
        ],
        measured,
        ..Outcome::default()
    })
}

fn turn(pid: u32, drive: impl FnOnce() -> Result<Answered>) -> Result<(f64, Load)> {
    let before = cpu_us(pid)?;
    let answered = drive()?;
    let spent = cpu_us(pid)?.saturating_sub(before);
    if answered.failed + answered.refused > 0 {
        bail!("not every answer was a success: {answered:?}");
    }
    Ok((each(spent, answered.load.requests), answered.load))
}

const PEOPLE: u32 = 500;
/// Tokens asked for in a second, beside the flood and without it: far less than there is time for.
const TOKENS: f64 = 100.0;
/// Hashes computed at once at most; none has memory when the server is idle.
const MORE_HASHES: f64 = 2.0;
/// Seconds until the memory of the hash that the demo's start computes is given back.
const GIVEN_BACK: u64 = 25;
const HASH_MIB: f64 = 64.0;

fn flood(budget: Budget) -> Result<Outcome> {
    let settings = [("RSP__PASSWORD__MAX_CONCURRENT", "2")];
    let product = Product::start_as(&[], Engine::Sqlite, &settings)?;
    let service = product.service("jwt", "ES256")?;
    let tokens = Asking {
        port: product.port,
        path: "/oauth/token".to_owned(),
        headers: Vec::new(),
        bodies: vec![service.form("grant_type=client_credentials")],
    };
    let person = product.person()?;
    tokens.open(TOKENS, 64, 1)?;
    pause(GIVEN_BACK);
    let idle = resident_mib(product.pid)?;
    let (mut refused_ms, mut ratios) = (Vec::new(), Vec::new());
    let mut totals = (0, 0, 0);
    for round in 1..=budget.rounds {
        product.fetch_forms(PEOPLE)?;
        let quiet = tokens.open(TOKENS, 64, budget.seconds)?;
        let (flooded, beside) = thread::scope(|scope| {
            let beside = scope.spawn(|| tokens.open(TOKENS, 64, budget.seconds));
            let flooded = product.flood((&person.0, &person.1));
            let beside = beside
                .join()
                .map_err(|_| anyhow::anyhow!("the token load panicked"));
            Ok::<_, anyhow::Error>((flooded?, beside??))
        })?;
        println!(
            "round {round}:  {} signed in, {} refused (p99 {:.1} ms), {} failed; token p99 {:.1} ms, without the flood \
             {:.1} ms  (load {})",
            flooded.load.requests,
            flooded.refused,
            flooded.refused_p99_ms,
            flooded.failed,
            beside.load.p99_ms,
            quiet.load.p99_ms,
            load_average()
        );
        refused_ms.push(flooded.refused_p99_ms);
        ratios.push(beside.load.p99_ms / quiet.load.p99_ms);
        totals.0 += flooded.load.requests;
        totals.1 += flooded.refused;
        totals.2 += flooded.failed + beside.failed + beside.refused;
    }
    let most = most_resident_mib(product.pid)?;
    let figures = vec![
        Figure::new(
            17,
            "resident memory at its most, over idle and what 2 hashes add",
            most - idle - MORE_HASHES * HASH_MIB,
            "MiB",
            Bound::AtMost(16.0),
        ),
        Figure::new(
            17,
            "p99 until a sign-in beyond the bound was refused",
            median(&refused_ms),
            "ms",
            Bound::AtMost(50.0),
        ),
        Figure::new(
            17,
            "p99 of tokens beside the flood over without it",
            median(&ratios),
            "x",
            Bound::AtMost(2.0),
        ),
        Figure::new(
            17,
            "answers that were neither a sign-in nor a refusal with Retry-After",
            f64::from(u32::try_from(totals.2).unwrap_or(u32::MAX)),
            "",
            Bound::AtMost(0.0),
        ),
    ];
    Ok(Outcome {
        figures,
        notes: vec![format!(
            "{PEOPLE} forms sent at the same moment, {} times: {} signed in, {} refused. Idle is {idle:.0} MiB, after some \
             tokens and before the first sign-in; at its most {most:.0} MiB. The client has the same two cores.",
            budget.rounds, totals.0, totals.1
        )],
        ..Outcome::default()
    })
}

/// Attempts of each kind in a round.
const SAMPLES: u32 = 20;

fn timing(budget: Budget) -> Result<Outcome> {
    let product = Product::start_as(&[], Engine::Sqlite, &[ALONE])?;
    let (known, _) = product.person()?;
    let (disabled, password) = product.disabled_person()?;
    let attempts = [
        ("wrong password", known, "not the right password".to_owned()),
        (
            "unknown person",
            "nobody@example.com".to_owned(),
            password.clone(),
        ),
        ("disabled person", disabled, password),
    ];
    let typed: Vec<Value> = attempts
        .iter()
        .map(|(_, email, password)| json!({ "email": email, "password": password }))
        .collect();
    product.fetch_forms(1)?;
    let compare = |samples: u32| -> Result<Vec<Vec<f64>>> {
        let said = give(&json!({
            "do": "compare", "port": product.port, "forms": forms(), "attempts": typed, "samples": samples,
        }))?;
        serde_json::from_str(&said).context("the load generator said something else than expected")
    };
    compare(2)?;
    let mut took: Vec<Vec<f64>> = vec![Vec::new(); attempts.len()];
    let before = product.hashes()?;
    for _ in 0..budget.rounds {
        for (all, round) in took.iter_mut().zip(compare(SAMPLES)?) {
            all.extend(round);
        }
        let medians: Vec<String> = took
            .iter()
            .map(|took| format!("{:.2} ms", median(took)))
            .collect();
        println!(
            "medians so far: {}  (load {})",
            medians.join("  "),
            load_average()
        );
    }
    let hashes = product.hashes()? - before;
    let asked = SAMPLES * budget.rounds * u32::try_from(attempts.len())?;
    let medians: Vec<f64> = took.iter().map(|took| median(took)).collect();
    let (least, most) = medians.iter().fold((f64::MAX, 0.0_f64), |(least, most), median| {
        (least.min(*median), most.max(*median))
    });
    let each: Vec<String> = attempts
        .iter()
        .zip(&medians)
        .map(|((name, ..), median)| format!("{name} {median:.2} ms"))
        .collect();
    Ok(Outcome {
        figures: vec![
            Figure::new(
                18,
                "attempts without exactly one hash",
                f64::from(hashes.abs_diff(asked)),
                "",
                Bound::AtMost(0.0),
            ),
            Figure::new(
                18,
                "largest difference between medians",
                100.0 * (most / least - 1.0),
                "%",
                Bound::AtMost(2.0),
            )
            .aim(Bound::AtMost(1.0)),
        ],
        notes: vec![format!(
            "Wall time, {} attempts of each kind in turn: {}.",
            SAMPLES * budget.rounds,
            each.join(", ")
        )],
        ..Outcome::default()
    })
}

fn forms() -> PathBuf {
    folder().join("forms.json")
}

impl Product {
    /// Sign-in forms for the orders below; those from before are forgotten.
    fn fetch_forms(&self, count: u32) -> Result<()> {
        fs::create_dir_all(folder())?;
        give(&json!({ "do": "forms", "port": self.port, "count": count, "forms": forms() })).map(drop)
    }

    fn sign_ins(&self, (email, password): (&str, &str), seconds: u32) -> Result<Answered> {
        answered(&json!({
            "do": "sign_ins", "port": self.port, "forms": forms(), "connections": PAIR,
            "attempt": { "email": email, "password": password },
            "seconds": Duration::from_secs(seconds.into()).as_secs_f64(),
        }))
    }

    fn flood(&self, (email, password): (&str, &str)) -> Result<Answered> {
        answered(&json!({
            "do": "flood", "port": self.port, "forms": forms(),
            "attempt": { "email": email, "password": password },
        }))
    }
}
