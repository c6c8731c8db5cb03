//! `rsp password-filter build`

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, BufWriter};
use std::path::Path;

use anyhow::Context as _;
use engine::{FilterError, FilterWriter, PasswordKey};

use crate::cli::{FilterBuildArgs, PasswordFilterCommand};
use crate::output::{ExitCode, Failure};

/// Passwords of a plain list: they are sorted in memory.
const MOST_PLAIN: usize = 20_000_000;

/// Runs the command.
pub fn run(command: &PasswordFilterCommand) -> Result<ExitCode, Failure> {
    let PasswordFilterCommand::Build(args) = command;
    // Beside the place it is for, so that a filter is there whole or not at all.
    let mut half = args.filter.clone().into_os_string();
    half.push(".part");
    let half = Path::new(&half);
    let built = build(args, half);
    if built.is_err() {
        fs::remove_file(half).ok();
    }
    let entries = built?;
    fs::rename(half, &args.filter).with_context(|| format!("cannot write {}", args.filter.display()))?;
    tracing::info!(entries, "a password filter was built");
    Ok(ExitCode::Done)
}

fn build(args: &FilterBuildArgs, half: &Path) -> Result<u64, Failure> {
    let list = File::open(&args.list).with_context(|| format!("cannot read {}", args.list.display()))?;
    let lines = BufReader::with_capacity(1 << 20, list).lines();
    let to = File::create(half).with_context(|| format!("cannot write {}", half.display()))?;
    let mut filter = FilterWriter::new(BufWriter::new(to));
    let mut plain = Vec::new();
    for (line, number) in lines.zip(1_u64..) {
        let line = line.with_context(|| format!("cannot read line {number}"))?;
        let line = line.strip_suffix('\r').unwrap_or(&line);
        if args.plain {
            if plain.len() == MOST_PLAIN {
                return Err(Failure::refused("a plain list has at most 20 million lines"));
            }
            if !line.is_empty() {
                plain.push(PasswordKey::of(line));
            }
        } else {
            let key = PasswordKey::of_line(line)
                .ok_or_else(|| Failure::refused(format!("line {number} is no SHA-1")))?;
            filter.push(key).map_err(|cause| refused(&cause, number))?;
        }
    }
    plain.sort_unstable();
    for (key, number) in plain.into_iter().zip(1..) {
        filter.push(key).map_err(|cause| refused(&cause, number))?;
    }
    filter
        .finish()
        .map_err(|cause| Failure::refused(cause.to_string()))
}

fn refused(cause: &FilterError, number: u64) -> Failure {
    Failure::refused(format!("line {number}: {cause}"))
}
