use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use protocol::{OAuthError, Params, ParamsError};

use super::Visit;
use crate::state::AppState;
use crate::unrecorded::refused;

/// The strict form of a POST: the right content type, bounded, UTF-8, no parameter twice (OA11).
///
/// What is wrong inside the form is for the handler to tell: a page or JSON.
#[derive(Debug)]
pub(crate) struct Form(pub(crate) Result<Params, OAuthError>);

impl FromRequest<AppState> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let declared = parts
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let is_form = declared
            .and_then(|text| text.split(';').next())
            .is_some_and(|mime| {
                mime.trim()
                    .eq_ignore_ascii_case("application/x-www-form-urlencoded")
            });
        if !is_form {
            let answer = StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
            return Err(refuse(&mut parts, state, "content_type", answer).await);
        }
        // The edge counts the bytes and says what was wrong with how they came.
        match to_bytes(body, MAX_BODY).await {
            Ok(body) => Ok(Self(Params::parse_form(&body).map_err(told))),
            Err(_) => {
                let answer = StatusCode::BAD_REQUEST.into_response();
                Err(refuse(&mut parts, state, "body", answer).await)
            }
        }
    }
}

/// Beyond what any route takes; the edge's own bound is lower.
const MAX_BODY: usize = 2 * 1024 * 1024;

async fn refuse(parts: &mut Parts, state: &AppState, reason: &'static str, answer: Response) -> Response {
    match Visit::from_request_parts(parts, state).await {
        Ok(visit) => refused(&visit.ctx, reason, answer),
        Err(no_tenant) => no_tenant,
    }
}

/// The strict query of a GET.
#[derive(Debug)]
pub(crate) struct Query(pub(crate) Result<Params, OAuthError>);

impl FromRequestParts<AppState> for Query {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Self::Rejection> {
        Ok(Self(
            Params::parse_query(parts.uri.query().unwrap_or_default()).map_err(told),
        ))
    }
}

fn told(cause: ParamsError) -> OAuthError {
    cause.into()
}
