//! `/account/passkeys`: making, naming and removing one's own. Making and removing need a fresh proof of who somebody is
//! (MF8).

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::response::Response;
use domain::PasskeyId;
use engine::SignedIn;
use engine::passkeys::PasskeyError;
use engine::sign_in::Back;

use super::{of, own, step_up};
use crate::ceremony;
use crate::extract::{Form, Visit};
use crate::login::{signed_in_cookie, waiting_for_factor};
use crate::pages::Problem;
use crate::reply::{fault_page, fault_status, problem_page, see_other};
use crate::state::AppState;
use crate::unrecorded::refused;

/// `POST /account/passkeys/options`.
pub(crate) async fn options(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let who = match own(&state, &visit, form, Back::Factors).await {
        Ok((who, _)) => who,
        Err(response) => return response,
    };
    match state.app.begin_own_passkey(&visit.ctx, &who).await {
        Ok(options) => ceremony::options(&options),
        Err(cause) => told(&state, &visit, &who, &cause).await,
    }
}

/// `POST /account/passkeys/finish`: what the browser made.
pub(crate) async fn finish(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let (who, params) = match own(&state, &visit, form, Back::Factors).await {
        Ok(own) => own,
        Err(response) => return response,
    };
    let (answer, name) = (ceremony::answer(&params), params.get("name").unwrap_or_default());
    let waiting = match waiting_for_factor(&state, &visit, &who).await {
        Ok(waiting) => waiting,
        Err(fault) => return fault_status(&fault),
    };
    match state.app.add_own_passkey(&visit.ctx, &who, answer, name).await {
        Ok(raised) => {
            let list = || format!("{}/account/factors?done=passkey", visit.prefix());
            let mut response = ceremony::next(&waiting.unwrap_or_else(list));
            signed_in_cookie(&visit, &mut response, &raised);
            response
        }
        Err(cause) => told(&state, &visit, &who, &cause).await,
    }
}

/// `POST /account/passkeys/{id}/rename`: a form like any other.
pub(crate) async fn rename(
    State(state): State<AppState>,
    Path(path): Path<HashMap<String, String>>,
    visit: Visit,
    Form(form): Form,
) -> Response {
    let (who, params) = match own(&state, &visit, form, Back::Factors).await {
        Ok(own) => own,
        Err(response) => return response,
    };
    let name = params.get("name").unwrap_or_default();
    let renamed = match named(&path) {
        Some(id) => state.app.rename_own_passkey(&visit.ctx, &who, id, name).await,
        None => Err(PasskeyError::Gone),
    };
    match renamed {
        Ok(()) => back(&visit, "passkey-renamed"),
        Err(cause) => page_for(&state, &visit, &who, &cause).await,
    }
}

/// `POST /account/passkeys/{id}/remove`: a form like any other.
pub(crate) async fn remove(
    State(state): State<AppState>,
    Path(path): Path<HashMap<String, String>>,
    visit: Visit,
    Form(form): Form,
) -> Response {
    let who = match own(&state, &visit, form, Back::Factors).await {
        Ok((who, _)) => who,
        Err(response) => return response,
    };
    let removed = match named(&path) {
        Some(id) => state.app.remove_own_passkey(&visit.ctx, &who, id).await,
        None => Err(PasskeyError::Gone),
    };
    match removed {
        Ok(()) => back(&visit, "passkey-removed"),
        Err(cause) => page_for(&state, &visit, &who, &cause).await,
    }
}

fn named(path: &HashMap<String, String>) -> Option<PasskeyId> {
    path.get("id").and_then(|id| id.parse().ok())
}

fn back(visit: &Visit, done: &str) -> Response {
    see_other(&format!("{}/account/factors?done={done}", visit.prefix()))
}

/// What a form without a script is answered. What is not the person's own does not exist for them.
async fn page_for(state: &AppState, visit: &Visit, who: &SignedIn, cause: &PasskeyError) -> Response {
    match cause {
        PasskeyError::Fault(fault) => fault_page(visit, fault),
        PasskeyError::LastWayIn => refused(&of(visit, who), "last_way_in", back(visit, "last-way-in")),
        PasskeyError::NotFresh => step_up(state, visit, Back::Factors)
            .await
            .unwrap_or_else(|fault| fault_page(visit, &fault)),
        _ => {
            let page = problem_page(visit, Problem::NotFound, None);
            refused(&of(visit, who), "gone", page)
        }
    }
}

/// What the script is answered. Not fresh: the person signs in once more and comes back to the list.
async fn told(state: &AppState, visit: &Visit, who: &SignedIn, cause: &PasskeyError) -> Response {
    if !matches!(cause, PasskeyError::NotFresh) {
        return ceremony::refusal(&of(visit, who), cause);
    }
    match step_up(state, visit, Back::Factors).await {
        Ok(redirect) => ceremony::elsewhere(&redirect),
        Err(fault) => fault_status(&fault),
    }
}
