//! `/recover` and `/register`: a person names an address and is told the same whoever has it (PW12, G3).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::{Email, LinkPurpose, OpaqueToken, TokenKind};
use engine::Fault;
use engine::mail::MailRequest;
use protocol::{OAuthError, Params};

use super::LinkBrowser;
use crate::extract::{Form, Query, Visit, link_cookie, set_cookie};
use crate::guard::{csrf_token, is_own_post};
use crate::pages::{Ask, AskPage, Problem, Told, ToldPage};
use crate::reply::{account_page, add_cookie, fault_page, problem_page};
use crate::state::AppState;
use crate::unrecorded::{refused, unreadable};

/// `GET /recover`
pub(crate) async fn recover(State(state): State<AppState>, visit: Visit, Query(query): Query) -> Response {
    shown(&state, &visit, Ask::Reset, query)
}

/// `POST /recover`
pub(crate) async fn send_recover(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    asked(&state, &visit, Ask::Reset, form).await
}

/// `GET /register`
pub(crate) async fn register(State(state): State<AppState>, visit: Visit, Query(query): Query) -> Response {
    shown(&state, &visit, Ask::Register, query)
}

/// `POST /register`
pub(crate) async fn send_register(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    asked(&state, &visit, Ask::Register, form).await
}

fn is_offered(state: &AppState, visit: &Visit, ask: Ask) -> bool {
    match ask {
        Ask::Register => state.app.is_registration_open(&visit.ctx),
        Ask::Reset => state.app.has_mail(),
    }
}

fn shown(state: &AppState, visit: &Visit, ask: Ask, query: Result<Params, OAuthError>) -> Response {
    if !is_offered(state, visit, ask) {
        return not_offered(visit);
    }
    if let Err(cause) = query {
        return unreadable(visit, cause);
    }
    let browser = LinkBrowser::of(visit, &state.app);
    let mut response = form_page(visit, ask, &browser, "", false);
    keep(&mut response, visit, &browser);
    response
}

fn not_offered(visit: &Visit) -> Response {
    refused(
        &visit.ctx,
        "not_offered",
        problem_page(visit, Problem::NotFound, None),
    )
}

/// The browser keeps the cookie as long as the longest link that is bound to it works.
pub(crate) fn keep(response: &mut Response, visit: &Visit, browser: &LinkBrowser) {
    let name = link_cookie(&visit.ctx.tenant.tenant.slug);
    let lifetime = LinkPurpose::VerifyEmail.lifetime() * 2;
    add_cookie(response, &set_cookie(&name, browser.value(), Some(lifetime)));
}

fn form_page(visit: &Visit, ask: Ask, browser: &LinkBrowser, email: &str, is_wrong: bool) -> Response {
    let path = match ask {
        Ask::Register => "/register",
        Ask::Reset => "/recover",
    };
    let page = AskPage {
        ask,
        action: &format!("{}{path}", visit.prefix()),
        csrf: &csrf_token(browser.value()),
        email,
        is_wrong,
        sign_in_url: &format!("{}/account", visit.prefix()),
    };
    let status = if is_wrong {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    account_page(visit, status, page.render(&visit.chrome_here(&[])))
}

async fn asked(state: &AppState, visit: &Visit, ask: Ask, form: Result<Params, OAuthError>) -> Response {
    if !is_offered(state, visit, ask) {
        return not_offered(visit);
    }
    let params = match form {
        Ok(params) => params,
        Err(cause) => return unreadable(visit, cause),
    };
    let cookie = visit.cookies.get(&link_cookie(&visit.ctx.tenant.tenant.slug));
    match is_own_post(&state.app, visit, cookie, params.get("csrf")).await {
        Ok(true) => {}
        Ok(false) => return problem_page(visit, Problem::CrossSite, None),
        Err(fault) => return fault_page(visit, &fault),
    }
    let email = params.get("email").unwrap_or_default().trim();
    let hash = cookie.and_then(|cookie| OpaqueToken::parse(TokenKind::Browser, cookie));
    let Some(hash) = hash else {
        return problem_page(visit, Problem::CrossSite, None);
    };
    if email.parse::<Email>().is_err() {
        let browser = LinkBrowser::of(visit, &state.app);
        return refused(
            &visit.ctx,
            "address",
            form_page(visit, ask, &browser, email, true),
        );
    }
    let request = MailRequest {
        email,
        language: visit.locale(&[]).tag(),
        browser: hash,
    };
    let noted: Result<(), Fault> = match ask {
        Ask::Register => state.app.request_registration(&visit.ctx, &request).await,
        Ask::Reset => state.app.request_reset(&visit.ctx, &request).await,
    };
    match noted {
        Ok(()) => told(
            visit,
            match ask {
                Ask::Register => Told::RegisterSent,
                Ask::Reset => Told::ResetSent,
            },
            None,
        ),
        Err(fault) => fault_page(visit, &fault),
    }
}

/// A page that says what was done.
pub(crate) fn told(visit: &Visit, told: Told, next_url: Option<&str>) -> Response {
    told_when(visit, (told, None), next_url)
}

/// A page that says what was done, and when it can go on.
pub(crate) fn told_when(
    visit: &Visit,
    (told, not_before): (Told, Option<i64>),
    next_url: Option<&str>,
) -> Response {
    let page = ToldPage {
        told,
        not_before,
        next_url,
    };
    account_page(visit, StatusCode::OK, page.render(&visit.chrome(&[])))
}
