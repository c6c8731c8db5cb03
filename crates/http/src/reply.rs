//! Pages and problems as responses.

use axum::http::header::{LOCATION, RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use engine::Fault;
use protocol::OAuthError;
use protocol::authorize::Delivery;
use protocol::error::ErrorCode;

use crate::extract::{Visit, preference_cookie, set_cookie};
use crate::pages::headers::{self, Header};
use crate::pages::{ErrorPage, FlowEnd, FlowEndedPage, FormPostPage, Locale, Problem};
use crate::unrecorded::refused;

/// Seconds a client waits before it comes again when we are overloaded or the database is away.
const RETRY_SECS: &str = "2";
/// How long the reader's choice of language is kept.
const LANGUAGE_KEPT: std::time::Duration = std::time::Duration::from_hours(365 * 24);

/// A page of a flow: sign-in, consent, logout, error.
pub(crate) fn flow_page(visit: &Visit, status: StatusCode, html: String) -> Response {
    page(visit, status, html, headers::flow())
}

/// A page of the account.
pub(crate) fn account_page(visit: &Visit, status: StatusCode, html: String) -> Response {
    page(visit, status, html, headers::account())
}

fn page(visit: &Visit, status: StatusCode, html: String, headers: impl Iterator<Item = Header>) -> Response {
    let mut response = (status, Html(html)).into_response();
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if let Some(locale) = visit.chosen {
        choose_language(&mut response, locale);
    }
    response
}

/// The browser's pages come in this language from now on.
pub(crate) fn choose_language(response: &mut Response, locale: Locale) {
    add_cookie(
        response,
        &set_cookie(preference_cookie(), locale.tag(), Some(LANGUAGE_KEPT)),
    );
}

/// 303: the browser goes on with a GET, whatever it did before (OA12).
pub(crate) fn see_other(to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(to) => (StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Adds a `Set-Cookie` header.
pub(crate) fn add_cookie(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

/// Takes the answer to the client: by redirect, or by a form the browser posts.
pub(crate) fn deliver(visit: &Visit, app_name: &str, delivery: &Delivery) -> Response {
    match delivery {
        Delivery::Redirect(to) => see_other(to),
        Delivery::FormPost { action, fields } => {
            let fields = fields
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let html = FormPostPage {
                action,
                app_name,
                fields,
            }
            .render(&visit.chrome(&[]));
            flow_page(visit, StatusCode::OK, html)
        }
    }
}

/// An error page: what happened, what to do, and the request id.
pub(crate) fn problem_page(visit: &Visit, problem: Problem, detail: Option<&str>) -> Response {
    let status = StatusCode::from_u16(problem.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let html = ErrorPage {
        problem,
        detail,
        next_url: None,
    }
    .render(&visit.chrome(&[]));
    flow_page(visit, status, html)
}

/// The page for a refusal that no client can be told of (OA2).
pub(crate) fn local_error(visit: &Visit, error: OAuthError) -> Response {
    let problem = match error.code {
        ErrorCode::InvalidClient | ErrorCode::UnauthorizedClient => Problem::UnknownClient,
        _ if error.description.contains("redirect_uri") => Problem::RedirectUri,
        _ if error.description.contains("more than once") => Problem::DuplicateParameter,
        _ => Problem::InvalidRequest,
    };
    problem_page(visit, problem, Some(error.description))
}

/// The page for a fault; the log has the cause, the person the request id (LG8).
pub(crate) fn fault_page(visit: &Visit, fault: &Fault) -> Response {
    log_fault(fault);
    let problem = if fault.is_unavailable() {
        Problem::Unavailable
    } else {
        Problem::Internal
    };
    let response = problem_page(visit, problem, None);
    if fault.is_unavailable() {
        retry_later(response)
    } else {
        response
    }
}

/// Says when to come again.
pub(crate) fn retry_later(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SECS));
    response
}

/// A fault as a bare status, for callers that read JSON; the edge adds the problem document.
pub(crate) fn fault_status(fault: &Fault) -> Response {
    log_fault(fault);
    if fault.is_unavailable() {
        (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, RETRY_SECS)]).into_response()
    } else {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

pub(crate) fn log_fault(fault: &Fault) {
    if fault.is_unavailable() {
        tracing::warn!(cause = %fault, "unavailable");
    } else {
        tracing::error!(cause = %fault, "fault");
    }
}

/// The page for a sign-in that cannot go on; recorded by the route.
pub(crate) fn flow_over(visit: &Visit) -> Response {
    let account = format!("{}/account", visit.prefix());
    let page = FlowEndedPage {
        end: FlowEnd::Expired,
        app: None,
        return_url: None,
        account_url: Some(&account),
    };
    let page = flow_page(visit, StatusCode::BAD_REQUEST, page.render(&visit.chrome(&[])));
    refused(&visit.ctx, "flow_over", page)
}
