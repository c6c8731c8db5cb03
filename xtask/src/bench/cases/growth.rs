//! Goal 23: what a token, an introspection and a look at an account cost as people and tokens become more.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::bench::measure::{Contender, Measured, in_turn, resident_mib};
use crate::bench::plot::{Axis, Line, Plot, Scale};
use crate::bench::product::Product;
use crate::bench::report::commit;
use crate::bench::wrk::Wrk;
use crate::bench::{Bound, Budget, Case, Figure, Outcome, fresh};
use crate::demo::Engine;
use crate::grow::{Crowd, Place};

pub(super) const CASE: Case = Case {
    name: "growth",
    goals: &[23],
    about: "cost of a request against people and tokens in the database",
    run,
};

/// Tokens asked about in turn.
const TOKENS: usize = 1_000;

/// A server on a database of some size. Dropped in this order: the server before its database.
struct Grown {
    product: Product,
    _place: Place,
    size: u32,
    file: Value,
}

fn run(budget: Budget) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut lines = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        // Smallest first; each has a server of its own, and all have turns.
        let grown: Vec<Grown> = budget
            .sizes()
            .into_iter()
            .map(|size| prepare(engine, size))
            .collect::<Result<_>>()?;
        for kind in ["token", "introspection"] {
            let contenders: Vec<Contender> = grown
                .iter()
                .map(|one| contender(engine, kind, one))
                .collect::<Result<_>>()?;
            let measured = in_turn(budget, &contenders)?;
            outcome
                .figures
                .extend(grown.last().and_then(|largest| flat(&measured, largest.size)));
            let costs = grown.iter().zip(&measured);
            lines.push(line(
                kind,
                engine,
                costs.map(|(one, cost)| (one.size, cost.cpu_us)),
            ));
            outcome.measured.extend(measured);
        }
        for (what, field) in LOOKUPS {
            let costs: Vec<f64> = grown.iter().map(|one| lookup(one, field)).collect();
            if let (Some(first), Some(last), Some(largest)) = (costs.first(), costs.last(), grown.last()) {
                let size = Budget::size_said(largest.size);
                let what = format!("CPU time of {what}, {} {size} over 1000", engine.name());
                let figure = Figure::new(23, what, last / first, "x", Bound::AtMost(3.0));
                outcome.figures.push(figure);
            }
            let told: Vec<String> = costs.iter().map(|cost| format!("{cost:.1}")).collect();
            outcome.notes.push(format!(
                "{what}, {}, smallest first: {} us.",
                engine.name(),
                told.join(", ")
            ));
        }
        let costs = grown.iter().map(|one| (one.size, lookup(one, "login_us")));
        lines.push(line("sign-in look-up", engine, costs));
        let resident: Vec<(u32, f64)> = grown
            .iter()
            .map(|one| Ok((one.size, resident_mib(one.product.pid)?)))
            .collect::<Result<_>>()?;
        outcome.figures.extend(bounded(engine, &resident));
        let told: Vec<String> = resident.iter().map(|(_, mib)| format!("{mib:.0}")).collect();
        outcome.notes.push(format!(
            "Resident afterwards, {}, smallest first: {} MiB.",
            engine.name(),
            told.join(", ")
        ));
        if let Some(largest) = grown.last() {
            outcome.figures.push(bytes(engine, largest));
            outcome.notes.push(kept(engine, largest));
        }
        drop(grown);
        for size in budget.sizes() {
            fresh(&folder_of(engine, size))?;
        }
    }
    outcome.plots.push(("growth.svg", plot(lines)));
    outcome.notes.push(
        "CPU of one process only: on PostgreSQL the look-up itself is another one's. Of a sign-in only its look-up is \
         measured, by the program that fills the database, because its hash costs a thousand times as much."
            .to_owned(),
    );
    Ok(outcome)
}

/// What the program that fills the database looks for, and how it calls the cost.
const LOOKUPS: [(&str, &str); 2] = [
    (
        "the store's look-up of a person by address, as a sign-in makes it (not the sign-in)",
        "login_us",
    ),
    ("the store's look-up of an access token", "token_us"),
];

