use std::sync::Arc;

use axum::http::header::AUTHORIZATION;
use axum::response::Response;
use domain::{Client, EventKind};
use engine::clients::ClientRefused;
use protocol::{OAuthError, Params};

use super::error;
use crate::extract::Visit;
use crate::state::AppState;

/// The client a form is from, once it has proved itself, and the form. A form that cannot be read is recorded as `kind`.
pub(super) async fn authenticated(
    state: &AppState,
    visit: &Visit,
    form: Result<Params, OAuthError>,
    kind: EventKind,
) -> Result<(Arc<Client>, Params), Response> {
    let params = match form {
        Ok(params) => params,
        Err(refused) => return Err(error::recorded(state, visit, kind, refused).await),
    };
    let proof = visit.header(AUTHORIZATION.as_str());
    match state.app.authenticate_client(&visit.ctx, proof, &params).await {
        Ok(client) => Ok((client, params)),
        Err(ClientRefused::Refused(refused)) => Err(error::refusal(refused)),
        Err(ClientRefused::Fault(fault)) => Err(error::fault(&fault)),
    }
}
