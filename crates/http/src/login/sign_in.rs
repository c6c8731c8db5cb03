use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::{FlowId, Secret};
use engine::SignedIn;
use engine::authorize::{Continued, LiveFlow};
use engine::login::{LoginError as Refused, PasswordAttempt};
use engine::passkeys::offered;
use engine::sign_in::Proved;
use engine::throttle::{Blocked, Solution};
use protocol::Params;
use tokio::time::Instant;

use super::{Shown, asked, here, login_page, ours, remember, show, signed_in_cookie, wanted};
use crate::extract::{Form, Query, Visit, flow_cookie};
use crate::guard::csrf_token;
use crate::pages::{LoginError, LoginNotice, LoginPage};
use crate::rate_limit;
use crate::reply::{fault_page, flow_page, retry_later, see_other};
use crate::state::AppState;
use crate::unrecorded::{refused, unreadable};

/// `GET /login?flow=…`: the next step of a flow. Without a flow: the way to the account pages.
pub(crate) async fn get(State(state): State<AppState>, visit: Visit, Query(query): Query) -> Response {
    let params = match query {
        Ok(params) => params,
        Err(refused) => return unreadable(&visit, refused),
    };
    let Some(id) = params.get("flow") else {
        return see_other(&format!("{}/account", visit.prefix()));
    };
    let (flow, signed_in) = match asked(&state, &visit, id).await {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    let continued = state
        .app
        .continue_flow(&visit.ctx, &flow, signed_in.as_ref())
        .await;
    match continued {
        Ok(Continued::Login(view)) if params.has("passkey") => login_page(
            &visit,
            &flow,
            StatusCode::OK,
            Shown {
                email: view.login_hint.as_deref().unwrap_or_default(),
                error: None,
                notice: Some(LoginNotice::NoPasskey),
                challenge: None,
            },
        ),
        other => show(&visit, &flow, other),
    }
}

/// `POST /login`: mail address and password. Answers 303, so that no browser sends the password on (OA12).
pub(crate) async fn post(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let began = Instant::now();
    let params = match ours(&state, &visit, form).await {
        Ok(params) => params,
        Err(response) => return response,
    };
    // Whom the pool would refuse costs no look-up either.
    if state.app.admits_password(&visit.ctx).is_err() {
        return too_many(&visit, &params);
    }
    match wanted(&state, &visit, &params).await {
        Ok((flow, before)) => attempt(&state, &visit, &params, (&flow, before.as_ref()), began).await,
        Err(response) => response,
    }
}

/// Answers to failed attempts leave at whole ticks after the attempt came: far more than an account that is there costs
/// beside one that is not, once each had its hash, and far less than the hash (PW12).
const TICK: Duration = Duration::from_millis(10);

async fn at_next_tick(began: Instant) {
    let ticks = began.elapsed().as_micros() / TICK.as_micros() + 1;
    let wait = TICK.saturating_mul(u32::try_from(ticks).unwrap_or(u32::MAX));
    tokio::time::sleep_until(began + wait).await;
}

async fn attempt(
    state: &AppState,
    visit: &Visit,
    params: &Params,
    (flow, before): (&LiveFlow, Option<&SignedIn>),
    began: Instant,
) -> Response {
    let email = params.get("email").unwrap_or_default();
    let Some(password) = params.secret("password").filter(|_| !email.is_empty()) else {
        let page = login_page(
            visit,
            flow,
            StatusCode::BAD_REQUEST,
            failed(email, LoginError::Incomplete),
        );
        return refused(&visit.ctx, "incomplete", page);
    };
    let attempt = PasswordAttempt {
        email: email.to_owned(),
        password,
        replacement: params.secret("new_password"),
        device: visit.device_cookie().map(str::to_owned),
        solution: params.get("challenge").map(|text| Solution {
            text: text.to_owned(),
            number: params.get("solution").unwrap_or_default().to_owned(),
        }),
    };
    match state.app.log_in(&visit.ctx, flow, &attempt, before).await {
        Ok(proved) => {
            let mut response = here(visit, flow, "login");
            if let Proved::SignedIn(done) = proved {
                signed_in_cookie(visit, &mut response, &done);
                remember(state, visit, &done, &mut response).await;
            }
            response
        }
        Err(Refused::WrongCredentials) => {
            let error = failed(email, LoginError::Credentials);
            let page = login_page(visit, flow, StatusCode::UNAUTHORIZED, error);
            at_next_tick(began).await;
            page
        }
        Err(Refused::Blocked(blocked)) => {
            let replacing = attempt.replacement.is_some();
            let page = blocked_page(visit, flow, (email, replacing), &blocked);
            at_next_tick(began).await;
            page
        }
        Err(Refused::ChangeRequired) => super::replace::page(visit, flow, email, None, StatusCode::OK),
        Err(Refused::Replacement(wrong)) => {
            let typed = attempt.replacement.unwrap_or_else(|| Secret::new(String::new()));
            super::replace::refused_page(state, visit, (flow, email), (wrong, &typed)).await
        }
        Err(Refused::Busy) => {
            tracing::warn!("a sign-in was refused: too many at once");
            retry_later(login_page(
                visit,
                flow,
                StatusCode::SERVICE_UNAVAILABLE,
                failed(email, LoginError::Busy),
            ))
        }
        Err(Refused::Fault(fault)) => fault_page(visit, &fault),
    }
}

/// The form once more, before anything was looked up: without the name of the application.
fn too_many(visit: &Visit, params: &Params) -> Response {
    let id = params.get("flow").and_then(|flow| flow.parse::<FlowId>().ok());
    let cookie = id.and_then(|id| visit.cookies.get(&flow_cookie(id)));
    let flow = id.map(|id| id.to_string()).unwrap_or_default();
    let action = format!("{}/login", visit.prefix());
    let passkeys = format!("{action}/passkey");
    let page = LoginPage {
        action: &action,
        flow: &flow,
        csrf: &csrf_token(cookie.unwrap_or_default()),
        app: None,
        email: params.get("email").unwrap_or_default(),
        error: Some(LoginError::Busy),
        notice: None,
        challenge: None,
        passkey_action: offered(&visit.ctx).then_some(passkeys.as_str()),
        recover_url: None,
        register_url: None,
    };
    let mut chrome = visit.chrome(&[]);
    chrome.self_url = Some(format!("{action}?flow={flow}"));
    retry_later(flow_page(
        visit,
        StatusCode::SERVICE_UNAVAILABLE,
        page.render(&chrome),
    ))
}

/// The same for every account, whether it is there or not, and whether the password would have been right.
fn blocked_page(
    visit: &Visit,
    flow: &LiveFlow,
    (email, replacing): (&str, bool),
    blocked: &Blocked,
) -> Response {
    if let (true, Some(challenge)) = (replacing, &blocked.challenge) {
        let mut page = super::replace::challenged_page(visit, flow, email, challenge);
        rate_limit::come_back(&mut page, blocked.wait);
        return page;
    }
    let shown = Shown {
        challenge: blocked.challenge.as_ref(),
        ..failed(
            email,
            match blocked.challenge {
                Some(_) => LoginError::Challenged,
                None => LoginError::Throttled,
            },
        )
    };
    let mut page = login_page(visit, flow, StatusCode::TOO_MANY_REQUESTS, shown);
    rate_limit::come_back(&mut page, blocked.wait);
    page
}

fn failed(email: &str, error: LoginError) -> Shown<'_> {
    Shown {
        email,
        error: Some(error),
        notice: None,
        challenge: None,
    }
}
