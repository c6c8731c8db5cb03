//! `bench-authz lib ROUNDS MILLISECONDS MOST`: what a decision in process costs, through the index and by the engine alone,
//! for stores of 10 policies and more. Prints a JSON object for each store.
//!
//! `bench-authz diff CASES`: compares both on random stores and requests; prints what they covered, or the first difference.
#![expect(clippy::print_stdout, reason = "its caller reads the result")]

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use policy::{Bounds, Input, Query, Snapshot, Source, Sources};
use serde_json::json;

// Stores and requests of the library's own tests; kept there, because the library cannot use this crate.
#[path = "../../../crates/policy/tests/policy/world.rs"]
mod world;

const SCHEMA: &str = "
entity Group;
entity User in [Group] = { level: Long };
entity Folder in [Folder];
entity Doc in [Folder] = { owner: User, secret: Bool };
action read, write appliesTo { principal: User, resource: Doc, context: { mfa: Bool } };
";
/// Different requests, half of which are allowed.
const REQUESTS: usize = 64;
const GROUPS: usize = 100;
/// The engine alone is measured up to here.
const MOST_BARE: usize = 10_000;
/// Decisions timed one by one.
const TIMED: usize = 20_000;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| -> Result<u64> {
        let word = words.get(at).context("a number is missing")?;
        word.parse().context("not a number")
    };
    match words.first().map(String::as_str) {
        Some("lib") => {
            let each = Duration::from_millis(number(2)?);
            let most = usize::try_from(number(3)?)?;
            let sizes = [
                (10, 1_000),
                (10, 100_000),
                (1_000, 1_000),
                (1_000, 100_000),
                (10_000, 100_000),
                (100_000, 100_000),
                (1_000_000, 100_000),
            ];
            for (policies, entities) in sizes.into_iter().filter(|(policies, _)| *policies <= most) {
                measure(policies, entities, number(1)?, each)?;
            }
            Ok(())
        }
        Some("diff") => compare(number(1)?),
        _ => bail!("bench-authz lib ROUNDS MILLISECONDS MOST, or bench-authz diff CASES"),
    }
}

/// Requests asked of each random store.
const ASKED: u64 = 100;

fn compare(cases: u64) -> Result<()> {
    let mut count = world::Count::default();
    let mut seed = 0;
    while count.cases < cases {
        if let Err(difference) = world::compare(seed, ASKED, &mut count) {
            bail!("a difference: {difference}");
        }
        seed += 1;
    }
    println!(
        "{}",
        json!({
            "stores": seed, "cases": count.cases, "differences": 0, "allowed": count.allowed, "failed": count.failed,
            "narrowed": count.narrowed, "layered": count.layered, "refused": count.refused,
        })
    );
    Ok(())
}

fn measure(policies: usize, entities: usize, rounds: u64, each: Duration) -> Result<()> {
    let sources = sources(policies, entities)?;
    let bounds = Bounds {
        source_bytes: 1 << 30,
        ..Bounds::default()
    };
    let before = resident()?;
    let (store, compile_ms) = compiled(sources, &bounds)?;
    let memory = resident()?.saturating_sub(before);
    let queries = requests(&store, policies)?;
    let allowed = queries
        .iter()
        .filter(|query| store.decide_query(query).is_allowed())
        .count();
    let candidates: usize = queries.iter().map(|query| store.candidate_count(query)).sum();
    let is_bare_measured = policies <= MOST_BARE;
    if is_bare_measured {
        for query in &queries {
            ensure!(
                store.decide_query(query) == store.decide_bare(query),
                "the two do not agree"
            );
        }
    }
    let (mut indexed, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        indexed.push(timed(each, &queries, |query| {
            black_box(store.decide_query(query).is_allowed());
        })?);
        if is_bare_measured {
            bare.push(timed(each, &queries, |query| {
                black_box(store.decide_bare(query).is_allowed());
            })?);
        }
    }
    let mut single = one_by_one(&store, &queries);
    single.sort_unstable();
    let quantile = |part: usize| single.get(single.len() * part / 100).copied().unwrap_or_default();
    println!(
        "{}",
        json!({
            "policies": policies, "entities": store.entity_count(), "requests": REQUESTS, "allowed": allowed,
            "candidates": candidates, "indexed_us": median(indexed), "bare_us": median(bare),
            "p50_us": micros(quantile(50)), "p99_us": micros(quantile(99)),
            "compile_ms": compile_ms, "memory_mb": memory >> 20,
        })
    );
    Ok(())
}

/// Compiling has a thread of its own, so its time is the clock's.
#[expect(
    clippy::disallowed_methods,
    reason = "how long compiling takes is what is asked for"
)]
fn compiled(sources: Sources, bounds: &Bounds) -> Result<(Snapshot, u128)> {
    let start = std::time::Instant::now();
    let store = Snapshot::compile(sources, bounds)?;
    Ok((store, start.elapsed().as_millis()))
}

