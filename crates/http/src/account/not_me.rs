//! `/account/activity/not-me`: something on the activity page was somebody else. Shows what would end, and ends it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::EventId;
use engine::not_me::Foreign;
use engine::sign_in::{Back, ManageError};
use engine::{Fault, SignedIn};
use protocol::Params;

use super::{at_home, of, own, step_up};
use crate::extract::{Form, Query, Visit};
use crate::guard::csrf_token;
use crate::pages::{NotMePage, Problem};
use crate::reply::{account_page, fault_page, problem_page, see_other};
use crate::state::AppState;
use crate::unrecorded::{refused, unreadable};

/// `GET /account/activity/not-me?event=…`. Whoever looks has just proved who they are, so that the button works.
pub(crate) async fn get(State(state): State<AppState>, visit: Visit, Query(query): Query) -> Response {
    let params = match query {
        Ok(params) => params,
        Err(refused) => return unreadable(&visit, refused),
    };
    let who = match at_home(&state, &visit, Back::Activity).await {
        Ok(who) => who,
        Err(response) => return response,
    };
    let shown = async {
        if !state.app.fresh_enough(&visit.ctx, &who).await? {
            return step_up(&state, &visit, Back::Activity).await;
        }
        let foreign = match event(&params) {
            Some(id) => state.app.foreign(&visit.ctx, &who, id).await?,
            None => None,
        };
        Ok(match foreign {
            Some(foreign) => page(&visit, &foreign),
            None => unknown(&visit, &who),
        })
    };
    shown
        .await
        .unwrap_or_else(|fault: Fault| fault_page(&visit, &fault))
}

/// `POST /account/activity/not-me`.
pub(crate) async fn post(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let (who, params) = match own(&state, &visit, form, Back::Activity).await {
        Ok(own) => own,
        Err(response) => return response,
    };
    let Some(id) = event(&params) else {
        return unknown(&visit, &who);
    };
    match state.app.deny_own(&visit.ctx, &who, id).await {
        Ok(()) => see_other(&format!("{}/account?done=not-me", visit.prefix())),
        Err(ManageError::NotFresh) => step_up(&state, &visit, Back::Activity)
            .await
            .unwrap_or_else(|fault| fault_page(&visit, &fault)),
        Err(ManageError::Nothing | ManageError::WrongCode) => unknown(&visit, &who),
        Err(ManageError::Fault(fault)) => fault_page(&visit, &fault),
    }
}

fn event(params: &Params) -> Option<EventId> {
    params.get("event")?.parse().ok()
}

/// What is not on the person's own page does not exist for them.
fn unknown(visit: &Visit, who: &SignedIn) -> Response {
    let page = problem_page(visit, Problem::NotFound, None);
    refused(&of(visit, who), "not_found", page)
}

fn page(visit: &Visit, foreign: &Foreign) -> Response {
    let added = &foreign.added;
    let page = NotMePage {
        csrf: &csrf_token(visit.session_cookie().unwrap_or_default()),
        event: &foreign.id.to_string(),
        kind: foreign.kind,
        at: foreign.at.secs(),
        since: foreign.since.secs(),
        sessions: foreign.sessions.len(),
        passkeys: added
            .passkeys
            .iter()
            .filter(|passkey| Some(passkey.id) != foreign.kept)
            .map(|passkey| passkey.name.as_str())
            .collect(),
        totp: added.totp,
        recovery_codes: added.recovery_codes,
        devices: added.devices,
        password: foreign.password,
    };
    account_page(visit, StatusCode::OK, page.render(&visit.chrome_here(&[])))
}
