//! `rsp config print|check|schema`

use crate::cli::{ConfigCommand, Global};
use crate::config::{Loaded, Problem, Sources, schema};
use crate::output::{ExitCode, Failure, Format, Printer, emit, say};

/// Runs one of the commands on the configuration `global` points to.
pub fn run(command: &ConfigCommand, global: &Global) -> Result<ExitCode, Failure> {
    let printer = Printer::new(global.output);
    match command {
        ConfigCommand::Print => {
            printer
                .list(&load(global)?.effective)
                .map_err(anyhow::Error::from)?;
            Ok(ExitCode::Done)
        }
        ConfigCommand::Check => check(global, printer),
        ConfigCommand::Schema => {
            match global.output {
                Format::Table => emit(&schema::commented_toml(&[])),
                Format::Json | Format::Yaml => printer.item(&schema::json_schema()),
            }
            .map_err(anyhow::Error::from)?;
            Ok(ExitCode::Done)
        }
    }
}

/// The configuration `global` points to, or wrong usage with one line per problem.
pub fn load(global: &Global) -> Result<Loaded, Failure> {
    Sources::of_process(global)
        .load()
        .map_err(|problems| refused(&problems))
}

/// The same, if it is also fit for production (CF1).
pub fn load_for_production(global: &Global) -> Result<Loaded, Failure> {
    let loaded = load(global)?;
    let problems = loaded.config.validate_production();
    if problems.is_empty() {
        Ok(loaded)
    } else {
        Err(refused(&problems))
    }
}

fn refused(problems: &[Problem]) -> Failure {
    Failure {
        exit: ExitCode::Usage,
        lines: problems.iter().map(ToString::to_string).collect(),
    }
}

fn check(global: &Global, printer: Printer) -> Result<ExitCode, Failure> {
    let problems = match Sources::of_process(global).load() {
        Ok(loaded) => loaded.config.validate_production(),
        Err(problems) => problems,
    };
    if problems.is_empty() && printer.format() == Format::Table {
        say("no problem found");
        return Ok(ExitCode::Done);
    }
    printer.list(&problems).map_err(anyhow::Error::from)?;
    Ok(if problems.is_empty() {
        ExitCode::Done
    } else {
        ExitCode::Refused
    })
}