/// Policies over folders one in the other: each is for a group and a folder, one in a hundred forbids.
fn sources(policies: usize, entities: usize) -> Result<Sources> {
    let mut text = String::new();
    for number in 0..policies {
        if number % 100 == 99 {
            writeln!(
                text,
                "@id(\"p{number}\") forbid(principal, action, resource in Folder::\"f{number}\") unless {{ context.mfa }};"
            )?;
        } else {
            let group = number % GROUPS;
            writeln!(
                text,
                "@id(\"p{number}\") permit(principal in Group::\"g{group}\", action == Action::\"read\", resource in Folder::\"f{number}\") when {{ principal.level >= 2 && !resource.secret || resource.owner == principal }};"
            )?;
        }
    }
    let mut list = Vec::new();
    for number in 0..GROUPS {
        list.push(json!({ "uid": uid("Group", "g", number), "attrs": {}, "parents": [] }));
    }
    for number in 0..policies {
        let parents: Vec<_> = (number > 0)
            .then(|| uid("Folder", "f", number / 10))
            .into_iter()
            .collect();
        list.push(json!({ "uid": uid("Folder", "f", number), "attrs": {}, "parents": parents }));
    }
    let rest = entities.saturating_sub(list.len()).max(4 * REQUESTS) / 2;
    for number in 0..rest {
        let parents = [
            uid("Group", "g", number % GROUPS),
            uid("Group", "g", (number + 1) % GROUPS),
        ];
        list.push(
            json!({ "uid": uid("User", "u", number), "attrs": { "level": number % 4 }, "parents": parents }),
        );
        list.push(json!({
            "uid": uid("Doc", "d", number),
            "attrs": { "owner": uid("User", "u", number), "secret": number.is_multiple_of(3) },
            "parents": [uid("Folder", "f", number * 7919 % policies)],
        }));
    }
    let list = list
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(",\n");
    Ok(Sources {
        schema: Some(Source::new("bench.cedarschema", SCHEMA)),
        policies: vec![Source::new("bench.cedar", text)],
        links: None,
        entities: Some(Source::new("entities.json", format!("[{list}]"))),
    })
}

fn uid(kind: &str, letter: &str, number: usize) -> serde_json::Value {
    json!({ "type": kind, "id": format!("{letter}{number}") })
}

/// Somebody of the folder's group and somebody of another, in turn.
fn requests(store: &Snapshot, policies: usize) -> Result<Vec<Query>> {
    let query = |number: usize| -> Result<Query> {
        let folder = number * 7919 % policies;
        let other = if number.is_multiple_of(2) {
            folder % GROUPS
        } else {
            (folder + 50) % GROUPS
        };
        let who = if number.is_multiple_of(4) { number } else { other };
        let input = Input {
            principal: format!("User::\"u{who}\""),
            action: "Action::\"read\"".to_owned(),
            resource: format!("Doc::\"d{number}\""),
            context: Some(json!({ "mfa": number % 8 != 1 }).to_string()),
            entities: None,
        };
        Ok(store.query(&input)?)
    };
    (0..REQUESTS).map(query).collect()
}

/// CPU time of one decision in microseconds, over as many as fit into `each`.
fn timed(each: Duration, queries: &[Query], decide: impl Fn(&Query)) -> Result<f64> {
    let start = cpu_ns()?;
    let mut count = 0_u32;
    loop {
        for query in queries {
            decide(query);
            count += 1;
        }
        let spent = Duration::from_nanos(cpu_ns()? - start);
        if spent >= each {
            return Ok(spent.as_secs_f64() * 1e6 / f64::from(count));
        }
    }
}

/// Nanoseconds of single decisions by the clock.
#[expect(
    clippy::disallowed_methods,
    reason = "how long one decision takes is what is asked for"
)]
fn one_by_one(store: &Snapshot, queries: &[Query]) -> Vec<u128> {
    let all = queries.iter().cycle().take(TIMED);
    all.map(|query| {
        let start = std::time::Instant::now();
        black_box(store.decide_query(query).is_allowed());
        start.elapsed().as_nanos()
    })
    .collect()
}

fn micros(nanos: u128) -> f64 {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)).as_secs_f64() * 1e6
}

/// CPU time of this thread: the first field of `schedstat`, see proc(5).
fn cpu_ns() -> Result<u64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").context("no CPU time of this thread")?;
    let first = text.split(' ').next().unwrap_or_default();
    first.parse().context("no CPU time of this thread")
}

/// Bytes of memory in use.
fn resident() -> Result<u64> {
    let text = fs::read_to_string("/proc/self/statm").context("no figures of memory")?;
    let pages = text.split(' ').nth(1).context("no figures of memory")?;
    Ok(pages.parse::<u64>()? * 4_096)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
