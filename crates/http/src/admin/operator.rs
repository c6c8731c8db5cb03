use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use domain::{Actor, Event, EventKind};
use engine::Ctx;
use protocol::bearer;
use protocol::error::{ErrorCode, OAuthError};

use super::{fault, problem};
use crate::extract::Visit;
use crate::state::AppState;
use crate::unrecorded::refused;

/// The scope that opens the administration.
const SCOPE: &str = "rsp.admin";

/// A request by somebody who may administer the tenant: holds an active access token of this issuer with the scope.
#[derive(Debug)]
pub(crate) struct Operator {
    /// The request's context, with the token's holder as actor.
    pub ctx: Ctx,
    /// The declared type of the body.
    pub content_type: Option<String>,
}

impl Operator {
    /// The answer to the operator. A refusal is recorded as theirs: no use case of the administration records its own.
    pub(crate) fn answer(&self, answer: Result<Response, Response>) -> Response {
        let (Ok(answer) | Err(answer)) = answer;
        let reason = match answer.status() {
            StatusCode::CONFLICT => "taken",
            StatusCode::NOT_FOUND => "unknown",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "content_type",
            status if status.is_client_error() => "invalid_request",
            _ => return answer,
        };
        refused(&self.ctx, reason, answer)
    }
}

impl FromRequestParts<AppState> for Operator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let visit = Visit::from_request_parts(parts, state).await?;
        let token = match bearer::extract(visit.header(AUTHORIZATION.as_str()), None) {
            Ok(token) => token,
            Err(cause) => return Err(refuse(state, &visit, cause.error()).await),
        };
        let active = state
            .app
            .active_access_token(&visit.ctx, token.expose())
            .await
            .map_err(|cause| fault(&cause))?;
        let Some(active) = active.filter(|active| active.claims.is_for(visit.ctx.issuer().as_str())) else {
            let cause = OAuthError::new(ErrorCode::InvalidToken, "the token does not count");
            return Err(refuse(state, &visit, Some(cause)).await);
        };
        if !active.claims.scope.contains(SCOPE) {
            let cause = OAuthError::new(
                ErrorCode::InsufficientScope,
                "the token lacks the scope rsp.admin",
            );
            return Err(refuse(state, &visit, Some(cause)).await);
        }
        let actor = match &active.on_behalf_of {
            Some((user, _)) => Actor::User(user.id),
            None => Actor::Client(active.client.client_id.clone()),
        };
        let content_type = visit.header("content-type").map(str::to_owned);
        Ok(Self {
            ctx: visit.ctx.acting_as(actor),
            content_type,
        })
    }
}

async fn refuse(state: &AppState, visit: &Visit, cause: Option<OAuthError>) -> Response {
    let reason = cause.map_or("no_token", |cause| cause.code.as_str());
    if let Err(cause) = state
        .app
        .refuse(&visit.ctx, Event::failure(EventKind::AdminRefused, reason))
        .await
    {
        return fault(&cause);
    }
    let (status, detail) = match &cause {
        Some(error) => (
            StatusCode::from_u16(error.status()).unwrap_or(StatusCode::UNAUTHORIZED),
            error.description,
        ),
        None => (StatusCode::UNAUTHORIZED, "an access token is needed"),
    };
    let mut response = problem(status, detail);
    let challenge = bearer::challenge(visit.ctx.issuer().as_str(), cause.as_ref(), Some(SCOPE));
    if let Ok(value) = HeaderValue::from_str(&challenge) {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    response
}
