use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use domain::EventKind;
use engine::throttle::RequestClass;
use engine::token::TokenError;

use super::{client, error};
use crate::extract::{Form, Visit};
use crate::state::AppState;

/// `POST /oauth/token` (OAuth 2.1 section 3.2).
pub(crate) async fn post(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let counted = (EventKind::TokenRefused, RequestClass::Token);
    let proved = match client::authenticated(&state, &visit, form, counted).await {
        Ok(proved) => proved,
        Err(response) => return response,
    };
    let issued = state
        .app
        .issue_token(&visit.ctx, &proved.client, &proved.params)
        .await;
    proved.answer(match issued {
        Ok(response) => ([(CACHE_CONTROL, "no-store")], Json(response)).into_response(),
        Err(TokenError::Refused(refused)) => error::refusal(refused),
        Err(TokenError::Fault(fault)) => error::fault(&fault),
    })
}
