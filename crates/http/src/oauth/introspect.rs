use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use domain::{AuthMethod, EventKind};
use engine::throttle::RequestClass;
use protocol::error::{ErrorCode, OAuthError};
use protocol::introspection::IntrospectionRequest;

use super::client::Proved;
use super::{client, error};
use crate::extract::{Form, Visit};
use crate::state::AppState;
use crate::unrecorded::refused_to;

/// `POST /oauth/introspect` (RFC 7662). Public clients cannot prove who they are, so they get nothing.
pub(crate) async fn post(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let counted = (EventKind::IntrospectionRefused, RequestClass::Introspection);
    match client::authenticated(&state, &visit, form, counted).await {
        Ok(proved) => proved.answer(answer(&state, &visit, &proved).await),
        Err(response) => response,
    }
}

async fn answer(state: &AppState, visit: &Visit, proved: &Proved) -> Response {
    let client = &proved.client;
    if client.auth_method == AuthMethod::None {
        let refused = OAuthError::new(ErrorCode::InvalidClient, "the client must authenticate");
        return error::recorded(state, visit, EventKind::ClientAuthenticationFailed, refused).await;
    }
    let request = match IntrospectionRequest::parse(&proved.params) {
        Ok(request) => request,
        Err(cause) => {
            let ctx = visit.ctx.acting_as_client(client);
            let answer = error::refusal(cause);
            return refused_to(&ctx, &client.client_id, cause.code.as_str(), answer);
        }
    };
    match state
        .app
        .introspect(&visit.ctx, client, request.token.expose())
        .await
    {
        Ok(answer) => {
            let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
            (headers, answer).into_response()
        }
        Err(fault) => error::fault(&fault),
    }
}
