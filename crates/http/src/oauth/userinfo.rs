use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::userinfo::{Userinfo, UserinfoError};
use protocol::error::OAuthError;
use protocol::{Params, bearer};

use super::error;
use crate::extract::Visit;
use crate::rate_limit;
use crate::state::AppState;
use crate::unrecorded;

/// `GET /oauth/userinfo`.
pub(crate) async fn get(State(state): State<AppState>, visit: Visit) -> Response {
    answer(&state, &visit, None).await
}

/// `POST /oauth/userinfo`: the token in the header or in a form (RFC 6750 section 2.2).
pub(crate) async fn post(
    State(state): State<AppState>,
    visit: Visit,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let is_form = visit
        .header(CONTENT_TYPE.as_str())
        .is_some_and(|mime| mime.trim_start().starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        return answer(&state, &visit, None).await;
    }
    let body = match body {
        Ok(body) => body,
        Err(cause) => return unrecorded::refused(&visit.ctx, "body", cause.into_response()),
    };
    match Params::parse_form(&body) {
        Ok(form) => answer(&state, &visit, Some(&form)).await,
        Err(cause) => unreadable(&visit, Some(cause.into()), StatusCode::BAD_REQUEST),
    }
}

async fn answer(state: &AppState, visit: &Visit, form: Option<&Params>) -> Response {
    let token = match bearer::extract(visit.header(AUTHORIZATION.as_str()), form) {
        Ok(token) => token,
        Err(cause) => {
            let status = StatusCode::from_u16(cause.status()).unwrap_or(StatusCode::UNAUTHORIZED);
            return unreadable(visit, cause.error(), status);
        }
    };
    match state.app.userinfo(&visit.ctx, token.expose()).await {
        Ok(Userinfo { claims, limited }) => {
            let mut response = ([(CACHE_CONTROL, "no-store")], Json(claims)).into_response();
            if let Some(limited) = &limited {
                rate_limit::tell(&mut response, limited);
            }
            response
        }
        Err(UserinfoError::Limited(limited)) => error::limited(&limited),
        Err(UserinfoError::Refused(cause)) => {
            let status = StatusCode::from_u16(cause.status()).unwrap_or(StatusCode::UNAUTHORIZED);
            refused(visit, Some(cause), status)
        }
        Err(UserinfoError::TooWeak(cause, level)) => {
            let realm = visit.ctx.issuer().as_str();
            let challenge = bearer::challenge_for_level(realm, &cause, level.as_str());
            challenged(
                (StatusCode::UNAUTHORIZED, Json(cause)).into_response(),
                &challenge,
            )
        }
        Err(UserinfoError::Fault(fault)) => error::fault(&fault),
    }
}

/// The same for a request no use case saw.
fn unreadable(visit: &Visit, cause: Option<OAuthError>, status: StatusCode) -> Response {
    let reason = cause.map_or("no_token", |cause| cause.code.as_str());
    unrecorded::refused(&visit.ctx, reason, refused(visit, cause, status))
}

fn refused(visit: &Visit, cause: Option<OAuthError>, status: StatusCode) -> Response {
    let challenge = bearer::challenge(visit.ctx.issuer().as_str(), cause.as_ref(), Some("openid"));
    let response = match cause {
        Some(cause) => (status, Json(cause)).into_response(),
        None => status.into_response(),
    };
    challenged(response, &challenge)
}

fn challenged(mut response: Response, challenge: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(challenge) {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    response
}
