//! `cargo xtask test`: everything that must hold, in stages.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::demo::Engine;
use crate::postgres::{Options, Postgres, SHARED};
use crate::{check, command, demo, drill, fuzz, setup};

/// One part of the suite. To add one, add a line to [`STAGES`].
struct Stage {
    name: &'static str,
    run: fn() -> Result<()>,
}

/// A test that hangs must not hold the run up for ever; in seconds.
const TESTS_LIMIT: &str = "2400";

const STAGES: &[Stage] = &[
    Stage {
        name: "setup",
        run: setup::run,
    },
    Stage {
        name: "check",
        run: check::run,
    },
    Stage {
        name: "build",
        run: build,
    },
    Stage {
        name: "tests",
        run: tests,
    },
    Stage {
        name: "interop-sqlite",
        run: || demo::interop(Engine::Sqlite),
    },
    Stage {
        name: "interop-postgres",
        run: || demo::interop(Engine::Postgres),
    },
    Stage {
        name: "browser",
        run: demo::browser,
    },
    Stage {
        name: "drills",
        run: drill::reduced,
    },
    Stage {
        name: "fuzz",
        run: fuzz::reduced,
    },
];

/// Names of all stages in order.
pub fn names() -> Vec<&'static str> {
    STAGES.iter().map(|stage| stage.name).collect()
}

/// Runs the named stages, or all; the first that fails ends the run.
pub fn run(wanted: &[&str]) -> Result<()> {
    if let Some(unknown) = wanted.iter().find(|name| !names().contains(name)) {
        bail!("no stage is called `{unknown}`; there are {}", names().join(", "));
    }
    let mut done = Vec::new();
    let mut failure = None;
    for stage in STAGES
        .iter()
        .filter(|stage| wanted.is_empty() || wanted.contains(&stage.name))
    {
        println!("\n=== {} ===", stage.name);
        let (outcome, took) = timed(stage.run);
        done.push((stage.name, outcome.is_ok(), took));
        if let Err(error) = outcome {
            failure = Some(error.context(format!("stage `{}` failed", stage.name)));
            break;
        }
    }
    println!("\n=== summary ===");
    for (name, passed, took) in done {
        println!(
            "{:<18} {:<7} {:>7.1} s",
            name,
            if passed { "passed" } else { "FAILED" },
            took.as_secs_f64()
        );
    }
    failure.map_or(Ok(()), Err)
}

/// Everything at once, so that features of shared dependencies are the same in every later stage.
fn build() -> Result<()> {
    command::run("cargo", &["build", "--workspace", "--all-targets"])
}

/// All Rust tests, on one private PostgreSQL, each in its own schema.
fn tests() -> Result<()> {
    let server = Postgres::start(Options::default()).context("cannot start PostgreSQL")?;
    let folder = server.socket_dir().to_string_lossy();
    let limited = [
        "--kill-after=30",
        TESTS_LIMIT,
        "cargo",
        "test",
        "--workspace",
        "--no-fail-fast",
    ];
    command::run_with("timeout", &limited, &[(SHARED, &folder)])
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a stage took is told to a person, nothing depends on it"
)]
fn timed(run: fn() -> Result<()>) -> (Result<()>, Duration) {
    let start = std::time::Instant::now();
    (run(), start.elapsed())
}
