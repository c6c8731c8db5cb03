//! `/invite/passkey`: an invited person begins with a passkey and no password.

use axum::extract::State;
use axum::response::Response;
use protocol::{OAuthError, Params};

use crate::ceremony;
use crate::extract::{Form, Visit};
use crate::guard::is_own_post;
use crate::pages::Problem;
use crate::reply::{fault_page, problem_page};
use crate::state::AppState;
use crate::unrecorded::unreadable;

/// `POST /invite/passkey/options`.
pub(crate) async fn options(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let params = match own(&state, &visit, form).await {
        Ok(params) => params,
        Err(response) => return response,
    };
    let token = params.get("token").unwrap_or_default();
    match state.app.begin_invited_passkey(&visit.ctx, token).await {
        Ok(options) => ceremony::options(&options),
        Err(cause) => ceremony::refusal(&visit.ctx, &cause),
    }
}

/// `POST /invite/passkey/finish`.
pub(crate) async fn finish(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let params = match own(&state, &visit, form).await {
        Ok(params) => params,
        Err(response) => return response,
    };
    let (token, name) = (
        params.get("token").unwrap_or_default(),
        params.get("name").unwrap_or_default(),
    );
    let answer = ceremony::answer(&params);
    let accepted = state
        .app
        .accept_invitation_with_passkey(&visit.ctx, token, (answer, name), visit.locale(&[]).tag())
        .await;
    match accepted {
        Ok(_) => ceremony::next(&format!("{}/account", visit.prefix())),
        Err(cause) => ceremony::refusal(&visit.ctx, &cause),
    }
}

/// The link's own secret stands in for a cookie, as on the page.
async fn own(state: &AppState, visit: &Visit, form: Result<Params, OAuthError>) -> Result<Params, Response> {
    let params = form.map_err(|refused| unreadable(visit, refused))?;
    let token = params.get("token").unwrap_or_default();
    match is_own_post(&state.app, visit, Some(token), params.get("csrf")).await {
        Ok(true) => Ok(params),
        Ok(false) => Err(problem_page(visit, Problem::CrossSite, None)),
        Err(fault) => Err(fault_page(visit, &fault)),
    }
}
