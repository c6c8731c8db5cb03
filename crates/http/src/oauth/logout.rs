use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use domain::{Actor, EventKind};
use engine::SignedIn;
use engine::authorize::{FlowRefused, LiveFlow};
use engine::logout::Farewell;
use protocol::Params;
use protocol::logout::LogoutRequest;

use crate::extract::{Form, Query, Visit, clear_cookie, flow_cookie, session_cookie};
use crate::guard::{csrf_token, is_own_post};
use crate::login::{self, page_app};
use crate::pages::{LoggedOutPage, LogoutPage, Problem};
use crate::reply::{add_cookie, fault_page, flow_over, flow_page, problem_page, see_other};
use crate::state::AppState;
use crate::unrecorded::unreadable;

/// `GET /oauth/logout` (OIDC RP-Initiated Logout): with the request itself, or with a flow that keeps it.
pub(crate) async fn get(State(state): State<AppState>, visit: Visit, Query(query): Query) -> Response {
    let params = match query {
        Ok(params) => params,
        Err(refused) => return unreadable(&visit, refused),
    };
    match params.get("flow") {
        Some(flow) => resume(&state, &visit, flow).await,
        None => begin(&state, &visit, &params).await,
    }
}

/// `POST /oauth/logout`: the answer to our own question, or a request that may come from another site and is only kept.
pub(crate) async fn post(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let params = match form {
        Ok(params) => params,
        Err(refused) => return unreadable(&visit, refused),
    };
    if params.has("flow") {
        return answer(&state, &visit, &params).await;
    }
    let request = match LogoutRequest::parse(&params) {
        Ok(request) => request,
        Err(refused) => return unreadable(&visit, refused),
    };
    let kept = async {
        // Who is signed in cannot be seen here and is looked at with the GET that follows.
        state.app.receive_logout(&visit.ctx, &request, None).await?;
        state.app.begin_logout(&visit.ctx, request).await
    };
    match kept.await {
        Ok(flow) => login::enter(&visit, "/oauth/logout", &flow),
        Err(fault) => fault_page(&visit, &fault),
    }
}

async fn begin(state: &AppState, visit: &Visit, params: &Params) -> Response {
    let request = match LogoutRequest::parse(params) {
        Ok(request) => request,
        Err(refused) => return unreadable(visit, refused),
    };
    let checked = async {
        let signed_in = visit.signed_in(&state.app).await?;
        let farewell = state
            .app
            .receive_logout(&visit.ctx, &request, signed_in.as_ref())
            .await?;
        Ok::<_, engine::Fault>((signed_in, farewell))
    };
    let (signed_in, farewell) = match checked.await {
        Ok(checked) => checked,
        Err(fault) => return fault_page(visit, &fault),
    };
    match signed_in {
        // A person has to confirm: keep the request, so that the question survives a reload.
        Some(_) if farewell.confirm => match state.app.begin_logout(&visit.ctx, request).await {
            Ok(flow) => login::enter(visit, "/oauth/logout", &flow),
            Err(fault) => fault_page(visit, &fault),
        },
        signed_in => depart(state, visit, signed_in.as_ref(), &farewell).await,
    }
}

async fn resume(state: &AppState, visit: &Visit, flow_id: &str) -> Response {
    let (flow, signed_in, farewell) = match kept(state, visit, flow_id).await {
        Ok(kept) => kept,
        Err(response) => return response,
    };
    let Some(who) = signed_in.as_ref().filter(|_| farewell.confirm) else {
        return depart(state, visit, signed_in.as_ref(), &farewell).await;
    };
    let cookie = visit.cookies.get(&flow_cookie(flow.id)).unwrap_or_default();
    let action = format!("{}/oauth/logout", visit.prefix());
    let flow_id = flow.id.to_string();
    let page = LogoutPage {
        action: &action,
        flow: &flow_id,
        csrf: &csrf_token(cookie),
        app: farewell.client.as_ref().map(page_app),
        user: who.user.email.as_str(),
    };
    flow_page(
        visit,
        StatusCode::OK,
        page.render(&visit.chrome_here(flow.ui_locales())),
    )
}

async fn answer(state: &AppState, visit: &Visit, params: &Params) -> Response {
    let flow_id = params.get("flow").unwrap_or_default();
    let cookie = flow_id
        .parse()
        .ok()
        .and_then(|id| visit.cookies.get(&flow_cookie(id)));
    match is_own_post(&state.app, visit, cookie, params.get("csrf")).await {
        Ok(true) => {}
        Ok(false) => return problem_page(visit, Problem::CrossSite, None),
        Err(fault) => return fault_page(visit, &fault),
    }
    let (flow, signed_in, farewell) = match kept(state, visit, flow_id).await {
        Ok(kept) => kept,
        Err(response) => return response,
    };
    match state.app.finish_logout(&visit.ctx, &flow).await {
        Ok(true) => {}
        Ok(false) => return flow_over(visit),
        Err(fault) => return fault_page(visit, &fault),
    }
    let mut response = if params.has("logout") {
        depart(state, visit, signed_in.as_ref(), &farewell).await
    } else {
        let page = LoggedOutPage {
            app: farewell.client.as_ref().map(page_app),
            return_url: farewell.return_to.as_deref(),
            sign_in_url: None,
            stayed: true,
        };
        flow_page(visit, StatusCode::OK, page.render(&visit.chrome(&[])))
    };
    add_cookie(&mut response, &clear_cookie(&flow_cookie(flow.id)));
    response
}

/// The request a flow of this browser keeps, checked anew.
async fn kept(
    state: &AppState,
    visit: &Visit,
    flow_id: &str,
) -> Result<(LiveFlow, Option<SignedIn>, Farewell), Response> {
    let fault = |fault: engine::Fault| fault_page(visit, &fault);
    let flow = login::find(state, visit, flow_id)
        .await
        .map_err(|refused| match refused {
            FlowRefused::Gone => flow_over(visit),
            FlowRefused::Fault(cause) => fault(cause),
        })?;
    let Some(request) = flow.logout_request() else {
        return Err(flow_over(visit));
    };
    let signed_in = visit.signed_in(&state.app).await.map_err(fault)?;
    let farewell = state
        .app
        .check_logout(&visit.ctx, request, signed_in.as_ref())
        .await
        .map_err(fault)?;
    Ok((flow, signed_in, farewell))
}

/// Ends the session and sends the person on.
async fn depart(
    state: &AppState,
    visit: &Visit,
    signed_in: Option<&SignedIn>,
    farewell: &Farewell,
) -> Response {
    if let Some(who) = signed_in {
        let ctx = visit.ctx.acting_as(Actor::User(who.user.id));
        if let Err(fault) = state.app.end_session(&ctx, &who.session, EventKind::Logout).await {
            return fault_page(visit, &fault);
        }
    }
    let mut response = if let Some(uri) = &farewell.return_to {
        see_other(uri)
    } else {
        let account = format!("{}/account", visit.prefix());
        let page = LoggedOutPage {
            app: farewell.client.as_ref().map(page_app),
            return_url: None,
            sign_in_url: Some(&account),
            stayed: false,
        };
        flow_page(visit, StatusCode::OK, page.render(&visit.chrome(&[])))
    };
    add_cookie(
        &mut response,
        &clear_cookie(&session_cookie(&visit.ctx.tenant.tenant.slug)),
    );
    // Not "cookies": that would end the sessions of other tenants on the same host (SE11).
    response.headers_mut().insert(
        "clear-site-data",
        HeaderValue::from_static("\"cache\", \"storage\""),
    );
    response
}
