//! Named, documented metrics. Labels hold templates and fixed words only,
//! never anything a user or client sent (DP6).

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use domain::{EventKind, Outcome};
use engine::PasswordEvent;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use crate::layers::Class;

mod catalogue;
pub mod commits;
mod limits;
mod passwords;

pub use catalogue::{Catalogue, EXPOSITION_TYPE, Entry, Kind};
use limits::Limits;
use passwords::Passwords;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
    method: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ClassLabels {
    class: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ShedLabels {
    class: &'static str,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    kind: &'static str,
    outcome: &'static str,
}

/// Why a connection was refused or cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    AcceptError,
    Capacity,
    Flood,
    Handshake,
    /// A request head larger than anybody needs, answered with 431 (HTTP/1.1).
    HeadTooLarge,
    /// Bytes that are no request, answered with 400 (HTTP/1.1).
    Malformed,
    /// Frames that are no HTTP/2, answered with GOAWAY.
    Protocol,
    Source,
    Timeout,
}

/// Why a request got an answer from the edge instead of from its handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    BodyTimeout,
    BodyTooLarge,
    Capacity,
    Method,
    Panic,
    Timeout,
    UriTooLong,
}

/// Why a question to the management listener was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unanswered {
    Busy,
    Unauthorized,
}

/// Why a request was refused for the load of its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shed {
    /// Bodies that arrive take too much memory already.
    Bodies,
    /// The line stands longer than anybody may wait.
    Delay,
    QueueFull,
}

/// The metrics of the HTTP edge. Clones share the same numbers.
#[derive(Debug, Clone)]
pub struct Metrics {
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    rejected: Family<ReasonLabels, Counter>,
    shed: Family<ShedLabels, Counter>,
    class_in_progress: Family<ClassLabels, Gauge>,
    class_waiting: Family<ClassLabels, Gauge>,
    lag: Gauge<f64, AtomicU64>,
    in_flight: Gauge,
    clock_ahead: Gauge,
    connections_open: Gauge,
    connections_refused: Family<ReasonLabels, Counter>,
    certificates: Family<OutcomeLabels, Counter>,
    management_refused: Family<ReasonLabels, Counter>,
    events: Family<EventLabels, Counter>,
    passwords: Passwords,
    /// The numbers of answers given before, by template: found without making labels. Templates, methods and statuses
    /// are few.
    known: Arc<RwLock<Known>>,
    limits: Limits,
}

type Known = HashMap<String, Vec<(Answer, Handles)>>;

/// Method and status.
type Answer = (&'static str, u16);

/// The numbers one kind of answer counts in.
#[derive(Debug)]
struct Handles {
    requests: Counter,
    durations: Histogram,
}

/// Seconds; around the durations of token requests (below 1 ms) and of password
/// checks (some 100 ms), up to the longest a handler may take.
const BUCKETS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0,
];

const REQUESTS: Entry = Entry {
    name: "rsp_http_requests_total",
    kind: Kind::Counter,
    labels: &["route", "method", "status"],
    help: "Requests answered, by route template",
};
const DURATIONS: Entry = Entry {
    name: "rsp_http_request_duration_seconds",
    kind: Kind::Histogram,
    labels: &["route", "method"],
    help: "Time from the end of the request head to the start of the answer",
};
const REJECTED: Entry = Entry {
    name: "rsp_http_rejected_total",
    kind: Kind::Counter,
    labels: &["reason"],
    help: "Requests answered by the edge instead of their handler: body_timeout, body_too_large, capacity, method, \
           panic, timeout, uri_too_long",
};
const SHED: Entry = Entry {
    name: "rsp_http_shed_total",
    kind: Kind::Counter,
    labels: &["class", "reason"],
    help: "Requests refused because of the load of their class (metadata, machine, pages, admin): bodies, delay, lag (by \
           the listener, before anything was spent on them; not in `rsp_http_requests_total`), queue_full",
};
const CLASS_IN_PROGRESS: Entry = Entry {
    name: "rsp_http_class_in_progress",
    kind: Kind::Gauge,
    labels: &["class"],
    help: "Requests of a class being handled now",
};
const CLASS_WAITING: Entry = Entry {
    name: "rsp_http_class_waiting",
    kind: Kind::Gauge,
    labels: &["class"],
    help: "Requests of a class waiting for their turn",
};
const LAG: Entry = Entry {
    name: "rsp_http_lag_seconds",
    kind: Kind::Gauge,
    labels: &[],
    help: "How long a task that is ready to run waits for its turn, when last measured",
};
const IN_FLIGHT: Entry = Entry {
    name: "rsp_http_in_flight",
    kind: Kind::Gauge,
    labels: &[],
    help: "Requests being handled now",
};
const CLOCK: Entry = Entry {
    name: "rsp_clock_ahead_seconds",
    kind: Kind::Gauge,
    labels: &[],
    help: "Seconds by which the operating system's clock is ahead of the time requests are given; below zero: behind",
};
const OPEN: Entry = Entry {
    name: "rsp_connections_open",
    kind: Kind::Gauge,
    labels: &[],
    help: "Connections open now, on all public sockets",
};
const REFUSED: Entry = Entry {
    name: "rsp_connections_refused_total",
    kind: Kind::Counter,
    labels: &["reason"],
    help: "Connections refused or cut: accept_error, capacity, flood, handshake, head_too_large, malformed, protocol \
           (HTTP/2), source, timeout",
};

