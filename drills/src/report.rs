//! What a drill promised, what was measured, and whether the promise held.

use std::time::Duration;

/// One promise of a drill.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    promise: String,
    measured: String,
    held: bool,
}

/// The outcome of one drill on one engine.
#[derive(Debug)]
pub(crate) struct Report {
    /// What was done, so that it can be done again.
    pub(crate) schedule: String,
    checks: Vec<Check>,
    number: Option<String>,
}

impl Report {
    pub(crate) fn new(schedule: impl Into<String>) -> Self {
        Self {
            schedule: schedule.into(),
            checks: Vec::new(),
            number: None,
        }
    }

    /// A promise that held or did not.
    pub(crate) fn check(&mut self, promise: impl Into<String>, measured: impl Into<String>, held: bool) {
        self.checks.push(Check {
            promise: promise.into(),
            measured: measured.into(),
            held,
        });
    }

    /// A promise that nothing of a kind happens.
    pub(crate) fn none(&mut self, what: &str, count: u64, among: &str) {
        self.check(format!("0 {what}"), format!("{count} {among}"), count == 0);
    }

    /// A promise that something takes no longer.
    pub(crate) fn within(&mut self, what: &str, took: Duration, limit: Duration) {
        self.check(
            format!("{what} within {}", seconds(limit)),
            seconds(took),
            took <= limit,
        );
    }

    /// What the table of all drills says beside the verdict.
    pub(crate) fn number(&mut self, number: impl Into<String>) {
        self.number = Some(number.into());
    }

    /// The same for a drill that has not chosen one.
    pub(crate) fn number_otherwise(&mut self, number: impl Into<String>) {
        self.number.get_or_insert_with(|| number.into());
    }

    /// The number for the table: what the drill chose, or what was measured for its first promise.
    pub(crate) fn headline(&self) -> String {
        let first = self.checks.first();
        self.number
            .clone()
            .or_else(|| first.map(|check| format!("{}: {}", check.promise, check.measured)))
            .unwrap_or_default()
    }

    pub(crate) fn held(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(|check| check.held)
    }

    /// One line for each promise.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.checks.iter().map(|check| {
            let verdict = if check.held { "held  " } else { "MISSED" };
            format!("  {verdict}  {:<58} {}", check.promise, check.measured)
        })
    }
}

pub(crate) fn seconds(span: Duration) -> String {
    format!("{:.3} s", span.as_secs_f64())
}

/// The value that `share` of a hundred are not above; zero of nothing.
pub(crate) fn percentile(spans: &mut [Duration], share: usize) -> Duration {
    spans.sort_unstable();
    let at = (spans.len() * share).div_ceil(100).saturating_sub(1);
    spans.get(at).copied().unwrap_or_default()
}
