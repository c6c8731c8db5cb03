//! Part of a sign-in: the password was right, but others know it, so another one has to come along. Where a second factor
//! is asked for, that comes first, and `/login/replace` is the last step.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::{Email, Profile, Secret, User};
use engine::PasswordRefused;
use engine::authorize::LiveFlow;
use engine::sign_in::{NotReplaced, Proved};
use engine::throttle::Challenge;

use super::{answered, asked, here, remember, signed_in_cookie, work};
use crate::extract::{Form, Query, Visit, flow_cookie};
use crate::guard::csrf_token;
use crate::pages::{NewPasswordField, PasswordAdvice, PasswordError, ReplacePage};
use crate::reply::{fault_page, flow_over, flow_page};
use crate::state::AppState;
use crate::unrecorded::{refused, unreadable};

/// `GET /login/replace?flow=…`: the question, if it is what the flow waits for.
pub(crate) async fn get(State(state): State<AppState>, visit: Visit, Query(query): Query) -> Response {
    let params = match query {
        Ok(params) => params,
        Err(refused) => return unreadable(&visit, refused),
    };
    let (flow, _) = match asked(&state, &visit, params.get("flow").unwrap_or_default()).await {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    match state.app.to_replace(&visit.ctx, &flow).await {
        Ok(Some(user)) => last(&visit, &flow, &user, None, StatusCode::OK),
        Ok(None) if flow.wants_sign_in() => here(&visit, &flow, "login"),
        Ok(None) => flow_over(&visit),
        Err(fault) => fault_page(&visit, &fault),
    }
}

/// `POST /login/replace`: another password, everything else being proved in this flow.
pub(crate) async fn post(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let (params, flow, before) = match answered(&state, &visit, form).await {
        Ok(answered) => answered,
        Err(response) => return response,
    };
    let typed = params
        .secret("new_password")
        .unwrap_or_else(|| Secret::new(String::new()));
    let replaced = state
        .app
        .replace_in_flow(&visit.ctx, &flow, &typed, before.as_ref())
        .await;
    match replaced {
        Ok(proved) => {
            let mut response = here(&visit, &flow, "login");
            if let Proved::SignedIn(done) = proved {
                signed_in_cookie(&visit, &mut response, &done);
                remember(&state, &visit, &done, &mut response).await;
            }
            response
        }
        Err(NotReplaced::NotYet) => refused(&visit.ctx, "not_yet", here(&visit, &flow, "login")),
        Err(NotReplaced::Refused(wrong)) => {
            let user = match state.app.to_replace(&visit.ctx, &flow).await {
                Ok(Some(user)) => user,
                Ok(None) => return here(&visit, &flow, "login"),
                Err(fault) => return fault_page(&visit, &fault),
            };
            let about = (&user.email, &user.profile);
            let strength = state.app.password_strength(&visit.ctx, about, &typed).await.ok();
            let advice = PasswordAdvice {
                error: PasswordError::from(wrong),
                strength,
            };
            last(&visit, &flow, &user, Some(advice), StatusCode::BAD_REQUEST)
        }
        Err(NotReplaced::Fault(fault)) => fault_page(&visit, &fault),
    }
}

fn last(
    visit: &Visit,
    flow: &LiveFlow,
    user: &User,
    advice: Option<PasswordAdvice>,
    status: StatusCode,
) -> Response {
    form(visit, (flow, user.email.as_str(), true), (advice, None), status)
}

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
    form(visit, (flow, email, false), (advice, challenge), status)
}

fn form(
    visit: &Visit,
    (flow, email, proved): (&LiveFlow, &str, bool),
    (advice, challenge): (Option<PasswordAdvice>, Option<&Challenge>),
    status: StatusCode,
) -> Response {
    let page = if proved { "/login/replace" } else { "/login" };
    let action = format!("{}{page}", visit.prefix());
    let id = flow.id.to_string();
    let cookie = visit.cookies.get(&flow_cookie(flow.id)).unwrap_or_default();
    let page = ReplacePage {
        action: &action,
        flow: &id,
        csrf: &csrf_token(cookie),
        email,
        proved,
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
