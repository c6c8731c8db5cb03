//! `cargo xtask fuzz`: the targets of `fuzz/` under libFuzzer, see `docs/fuzzing.md`.
//!
//! Coverage is counted by LLVM's own pass, which the stable compiler has; so neither a nightly compiler nor `cargo fuzz`
//! is needed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context as _, Result, bail};

use crate::command::{self, output_of};
use crate::root;

/// Seconds each target gets in the suite.
const SUITE_SECONDS: u32 = 30;

/// Targets at a time: each keeps a core busy.
const AT_A_TIME: usize = 2;

/// Counters at every edge, and comparisons told to the fuzzer, so that it learns the words a parser looks for.
const FLAGS: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// Longest input, in bytes: the longest token that is read, and a little more.
const MAX_LEN: &str = "-max_len=20000";
/// Most memory one input may make a target take at once, and all of it together; in MiB.
const MEMORY: [&str; 2] = ["-malloc_limit_mb=64", "-rss_limit_mb=512"];
/// What hangs is ended after so many seconds; what is slow is judged by the target's program.
const TIMEOUT: &str = "-timeout=10";

/// Runs `cargo xtask fuzz [TARGET...] [--seconds N]`.
pub fn run(words: &[&str]) -> Result<()> {
    let (mut chosen, mut seconds, mut rest) = (Vec::new(), SUITE_SECONDS, words);
    loop {
        rest = match rest {
            [] => break,
            ["--seconds", text, rest @ ..] => {
                seconds = text.parse().with_context(|| format!("{text} is no number"))?;
                rest
            }
            [name, rest @ ..] => {
                chosen.push(*name);
                rest
            }
        };
    }
    let targets = targets()?;
    if let Some(unknown) = chosen.iter().find(|name| !targets.iter().any(|t| t == *name)) {
        bail!(
            "no target is called `{unknown}`; there are {}",
            targets.join(", ")
        );
    }
    let program = build()?;
    let wanted = targets
        .into_iter()
        .filter(|name| chosen.is_empty() || chosen.contains(&name.as_str()));
    all(&program, &wanted.collect::<Vec<_>>(), seconds)
}

/// Every target for half a minute.
pub fn reduced() -> Result<()> {
    run(&[])
}

/// Names of the targets: each has a folder of inputs, which a test of `fuzz` holds.
fn targets() -> Result<Vec<String>> {
    let folder = root().join("fuzz/corpus");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    Ok(names)
}

/// Builds the fuzzer beside the ordinary artefacts. Naming the target machine keeps the flags away from build scripts.
fn build() -> Result<PathBuf> {
    let about = output_of("rustc", &["--version", "--verbose"])?;
    let host = about
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .context("rustc does not tell its host")?;
    let folder = root().join("target/fuzz");
    let place = folder.display().to_string();
    command::run_with(
        "cargo",
        &[
            "build",
            "--package",
            "rsp-fuzz",
            "--features",
            "libfuzzer",
            "--profile",
            "fuzz",
            "--target",
            host,
            "--target-dir",
            &place,
        ],
        &[("RUSTFLAGS", &FLAGS.join(" "))],
    )?;
    Ok(folder.join(host).join("fuzz/fuzz"))
}

/// Works the list off, some at a time, and names every target that failed.
fn all(program: &Path, names: &[String], seconds: u32) -> Result<()> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut failed = Vec::new();
        while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = one(program, name, seconds) {
                failed.push(format!("{name}: {error:#}"));
            }
        }
        failed
    };
    let failed: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_A_TIME).map(|_| scope.spawn(work)).collect();
        let lost = || vec!["a worker ended early".to_owned()];
        let each = workers.into_iter().map(thread::ScopedJoinHandle::join);
        each.flat_map(|failed| failed.unwrap_or_else(|_| lost()))
            .collect()
    });
    if failed.is_empty() {
        return Ok(());
    }
    bail!(
        "{} of {} targets failed\n{}",
        failed.len(),
        names.len(),
        failed.join("\n")
    );
}

fn one(program: &Path, name: &str, seconds: u32) -> Result<()> {
    let own = root().join("target/fuzz/runs").join(name);
    let found = own.join("corpus");
    fs::create_dir_all(&found).with_context(|| format!("cannot create {}", found.display()))?;
    let log = own.join("log");
    let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let status = Command::new(program)
        .current_dir(root())
        .env("RSP_FUZZ_TARGET", name)
        .env("RUST_BACKTRACE", "0")
        .arg(&found)
        .arg(root().join("fuzz/corpus").join(name))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", own.display()))
        .arg(format!("-dict={}", root().join("fuzz/dictionary.txt").display()))
        .args([MAX_LEN, TIMEOUT, "-print_final_stats=1"])
        .args(MEMORY)
        .stdout(file.try_clone()?)
        .stderr(file)
        .status()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let told = fs::read(&log).unwrap_or_default();
    let told = String::from_utf8_lossy(&told);
    if !status.success() {
        bail!("{}", reason(&told, &log));
    }
    println!("{}", summary(name, &told));
    Ok(())
}

/// What a person has to know of a failure: the panic, and the file that brings it about.
fn reason(told: &str, log: &Path) -> String {
    let is_telling = |line: &&str| {
        [
            "panicked at",
            "ERROR:",
            "Test unit written to",
            "assertion",
            " left:",
            "right:",
        ]
        .iter()
        .any(|mark| line.contains(mark))
    };
    let mut lines: Vec<&str> = told.lines().filter(is_telling).take(10).collect();
    let where_to_look = format!("all of it is in {}", log.display());
    lines.push(&where_to_look);
    lines.join("\n  ")
}

/// A line for a target that held: how much was tried, and how many edges of the program it reached.
fn summary(name: &str, told: &str) -> String {
    let after = |mark: &str| {
        let (_, rest) = told.rsplit_once(mark)?;
        rest.split_whitespace().next()
    };
    let (runs, edges) = (after("stat::number_of_executed_units:"), after(" cov: "));
    let slowest = after("stat::slowest_unit_time_sec:");
    format!(
        "{name:<18} held: {} inputs, {} edges reached, slowest input under {} s",
        runs.unwrap_or("?"),
        edges.unwrap_or("?"),
        slowest.and_then(|text| text.parse::<u32>().ok()).unwrap_or(0) + 1
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
#4194304	pulse  cov: 1207 ft: 3551 corp: 559/46Kb lim: 652 exec/s: 299593 rss: 431Mb
Done 5210213 runs in 21 second(s)
stat::number_of_executed_units: 5210213
stat::average_exec_per_sec:     248105
stat::slowest_unit_time_sec:    0
";

    #[test]
    fn the_summary_has_the_numbers() {
        let line = summary("form", LOG);
        assert!(
            line.contains("5210213 inputs, 1207 edges") && line.ends_with("under 1 s"),
            "{line}"
        );
        assert!(summary("form", "").contains("? inputs"));
    }

    #[test]
    fn a_failure_names_panic_and_input() {
        let log =
            format!("{LOG}thread panicked at fuzz/src/x.rs:3:4:\nnoise\nTest unit written to ./crash-1\n");
        let text = reason(&log, Path::new("log"));
        assert!(
            text.contains("panicked at fuzz/src/x.rs") && text.contains("crash-1") && !text.contains("noise")
        );
    }

    #[test]
    fn unknown_words_are_refused_before_anything_is_built() {
        assert!(run(&["no-such-target"]).is_err());
        assert!(run(&["--seconds", "soon"]).is_err());
    }
}
