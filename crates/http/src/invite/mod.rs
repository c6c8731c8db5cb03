//! `/invite`: an invited person sets their first password.

pub(crate) mod passkey;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::{Email, Profile, Secret};
use engine::invitations::{InvitationError, Invited};
use engine::passkeys::offered;
use engine::{Fault, PasswordRefused};

use crate::extract::{Form, Query, Visit};
use crate::guard::{csrf_token, is_own_post};
use crate::pages::{InvitePage, NewPasswordField, PasswordAdvice, PasswordError, Problem};
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
    let typed = params
        .secret("password")
        .unwrap_or_else(|| Secret::new(String::new()));
    let language = visit.locale(&[]).tag();
    let accepted = state
        .app
        .accept_invitation(&visit.ctx, token, (&typed, language))
        .await;
    match accepted {
        Ok(_) => see_other(&format!("{}/account", visit.prefix())),
        Err(InvitationError::Password(wrong)) => match state.app.invited(&visit.ctx, token).await {
            Ok(invited) => {
                let advice = advice(
                    &state,
                    &visit,
                    (wrong, &typed),
                    (&invited.user.email, &invited.user.profile),
                )
                .await;
                let page = invite_page(&visit, token, &invited, Some(advice));
                refused(&visit.ctx, "password", page)
            }
            Err(cause) => refusal(&visit, cause),
        },
        Err(cause) => refusal(&visit, cause),
    }
}

/// What is wrong with a password, and how strong it looked.
pub(crate) async fn advice(
    state: &AppState,
    visit: &Visit,
    (wrong, typed): (PasswordRefused, &Secret<String>),
    about: (&Email, &Profile),
) -> PasswordAdvice {
    // An estimate that fails is none.
    let strength = state.app.password_strength(&visit.ctx, about, typed).await;
    PasswordAdvice {
        error: PasswordError::from(wrong),
        strength: strength.ok().filter(|_| !typed.expose().is_empty()),
    }
}

fn invite_page(visit: &Visit, token: &str, invited: &Invited, advice: Option<PasswordAdvice>) -> Response {
    let action = format!("{}/invite", visit.prefix());
    let passkeys = format!("{action}/passkey");
    let page = InvitePage {
        action: &action,
        token,
        csrf: &csrf_token(token),
        email: invited.user.email.as_str(),
        passkey_action: offered(&visit.ctx).then_some(passkeys.as_str()),
        field: NewPasswordField {
            rules: visit.ctx.tenant.tenant.settings.password_rules(),
            advice,
        },
        expires_at: invited.expires_at.secs(),
    };
    let status = if advice.is_some() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    account_page(visit, status, page.render(&visit.chrome(&[])))
}

fn refusal(visit: &Visit, cause: InvitationError) -> Response {
    match cause {
        InvitationError::Fault(fault) => fault_page(visit, &fault),
        InvitationError::Gone => refused(
            &visit.ctx,
            "gone",
            problem_page(visit, Problem::InviteEnded, None),
        ),
        InvitationError::Password(_) => fault_page(visit, &Fault::Internal("a refused password has no page")),
    }
}
