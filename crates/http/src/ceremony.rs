//! What passkey scripts and the server say to each other: forms in, JSON out.

use axum::Json;
use axum::http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::passkeys::{PasskeyAnswer, PasskeyError, PasskeyOptions};
use engine::{Ctx, Fault};
use protocol::Params;
use serde_json::{Value, json};

use crate::reply::fault_status;
use crate::unrecorded::refused;

/// The answer the form carries.
pub(crate) fn answer(params: &Params) -> PasskeyAnswer<'_> {
    PasskeyAnswer {
        ceremony: params.get("ceremony").unwrap_or_default(),
        credential: params.get("credential").unwrap_or_default(),
    }
}

/// What the script hands to the browser.
pub(crate) fn options(options: &PasskeyOptions) -> Response {
    said(
        StatusCode::OK,
        json!({ "ceremony": options.ceremony, "publicKey": options.public_key }),
    )
}

/// Done: where the script goes on.
pub(crate) fn next(to: &str) -> Response {
    said(StatusCode::OK, json!({ "next": to }))
}

/// A word for the script, which has the texts; recorded. What the person is told never says more than this word.
pub(crate) fn refusal(ctx: &Ctx, cause: &PasskeyError) -> Response {
    let reason = match (cause, word(cause)) {
        (PasskeyError::Refused(reason), _) => *reason,
        (_, Ok((_, word))) => word,
        (_, Err(fault)) => return fault_status(fault),
    };
    refused(ctx, reason, recorded_refusal(cause))
}

/// The same for what the use case has recorded.
pub(crate) fn recorded_refusal(cause: &PasskeyError) -> Response {
    match word(cause) {
        Ok((status, word)) => said(status, json!({ "error": word })),
        Err(fault) => fault_status(fault),
    }
}

fn word(cause: &PasskeyError) -> Result<(StatusCode, &'static str), &Fault> {
    Ok(match cause {
        PasskeyError::Fault(fault) => return Err(fault),
        PasskeyError::Gone => (StatusCode::GONE, "gone"),
        PasskeyError::LastWayIn => (StatusCode::CONFLICT, "last_way_in"),
        PasskeyError::NotFresh => (StatusCode::FORBIDDEN, "not_fresh"),
        PasskeyError::Refused(_) => (StatusCode::BAD_REQUEST, "refused"),
        PasskeyError::TooMany => (StatusCode::CONFLICT, "too_many"),
        PasskeyError::Unavailable => (StatusCode::CONFLICT, "unavailable"),
    })
}

/// Another page has to be visited first: the script is told which, and the cookies of the redirect are kept.
pub(crate) fn elsewhere(redirect: &Response) -> Response {
    let to = redirect.headers().get(LOCATION).and_then(|to| to.to_str().ok());
    let body = json!({ "error": "not_fresh", "next": to });
    let mut response = said(StatusCode::FORBIDDEN, body);
    let cookies: HeaderMap = redirect
        .headers()
        .get_all(SET_COOKIE)
        .iter()
        .map(|cookie| (SET_COOKIE, cookie.clone()))
        .collect();
    response.headers_mut().extend(cookies);
    response
}

fn said(status: StatusCode, body: Value) -> Response {
    (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
