//! `/account/password`: a person changes their password.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::Secret;
use engine::password_change::{ChangeError, PasswordChange};
use engine::sign_in::Back;
use engine::{Fault, SignedIn};

use super::{at_home, own, step_up};
use crate::extract::{Form, Query, Visit};
use crate::guard::csrf_token;
use crate::invite::advice;
use crate::pages::{NewPasswordField, PasswordAdvice, PasswordError, PasswordPage};
use crate::rate_limit;
use crate::reply::{account_page, fault_page, retry_later, see_other};
use crate::state::AppState;
use crate::unrecorded::unreadable;

/// Says nothing about the new one, which was not looked at.
const THROTTLED: PasswordAdvice = PasswordAdvice {
    error: PasswordError::Throttled,
    strength: None,
};

/// `GET /.well-known/change-password` (a well-known URL of W3C Web Application Security).
pub(crate) async fn well_known(visit: Visit) -> Response {
    see_other(&format!("{}/account/password", visit.prefix()))
}

/// `GET /account/password`: the form, once the sign-in is fresh.
pub(crate) async fn get(State(state): State<AppState>, visit: Visit, Query(query): Query) -> Response {
    if let Err(refused) = query {
        return unreadable(&visit, refused);
    }
    let who = match at_home(&state, &visit, Back::Password).await {
        Ok(who) => who,
        Err(response) => return response,
    };
    let shown = async {
        if state.app.fresh_enough(&visit.ctx, &who).await? {
            page(&state, &visit, &who, None).await
        } else {
            step_up(&state, &visit, Back::Password).await
        }
    };
    shown
        .await
        .unwrap_or_else(|fault: Fault| fault_page(&visit, &fault))
}

/// `POST /account/password`.
pub(crate) async fn post(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let (who, params) = match own(&state, &visit, form, Back::Password).await {
        Ok(own) => own,
        Err(response) => return response,
    };
    let current = params
        .secret("current")
        .unwrap_or_else(|| Secret::new(String::new()));
    let new = params
        .secret("password")
        .unwrap_or_else(|| Secret::new(String::new()));
    let changed = state
        .app
        .change_own_password(
            &visit.ctx,
            &who,
            &PasswordChange {
                current: &current,
                new: &new,
                device: visit.device_cookie(),
            },
        )
        .await;
    let advice = match changed {
        Ok(_) => return see_other(&format!("{}/account?done=password-changed", visit.prefix())),
        Err(ChangeError::WrongCurrent) => PasswordAdvice {
            error: PasswordError::Current,
            strength: None,
        },
        Err(ChangeError::Refused(wrong)) => {
            advice(
                &state,
                &visit,
                (wrong, &new),
                (&who.user.email, &who.user.profile),
            )
            .await
        }
        Err(ChangeError::Stale) => {
            return step_up(&state, &visit, Back::Password)
                .await
                .unwrap_or_else(|fault| fault_page(&visit, &fault));
        }
        Err(ChangeError::Blocked(wait)) => {
            return match page(&state, &visit, &who, Some(THROTTLED)).await {
                Ok(mut response) => {
                    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
                    rate_limit::come_back(&mut response, wait);
                    response
                }
                Err(fault) => fault_page(&visit, &fault),
            };
        }
        Err(ChangeError::Busy) => {
            return retry_later(fault_page(&visit, &Fault::Busy("password hashing")));
        }
        Err(ChangeError::Fault(fault)) => return fault_page(&visit, &fault),
    };
    page(&state, &visit, &who, Some(advice))
        .await
        .unwrap_or_else(|fault| fault_page(&visit, &fault))
}

async fn page(
    state: &AppState,
    visit: &Visit,
    who: &SignedIn,
    advice: Option<PasswordAdvice>,
) -> Result<Response, Fault> {
    let page = PasswordPage {
        csrf: &csrf_token(visit.session_cookie().unwrap_or_default()),
        email: who.user.email.as_str(),
        has_password: state.app.has_password(&visit.ctx, who).await?,
        field: NewPasswordField {
            rules: state.app.password_rules(&visit.ctx),
            advice,
        },
    };
    let status = if advice.is_some() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    Ok(account_page(visit, status, page.render(&visit.chrome_here(&[]))))
}
