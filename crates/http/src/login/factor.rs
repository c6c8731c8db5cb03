use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::{OpaqueToken, TokenKind};
use engine::SignedIn;
use engine::authorize::{Continued, LiveFlow};
use engine::sign_in::{FactorCode, FactorRefused, Proved};
use protocol::Params;

use super::{answered, asked, here, page_app, remember, show, signed_in_cookie};
use crate::extract::{Form, Query, Visit, flow_cookie};
use crate::guard::csrf_token;
use crate::pages::{FactorError, FactorPage, Problem, Told};
use crate::recover::LinkBrowser;
use crate::recover::ask::{keep, told};
use crate::reply::{fault_page, flow_page, problem_page};
use crate::state::AppState;
use crate::unrecorded::{refused, unreadable};

/// `GET /login/factor?flow=…`: the question, if it is what the flow waits for.
pub(crate) async fn get(State(state): State<AppState>, visit: Visit, Query(query): Query) -> Response {
    let params = match query {
        Ok(params) => params,
        Err(refused) => return unreadable(&visit, refused),
    };
    let (flow, signed_in) = match asked(&state, &visit, params.get("flow").unwrap_or_default()).await {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    let continued = state
        .app
        .continue_flow(&visit.ctx, &flow, signed_in.as_ref())
        .await;
    match continued {
        Ok(Continued::Factor) => factor_page(&state, &visit, &flow, StatusCode::OK, None).await,
        Ok(Continued::Login(_)) => here(&visit, &flow, "login"),
        other => show(&visit, &flow, other),
    }
}

/// `POST /login/factor`: a code, or the wish to sign in as somebody else. Anything else changes nothing.
pub(crate) async fn post(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let (params, flow, before) = match answered(&state, &visit, form).await {
        Ok(answered) => answered,
        Err(response) => return response,
    };
    if params.has("restart") {
        return match state.app.start_over(&visit.ctx, &flow).await {
            Ok(()) => here(&visit, &flow, "login"),
            Err(fault) => fault_page(&visit, &fault),
        };
    }
    if params.has("lost") {
        return lost(&state, &visit, &flow).await;
    }
    match code(&params) {
        Some(code) => attempt(&state, &visit, (&flow, before.as_ref()), &code).await,
        None => refused(&visit.ctx, "incomplete", here(&visit, &flow, "login")),
    }
}

/// Who has no second factor any more gets a mail, at the address that is stored.
async fn lost(state: &AppState, visit: &Visit, flow: &LiveFlow) -> Response {
    let browser = LinkBrowser::of(visit, &state.app);
    let Some(hash) = OpaqueToken::parse(TokenKind::Browser, browser.value()) else {
        return problem_page(visit, Problem::Internal, None);
    };
    match state.app.request_factor_recovery(&visit.ctx, flow, hash).await {
        Ok(()) => {
            let mut response = told(visit, Told::RecoverySent, None);
            keep(&mut response, visit, &browser);
            response
        }
        Err(FactorRefused::Fault(fault)) => fault_page(visit, &fault),
        Err(_) => refused(&visit.ctx, "not_offered", here(visit, flow, "login")),
    }
}

/// The code that was sent, under exactly one method we know.
fn code(params: &Params) -> Option<FactorCode> {
    let code = params.secret("code")?;
    match params.get("method")? {
        "recovery" => Some(FactorCode::Recovery(code)),
        "totp" => Some(FactorCode::Totp(code)),
        _ => None,
    }
}

async fn attempt(
    state: &AppState,
    visit: &Visit,
    (flow, before): (&LiveFlow, Option<&SignedIn>),
    code: &FactorCode,
) -> Response {
    let verified = state.app.verify_factor(&visit.ctx, flow, code, before).await;
    let (status, error) = match verified {
        Ok(proved) => {
            let mut response = here(visit, flow, "login");
            if let Proved::SignedIn(done) = proved {
                signed_in_cookie(visit, &mut response, &done);
                remember(state, visit, &done, &mut response).await;
            }
            return response;
        }
        Err(FactorRefused::NotYet) => {
            return refused(&visit.ctx, "too_early", here(visit, flow, "login"));
        }
        Err(FactorRefused::Blocked) => (StatusCode::TOO_MANY_REQUESTS, FactorError::Blocked),
        Err(FactorRefused::Wrong) => (StatusCode::UNAUTHORIZED, FactorError::Wrong),
        Err(FactorRefused::Fault(fault)) => return fault_page(visit, &fault),
    };
    factor_page(state, visit, flow, status, Some(error)).await
}

async fn factor_page(
    state: &AppState,
    visit: &Visit,
    flow: &LiveFlow,
    status: StatusCode,
    error: Option<FactorError>,
) -> Response {
    let asked = async {
        let user = state.app.half_way(&visit.ctx, flow).await?;
        match user {
            Some(user) => {
                let left = state.app.factors_left(&visit.ctx, flow, user.id).await?;
                Ok(Some((user, left)))
            }
            None => Ok::<_, engine::Fault>(None),
        }
    };
    let (user, left) = match asked.await {
        Ok(Some(asked)) => asked,
        Ok(None) => return here(visit, flow, "login"),
        Err(fault) => return fault_page(visit, &fault),
    };
    let view = flow.login_view();
    let cookie = visit.cookies.get(&flow_cookie(flow.id)).unwrap_or_default();
    let (login, flow_id) = (format!("{}/login", visit.prefix()), flow.id.to_string());
    let action = format!("{login}/factor");
    let page = FactorPage {
        action: &action,
        flow: &flow_id,
        csrf: &csrf_token(cookie),
        app: view.client.as_ref().map(page_app),
        email: user.email.as_str(),
        passkey_action: left.passkey.then(|| format!("{login}/passkey")),
        password_action: left.password.then_some(login.as_str()),
        totp: left.totp,
        recovery: left.recovery,
        lost: state.app.can_recover_factors(&visit.ctx, &user),
        error,
    };
    let mut chrome = visit.chrome(flow.ui_locales());
    chrome.self_url = Some(format!("{action}?flow={flow_id}"));
    flow_page(visit, status, page.render(&chrome))
}
