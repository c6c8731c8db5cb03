//! `cargo xtask check`: everything that can be said about the sources without running them.

use anyhow::{Result, bail};

use crate::command::{self, is_installed};
use crate::{root, rules};

/// Formatting, clippy, house rules, links in the documentation, licences and sources of dependencies.
pub fn run() -> Result<()> {
    command::run("cargo", &["fmt", "--all", "--check"])?;
    house_rules()?;
    command::run(
        "cargo",
        &[
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
    )?;
    let strict = [("RUSTDOCFLAGS", "-D warnings -A rustdoc::private-intra-doc-links")];
    command::run_with(
        "cargo",
        &[
            "doc",
            "--quiet",
            "--workspace",
            "--no-deps",
            "--document-private-items",
        ],
        &strict,
    )?;
    dependencies()
}

/// Only the house rules, see [`rules`].
pub fn house_rules() -> Result<()> {
    let findings = rules::all(&root())?;
    for finding in &findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => println!("house rules: all kept"),
        count => bail!("{count} breaches of the house rules"),
    }
    Ok(())
}

/// The database of advisories has to be fetched, which a build server may not do, so it is not part of this.
fn dependencies() -> Result<()> {
    if is_installed("cargo-deny") {
        return command::run(
            "cargo",
            &[
                "deny",
                "--workspace",
                "check",
                "--hide-inclusion-graph",
                "bans",
                "licenses",
                "sources",
            ],
        );
    }
    println!("cargo-deny is not installed: licences, bans and sources of dependencies were not checked");
    Ok(())
}
