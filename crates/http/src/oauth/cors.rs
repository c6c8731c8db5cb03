//! CORS for the endpoints that programs in browsers call: without credentials, and only for the origins of this tenant's
//! public clients. The authorization endpoint is never among them (OA16).

use axum::extract::{FromRequestParts as _, Request};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::around::{Answering, Later, Next};
use crate::extract::Visit;
use crate::reply::log_fault;
use crate::state::AppState;

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
const HEADERS: HeaderValue = HeaderValue::from_static("Authorization, Content-Type, DPoP");
const EXPOSED: HeaderValue = HeaderValue::from_static("WWW-Authenticate, DPoP-Nonce, Retry-After");
/// Seconds a browser may keep the answer to a preflight.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// Answers preflights and marks answers that the asking page may read.
pub(crate) fn allow(state: &AppState, request: Request, next: Next<'_>) -> Answering {
    match request.headers().get(ORIGIN).cloned() {
        Some(origin) => Box::pin(allow_origin(state.clone(), origin, request, next.keep())),
        // Programs on servers send no origin, and they are most.
        None => {
            let answer = next.run(request);
            Box::pin(async move { vary(answer.await) })
        }
    }
}

async fn allow_origin(state: AppState, origin: HeaderValue, request: Request, next: Later) -> Response {
    let (mut parts, body) = request.into_parts();
    let visit = match Visit::from_request_parts(&mut parts, &state).await {
        Ok(visit) => visit,
        Err(refused) => return refused,
    };
    let request = Request::from_parts(parts, body);
    let allowed = match origin.to_str() {
        Ok(text) => state
            .app
            .allows_origin(&visit.ctx, text)
            .await
            .unwrap_or_else(|fault| {
                log_fault(&fault);
                false
            }),
        Err(_) => false,
    };
    let is_preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if is_preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    if allowed {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            "cross-origin-resource-policy",
            HeaderValue::from_static("cross-origin"),
        );
        if is_preflight {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
            headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        } else {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
    vary(response)
}

/// `OPTIONS` has a handler, because a layer does not see methods that have none.
pub(crate) async fn options() -> StatusCode {
    StatusCode::NO_CONTENT
}

fn vary(mut response: Response) -> Response {
    response
        .headers_mut()
        .append(VARY, HeaderValue::from_static("Origin"));
    response
}
