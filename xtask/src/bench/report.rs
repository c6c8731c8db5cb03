//! Figures, what they must be, and how they are written down.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::measure::{Measured, load_average};
use super::{Budget, Case, folder, page};
use crate::command::output_of;

/// A limit for a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bound {
    /// The figure is to be this or less.
    AtMost(f64),
    /// The figure is to be this or more.
    AtLeast(f64),
}

impl Bound {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(limit) => value <= limit,
            Self::AtLeast(limit) => value >= limit,
        }
    }

    fn text(self, unit: &str) -> String {
        match self {
            Self::AtMost(limit) => format!("<= {}", amount(limit, unit)),
            Self::AtLeast(limit) => format!(">= {}", amount(limit, unit)),
        }
    }
}

/// One figure of a goal.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    /// Number of the goal.
    pub(super) goal: u8,
    /// What it says.
    pub(super) what: String,
    /// `None` when it could not be measured here, with the reason in [`Outcome::notes`].
    pub(super) value: Option<f64>,
    /// `x` for ratios, else a unit.
    pub(super) unit: &'static str,
    /// The release gate.
    pub(super) must: Bound,
    /// What we would like to publish.
    pub(super) aim: Option<Bound>,
}

impl Figure {
    /// A measured figure.
    pub(super) fn new(
        goal: u8,
        what: impl Into<String>,
        value: f64,
        unit: &'static str,
        must: Bound,
    ) -> Self {
        Self {
            goal,
            what: what.into(),
            value: Some(value),
            unit,
            must,
            aim: None,
        }
    }

    /// How many times the CPU time of `floor` the product takes.
    pub(super) fn over_floor(
        goal: u8,
        product: &Measured,
        floor: &Measured,
        (must, aim): (f64, f64),
    ) -> Self {
        let what = format!("CPU time of {} over {}", product.name, floor.name);
        let ratio = product.cpu_us / floor.cpu_us;
        Self::new(goal, what, ratio, "x", Bound::AtMost(must)).aim(Bound::AtMost(aim))
    }

    /// How many times the CPU time of the product a rival takes; not measured when the rival is not there.
    pub(super) fn over_rival(
        goal: u8,
        product: &Measured,
        (rival, measured): (&str, Option<&Measured>),
        (must, aim): (f64, Option<f64>),
    ) -> Self {
        let what = format!("CPU time of {rival} over {}", product.name);
        let ratio = measured.map(|rival| rival.cpu_us / product.cpu_us);
        Self {
            value: ratio,
            aim: aim.map(Bound::AtLeast),
            ..Self::new(goal, what, 0.0, "x", Bound::AtLeast(must))
        }
    }

    /// With an aim.
    pub(super) fn aim(mut self, aim: Bound) -> Self {
        self.aim = Some(aim);
        self
    }

    /// One word: `aim`, `met`, `MISSED` or `not measured`.
    pub(super) fn verdict(&self) -> &'static str {
        match self.value {
            None => "not measured",
            Some(value) if !self.must.holds(value) => "MISSED",
            Some(value) if self.aim.is_some_and(|aim| aim.holds(value)) => "aim",
            Some(_) => "met",
        }
    }

    fn json(&self) -> Value {
        json!({
            "goal": self.goal,
            "what": self.what,
            "value": self.value,
            "measured": self.value.map_or_else(|| "-".to_owned(), |value| amount(value, self.unit)),
            "must": self.must.text(self.unit),
            "aim": self.aim.map_or_else(|| "-".to_owned(), |aim| aim.text(self.unit)),
            "verdict": self.verdict(),
        })
    }
}

/// What a case found out.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    /// Judged figures.
    pub(super) figures: Vec<Figure>,
    /// Costs of each server, as measured.
    pub(super) measured: Vec<Measured>,
    /// What a reader has to know about the figures.
    pub(super) notes: Vec<String>,
    /// Pictures: file name and SVG text.
    pub(super) plots: Vec<(&'static str, String)>,
}

impl Outcome {
    /// A case that ended with an error: its goals are missed, not forgotten.
    pub(super) fn broken(case: &Case, error: &anyhow::Error) -> Self {
        let figure = |goal: &u8| Figure {
            value: None,
            ..Figure::new(
                *goal,
                format!("`{}` broke off", case.name),
                0.0,
                "",
                Bound::AtMost(0.0),
            )
        };
        Self {
            figures: case.goals.iter().map(figure).collect(),
            notes: vec![format!("`{}` broke off: {error:#}", case.name)],
            ..Self::default()
        }
    }

    /// Whether a figure that must be met was not.
    pub(super) fn is_missed(&self) -> bool {
        self.figures.iter().any(|figure| figure.verdict() == "MISSED")
    }

