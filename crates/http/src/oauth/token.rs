use axum::Json;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL};
use axum::response::{IntoResponse, Response};
use domain::EventKind;
use engine::token::TokenError;

use super::error;
use crate::extract::{Form, Visit};
use crate::state::AppState;

/// `POST /oauth/token` (OAuth 2.1 section 3.2).
pub(crate) async fn post(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let params = match form {
        Ok(params) => params,
        Err(refused) => return error::recorded(&state, &visit, EventKind::TokenRefused, refused).await,
    };
    match state
        .app
        .issue_token(&visit.ctx, visit.header(AUTHORIZATION.as_str()), &params)
        .await
    {
        Ok(response) => ([(CACHE_CONTROL, "no-store")], Json(response)).into_response(),
        Err(TokenError::Refused(refused)) => error::refusal(refused),
        Err(TokenError::Fault(fault)) => error::fault(&fault),
    }
}
