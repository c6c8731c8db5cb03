//! `rsp policy check|test|decide|explain` on files

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use policy::{
    Bounds, Decision, Explanation, Held, Input, Problem, Problems, Snapshot, Source, Sources, Suite,
};
use policy::{SuiteReport, Verdict};
use serde::Serialize;

use crate::cli::policy::{PolicyRequestArgs, PolicyTestArgs, StoreFiles};
use crate::cli::{Global, PolicyCommand};
use crate::output::{ExitCode, Failure, Format, Printer, emit, say};

/// Runs one of the commands.
pub fn run(command: &PolicyCommand, global: &Global) -> Result<ExitCode, Failure> {
    let printer = Printer::new(global.output);
    match command {
        PolicyCommand::Check(files) => check(files, printer),
        PolicyCommand::Test(args) => test(args, printer),
        PolicyCommand::Decide(args) => decide(args, printer),
        PolicyCommand::Explain(args) => explain(args, printer),
    }
}

/// What `check` found.
#[derive(Debug, Serialize)]
struct Checked {
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_set: Option<String>,
    policies: usize,
    templates: usize,
    entities: usize,
    problems: Vec<Problem>,
    /// Problems that are not among these.
    more: usize,
    warnings: Vec<Problem>,
}

fn check(files: &StoreFiles, printer: Printer) -> Result<ExitCode, Failure> {
    let checked = match compile(files)? {
        Ok(store) => Checked {
            valid: true,
            policy_set: Some(store.policy_set().to_owned()),
            policies: store.policy_count(),
            templates: store.template_count(),
            entities: store.entity_count(),
            problems: Vec::new(),
            more: 0,
            warnings: store.warnings().to_vec(),
        },
        Err(problems) if printer.format() == Format::Table => return Err(refused(&problems)),
        Err(problems) => Checked {
            valid: false,
            policy_set: None,
            policies: 0,
            templates: 0,
            entities: 0,
            problems: problems.list,
            more: problems.more,
            warnings: Vec::new(),
        },
    };
    if printer.format() == Format::Table {
        warn(&checked.warnings);
        emit(&format!(
            "valid: {} policies, {} templates, {} entities\npolicy set {}\n",
            checked.policies,
            checked.templates,
            checked.entities,
            checked.policy_set.as_deref().unwrap_or_default()
        ))
    } else {
        printer.item(&checked)
    }
    .map_err(anyhow::Error::from)?;
    Ok(if checked.valid {
        ExitCode::Done
    } else {
        ExitCode::Refused
    })
}

fn test(args: &PolicyTestArgs, printer: Printer) -> Result<ExitCode, Failure> {
    let store = compile(&args.files)?.map_err(|problems| refused(&problems))?;
    let mut reports = Vec::new();
    for file in &args.tests {
        let suite = Suite::parse(&read(file)?, &Bounds::default()).map_err(|problems| refused(&problems))?;
        reports.push(store.test(&suite));
    }
    match printer.format() {
        Format::Table => emit(&told(&reports)),
        _ => printer.item(&reports),
    }
    .map_err(anyhow::Error::from)?;
    let has_failed = reports.iter().any(|report| report.failed > 0);
    Ok(if has_failed {
        ExitCode::Refused
    } else {
        ExitCode::Done
    })
}

fn told(reports: &[SuiteReport]) -> String {
    let mut text = String::new();
    let (mut passed, mut failed) = (0, 0);
    for report in reports {
        for case in &report.cases {
            let word = if case.passed { "ok  " } else { "FAIL" };
            // Writing into a String cannot fail.
            writeln!(text, "{word} {}: {}", report.file, case.name).ok();
            for difference in &case.differences {
                writeln!(text, "     {difference}").ok();
            }
        }
        passed += report.passed;
        failed += report.failed;
    }
    writeln!(text, "{passed} passed, {failed} failed").ok();
    text
}

fn decide(args: &PolicyRequestArgs, printer: Printer) -> Result<ExitCode, Failure> {
    let (store, input) = asked(args)?;
    let decision = store.decide(&input);
    match printer.format() {
        Format::Table => emit(&outcome(&decision)),
        _ => printer.item(&decision),
    }
    .map_err(anyhow::Error::from)?;
    Ok(match decision.decision {
        Verdict::Allow => ExitCode::Done,
        Verdict::Deny => ExitCode::Denied,
    })
}

