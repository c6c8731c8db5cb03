//! The table in `docs/performance.md`, made from the results of the last runs.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{cases, folder};
use crate::command::output_of;
use crate::root;

const PAGE: &str = "docs/performance.md";
const PLOTS: &str = "docs/plots";
const BEGIN: &str = "<!-- bench: begin -->";
const END: &str = "<!-- bench: end -->";

/// Rewrites the marked part of the page from the results that lie in the folder, one file for each case.
pub(super) fn write() -> Result<()> {
    let results: Vec<Value> = cases::ALL
        .iter()
        .filter_map(|case| fs::read_to_string(folder().join(format!("{}.json", case.name))).ok())
        .map(|text| serde_json::from_str(&text).context("a result is damaged"))
        .collect::<Result<_>>()?;
    if results.is_empty() {
        bail!("nothing was measured yet");
    }
    publish(
        results
            .iter()
            .flat_map(|result| list(result, "plots"))
            .filter_map(Value::as_str),
    )?;
    let file = root().join(PAGE);
    let page = fs::read_to_string(&file).with_context(|| format!("cannot read {PAGE}"))?;
    fs::write(&file, replaced(&page, &block(&results)?)?).with_context(|| format!("cannot write {PAGE}"))?;
    println!("{PAGE}: the measured part is written anew");
    Ok(())
}

/// Puts these plots of the last runs into the manual.
pub(super) fn publish<'a>(names: impl Iterator<Item = &'a str>) -> Result<()> {
    fs::create_dir_all(root().join(PLOTS)).context("cannot create the folder for plots")?;
    for name in names {
        fs::copy(folder().join(name), root().join(PLOTS).join(name)).context("a plot is missing")?;
    }
    Ok(())
}

fn replaced(page: &str, block: &str) -> Result<String> {
    let (Some((before, _)), Some((_, after))) = (page.split_once(BEGIN), page.split_once(END)) else {
        bail!("{PAGE} has no `{BEGIN}` and `{END}`");
    };
    Ok(format!("{before}{BEGIN}\n{block}{END}{after}"))
}

fn block(results: &[Value]) -> Result<String> {
    let mut text = String::new();
    let mut commits: Vec<&str> = results.iter().map(|result| field(result, "commit")).collect();
    commits.dedup();
    writeln!(
        text,
        "Commit {}, `cargo xtask bench all`, on {}.\n",
        commits.join(", "),
        machine()
    )?;
    let partial: Vec<String> = results
        .iter()
        .filter(|result| result.get("full") != Some(&Value::Bool(true)))
        .map(|result| format!("`{}`", field(result, "case")))
        .collect();
    if !partial.is_empty() {
        writeln!(
            text,
            "Shorter than five rounds of three seconds, of a database smaller than the goal's, or of programs that are \
             not optimized, so not for comparison: {}.\n",
            partial.join(", ")
        )?;
    }
    text.push_str(
        "| goal | case | figure | measured | must | aim | verdict |\n|---|---|---|---|---|---|---|\n",
    );
    for (result, figure) in each(results, "figures") {
        writeln!(
            text,
            "| {} | `{}` | {} | {} | {} | {} | {} |",
            figure.get("goal").and_then(Value::as_u64).unwrap_or_default(),
            field(result, "case"),
            field(figure, "what"),
            field(figure, "measured"),
            field(figure, "must"),
            field(figure, "aim"),
            field(figure, "verdict")
        )?;
    }
    text.push_str(
        "\nWhat each request cost, medians over the rounds:\n\n\
         | case | server and request | CPU us | requests per second | p50 ms | p99 ms | load average |\n|---|---|---|---|---|---|---|\n",
    );
    for (result, measured) in each(results, "measured") {
        let number = |name| measured.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
        writeln!(
            text,
            "| `{}` | {} | {:.1} | {:.0} | {:.2} | {:.2} | {} |",
            field(result, "case"),
            field(measured, "name"),
            number("cpu_us"),
            number("per_second"),
            number("p50_ms"),
            number("p99_ms"),
            field(result, "load_average")
        )?;
    }
    text.push('\n');
    for (result, note) in each(results, "notes") {
        writeln!(
            text,
            "- `{}`: {}",
            field(result, "case"),
            note.as_str().unwrap_or_default()
        )?;
    }
    for (result, name) in each(results, "plots") {
        let name = name.as_str().unwrap_or_default();
        writeln!(text, "\n![{}](plots/{name})", field(result, "about"))?;
    }
    Ok(text)
}

fn each<'a>(results: &'a [Value], name: &'static str) -> impl Iterator<Item = (&'a Value, &'a Value)> {
    results
        .iter()
        .flat_map(move |result| list(result, name).iter().map(move |item| (result, item)))
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn field<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Processor, cores, memory and the versions that matter.
fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("an unnamed processor", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let gib = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
        .unwrap_or_default()
        / (1024 * 1024);
    let said = |program: &str, argument: &str| {
        let said = output_of(program, &[argument]).unwrap_or_default();
        said.lines().next().unwrap_or_default().trim().to_owned()
    };
    format!(
        "{cores} cores of {model}, {gib} GiB, Linux {}, {}, Node {}",
        said("uname", "-r"),
        said("rustc", "--version"),
        said("node", "--version")
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{BEGIN, END, block, replaced};

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let page = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let page = replaced(&page, "new\n").unwrap();
        assert_eq!(page, format!("before\n{BEGIN}\nnew\n{END}\nafter\n"));
        assert!(replaced("no marks", "new").is_err());
    }

    #[test]
    fn the_table_has_every_figure_and_says_when_a_run_was_short() {
        let result = json!({
            "case": "idle", "about": "memory", "commit": "abc1234", "full": false, "load_average": "0.5",
            "figures": [{"goal": 19, "what": "memory", "measured": "20 MB", "must": "<= 25 MB", "aim": "<= 15 MB",
                         "verdict": "met"}],
            "measured": [{"name": "rsp", "cpu_us": 1.0, "per_second": 2.0, "p50_ms": 3.0, "p99_ms": 4.0}],
            "notes": ["a note"], "plots": ["growth.svg"],
        });
        let text = block(&[result]).unwrap();
        assert!(
            text.contains("| 19 | `idle` | memory | 20 MB | <= 25 MB | <= 15 MB | met |"),
            "{text}"
        );
        assert!(text.contains("not for comparison: `idle`."), "{text}");
        assert!(text.contains("- `idle`: a note"));
        assert!(text.contains("(plots/growth.svg)"));
    }
}
