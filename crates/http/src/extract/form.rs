use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use protocol::{OAuthError, Params, ParamsError};

use crate::state::AppState;

/// The strict form of a POST: the right content type, bounded, UTF-8, no parameter twice (OA11).
///
/// What is wrong inside the form is for the handler to tell: a page or JSON.
#[derive(Debug)]
pub(crate) struct Form(pub(crate) Result<Params, OAuthError>);

impl FromRequest<AppState> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        let declared = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let is_form = declared
            .and_then(|text| text.split(';').next())
            .is_some_and(|mime| {
                mime.trim()
                    .eq_ignore_ascii_case("application/x-www-form-urlencoded")
            });
        if !is_form {
            return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response());
        }
        let body = Bytes::from_request(request, state)
            .await
            .map_err(IntoResponse::into_response)?;
        Ok(Self(Params::parse_form(&body).map_err(told)))
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
