use axum::Json;
use axum::http::header::{CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::{Event, EventKind};
use engine::Fault;
use engine::throttle::Limited;
use protocol::client_auth;
use protocol::error::{ErrorCode, OAuthError};

use crate::extract::Visit;
use crate::rate_limit;
use crate::reply::log_fault;
use crate::state::AppState;

/// The one mapping from refusals to answers of the token, introspection and revocation endpoints (RFC 6749 section 5.2).
pub(crate) fn refusal(error: OAuthError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = (status, [(CACHE_CONTROL, "no-store")], Json(error)).into_response();
    if error.code == ErrorCode::InvalidClient {
        response
            .headers_mut()
            .insert(WWW_AUTHENTICATE, HeaderValue::from_static(client_auth::CHALLENGE));
    }
    response
}

/// A refusal that no use case saw: recorded here, then told.
pub(crate) async fn recorded(
    state: &AppState,
    visit: &Visit,
    kind: EventKind,
    error: OAuthError,
) -> Response {
    match state
        .app
        .refuse(&visit.ctx, Event::failure(kind, error.code.as_str()))
        .await
    {
        Ok(()) => refusal(error),
        Err(cause) => fault(&cause),
    }
}

/// 503 before anything was tried; when to come again is for the caller to add.
pub(crate) fn busy() -> Response {
    let error = OAuthError::new(ErrorCode::TemporarilyUnavailable, "come again in some seconds");
    (StatusCode::SERVICE_UNAVAILABLE, Json(error)).into_response()
}

/// 429 for a client that asks too often (RFC 6585 section 4).
pub(crate) fn limited(limited: &Limited) -> Response {
    let error = OAuthError::new(
        ErrorCode::TemporarilyUnavailable,
        "too many requests; see Retry-After",
    );
    let mut response = (
        StatusCode::TOO_MANY_REQUESTS,
        [(CACHE_CONTROL, "no-store")],
        Json(error),
    )
        .into_response();
    rate_limit::tell(&mut response, limited);
    response
}

/// The same for what is not the client's fault.
pub(crate) fn fault(fault: &Fault) -> Response {
    log_fault(fault);
    if fault.is_unavailable() {
        let error = OAuthError::new(ErrorCode::TemporarilyUnavailable, "come again in some seconds");
        (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "2")], Json(error)).into_response()
    } else {
        let error = OAuthError::new(ErrorCode::ServerError, "something went wrong here");
        (StatusCode::INTERNAL_SERVER_ERROR, Json(error)).into_response()
    }
}
