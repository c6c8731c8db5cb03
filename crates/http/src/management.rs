//! The management listener: liveness, readiness, metrics. For operators and
//! their machines only (CF6); nothing here is served on the public listener.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::Secret;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::time::Instant;

pub mod metrics;

pub use metrics::{Catalogue, Metrics};

use metrics::Unanswered;

/// How long a dependency may take to answer before it counts as away.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// Questions answered at once: each may ask the database, or write out all metrics. Only asking whether the process lives
/// is free.
const QUESTIONS: usize = 32;

/// What a probe found: nothing to say, or why the dependency is away. The
/// reason is shown to operators; it must not hold credentials.
type Probe = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// Whether this process wants traffic. Dropped first at shutdown, so that a
/// load balancer looks elsewhere while requests still finish (R19).
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// From now on `/readyz` answers 503.
    pub fn drain(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn draining(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Something that is asked about at `/readyz`.
struct Check {
    name: &'static str,
    probe: Probe,
    /// What it is called when the probe finds something, and whether traffic should go elsewhere then.
    otherwise: &'static str,
}

const OK: &str = "ok";
const UNAVAILABLE: &str = "unavailable";
const DEGRADED: &str = "degraded";

/// The management face under construction.
pub struct Management {
    catalogue: Catalogue,
    metrics: Option<Metrics>,
    checks: Vec<Check>,
    token: Option<Secret<String>>,
    readiness: Readiness,
    probe_timeout: Duration,
}

impl fmt::Debug for Management {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.checks.iter().map(|check| check.name).collect();
        f.debug_struct("Management")
            .field("checks", &names)
            .finish_non_exhaustive()
    }
}

impl Management {
    #[must_use]
    pub fn new(catalogue: Catalogue, readiness: Readiness) -> Self {
        Self {
            catalogue,
            metrics: None,
            checks: Vec::new(),
            token: None,
            readiness,
            probe_timeout: PROBE_TIMEOUT,
        }
    }

    /// Adds a dependency to `/readyz`.
    #[must_use]
    pub fn check<F, R>(self, name: &'static str, probe: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.ask(name, probe, UNAVAILABLE)
    }

    /// Adds something to `/readyz` that somebody has to look at, while the process can go on serving.
    #[must_use]
    pub fn advise<F, R>(self, name: &'static str, probe: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.ask(name, probe, DEGRADED)
    }

    fn ask<F, R>(mut self, name: &'static str, probe: F, otherwise: &'static str) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        let probe: Probe = Arc::new(move || Box::pin(probe()));
        self.checks.push(Check {
            name,
            probe,
            otherwise,
        });
        self
    }

    /// Asks for this bearer token everywhere except on `/livez`.
    #[must_use]
    pub fn token(mut self, token: Option<Secret<String>>) -> Self {
        self.token = token;
        self
    }

    /// Counts what is refused here.
    #[must_use]
    pub fn counting(mut self, metrics: Metrics) -> Self {
        self.metrics = Some(metrics);
        self
    }

    fn refused(&self, why: Unanswered) {
        if let Some(metrics) = &self.metrics {
            metrics.management_refused(why);
        }
    }

    /// The routes `/livez`, `/readyz`, `/metrics`.
    pub fn router(self) -> Router {
        let state = Arc::new(self);
        let questions = (Arc::clone(&state), Arc::new(Semaphore::new(QUESTIONS)));
        Router::new()
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics))
            .layer(from_fn_with_state(questions, bound))
            .layer(from_fn_with_state(Arc::clone(&state), authorize))
            .route("/livez", get(livez))
            .with_state(state)
    }
}

async fn authorize(State(face): State<Arc<Management>>, request: Request, next: Next) -> Response {
    let Some(token) = &face.token else {
        return next.run(request).await;
    };
    let shown = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "))
        .unwrap_or_default();
    if domain::constant_time_eq(shown, token.expose().as_bytes()) {
        return next.run(request).await;
    }
    face.refused(Unanswered::Unauthorized);
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")]).into_response()
}

/// The face, and places for those who ask.
type Questions = (Arc<Management>, Arc<Semaphore>);

async fn bound(State((face, places)): State<Questions>, request: Request, next: Next) -> Response {
    let Ok(_place) = places.try_acquire() else {
        face.refused(Unanswered::Busy);
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")]).into_response();
    };
    next.run(request).await
}

async fn livez() -> impl IntoResponse {
    axum::Json(serde_json::json!({ "status": "ok" }))
}

async fn metrics(State(face): State<Arc<Management>>) -> Response {
    match face.catalogue.exposition() {
        Ok(text) => ([(header::CONTENT_TYPE, metrics::EXPOSITION_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[derive(Debug, Serialize)]
struct Report {
    status: &'static str,
    checks: Vec<Finding>,
}

#[derive(Debug, Serialize)]
struct Finding {
    name: &'static str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    millis: Option<u64>,
}

/// `GET /readyz`: 200 when every dependency answers, else 503; `?verbose` adds
/// reasons and durations.
async fn readyz(State(face): State<Arc<Management>>, request: Request) -> Response {
    let verbose = request
        .uri()
        .query()
        .is_some_and(|query| query.split('&').any(|word| word == "verbose"));
    let probes = face
        .checks
        .iter()
        .map(|check| examine(check, face.probe_timeout, verbose));
    let mut checks = futures_util::future::join_all(probes).await;
    if face.readiness.draining() {
        checks.push(Finding {
            name: "shutdown",
            status: "draining",
            reason: None,
            millis: None,
        });
    }
    let ready = checks
        .iter()
        .all(|finding| matches!(finding.status, OK | DEGRADED));
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let report = Report {
        status: if ready { "ok" } else { "unavailable" },
        checks,
    };
    (status, [(header::CACHE_CONTROL, "no-store")], axum::Json(report)).into_response()
}

async fn examine(check: &Check, limit: Duration, verbose: bool) -> Finding {
    let started = Instant::now();
    let outcome = tokio::time::timeout(limit, (check.probe)())
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} ms", limit.as_millis())));
    let millis = u64::try_from(started.elapsed().as_millis())
        .ok()
        .filter(|_| verbose);
    let (status, reason) = match outcome {
        Ok(()) => (OK, None),
        Err(reason) => (check.otherwise, Some(reason).filter(|_| verbose)),
    };
    Finding {
        name: check.name,
        status,
        reason,
        millis,
    }
}

#[cfg(test)]
mod tests;
