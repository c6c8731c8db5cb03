//! `cargo xtask bench CASE`: the goals for speed, each by one command.
//!
//! A case starts the floor (the least a server can do), the product and other servers on loopback, measures them in
//! turn, and compares medians of CPU time for each request: the one figure that means something on a machine that
//! does other things too. It fails when a figure that must be met is missed.

mod budget;
mod cases;
mod first_look;
mod load;
mod measure;
mod page;
mod plot;
mod product;
mod report;
mod rivals;
mod wrk;

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::{Context as _, Result, bail};

use self::budget::Budget;
use self::report::{Bound, Figure, Outcome};
use crate::{command, grow, root, setup};

/// A comparison that can be asked for by name.
struct Case {
    /// What is typed.
    name: &'static str,
    /// Numbers of the goals it judges.
    goals: &'static [u8],
    /// What it measures, in a few words.
    about: &'static str,
    /// Measures.
    run: fn(Budget) -> Result<Outcome>,
}

/// What can be typed after `bench`, for the help.
pub(crate) fn help() -> String {
    let line = |name: &str, about: &str| format!("\n  {name:<14} {about}");
    let cases = cases::ALL.iter().map(|case| line(case.name, case.about));
    let whole = line("all", "every case, then the table in docs/performance.md");
    let page = line("page", "only the table, from the results of the last runs");
    let first = line(
        "first-look",
        "requests per second on both engines, without judgement",
    );
    cases.chain([whole, page, first]).collect()
}

impl Case {
    /// Whether its goals are about a database that has grown.
    fn is_grown(&self) -> bool {
        self.goals.iter().any(|goal| [20, 23].contains(goal))
    }
}

/// Runs what `words` ask for: a case, `all`, `page` or `first-look`, with `--rounds N`,
/// `--seconds S`, and `--programs FOLDER` to measure programs that are built already.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let (name, mut budget, programs) = Budget::parse(words)?;
    let built = programs.map(|folder| root().join(folder));
    let folder_of_programs = built.clone().unwrap_or_else(|| target().join("release"));
    let is_first = PROGRAMS.set(folder_of_programs).is_ok();
    if !is_first {
        bail!("one run for each process");
    }
    setup::load_generator()?;
    match name {
        "first-look" => return first_look::run(),
        "page" => return page::write(),
        _ => {}
    }
    let chosen: Vec<&Case> = cases::ALL
        .iter()
        .filter(|case| name == "all" || case.name == name)
        .collect();
    if chosen.is_empty() {
        bail!("no case is called `{name}`; there are:{}", help());
    }
    if built.is_none() {
        build()?;
    }
    budget.optimized = is_optimized()?;
    if !budget.optimized {
        println!("these programs are not optimized: nothing of this is published as measured");
    }
    fs::create_dir_all(folder()).context("cannot create the folder for results")?;
    let mut missed = Vec::new();
    for case in chosen {
        println!("\n=== {} ===", case.name);
        let outcome = (case.run)(budget);
        let done = outcome.as_ref().is_ok_and(|outcome| !outcome.is_missed());
        let outcome = outcome.unwrap_or_else(|error| Outcome::broken(case, &error));
        outcome.print();
        outcome.save(case, budget)?;
        if !done {
            missed.push(case.name);
        }
    }
    if name == "all" {
        page::write()?;
    }
    if missed.is_empty() {
        Ok(())
    } else {
        bail!("missed what must be met: {}", missed.join(", "))
    }
}

/// Everything that is measured, optimized.
fn build() -> Result<()> {
    grow::build()?;
    command::run("cargo", &["build", "--release", "-p", "rsp-bench"])
}

/// Whether the server says that it was built without checks for debugging.
fn is_optimized() -> Result<bool> {
    let said = command::output_of(&program("rsp").display().to_string(), &["--version"])?;
    Ok(!said.contains("not optimized"))
}

/// A folder for a database; what the last run left there is removed.
fn fresh(name: &str) -> Result<PathBuf> {
    let place = folder().join(name);
    if place.exists() {
        fs::remove_dir_all(&place).context("cannot remove an old database")?;
    }
    Ok(place)
}

/// Waits so many seconds.
#[expect(
    clippy::disallowed_methods,
    reason = "what a server does when nobody asks is seen by waiting only"
)]
fn pause(seconds: u64) {
    std::thread::sleep(std::time::Duration::from_secs(seconds));
}

/// Where the optimized programs are.
static PROGRAMS: OnceLock<PathBuf> = OnceLock::new();

/// An optimized program of this workspace.
pub(crate) fn program(name: &str) -> PathBuf {
    PROGRAMS
        .get()
        .map_or_else(|| target().join("release").join(name), |folder| folder.join(name))
}

/// Where results, scripts and logs go.
fn folder() -> PathBuf {
    target().join("bench")
}

/// Cargo's target folder.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}
