//! The address of one's own account: proved and changed by links.

use axum::extract::State;
use axum::response::Response;
use domain::{Email, OpaqueToken, TokenKind};
use engine::sign_in::Back;
use engine::users::UserError;

use super::own;
use crate::extract::{Form, Visit};
use crate::pages::{Problem, Told};
use crate::recover::LinkBrowser;
use crate::recover::ask::{keep, told};
use crate::reply::{fault_page, problem_page, see_other};
use crate::state::AppState;
use crate::unrecorded::refused;

/// `POST /account/email/prove`
pub(crate) async fn prove(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let (who, _) = match own(&state, &visit, form, Back::Overview).await {
        Ok(own) => own,
        Err(response) => return response,
    };
    let browser = LinkBrowser::of(&visit, &state.app);
    let Some(hash) = OpaqueToken::parse(TokenKind::Browser, browser.value()) else {
        return problem_page(&visit, Problem::Internal, None);
    };
    let sent = state.app.request_verification(&visit.ctx, &who, hash).await;
    answer(&visit, &browser, sent, Told::VerificationSent)
}

/// `POST /account/email`
pub(crate) async fn change(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let (who, params) = match own(&state, &visit, form, Back::Overview).await {
        Ok(own) => own,
        Err(response) => return response,
    };
    let account = format!("{}/account", visit.prefix());
    // Whoever changes the address has just shown who they are, as strongly as they can (MF8).
    match state.app.fresh_enough(&visit.ctx, &who).await {
        Ok(true) => {}
        Ok(false) => {
            let stale = see_other(&format!("{account}?done=stale"));
            return refused(&visit.ctx, "not_fresh", stale);
        }
        Err(fault) => return fault_page(&visit, &fault),
    }
    let typed = params.get("email").unwrap_or_default().trim();
    let Ok(email) = typed.parse::<Email>() else {
        return refused(
            &visit.ctx,
            "address",
            see_other(&format!("{account}?done=address")),
        );
    };
    let browser = LinkBrowser::of(&visit, &state.app);
    let Some(hash) = OpaqueToken::parse(TokenKind::Browser, browser.value()) else {
        return problem_page(&visit, Problem::Internal, None);
    };
    let noted = state
        .app
        .request_email_change(&visit.ctx, &who, email, hash)
        .await;
    answer(&visit, &browser, noted, Told::ChangeSent)
}

fn answer(visit: &Visit, browser: &LinkBrowser, done: Result<(), UserError>, what: Told) -> Response {
    match done {
        Ok(()) => {
            let account = format!("{}/account", visit.prefix());
            let mut response = told(visit, what, Some(&account));
            keep(&mut response, visit, browser);
            response
        }
        Err(UserError::Fault(fault)) => fault_page(visit, &fault),
        Err(_) => problem_page(visit, Problem::NotFound, None),
    }
}
