use axum::Json;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL};
use axum::response::{IntoResponse, Response};
use domain::AuthMethod;
use engine::clients::ClientRefused;
use protocol::error::{ErrorCode, OAuthError};
use protocol::introspection::IntrospectionRequest;

use super::error;
use crate::extract::{Form, Visit};
use crate::state::AppState;

/// `POST /oauth/introspect` (RFC 7662). Public clients cannot prove who they are, so they get nothing.
pub(crate) async fn post(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let params = match form {
        Ok(params) => params,
        Err(refused) => return error::refusal(refused),
    };
    let client = match state
        .app
        .authenticate_client(&visit.ctx, visit.header(AUTHORIZATION.as_str()), &params)
        .await
    {
        Ok(client) if client.auth_method != AuthMethod::None => client,
        Ok(_) => {
            return error::refusal(OAuthError::new(
                ErrorCode::InvalidClient,
                "the client must authenticate",
            ));
        }
        Err(ClientRefused::Refused(refused)) => return error::refusal(refused),
        Err(ClientRefused::Fault(fault)) => return error::fault(&fault),
    };
    let request = match IntrospectionRequest::parse(&params) {
        Ok(request) => request,
        Err(refused) => return error::refusal(refused),
    };
    match state
        .app
        .introspect(&visit.ctx, &client, request.token.expose())
        .await
    {
        Ok(answer) => ([(CACHE_CONTROL, "no-store")], Json(answer)).into_response(),
        Err(fault) => error::fault(&fault),
    }
}
