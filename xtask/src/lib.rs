//! Developer commands: set a machine up, check the house rules, run everything that must hold, measure.
//!
//! Nothing of the product is linked in, so that the first command on a fresh machine builds in seconds.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command talks to the person who typed it"
)]

mod bench;
pub mod check;
pub mod command;
pub mod demo;
pub mod drill;
pub mod fuzz;
pub mod grow;
pub mod plain_http;
pub mod rules;
pub mod setup;
pub mod suite;

#[path = "../../crates/testkit/src/cluster.rs"]
mod cluster;
#[path = "../../crates/testkit/src/postgres.rs"]
pub mod postgres;
#[path = "../../crates/testkit/src/process.rs"]
pub mod process;
#[path = "../../crates/testkit/src/wire.rs"]
mod wire;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask VERB

  setup              install what the tests need (system packages, Node and Python packages)
  setup bench        install what `bench` compares with, where it can be installed
  check              formatting, clippy, house rules, cargo-deny where it is installed
  test [STAGE...]    setup, check, then the whole suite; with names, only those stages
  rules              only the house rules
  drill NAME|all     fault drills on real processes; without a name, what there is
  fuzz [TARGET...] [--seconds N]
                     feeds the parsers with what a fuzzer makes, 30 s each unless told otherwise
  bench CASE         measures a release build beside its floor and other servers; fails when a goal is missed;
                     --rounds N and --seconds S shorten it, --most N makes
                     databases of up to N people, --programs FOLDER measures
                     programs that are built already
  grow --engine sqlite|postgres --out DIR [--users N] [--tokens N] [--seed N] [--keep]
                     a demo in DIR whose database holds N people and tokens

Stages of `test`, in order: ";

/// Runs one verb and turns its outcome into an exit code: 0 done, 1 something failed, 2 wrong usage.
pub fn run(words: &[String]) -> ExitCode {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["setup"] => setup::run(),
        ["setup", "bench"] => setup::bench(),
        ["check"] => check::run(),
        ["rules"] => check::house_rules(),
        ["drill", words @ ..] => drill::run(words),
        ["fuzz", words @ ..] => fuzz::run(words),
        ["test", stages @ ..] => suite::run(stages),
        ["grow", words @ ..] => grow::run(words),
        ["bench", words @ ..] if !words.is_empty() => bench::run(words),
        [] | ["help" | "--help" | "-h"] => {
            println!("{}", help());
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{}", help());
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn help() -> String {
    format!(
        "{HELP}{}\n\nCases of `bench`:{}",
        suite::names().join(", "),
        bench::help()
    )
}

/// Folder of the workspace.
pub fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}