fn outcome(decision: &Decision) -> String {
    let word = if decision.is_allowed() { "allow" } else { "deny" };
    let by = if decision.policies.is_empty() {
        "no policy".to_owned()
    } else {
        decision.policies.join(", ")
    };
    let mut text = format!("{word} by {by}\n");
    for error in &decision.errors {
        let what = error.policy.as_deref().or(error.field).unwrap_or_default();
        writeln!(text, "error in {what}: {}", error.reason).ok();
    }
    writeln!(text, "policy set {}", decision.policy_set).ok();
    text
}

fn explain(args: &PolicyRequestArgs, printer: Printer) -> Result<ExitCode, Failure> {
    let (store, input) = asked(args)?;
    let explanation = store.explain(&input);
    match printer.format() {
        Format::Table => emit(&reasons(&explanation)),
        _ => printer.item(&explanation),
    }
    .map_err(anyhow::Error::from)?;
    Ok(ExitCode::Done)
}

fn reasons(explanation: &Explanation) -> String {
    let mut text = format!("{}\n", explanation.summary);
    for policy in &explanation.explained {
        let place = match (&policy.file, policy.line) {
            (Some(file), Some(line)) => format!(" ({file}:{line})"),
            _ => String::new(),
        };
        writeln!(text, "\n{} {}{place}", policy.effect, policy.policy).ok();
        for check in &policy.checks {
            let word = match check.result {
                Held::Held => "held       ",
                Held::Missing => "missing    ",
                Held::Error => "error      ",
                Held::NotReached => "not reached",
            };
            write!(text, "  {word} {:<9} {}", check.part, check.text).ok();
            if let Some(reason) = &check.reason {
                write!(text, "   ({reason})").ok();
            }
            text.push('\n');
        }
    }
    if explanation.more > 0 {
        writeln!(text, "\nand {} more", explanation.more).ok();
    }
    for error in &explanation.decision.errors {
        let what = error.policy.as_deref().or(error.field).unwrap_or_default();
        writeln!(text, "\nerror in {what}: {}", error.reason).ok();
    }
    writeln!(text, "\npolicy set {}", explanation.decision.policy_set).ok();
    text
}

fn asked(args: &PolicyRequestArgs) -> Result<(Snapshot, Input), Failure> {
    let store = compile(&args.files)?.map_err(|problems| refused(&problems))?;
    let brought = args.request_entities.as_deref().map(read).transpose()?;
    let input = Input {
        principal: args.principal.clone(),
        action: args.action.clone(),
        resource: args.resource.clone(),
        context: args.context.clone(),
        entities: brought.map(|source| source.text),
    };
    Ok((store, input))
}

fn compile(files: &StoreFiles) -> Result<Result<Snapshot, Problems>, Failure> {
    let sources = Sources {
        schema: Some(read(&files.schema)?),
        policies: files
            .policies
            .iter()
            .map(|file| read(file))
            .collect::<Result<_, _>>()?,
        links: files.links.as_deref().map(read).transpose()?,
        entities: files.entities.as_deref().map(read).transpose()?,
    };
    Ok(Snapshot::compile(sources, &Bounds::default()))
}

/// A file, read to one byte more than a source may have.
fn read(path: &Path) -> Result<Source, Failure> {
    let most = Bounds::default().source_bytes as u64 + 1;
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut text = String::new();
    file.take(most)
        .read_to_string(&mut text)
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Source::new(path.display().to_string(), text))
}

fn refused(problems: &Problems) -> Failure {
    let mut lines: Vec<String> = problems.list.iter().map(ToString::to_string).collect();
    if problems.more > 0 {
        lines.push(format!("and {} more", problems.more));
    }
    Failure {
        exit: ExitCode::Refused,
        lines,
    }
}

fn warn(warnings: &[Problem]) {
    for warning in warnings {
        say(&format!("warning: {warning}"));
    }
}
