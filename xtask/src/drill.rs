//! `cargo xtask drill`: fault drills on real processes, see `docs/drills.md`.

use anyhow::Result;

use crate::{command, root};

/// A drill that hangs must not hold the suite up for ever; in seconds.
const SUITE_LIMIT: &str = "600";

/// Builds what the drills need and runs them with these words of the command line.
pub fn run(words: &[&str]) -> Result<()> {
    build()?;
    command::run(&program(), words)
}

/// Every drill with the small counts, on both engines.
pub fn reduced() -> Result<()> {
    build()?;
    let program = program();
    command::run(
        "timeout",
        &["--kill-after=10", SUITE_LIMIT, &program, "all", "--reduced"],
    )
}

fn build() -> Result<()> {
    command::run("cargo", &["build", "-p", "rsp-server", "-p", "rsp-drills"])
}

fn program() -> String {
    root().join("target/debug/drill").display().to_string()
}
