use axum::http::header::AUTHORIZATION;
use axum::response::Response;
use domain::Client;
use engine::clients::ClientRefused;
use protocol::{OAuthError, Params};

use super::error;
use crate::extract::Visit;
use crate::state::AppState;

/// The client a form is from, once it has proved itself, and the form.
pub(super) async fn authenticated(
    state: &AppState,
    visit: &Visit,
    form: Result<Params, OAuthError>,
) -> Result<(Client, Params), Response> {
    let params = form.map_err(error::refusal)?;
    let proof = visit.header(AUTHORIZATION.as_str());
    match state.app.authenticate_client(&visit.ctx, proof, &params).await {
        Ok(client) => Ok((client, params)),
        Err(ClientRefused::Refused(refused)) => Err(error::refusal(refused)),
        Err(ClientRefused::Fault(fault)) => Err(error::fault(&fault)),
    }
}