fn lookup(grown: &Grown, field: &str) -> f64 {
    let cost = grown.file.get("lookups").and_then(|costs| costs.get(field));
    cost.and_then(Value::as_f64).unwrap_or(f64::NAN)
}

fn folder_of(engine: Engine, size: u32) -> String {
    format!("grown-{}-{size}", engine.name())
}

fn prepare(engine: Engine, size: u32) -> Result<Grown> {
    let name = folder_of(engine, size);
    let place = Place::prepare(engine, &fresh(&name)?)?;
    let count = u64::from(size);
    let told = place.fill(Crowd {
        users: count,
        tokens: count,
        seed: 1,
    })?;
    Ok(Grown {
        product: Product::at(&place, &format!("{name}.log"))?,
        _place: place,
        size,
        file: serde_json::from_str(&fs::read_to_string(told)?)?,
    })
}

fn contender(engine: Engine, kind: &str, one: &Grown) -> Result<Contender> {
    let product = &one.product;
    let name = format!("{kind}, {} {}", engine.name(), one.size);
    let script = name.replace([',', ' '], "-");
    let load = if kind == "token" {
        let form = product
            .service("opaque", "ES256")?
            .form("grant_type=client_credentials");
        Wrk::post(
            product.port,
            "/oauth/token",
            &script,
            (&[], &[form]),
            "access_token",
        )?
    } else {
        // The client they were issued to: another would learn nothing of them.
        let client = product.basic("demo-web")?;
        let tokens = one.file.get("access_tokens").and_then(Value::as_array);
        let tokens = tokens
            .context("the crowd has no tokens")?
            .iter()
            .filter_map(Value::as_str);
        let forms: Vec<String> = tokens
            .take(TOKENS)
            .map(|token| format!("token={token}"))
            .collect();
        let headers = [("Authorization", client.as_str())];
        Wrk::post(
            product.port,
            "/oauth/introspect",
            &script,
            (&headers, &forms),
            "\"active\":true",
        )?
    };
    Ok(Contender {
        name,
        pid: product.pid,
        load,
    })
}

/// Memory that may come with the people and tokens: nothing but pages of the database, which SQLite keeps for each
/// connection, 2 MiB (its default) for each of four readers and the writer, and as much again that the allocator may
/// keep. Clients and tokens that are believed have a bound in number, and the same ones were asked for.
const CACHES_MIB: f64 = 2.0 * 2.0 * 5.0;

/// What the largest has resident over the smallest.
fn bounded(engine: Engine, resident: &[(u32, f64)]) -> Option<Figure> {
    let ((_, first), (size, last)) = (resident.first()?, resident.last()?);
    let what = format!(
        "resident memory, {} {} over 1000: no more than page caches hold",
        engine.name(),
        Budget::size_said(*size)
    );
    Some(Figure::new(
        23,
        what,
        last - first,
        "MiB",
        Bound::AtMost(CACHES_MIB),
    ))
}

/// The largest over the smallest.
fn flat(measured: &[Measured], size: u32) -> Option<Figure> {
    let (first, last) = (measured.first()?, measured.last()?);
    let mut what = format!("CPU time of {} over {}", last.name, first.name);
    if Budget::size_said(size) != size.to_string() {
        what = format!("{what}; {}", Budget::size_said(size));
    }
    Some(Figure::new(23, what, last.cpu_us / first.cpu_us, "x", Bound::AtMost(1.5)).aim(Bound::AtMost(1.2)))
}

/// What an access token takes on disk, with its indexes.
fn bytes(engine: Engine, grown: &Grown) -> Figure {
    let each = token(&grown.file).each();
    let what = format!(
        "bytes on disk for an access token, {} {}",
        engine.name(),
        grown.size
    );
    Figure::new(23, what, each, "B", Bound::AtMost(200.0)).aim(Bound::AtMost(120.0))
}

/// What rows take on disk.
#[derive(Clone, Copy, Debug)]
struct Taken {
    rows: f64,
    table: f64,
    indexes: f64,
}

