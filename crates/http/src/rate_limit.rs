//! Limits of requests by class of route (A16), and how callers are told of them: `RateLimit` and `RateLimit-Policy`
//! (draft-ietf-httpapi-ratelimit-headers) and `Retry-After`.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::{Event, EventKind};
use engine::throttle::{Limited, RequestClass};

use crate::extract::Visit;
use crate::reply::fault_status;
use crate::router::Access;
use crate::state::AppState;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What a route counts as. Endpoints of clients count when it is known which client it is; what anybody may read from
/// memory is not counted.
pub(crate) fn class_of(path: &str, access: Access) -> Option<RequestClass> {
    match access {
        Access::Admin => Some(RequestClass::Admin),
        Access::Browser if path == "/oauth/authorize" => Some(RequestClass::Authorize),
        Access::Browser | Access::Session => Some(RequestClass::Pages),
        Access::Bearer | Access::Client | Access::Public => None,
    }
}

/// Counts a request of its source, and answers 429 when there were too many.
pub(crate) async fn count(
    State((state, class)): State<(AppState, RequestClass)>,
    visit: LimitedVisit,
    request: Request,
    next: Next,
) -> Response {
    let LimitedVisit(visit) = visit;
    let Some(limited) = state.app.count_request(&visit.ctx, class, None).await else {
        return next.run(request).await;
    };
    let mut response = if limited.taken.allowed {
        next.run(request).await
    } else {
        let event = Event::failure(EventKind::ThrottleBlocked, limited.name);
        if let Err(fault) = state.app.refuse(&visit.ctx, event).await {
            return fault_status(&fault);
        }
        // The edge makes a page or a problem document of it.
        StatusCode::TOO_MANY_REQUESTS.into_response()
    };
    tell(&mut response, &limited);
    response
}

/// A visit, out of the state of this layer.
#[derive(Debug)]
pub(crate) struct LimitedVisit(Visit);

impl axum::extract::FromRequestParts<(AppState, RequestClass)> for LimitedVisit {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        (state, _): &(AppState, RequestClass),
    ) -> Result<Self, Response> {
        Visit::from_request_parts(parts, state).await.map(Self)
    }
}

/// Tells a caller where they stand.
pub(crate) fn tell(response: &mut Response, limited: &Limited) {
    let (name, limit, taken) = (limited.name, limited.limit, limited.taken);
    let policy = format!("\"{name}\";q={};w={}", limit.most, limit.window.as_secs());
    let rate = format!("\"{name}\";r={};t={}", taken.left, seconds(taken.reset));
    for (header, text) in [(POLICY, policy), (RATE_LIMIT, rate)] {
        if let Ok(value) = HeaderValue::try_from(text) {
            response.headers_mut().insert(header, value);
        }
    }
    if !taken.allowed {
        come_back(response, taken.reset);
    }
}

/// Says when another try is worth it.
pub(crate) fn come_back(response: &mut Response, wait: Duration) {
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from(seconds(wait).max(1)));
}

/// Whole seconds, rounded up: nobody comes too early.
fn seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}
