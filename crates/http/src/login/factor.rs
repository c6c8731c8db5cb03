use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use engine::authorize::{Continued, FlowRefused, LiveFlow};
use engine::sign_in::{FactorCode, FactorRefused, Proved};
use protocol::Params;

use super::{find, here, page_app, show, signed_in_cookie};
use crate::extract::{Form, Query, Visit, flow_cookie};
use crate::guard::{csrf_token, is_own_post};
use crate::pages::{FactorError, FactorPage, Problem};
use crate::reply::{fault_page, flow_over, flow_page, problem_page};
use crate::state::AppState;
use crate::unrecorded::unreadable;

/// `GET /login/factor?flow=…`: the question, if it is what the flow waits for.
pub(crate) async fn get(State(state): State<AppState>, visit: Visit, Query(query): Query) -> Response {
    let params = match query {
        Ok(params) => params,
        Err(refused) => return unreadable(&visit, refused),
    };
    let flow = match find(&state, &visit, params.get("flow").unwrap_or_default()).await {
        Ok(flow) => flow,
        Err(FlowRefused::Gone) => return flow_over(&visit),
        Err(FlowRefused::Fault(fault)) => return fault_page(&visit, &fault),
    };
    let signed_in = match visit.signed_in(&state.app).await {
        Ok(signed_in) => signed_in,
        Err(fault) => return fault_page(&visit, &fault),
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
    let params = match form {
        Ok(params) => params,
        Err(refused) => return unreadable(&visit, refused),
    };
    let id = params.get("flow").unwrap_or_default();
    let cookie = id.parse().ok().and_then(|id| visit.cookies.get(&flow_cookie(id)));
    match is_own_post(&state.app, &visit, cookie, params.get("csrf")).await {
        Ok(true) => {}
        Ok(false) => return problem_page(&visit, Problem::CrossSite, None),
        Err(fault) => return fault_page(&visit, &fault),
    }
    let flow = match find(&state, &visit, id).await {
        Ok(flow) if flow.wants_sign_in() => flow,
        Ok(_) | Err(FlowRefused::Gone) => return flow_over(&visit),
        Err(FlowRefused::Fault(fault)) => return fault_page(&visit, &fault),
    };
    if params.has("restart") {
        return match state.app.start_over(&visit.ctx, &flow).await {
            Ok(()) => here(&visit, &flow, "login"),
            Err(fault) => fault_page(&visit, &fault),
        };
    }
    match code(&params) {
        Some(code) => attempt(&state, &visit, &flow, &code).await,
        None => here(&visit, &flow, "login"),
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

async fn attempt(state: &AppState, visit: &Visit, flow: &LiveFlow, code: &FactorCode) -> Response {
    let before = match visit.signed_in(&state.app).await {
        Ok(before) => before,
        Err(fault) => return fault_page(visit, &fault),
    };
    let verified = state
        .app
        .verify_factor(&visit.ctx, flow, code, before.as_ref())
        .await;
    let (status, error) = match verified {
        Ok(proved) => {
            let mut response = here(visit, flow, "login");
            if let Proved::SignedIn(done) = proved {
                signed_in_cookie(visit, &mut response, &done);
            }
            return response;
        }
        Err(FactorRefused::NotYet) => return here(visit, flow, "login"),
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
                let can = state.app.enrolled(&visit.ctx, user.id).await?;
                Ok(Some((user, can)))
            }
            None => Ok::<_, engine::Fault>(None),
        }
    };
    let (user, can) = match asked.await {
        Ok(Some(asked)) => asked,
        Ok(None) => return here(visit, flow, "login"),
        Err(fault) => return fault_page(visit, &fault),
    };
    let view = flow.login_view();
    let cookie = visit.cookies.get(&flow_cookie(flow.id)).unwrap_or_default();
    let (action, flow_id) = (format!("{}/login/factor", visit.prefix()), flow.id.to_string());
    let page = FactorPage {
        action: &action,
        flow: &flow_id,
        csrf: &csrf_token(cookie),
        app: view.client.as_ref().map(page_app),
        email: user.email.as_str(),
        totp: can.totp,
        recovery: can.recovery_codes > 0,
        error,
    };
    let mut chrome = visit.chrome(flow.ui_locales());
    chrome.self_url = Some(format!("{action}?flow={flow_id}"));
    flow_page(visit, status, page.render(&chrome))
}
