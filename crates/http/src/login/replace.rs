//! Part of a sign-in: the password was right, but others know it, so another one has to come along.

use axum::http::StatusCode;
use axum::response::Response;
use domain::{Email, Profile, Secret};
use engine::PasswordRefused;
use engine::authorize::LiveFlow;
use engine::throttle::Challenge;

use super::work;
use crate::extract::{Visit, flow_cookie};
use crate::guard::csrf_token;
use crate::pages::{NewPasswordField, PasswordAdvice, PasswordError, ReplacePage};
use crate::reply::flow_page;
use crate::state::AppState;

/// The page that asks for it.
pub(super) fn page(
    visit: &Visit,
    flow: &LiveFlow,
    email: &str,
    advice: Option<PasswordAdvice>,
    status: StatusCode,
) -> Response {
    shown(visit, flow, email, (advice, None), status)
}

/// The same while many attempts fail: the work that strangers do first.
pub(super) fn challenged_page(
    visit: &Visit,
    flow: &LiveFlow,
    email: &str,
    challenge: &Challenge,
) -> Response {
    let status = StatusCode::TOO_MANY_REQUESTS;
    shown(visit, flow, email, (None, Some(challenge)), status)
}

fn shown(
    visit: &Visit,
    flow: &LiveFlow,
    email: &str,
    (advice, challenge): (Option<PasswordAdvice>, Option<&Challenge>),
    status: StatusCode,
) -> Response {
    let action = format!("{}/login", visit.prefix());
    let id = flow.id.to_string();
    let cookie = visit.cookies.get(&flow_cookie(flow.id)).unwrap_or_default();
    let page = ReplacePage {
        action: &action,
        flow: &id,
        csrf: &csrf_token(cookie),
        email,
        field: NewPasswordField {
            rules: visit.ctx.tenant.tenant.settings.password_rules(),
            advice,
        },
        challenge: challenge.map(work),
    };
    flow_page(visit, status, page.render(&visit.chrome(flow.ui_locales())))
}

/// The same after one that cannot be set.
pub(super) async fn refused_page(
    state: &AppState,
    visit: &Visit,
    (flow, email): (&LiveFlow, &str),
    (wrong, typed): (PasswordRefused, &Secret<String>),
) -> Response {
    // The words of the person are not known here; those of the address are.
    let strength = match email.trim().parse::<Email>() {
        Ok(address) => {
            let about = (&address, &Profile::default());
            state.app.password_strength(&visit.ctx, about, typed).await.ok()
        }
        Err(_) => None,
    };
    let advice = PasswordAdvice {
        error: PasswordError::from(wrong),
        strength,
    };
    page(visit, flow, email, Some(advice), StatusCode::BAD_REQUEST)
}
