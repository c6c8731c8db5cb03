//! `/login/passkey`: signing in with a passkey. The page's script asks for a challenge and brings the answer.

use axum::extract::State;
use axum::response::Response;
use engine::authorize::{FlowRefused, LiveFlow};
use engine::passkeys::PasskeyError;
use engine::sign_in::Proved;
use protocol::{OAuthError, Params};

use super::{find, ours, remember, signed_in_cookie};
use crate::ceremony;
use crate::extract::{Form, Visit};
use crate::reply::{fault_page, fault_status};
use crate::state::AppState;

/// `POST /login/passkey/options`: the same for everybody, until somebody proved something in this flow (PW12).
pub(crate) async fn options(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let (_, flow) = match own(&state, &visit, form).await {
        Ok(own) => own,
        Err(response) => return response,
    };
    match state.app.begin_passkey_sign_in(&visit.ctx, &flow).await {
        Ok(options) => ceremony::options(&options),
        Err(cause) => ceremony::refusal(&visit.ctx, &cause),
    }
}

/// `POST /login/passkey/finish`: what the passkey signed.
pub(crate) async fn finish(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let (params, flow) = match own(&state, &visit, form).await {
        Ok(own) => own,
        Err(response) => return response,
    };
    let before = match visit.signed_in(&state.app).await {
        Ok(before) => before,
        Err(fault) => return fault_page(&visit, &fault),
    };
    let answer = ceremony::answer(&params);
    let finished = state
        .app
        .finish_passkey_sign_in(&visit.ctx, &flow, answer, before.as_ref())
        .await;
    match finished {
        Ok(proved) => {
            let mut response = ceremony::next(&format!("{}/login?flow={}", visit.prefix(), flow.id));
            if let Proved::SignedIn(done) = proved {
                signed_in_cookie(&visit, &mut response, &done);
                remember(&state, &visit, &done, &mut response).await;
            }
            response
        }
        // `login.failed` says why.
        Err(cause @ PasskeyError::Refused(_)) => ceremony::recorded_refusal(&cause),
        Err(cause) => ceremony::refusal(&visit.ctx, &cause),
    }
}

/// The flow, if the form comes from its own page.
async fn own(
    state: &AppState,
    visit: &Visit,
    form: Result<Params, OAuthError>,
) -> Result<(Params, LiveFlow), Response> {
    let params = ours(state, visit, form).await?;
    match find(state, visit, params.get("flow").unwrap_or_default()).await {
        Ok(flow) if flow.wants_sign_in() => Ok((params, flow)),
        Ok(_) | Err(FlowRefused::Gone) => Err(ceremony::refusal(&visit.ctx, &PasskeyError::Gone)),
        Err(FlowRefused::Fault(fault)) => Err(fault_status(&fault)),
    }
}
