//! What became of many requests.

use std::time::Duration;

use serde::Serialize;

/// Counts and latencies of one measurement.
#[derive(Clone, Debug, Default, Serialize, PartialEq)]
pub struct Summary {
    /// Requests that were due.
    pub offered: u64,
    /// Requests answered as hoped: 2xx, or a redirect.
    pub done: u64,
    /// Requests refused in good order: 429 or 503.
    pub refused: u64,
    /// Everything else: other answers, lost connections, patience at its end.
    pub failed: u64,
    /// Seconds from the first request to the last answer.
    pub seconds: f64,
    /// `done` for each second.
    pub done_per_second: f64,
    /// Half of `done` came within this many milliseconds, counted from when the request was due.
    pub p50_ms: f64,
    /// 99 of 100 of `done` came within this many milliseconds.
    pub p99_ms: f64,
    /// The same for what was refused.
    pub refused_p99_ms: f64,
}

/// How one request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// As hoped.
    Done,
    /// 429 or 503.
    Refused,
    /// Any other way.
    Failed,
}

impl End {
    /// By the status of the answer.
    pub fn of(status: u16) -> Self {
        match status {
            200..=399 => Self::Done,
            429 | 503 => Self::Refused,
            _ => Self::Failed,
        }
    }
}

impl Summary {
    /// From the ends of all requests.
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of a measurement are far below 2^52"
    )]
    pub fn of(ends: &[(End, Duration)], seconds: f64) -> Self {
        let times = |wanted| {
            let of_kind = ends.iter().filter(|(end, _)| *end == wanted);
            let mut times: Vec<Duration> = of_kind.map(|(_, took)| *took).collect();
            times.sort_unstable();
            times
        };
        let (done, refused) = (times(End::Done), times(End::Refused));
        let failed = ends.iter().filter(|(end, _)| *end == End::Failed).count();
        Self {
            offered: ends.len() as u64,
            done: done.len() as u64,
            refused: refused.len() as u64,
            failed: failed as u64,
            seconds,
            done_per_second: done.len() as f64 / seconds,
            p50_ms: at(&done, 50),
            p99_ms: at(&done, 99),
            refused_p99_ms: at(&refused, 99),
        }
    }
}

/// A percentile in milliseconds; zero where there is nothing.
fn at(sorted: &[Duration], percent: usize) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let index = (sorted.len() * percent / 100).min(last);
    sorted.get(index).map_or(0.0, |took| took.as_secs_f64() * 1_000.0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{End, Summary};

    #[test]
    fn percentiles_count_only_what_was_done() {
        let mut ends: Vec<(End, Duration)> =
            (1..=100).map(|n| (End::Done, Duration::from_millis(n))).collect();
        ends.push((End::Refused, Duration::from_millis(2)));
        ends.push((End::Failed, Duration::from_secs(9)));
        let summary = Summary::of(&ends, 2.0);
        assert_eq!(
            (summary.offered, summary.done, summary.refused, summary.failed),
            (102, 100, 1, 1)
        );
        assert!((summary.done_per_second - 50.0).abs() < 1e-9);
        assert!((summary.p50_ms - 51.0).abs() < 1e-9);
        assert!((summary.p99_ms - 100.0).abs() < 1e-9);
        assert!((summary.refused_p99_ms - 2.0).abs() < 1e-9);
        assert_eq!(Summary::of(&[], 1.0).p99_ms.to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn only_the_two_polite_refusals_count_as_refused() {
        assert_eq!(End::of(200), End::Done);
        assert_eq!(End::of(303), End::Done);
        assert_eq!(End::of(429), End::Refused);
        assert_eq!(End::of(503), End::Refused);
        assert_eq!(End::of(500), End::Failed);
        assert_eq!(End::of(401), End::Failed);
    }
}
