//! `cargo xtask drill`: fault drills on real processes, see `docs/drills.md`.

use std::fs;

use anyhow::{Context as _, Result};

use crate::{command, root};

/// A drill that hangs must not hold the suite up for ever; in seconds.
const SUITE_LIMIT: &str = "900";

/// The program with failpoints.
const FAILING: &str = "target/failpoints/rsp";

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

/// The program twice: with failpoints, kept beside, and as it is. The same packages are named both times, so that what
/// they depend on is the same and built once.
fn build() -> Result<()> {
    let packages = ["build", "-p", "rsp-server", "-p", "rsp-drills"];
    let failing = [
        &packages[..],
        &["--bin", "rsp", "--features", "rsp-server/failpoints"],
    ]
    .concat();
    command::run("cargo", &failing)?;
    let (built, kept) = (root().join("target/debug/rsp"), root().join(FAILING));
    if let Some(folder) = kept.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::copy(&built, &kept).with_context(|| format!("cannot keep {}", kept.display()))?;
    command::run("cargo", &packages)
}

fn program() -> String {
    root().join("target/debug/drill").display().to_string()
}
