//! Sheds load before anything is spent on it. Requests wait where no class of [`crate::layers`] sees them: in sockets and
//! in the line of tasks that are ready to run. How long that line is, one task measures by standing in it.
//!
//! While the wait stays above its target and many stand in line, the class that costs most has a growing part of its
//! requests refused, with an answer that was made beforehand (goal 27). The rule is that of PIE (RFC 8033): the part
//! follows how much the wait is above its target, and for how long it was. Others are not touched, so whoever asks
//! for discovery documents in masses takes no tokens away, and the other way round. `/health` is always answered.
//!
//! Within a class the connections pay first that ask for much at once: a few that send hundreds of requests ahead
//! take nothing from those that wait for each answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::layers::Class;
use crate::management::Metrics;
use crate::management::metrics::ShedCounters;

mod rule;

pub use rule::PressureSettings;

use rule::{Rule, Seen};

/// Time between two looks while there is something to do.
const BUSY: Duration = Duration::from_millis(5);
/// And while there is not.
const QUIET: Duration = Duration::from_millis(50);
/// More requests than this since the last look are something to do.
const SOMETHING: u32 = 4;

/// What part of the requests of each class is refused now. Clones share it.
#[derive(Debug, Clone)]
pub struct Pressure(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: PressureSettings,
    metrics: Metrics,
    shed: ShedCounters,
    classes: [Share; Class::ALL.len()],
}

/// One class.
#[derive(Debug, Default)]
struct Share {
    /// Of connections that wait for each answer.
    modest: Lot,
    /// Of those that ask for much at once.
    crowd: Lot,
}

/// Some requests of a class.
#[derive(Debug, Default)]
struct Lot {
    arrived: AtomicU32,
    refused: AtomicU32,
    /// Of [`WHOLE`].
    part: AtomicU32,
    /// Parts added up: whenever they make a whole, one is refused. So every second one means every second one.
    sum: AtomicU32,
}

const WHOLE: u32 = 1 << 16;
const RELAXED: Ordering = Ordering::Relaxed;

impl Lot {
    fn refuses(&self) -> bool {
        self.arrived.fetch_add(1, RELAXED);
        let part = self.part.load(RELAXED);
        if part == 0 {
            return false;
        }
        let sum = self.sum.fetch_add(part, RELAXED) % WHOLE;
        let refuses = sum + part >= WHOLE;
        if refuses {
            self.refused.fetch_add(1, RELAXED);
        }
        refuses
    }

    fn set(&self, part: f64) {
        self.part.store(of_whole(part), RELAXED);
    }

    fn seen(&self) -> Seen {
        Seen {
            arrived: self.arrived.swap(0, RELAXED),
            refused: self.refused.swap(0, RELAXED),
        }
    }
}

impl Share {
    /// Shares the part to refuse among the two, `modest` and `crowd` being what came of each.
    fn set(&self, part: f64, modest: Seen, crowd: Seen) {
        let (modest, crowd) = (f64::from(modest.arrived), f64::from(crowd.arrived));
        let due = part * (modest + crowd);
        let of_crowd = if crowd > 0.0 { (due / crowd).min(1.0) } else { part };
        let of_modest = if modest > 0.0 {
            ((due - of_crowd * crowd) / modest).clamp(0.0, part)
        } else if crowd > 0.0 {
            0.0
        } else {
            part
        };
        self.crowd.set(of_crowd);
        self.modest.set(of_modest);
    }
}

impl Pressure {
    /// Nothing is refused until [`Self::watch`] runs.
    #[must_use]
    pub fn new(settings: PressureSettings, metrics: &Metrics) -> Self {
        Self(Arc::new(Inner {
            settings,
            metrics: metrics.clone(),
            shed: metrics.shed_by_lag(),
            classes: Default::default(),
        }))
    }

    /// Looks at the line until `end`.
    pub async fn watch(self, end: CancellationToken) {
        let mut rule = Rule::new(self.0.settings);
        let mut pause = QUIET;
        let mut last = Instant::now();
        loop {
            tokio::select! {
                () = end.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            let began = Instant::now();
            behind_everybody().await;
            let now = Instant::now();
            let arrived = self.look(&mut rule, now.duration_since(began), now.duration_since(last));
            last = now;
            pause = if arrived > SOMETHING { BUSY } else { QUIET };
        }
    }

    /// Takes a measured wait into account; how many requests came since the last one.
    fn look(&self, rule: &mut Rule, lag: Duration, passed: Duration) -> u32 {
        let lots = self
            .0
            .classes
            .each_ref()
            .map(|share| (share.modest.seen(), share.crowd.seen()));
        let seen = lots.map(|(modest, crowd)| modest.and(crowd));
        let parts = rule.next(lag, passed, &seen);
        for ((share, part), (modest, crowd)) in self.0.classes.iter().zip(parts).zip(lots) {
            share.set(part, modest, crowd);
        }
        self.0.metrics.lag(lag);
        seen.iter().fold(0, |sum, seen| sum.saturating_add(seen.arrived))
    }

    /// The answer to a request that is refused now; none if it is not. Asked before anything else is done. It `crowds` if
    /// its connection asks for much at once.
    pub(crate) fn turn_away(&self, path: &str, crowds: bool) -> Option<Response> {
        if path == "/health" {
            return None;
        }
        let class = Class::of_path(path);
        let share = self.0.classes.get(class.index())?;
        let lot = if crowds { &share.crowd } else { &share.modest };
        if !lot.refuses() {
            return None;
        }
        self.0.shed.count(class);
        Some(refusal(class))
    }
}

/// `part` is between nought and one.
fn of_whole(part: f64) -> u32 {
    let part = (part.clamp(0.0, 1.0) * f64::from(WHOLE)).floor();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between nought and 65536"
    )]
    let part = part as u32;
    part.min(WHOLE)
}

/// Waits for a turn behind every task that is ready to run on this thread. Tokio's own `yield_now` comes back before
/// them; a task that wakes itself does not.
pub(crate) async fn behind_everybody() {
    let mut stood = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut stood, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// What [`crate::oauth`] says when it is busy (RFC 6749 section 5.2).
const FOR_MACHINES: &str =
    r#"{"error":"temporarily_unavailable","error_description":"come again in some seconds"}"#;
/// RFC 9457.
const FOR_PROGRAMS: &str = r#"{"type":"about:blank","title":"Service Unavailable","status":503}"#;
/// A page would cost more than it tells.
const FOR_PEOPLE: &str = "Too many people are here at the moment. Please try again in a few seconds.\n\
                          Gerade sind zu viele Leute hier. Bitte in ein paar Sekunden noch einmal versuchen.\n";

/// 503 from constants. No id, no line in the log: there is a number in the metrics.
fn refusal(class: Class) -> Response {
    let (kind, text) = match class {
        Class::Machine => (JSON, FOR_MACHINES),
        Class::Metadata | Class::Admin => (PROBLEM, FOR_PROGRAMS),
        Class::Pages => (PLAIN, FOR_PEOPLE),
    };
    let mut response = Response::new(Body::from(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

#[cfg(test)]
mod tests;
