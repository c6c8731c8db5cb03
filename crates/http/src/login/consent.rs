use std::borrow::Cow;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::Actor;
use engine::authorize::{ConsentView, Continued, LiveFlow};
use protocol::userinfo::{claim_names, scope_of};
use serde_json::{Map, Value};

use super::{answered, asked, here, page_app, show};
use crate::extract::{Form, Query, Visit, flow_cookie};
use crate::guard::csrf_token;
use crate::pages::{ClaimItem, ClaimValue, ConsentPage, ScopeItem};
use crate::reply::flow_page;
use crate::state::AppState;
use crate::unrecorded::{refused, unreadable};

/// `GET /consent?flow=…`: the question, if it is what the flow waits for.
pub(crate) async fn get(State(state): State<AppState>, visit: Visit, Query(query): Query) -> Response {
    let params = match query {
        Ok(params) => params,
        Err(refused) => return unreadable(&visit, refused),
    };
    let (flow, signed_in) = match asked(&state, &visit, params.get("flow").unwrap_or_default()).await {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    match state
        .app
        .continue_flow(&visit.ctx, &flow, signed_in.as_ref())
        .await
    {
        Ok(Continued::Consent(view)) => consent_page(&visit, &flow, &view),
        Ok(Continued::Login(_)) => here(&visit, &flow, "login"),
        other => show(&visit, &flow, other),
    }
}

/// `POST /consent`: the answer. Exactly one of the two buttons.
pub(crate) async fn post(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let (params, flow, signed_in) = match answered(&state, &visit, form).await {
        Ok(answered) => answered,
        Err(response) => return response,
    };
    let (accept, deny) = (params.has("accept"), params.has("deny"));
    match signed_in {
        Some(who) if accept != deny => {
            let answered = state.app.answer_consent(&visit.ctx, &flow, &who, accept).await;
            show(&visit, &flow, answered)
        }
        signed_in => {
            let back = here(&visit, &flow, "login");
            // Without a session there is nobody who could answer; that is no wrong request.
            match signed_in {
                Some(who) => {
                    let ctx = visit.ctx.acting_as(Actor::User(who.user.id));
                    refused(&ctx, "one_button", back)
                }
                None => back,
            }
        }
    }
}

fn consent_page(visit: &Visit, flow: &LiveFlow, view: &ConsentView) -> Response {
    let cookie = visit.cookies.get(&flow_cookie(flow.id)).unwrap_or_default();
    let scopes = view.scopes.iter().map(|scope| ScopeItem {
        name: scope.as_str(),
        description: None,
        claims: claims(view, scope.as_str()),
    });
    let (action, account) = (
        format!("{}/consent", visit.prefix()),
        format!("{}/account", visit.prefix()),
    );
    let flow_id = flow.id.to_string();
    let page = ConsentPage {
        action: &action,
        flow: &flow_id,
        csrf: &csrf_token(cookie),
        app: page_app(&view.client),
        return_host: &view.return_host,
        user: &view.email,
        scopes: scopes.collect(),
        lifetime_seconds: Some(view.lifetime.as_secs()),
        account_url: &account,
    };
    flow_page(
        visit,
        StatusCode::OK,
        page.render(&visit.chrome_here(flow.ui_locales())),
    )
}

/// What the client would see now under a scope, as it stands in the person's profile.
fn claims<'a>(view: &'a ConsentView, scope: &str) -> Vec<ClaimItem<'a>> {
    // The subject identifier comes with every sign-in.
    std::iter::once("sub")
        .chain(claim_names())
        .filter(|name| scope_of(name).unwrap_or("openid") == scope)
        .filter_map(|name| {
            let value = value(view.values.get(name)?)?;
            Some(ClaimItem { name, value })
        })
        .collect()
}

fn value(value: &Value) -> Option<ClaimValue<'_>> {
    match value {
        Value::String(text) => Some(ClaimValue::Text(text.into())),
        Value::Bool(flag) => Some(ClaimValue::Flag(*flag)),
        Value::Number(number) => number.as_i64().map(ClaimValue::Moment),
        Value::Object(address) => Some(ClaimValue::Text(address_lines(address))),
        Value::Null | Value::Array(_) => None,
    }
}

/// An address as it stands on a letter, or else its parts, one a line.
fn address_lines(address: &Map<String, Value>) -> Cow<'_, str> {
    const PARTS: [&str; 5] = ["street_address", "postal_code", "locality", "region", "country"];
    let part = |name: &str| address.get(name).and_then(Value::as_str);
    match part("formatted") {
        Some(whole) => whole.into(),
        None => PARTS
            .into_iter()
            .filter_map(part)
            .collect::<Vec<_>>()
            .join("\n")
            .into(),
    }
}
