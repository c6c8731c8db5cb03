//! Good clients beside an attack: all of them are answered, hardly later than without it.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::time::Instant;

use crate::client::Http;
use crate::load::{Load, Question, Shot, Shots};
use crate::plan::Plan;
use crate::report::Report;
use crate::site::Credential;

/// Below this a doubled time says more about the machine than about the attack: it has other work, too.
const NOISE: Duration = Duration::from_millis(25);
/// The same while the whole suite runs beside, on a build that is not optimised.
const NOISE_OF_THE_SUITE: Duration = Duration::from_secs(1);

/// Loads that run while something happens.
#[derive(Debug)]
pub(crate) struct Beside {
    started: Instant,
    /// Stands before what is told of it.
    place: &'static str,
    loads: Vec<(&'static str, Load)>,
}

/// A stretch of time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) from: Instant,
    pub(crate) to: Instant,
}

impl Span {
    pub(crate) fn since(from: Instant) -> Self {
        let to = Instant::now();
        Self { from, to }
    }
}

impl Beside {
    /// Tokens over HTTP/1.1 and discovery over HTTP/2, each so often a second.
    pub(crate) fn start(http: &Http, by: &Credential, per_second: u32) -> Result<Self> {
        let tokens = Load::start(http, Question::token(by), per_second);
        let discovery = Load::start(&http.over_http2()?, Question::DISCOVERY, per_second);
        Ok(Self {
            started: Instant::now(),
            place: "",
            loads: vec![("tokens", tokens), ("discovery over HTTP/2", discovery)],
        })
    }

    /// The same, told apart from others of the run by these words.
    pub(crate) fn at(self, place: &'static str) -> Self {
        Self { place, ..self }
    }

    /// Ends the loads and compares the two stretches.
    pub(crate) async fn judge(
        self,
        plan: &Plan,
        report: &mut Report,
        quiet: Span,
        attacked: Span,
    ) -> Result<()> {
        let noise = if plan.reduced { NOISE_OF_THE_SUITE } else { NOISE };
        let mut timeline = String::new();
        for (what, load) in self.loads {
            let shots = load.stop().await;
            let what = &format!("{}{what}", self.place);
            timeline.push_str(&shots.timeline(what, self.started));
            let part = |span: Span| shots.within(span.from, span.to);
            compare(report, what, &part(quiet), &part(attacked), noise);
        }
        let file = format!("{}timeline", self.place.replace(": ", "-"));
        fs::write(plan.output.join(file), timeline).context("cannot write the timeline")
    }
}

fn compare(report: &mut Report, what: &str, quiet: &Shots, attacked: &Shots, noise: Duration) {
    let among = format!("of {} beside the attack", attacked.len());
    report.none(
        &format!("{what}: requests that failed"),
        attacked.not(Shot::is_ok),
        &among,
    );
    let (before, beside) = (quiet.percentile(99), attacked.percentile(99));
    report.check(
        format!("{what}: p99 at most twice the quiet one, or {noise:?}"),
        format!("{beside:.1?} against {before:.1?} of {}", quiet.len()),
        quiet.len() > 0 && attacked.len() > 0 && beside <= (before * 2).max(noise),
    );
}
