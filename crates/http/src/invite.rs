//! `/invite`: an invited person sets their first password.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use engine::Fault;
use engine::invitations::{InvitationError, Invited};
use engine::users::{MIN_PASSWORD, UserError};

use crate::extract::{Form, Query, Visit};
use crate::guard::{csrf_token, is_own_post};
use crate::pages::{InviteError, InvitePage, Problem};
use crate::reply::{account_page, fault_page, problem_page, see_other};
use crate::state::AppState;
use crate::unrecorded::{refused, unreadable};

/// `GET /invite?token=…`
pub(crate) async fn get(State(state): State<AppState>, visit: Visit, Query(query): Query) -> Response {
    let params = match query {
        Ok(params) => params,
        Err(cause) => return unreadable(&visit, cause),
    };
    let token = params.get("token").unwrap_or_default();
    match state.app.invited(&visit.ctx, token).await {
        Ok(invited) => invite_page(&visit, token, &invited, None),
        Err(cause) => refusal(&visit, cause),
    }
}

/// `POST /invite`: the link's own secret stands in for a cookie: no other site knows it.
pub(crate) async fn post(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let params = match form {
        Ok(params) => params,
        Err(cause) => return unreadable(&visit, cause),
    };
    let token = params.get("token").unwrap_or_default();
    match is_own_post(&state.app, &visit, Some(token), params.get("csrf")).await {
        Ok(true) => {}
        Ok(false) => return problem_page(&visit, Problem::CrossSite, None),
        Err(fault) => return fault_page(&visit, &fault),
    }
    let accepted = match params.secret("password") {
        Some(password) => state.app.accept_invitation(&visit.ctx, token, &password).await,
        None => Err(InvitationError::Password(UserError::PasswordTooShort)),
    };
    match accepted {
        Ok(_) => see_other(&format!("{}/account", visit.prefix())),
        Err(InvitationError::Password(UserError::Fault(fault))) => fault_page(&visit, &fault),
        Err(InvitationError::Password(wrong)) => {
            let shown = match wrong {
                UserError::PasswordTooLong => InviteError::TooLong,
                _ => InviteError::TooShort,
            };
            match state.app.invited(&visit.ctx, token).await {
                Ok(invited) => {
                    let page = invite_page(&visit, token, &invited, Some(shown));
                    refused(&visit.ctx, "password", page)
                }
                Err(cause) => refusal(&visit, cause),
            }
        }
        Err(cause) => refusal(&visit, cause),
    }
}

fn invite_page(visit: &Visit, token: &str, invited: &Invited, error: Option<InviteError>) -> Response {
    let action = format!("{}/invite", visit.prefix());
    let page = InvitePage {
        action: &action,
        token,
        csrf: &csrf_token(token),
        email: invited.user.email.as_str(),
        min_length: u32::try_from(MIN_PASSWORD).unwrap_or_default(),
        expires_at: invited.expires_at.secs(),
        error,
    };
    let status = if error.is_some() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    account_page(visit, status, page.render(&visit.chrome(&[])))
}

fn refusal(visit: &Visit, cause: InvitationError) -> Response {
    match cause {
        InvitationError::Fault(fault) | InvitationError::Password(UserError::Fault(fault)) => {
            fault_page(visit, &fault)
        }
        InvitationError::Gone => refused(
            &visit.ctx,
            "gone",
            problem_page(visit, Problem::InviteEnded, None),
        ),
        InvitationError::Password(_) => fault_page(visit, &Fault::Internal("a refused password has no page")),
    }
}