impl Taken {
    fn of(file: &Value, name: &str) -> Self {
        let tables = file.get("tables").and_then(Value::as_array);
        let table = tables.and_then(|tables| {
            let named = |table: &&Value| table.get("name").and_then(Value::as_str) == Some(name);
            tables.iter().find(named)
        });
        let number = |field| {
            let value = table.and_then(|table| table.get(field)?.as_f64());
            value.unwrap_or(f64::NAN)
        };
        Self {
            rows: number("rows"),
            table: number("table_bytes"),
            indexes: number("index_bytes"),
        }
    }

    /// Of one row, with its part of the indexes.
    fn each(self) -> f64 {
        (self.table + self.indexes) / self.rows
    }
}

/// Access tokens with what many of them say alike.
fn token(file: &Value) -> Taken {
    let (tokens, kinds) = (
        Taken::of(file, "access_tokens"),
        Taken::of(file, "access_token_kinds"),
    );
    Taken {
        rows: tokens.rows,
        table: tokens.table + kinds.table,
        indexes: tokens.indexes + kinds.indexes,
    }
}

/// What else is kept for a token. The goal is about the token; the event that tells of it outlives it and is said apart.
fn kept(engine: Engine, grown: &Grown) -> String {
    let token = token(&grown.file);
    let each = |name| Taken::of(&grown.file, name).each();
    format!(
        "On disk, {} {}: an access token {:.0} B, of which indexes are {:.0} B. Not counted in it: an event of the log \
         {:.0} B, which is one for each answer of the token endpoint; a refresh token {:.0} B and a grant {:.0} B for each \
         sign-in.",
        engine.name(),
        grown.size,
        token.each(),
        token.indexes / token.rows,
        each("audit_log"),
        each("refresh_tokens"),
        each("grants"),
    )
}

/// Cost against size; what was not measured is left out.
fn line(kind: &str, engine: Engine, costs: impl Iterator<Item = (u32, f64)>) -> Line {
    Line {
        name: format!("{kind}, {}", engine.name()),
        points: costs
            .filter(|(_, cost)| cost.is_finite())
            .map(|(size, cost)| (f64::from(size), cost))
            .collect(),
    }
}

fn plot(lines: Vec<Line>) -> String {
    let plot = Plot {
        title: format!("Cost of a request as the database grows, commit {}", commit()),
        x: Axis {
            label: "people, and as many access tokens",
            scale: Scale::Logarithmic,
        },
        y: Axis {
            label: "CPU time of one process for a request, us",
            scale: Scale::Linear,
        },
        lines,
    };
    plot.svg()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Engine, Taken, line, plot, token};

    #[test]
    fn the_picture_has_a_line_for_each_request_and_engine_up_to_ten_million() {
        let sizes = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
        let mut lines = Vec::new();
        for engine in [Engine::Sqlite, Engine::Postgres] {
            for kind in ["token", "introspection", "sign-in look-up"] {
                lines.push(line(
                    kind,
                    engine,
                    sizes.into_iter().zip([90.0, 91.0, 95.0, 99.0, 104.5]),
                ));
            }
        }
        let svg = plot(lines);
        for word in [
            "token, sqlite",
            "introspection, sqlite",
            "sign-in look-up, sqlite",
            "token, postgres",
            "introspection, postgres",
            "sign-in look-up, postgres",
            ">1k<",
            ">10M<",
        ] {
            assert!(svg.contains(word), "{word} is missing in {svg}");
        }
        assert_eq!(svg.matches("<circle").count(), 6 * sizes.len());
    }

    #[test]
    fn what_was_not_measured_is_no_point() {
        let line = line(
            "token",
            Engine::Sqlite,
            [(1_000, f64::NAN), (10_000, 2.0)].into_iter(),
        );
        assert_eq!(line.points, [(10_000.0, 2.0)]);
    }

    #[test]
    fn bytes_of_a_row_have_its_part_of_the_indexes() {
        let file = json!({"tables": [
            {"name": "users", "rows": 1, "table_bytes": 1, "index_bytes": 1},
            {"name": "access_tokens", "rows": 10, "table_bytes": 1_000, "index_bytes": 500},
            {"name": "access_token_kinds", "rows": 2, "table_bytes": 80, "index_bytes": 20},
        ]});
        assert!((token(&file).each() - 160.0).abs() < 1e-9);
        assert!(Taken::of(&file, "grants").each().is_nan());
    }
}