    pub(super) fn print(&self) {
        for measured in &self.measured {
            println!(
                "{:<34} {:>9.1} us CPU  {:>9.0}/s  p50 {:.2} ms  p99 {:.2} ms",
                measured.name, measured.cpu_us, measured.per_second, measured.p50_ms, measured.p99_ms
            );
        }
        for figure in &self.figures {
            let line = figure.json();
            let field = |name| line.get(name).and_then(Value::as_str).unwrap_or_default();
            println!(
                "goal {:>2}: {} = {} (must {}, aim {}): {}",
                figure.goal,
                figure.what,
                field("measured"),
                field("must"),
                field("aim"),
                field("verdict")
            );
        }
        for note in &self.notes {
            println!("note: {note}");
        }
        println!("load average {}", load_average());
    }

    /// Writes `CASE.json` and the plots beside it; of a full run also the plots of the manual.
    pub(super) fn save(&self, case: &Case, budget: Budget) -> Result<()> {
        let measured: Vec<Value> = self.measured.iter().map(measured_json).collect();
        let document = json!({
            "case": case.name,
            "about": case.about,
            "goals": case.goals,
            "commit": commit(),
            "rounds": budget.rounds,
            "seconds": budget.seconds,
            "most": budget.most,
            "full": budget.is_full(case.is_grown()),
            "load_average": load_average(),
            "figures": self.figures.iter().map(Figure::json).collect::<Vec<_>>(),
            "measured": measured,
            "notes": self.notes,
            "plots": self.plots.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        });
        let text = serde_json::to_string_pretty(&document)?;
        fs::write(folder().join(format!("{}.json", case.name)), text).context("cannot write the result")?;
        for (name, svg) in &self.plots {
            fs::write(folder().join(name), svg).context("cannot write a plot")?;
        }
        if budget.is_full(case.is_grown()) {
            page::publish(self.plots.iter().map(|(name, _)| *name))?;
        }
        Ok(())
    }
}

fn measured_json(measured: &Measured) -> Value {
    json!({
        "name": measured.name,
        "cpu_us": rounded(measured.cpu_us),
        "cpu_us_rounds": measured.rounds.iter().copied().map(rounded).collect::<Vec<_>>(),
        "per_second": measured.per_second.round(),
        "p50_ms": rounded(measured.p50_ms),
        "p99_ms": rounded(measured.p99_ms),
    })
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// A number with as many digits as mean something, and its unit.
fn amount(value: f64, unit: &str) -> String {
    let number = match value.abs() {
        large if large >= 1_000.0 => format!("{value:.0}"),
        middle if middle >= 100.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    };
    let number = match number.split_once('.') {
        Some(_) => number.trim_end_matches('0').trim_end_matches('.'),
        None => &number,
    };
    match unit {
        "" => number.to_owned(),
        "x" | "%" => format!("{number}{unit}"),
        _ => format!("{number} {unit}"),
    }
}

/// The commit that was measured; a plus sign says that the sources differ from it.
pub(super) fn commit() -> String {
    let id = output_of("git", &["rev-parse", "--short", "HEAD"]).unwrap_or_default();
    let sources = ["status", "--porcelain", "--", "crates", "bench", "Cargo.lock"];
    let changed = output_of("git", &sources).is_ok_and(|changes| !changes.trim().is_empty());
    format!("{}{}", id.trim(), if changed { "+" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::{Bound, Figure, Outcome, amount};

    #[test]
    fn a_figure_is_judged_against_must_and_aim() {
        let figure = |value| Figure::new(1, "ratio", value, "x", Bound::AtMost(2.0)).aim(Bound::AtMost(1.5));
        assert_eq!(figure(1.5).verdict(), "aim");
        assert_eq!(figure(2.0).verdict(), "met");
        assert_eq!(figure(2.01).verdict(), "MISSED");
        let rival = Figure::new(1, "rival", 4.9, "x", Bound::AtLeast(5.0));
        assert_eq!(rival.verdict(), "MISSED");
        let absent = Figure {
            value: None,
            ..rival.clone()
        };
        assert_eq!(absent.verdict(), "not measured");
        let outcome = |figures| Outcome {
            figures,
            ..Outcome::default()
        };
        assert!(outcome(vec![figure(1.0), rival]).is_missed());
        assert!(!outcome(vec![figure(1.0), absent]).is_missed());
        assert!(Figure::new(1, "broken", f64::NAN, "x", Bound::AtMost(2.0)).verdict() == "MISSED");
    }

    #[test]
    fn numbers_keep_the_digits_that_mean_something() {
        assert_eq!(amount(1.234, "x"), "1.23x");
        assert_eq!(amount(45.0, "us"), "45 us");
        assert_eq!(amount(17_345.6, "/s"), "17346 /s");
        assert_eq!(amount(0.0, ""), "0");
        assert_eq!(amount(100.0, "%"), "100%");
    }
}
