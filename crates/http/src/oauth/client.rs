use std::sync::Arc;

use axum::http::header::AUTHORIZATION;
use axum::response::Response;
use domain::{Client, EventKind};
use engine::clients::ClientRefused;
use engine::throttle::{Limited, RequestClass};
use protocol::{OAuthError, Params};

use super::error;
use crate::extract::Visit;
use crate::rate_limit;
use crate::state::AppState;

/// A client that proved who it is and does not ask too often, and the form it sent.
pub(super) struct Proved {
    pub(super) client: Arc<Client>,
    pub(super) params: Params,
    limited: Option<Limited>,
}

impl Proved {
    /// The answer, with where the client stands.
    pub(super) fn answer(&self, mut response: Response) -> Response {
        if let Some(limited) = &self.limited {
            rate_limit::tell(&mut response, limited);
        }
        response
    }
}

/// The client a form is from, once it has proved itself. A form that cannot be read is recorded as `kind`; what can is
/// counted in `class`.
pub(super) async fn authenticated(
    state: &AppState,
    visit: &Visit,
    form: Result<Params, OAuthError>,
    (kind, class): (EventKind, RequestClass),
) -> Result<Proved, Response> {
    let params = match form {
        Ok(params) => params,
        Err(refused) => return Err(error::recorded(state, visit, kind, refused).await),
    };
    let proof = visit.header(AUTHORIZATION.as_str());
    let client = match state.app.authenticate_client(&visit.ctx, proof, &params).await {
        Ok(client) => client,
        Err(ClientRefused::Refused(refused)) => return Err(error::refusal(refused)),
        Err(ClientRefused::Fault(fault)) => return Err(error::fault(&fault)),
    };
    let ctx = visit.ctx.acting_as_client(&client);
    match state.app.count_client(&ctx, class, &client).await {
        Ok(Some(refused)) if refused.is_refused() => Err(error::limited(&refused)),
        Ok(limited) => Ok(Proved {
            client,
            params,
            limited,
        }),
        Err(fault) => Err(error::fault(&fault)),
    }
}