const CERTIFICATES: Entry = Entry {
    name: "rsp_tls_certificate_loads_total",
    kind: Kind::Counter,
    labels: &["outcome"],
    help: "Certificate files read again: ok, or failed, in which case the certificate in use stays",
};
const MANAGEMENT_REFUSED: Entry = Entry {
    name: "rsp_management_refused_total",
    kind: Kind::Counter,
    labels: &["reason"],
    help: "Questions to the management listener that were refused: busy (too many at once), unauthorized",
};
const EVENTS: Entry = Entry {
    name: "rsp_events_total",
    kind: Kind::Counter,
    labels: &["kind", "outcome"],
    help: "Audit events recorded, by kind (see the event catalogue) and outcome",
};

impl Metrics {
    /// Makes the metrics and exposes them in `catalogue`.
    pub fn register(catalogue: &mut Catalogue) -> Self {
        let metrics = Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            rejected: Family::default(),
            shed: Family::default(),
            class_in_progress: Family::default(),
            class_waiting: Family::default(),
            lag: Gauge::default(),
            in_flight: Gauge::default(),
            clock_ahead: Gauge::default(),
            connections_open: Gauge::default(),
            connections_refused: Family::default(),
            certificates: Family::default(),
            management_refused: Family::default(),
            events: Family::default(),
            passwords: Passwords::register(catalogue),
            known: Arc::default(),
            limits: Limits::register(catalogue),
        };
        catalogue.register(REQUESTS, metrics.requests.clone());
        catalogue.register(DURATIONS, metrics.durations.clone());
        catalogue.register(REJECTED, metrics.rejected.clone());
        catalogue.register(SHED, metrics.shed.clone());
        catalogue.register(CLASS_IN_PROGRESS, metrics.class_in_progress.clone());
        catalogue.register(CLASS_WAITING, metrics.class_waiting.clone());
        catalogue.register(LAG, metrics.lag.clone());
        catalogue.register(IN_FLIGHT, metrics.in_flight.clone());
        catalogue.register(CLOCK, metrics.clock_ahead.clone());
        catalogue.register(OPEN, metrics.connections_open.clone());
        catalogue.register(REFUSED, metrics.connections_refused.clone());
        catalogue.register(CERTIFICATES, metrics.certificates.clone());
        catalogue.register(MANAGEMENT_REFUSED, metrics.management_refused.clone());
        catalogue.register(EVENTS, metrics.events.clone());
        metrics
    }

    /// Counts an audit event.
    pub fn event(&self, kind: EventKind, outcome: Outcome) {
        let labels = EventLabels {
            kind: kind.as_str(),
            outcome: outcome.as_str(),
        };
        self.events.get_or_create(&labels).inc();
    }

    /// Counts what happens to a password.
    pub fn password(&self, event: PasswordEvent) {
        self.passwords.count(event);
    }

    /// Counts what the limit of this name refused.
    pub fn limited(&self, limit: &'static str) {
        self.limits.refused(limit);
    }

    /// Tells how far the clocks are apart.
    pub fn clock_ahead(&self, seconds: i64) {
        self.clock_ahead.set(seconds);
    }

    pub(crate) fn management_refused(&self, why: Unanswered) {
        let reason = match why {
            Unanswered::Busy => "busy",
            Unanswered::Unauthorized => "unauthorized",
        };
        self.management_refused
            .get_or_create(&ReasonLabels { reason })
            .inc();
    }

    pub(crate) fn certificate_loaded(&self, well: bool) {
        let outcome = if well { "ok" } else { "failed" };
        self.certificates.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// Counts a connection until the guard is dropped.
    pub(crate) fn connection_opened(&self) -> GaugeGuard {
        GaugeGuard::new(&self.connections_open)
    }

    /// Counts a request until the guard is dropped.
    pub(crate) fn request_begun(&self) -> GaugeGuard {
        GaugeGuard::new(&self.in_flight)
    }

    pub(crate) fn refuse(&self, why: Refusal) {
        let reason = match why {
            Refusal::AcceptError => "accept_error",
            Refusal::Capacity => "capacity",
            Refusal::Flood => "flood",
            Refusal::Handshake => "handshake",
            Refusal::HeadTooLarge => "head_too_large",
            Refusal::Malformed => "malformed",
            Refusal::Protocol => "protocol",
            Refusal::Source => "source",
            Refusal::Timeout => "timeout",
        };
        self.connections_refused
            .get_or_create(&ReasonLabels { reason })
            .inc();
    }

    pub(crate) fn reject(&self, why: Rejection) {
        let reason = match why {
            Rejection::BodyTimeout => "body_timeout",
            Rejection::BodyTooLarge => "body_too_large",
            Rejection::Capacity => "capacity",
            Rejection::Method => "method",
            Rejection::Panic => "panic",
            Rejection::Timeout => "timeout",
            Rejection::UriTooLong => "uri_too_long",
        };
        self.rejected.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// The gauges of one class.
    pub(crate) fn occupancy(&self, class: &'static str) -> Occupancy {
        let labels = ClassLabels { class };
        Occupancy {
            in_progress: self.class_in_progress.get_or_create(&labels).clone(),
            waiting: self.class_waiting.get_or_create(&labels).clone(),
        }
    }

    pub(crate) fn shed(&self, class: &'static str, why: Shed) {
        let reason = match why {
            Shed::Bodies => "bodies",
            Shed::Delay => "delay",
            Shed::QueueFull => "queue_full",
        };
        self.shed.get_or_create(&ShedLabels { class, reason }).inc();
    }

    /// How long a task waited for its turn.
    pub(crate) fn lag(&self, waited: Duration) {
        self.lag.set(waited.as_secs_f64());
    }

    /// Counters of what the listener refuses, looked up once.
    pub(crate) fn shed_by_lag(&self) -> ShedCounters {
        ShedCounters(Class::ALL.map(|class| {
            let labels = ShedLabels {
                class: class.name(),
                reason: "lag",
            };
            self.shed.get_or_create(&labels).clone()
        }))
    }

    pub(crate) fn answered(&self, route: &str, method: &Method, status: StatusCode, took: Duration) {
        let answer = (method_label(method), status.as_u16());
        let took = took.as_secs_f64();
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let handles = known.get(route);
        if let Some((_, handles)) = handles.and_then(|of| of.iter().find(|(one, _)| *one == answer)) {
            handles.requests.inc();
            handles.durations.observe(took);
            return;
        }
        drop(known);
        let handles = self.handles(route, answer);
        handles.requests.inc();
        handles.durations.observe(took);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let of = known.entry(route.to_owned()).or_default();
        if !of.iter().any(|(one, _)| *one == answer) {
            of.push((answer, handles));
        }
    }

    fn handles(&self, route: &str, (method, status): Answer) -> Handles {
        let labels = RequestLabels {
            route: route.to_owned(),
            method,
            status,
        };
        let requests = self.requests.get_or_create(&labels).clone();
        let labels = RouteLabels {
            route: labels.route,
            method,
        };
        Handles {
            requests,
            durations: self.durations.get_or_create(&labels).clone(),
        }
    }
}

/// A method is the client's text; only the registered ones become labels.
pub(crate) fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "DELETE" => "DELETE",
        "GET" => "GET",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        "PATCH" => "PATCH",
        "POST" => "POST",
        "PUT" => "PUT",
        _ => "other",
    }
}

/// Requests refused by the listener, of each class.
#[derive(Debug)]
pub(crate) struct ShedCounters([Counter; Class::ALL.len()]);

impl ShedCounters {
    pub(crate) fn count(&self, class: Class) {
        if let Some(counter) = self.0.get(class.index()) {
            counter.inc();
        }
    }
}

/// How many requests of a class are in progress and waiting.
#[derive(Debug)]
pub(crate) struct Occupancy {
    in_progress: Gauge,
    waiting: Gauge,
}

impl Occupancy {
    pub(crate) fn in_progress(&self, count: usize) {
        self.in_progress.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub(crate) fn waiting(&self, count: usize) {
        self.waiting.set(i64::try_from(count).unwrap_or(i64::MAX));
    }
}

/// One unit of a gauge.
#[derive(Debug)]
pub(crate) struct GaugeGuard(Gauge);

impl GaugeGuard {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}
