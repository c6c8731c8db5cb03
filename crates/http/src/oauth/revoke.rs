use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use domain::EventKind;
use engine::throttle::RequestClass;
use protocol::revocation::RevocationRequest;

use super::client::Proved;
use super::{client, error};
use crate::extract::{Form, Visit};
use crate::state::AppState;
use crate::unrecorded::refused_to;

/// `POST /oauth/revoke` (RFC 7009): 200 for known and unknown tokens alike, 503 when it could not be done.
pub(crate) async fn post(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let counted = (EventKind::TokenRevoked, RequestClass::Revocation);
    match client::authenticated(&state, &visit, form, counted).await {
        Ok(proved) => proved.answer(answer(&state, &visit, &proved).await),
        Err(response) => response,
    }
}

async fn answer(state: &AppState, visit: &Visit, proved: &Proved) -> Response {
    let client = &proved.client;
    let request = match RevocationRequest::parse(&proved.params) {
        Ok(request) => request,
        Err(cause) => {
            let ctx = visit.ctx.acting_as_client(client);
            let answer = error::refusal(cause);
            return refused_to(&ctx, &client.client_id, cause.code.as_str(), answer);
        }
    };
    match state
        .app
        .revoke_token(&visit.ctx, client, request.token.expose())
        .await
    {
        Ok(()) => (StatusCode::OK, [(CACHE_CONTROL, "no-store")]).into_response(),
        Err(fault) => error::fault(&fault),
    }
}
