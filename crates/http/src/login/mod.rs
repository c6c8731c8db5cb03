//! The pages of a sign-in. `GET /login?flow=…` takes a flow one step on and shows what is next.

pub(crate) mod consent;
pub(crate) mod factor;
pub(crate) mod passkey;
pub(crate) mod replace;
pub(crate) mod sign_in;

use axum::http::StatusCode;
use axum::response::Response;
use domain::Client;
use engine::authorize::{Continued, FlowRefused, LiveFlow, NewFlow};
use engine::login::LoggedIn;
use engine::passkeys::offered;
use engine::throttle::{Challenge, DEVICE_KEPT};
use engine::{Fault, SignedIn};
use protocol::{OAuthError, Params};

use crate::extract::{Visit, clear_cookie, device_cookie, flow_cookie, flows_of, session_cookie, set_cookie};
use crate::guard::{csrf_token, is_own_post};
use crate::pages::{App, LoginError, LoginNotice, LoginPage, Problem, Work};
use crate::reply::{add_cookie, deliver, fault_page, flow_over, flow_page, problem_page, see_other};
use crate::state::AppState;
use crate::unrecorded::unreadable;

/// How long the browser keeps the cookie of a flow: a little longer than the flow lives.
const COOKIE_KEPT: std::time::Duration = std::time::Duration::from_mins(20);

/// Sends the browser into a flow that has just begun.
pub(crate) fn enter(visit: &Visit, path: &str, flow: &NewFlow) -> Response {
    let mut response = see_other(&format!("{}{path}?flow={}", visit.prefix(), flow.id));
    add_cookie(
        &mut response,
        &set_cookie(&flow_cookie(flow.id), flow.browser.expose(), Some(COOKIE_KEPT)),
    );
    response
}

/// The flow with this id, if it is this browser's.
pub(crate) async fn find(state: &AppState, visit: &Visit, id: &str) -> Result<LiveFlow, FlowRefused> {
    let cookie = id.parse().ok().and_then(|id| visit.cookies.get(&flow_cookie(id)));
    state.app.flow(&visit.ctx, id, cookie).await
}

/// Flows looked at for one that waits; a browser has more only if somebody opens many tabs.
const LOOKED_AT: usize = 8;

/// Where this browser goes on once the person has a second factor: the newest sign-in for an application that waits for
/// nothing else. Asked before there is one.
pub(crate) async fn waiting_for_factor(
    state: &AppState,
    visit: &Visit,
    who: &SignedIn,
) -> Result<Option<String>, Fault> {
    for id in flows_of(&visit.cookies).into_iter().take(LOOKED_AT) {
        let flow = match find(state, visit, &id.to_string()).await {
            Ok(flow) => flow,
            Err(FlowRefused::Gone) => continue,
            Err(FlowRefused::Fault(fault)) => return Err(fault),
        };
        if state.app.waits_for_factor(&visit.ctx, &flow, who).await? {
            return Ok(Some(format!("{}/login?flow={id}", visit.prefix())));
        }
    }
    Ok(None)
}

/// The flow with this id and who is signed in, for a page of the flow.
async fn asked(state: &AppState, visit: &Visit, id: &str) -> Result<(LiveFlow, Option<SignedIn>), Response> {
    let flow = find(state, visit, id).await.map_err(|refused| match refused {
        FlowRefused::Gone => flow_over(visit),
        FlowRefused::Fault(fault) => fault_page(visit, &fault),
    })?;
    let signed_in = visit
        .signed_in(&state.app)
        .await
        .map_err(|fault| fault_page(visit, &fault))?;
    Ok((flow, signed_in))
}

/// What a page of a sign-in sent, if it is ours.
async fn ours(state: &AppState, visit: &Visit, form: Result<Params, OAuthError>) -> Result<Params, Response> {
    let params = form.map_err(|refused| unreadable(visit, refused))?;
    let id = params.get("flow").unwrap_or_default();
    let cookie = id.parse().ok().and_then(|id| visit.cookies.get(&flow_cookie(id)));
    match is_own_post(&state.app, visit, cookie, params.get("csrf")).await {
        Ok(true) => Ok(params),
        Ok(false) => Err(problem_page(visit, Problem::CrossSite, None)),
        Err(fault) => Err(fault_page(visit, &fault)),
    }
}

/// The flow that a form of ours names, if it still wants a sign-in, and who is signed in.
async fn wanted(
    state: &AppState,
    visit: &Visit,
    params: &Params,
) -> Result<(LiveFlow, Option<SignedIn>), Response> {
    let id = params.get("flow").unwrap_or_default();
    let (flow, signed_in) = asked(state, visit, id).await?;
    if flow.wants_sign_in() {
        Ok((flow, signed_in))
    } else {
        Err(flow_over(visit))
    }
}

/// What a page of a sign-in sent, if it is ours and its flow still leads somewhere.
async fn answered(
    state: &AppState,
    visit: &Visit,
    form: Result<Params, OAuthError>,
) -> Result<(Params, LiveFlow, Option<SignedIn>), Response> {
    let params = ours(state, visit, form).await?;
    let (flow, signed_in) = wanted(state, visit, &params).await?;
    Ok((params, flow, signed_in))
}

/// How a client is shown on a page.
pub(crate) fn page_app(client: &Client) -> App<'_> {
    App {
        name: &client.name,
        // A remote logo would tell its server who signs in when; the content security policy does not load it either.
        logo_url: None,
        policy_url: client.settings.policy_uri.as_deref(),
        terms_url: client.settings.tos_uri.as_deref(),
    }
}

/// A page of this flow.
pub(crate) fn here(visit: &Visit, flow: &LiveFlow, page: &str) -> Response {
    see_other(&format!("{}/{page}?flow={}", visit.prefix(), flow.id))
}

/// Gives the browser the cookie of its new or renewed session.
pub(crate) fn signed_in_cookie(visit: &Visit, response: &mut Response, done: &LoggedIn) {
    let name = session_cookie(&visit.ctx.tenant.tenant.slug);
    let lifetime = done.session.absolute_expires_at.since(visit.ctx.now);
    add_cookie(response, &set_cookie(&name, done.cookie.expose(), Some(lifetime)));
}

/// From now on this browser is one of the person's own. That it could not be noted keeps nobody out.
pub(crate) async fn remember(state: &AppState, visit: &Visit, done: &LoggedIn, response: &mut Response) {
    let name = device_cookie(&visit.ctx.tenant.tenant.slug);
    let old = visit.device_cookie();
    match state.app.remember_device(&visit.ctx, done.user.id, old).await {
        Ok(Some(fresh)) => add_cookie(response, &set_cookie(&name, fresh.expose(), Some(DEVICE_KEPT))),
        Ok(None) => {
            if let Some(old) = old {
                add_cookie(response, &set_cookie(&name, old, Some(DEVICE_KEPT)));
            }
        }
        Err(cause) => tracing::warn!(%cause, "a browser could not be remembered"),
    }
}

/// Shows where a flow stands.
pub(crate) fn show(visit: &Visit, flow: &LiveFlow, continued: Result<Continued, FlowRefused>) -> Response {
    let mut response = match continued {
        Ok(Continued::Login(view)) => {
            let email = view.login_hint.unwrap_or_default();
            let notice = view.again.then_some(LoginNotice::Reauthenticate);
            return login_page(
                visit,
                flow,
                StatusCode::OK,
                Shown {
                    email: &email,
                    error: None,
                    notice,
                    challenge: None,
                },
            );
        }
        Ok(Continued::Consent(_)) => return here(visit, flow, "consent"),
        Ok(Continued::Factor) => return here(visit, flow, "login/factor"),
        Ok(Continued::Replace) => return here(visit, flow, "login/replace"),
        // The flow stays open and goes on by itself once the factor is set up.
        Ok(Continued::Enrol) => {
            return see_other(&format!("{}/account/factors?done=required", visit.prefix()));
        }
        Ok(Continued::Account(back)) => see_other(&format!("{}{}", visit.prefix(), back.path())),
        Ok(Continued::Respond(delivery)) => {
            let view = flow.login_view();
            deliver(
                visit,
                view.client.as_ref().map_or("", |client| client.name.as_str()),
                &delivery,
            )
        }
        Err(FlowRefused::Gone) => flow_over(visit),
        Err(FlowRefused::Fault(fault)) => return fault_page(visit, &fault),
    };
    add_cookie(&mut response, &clear_cookie(&flow_cookie(flow.id)));
    response
}

/// What the sign-in page says beside its form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a> {
    email: &'a str,
    error: Option<LoginError>,
    notice: Option<LoginNotice>,
    challenge: Option<&'a Challenge>,
}

/// A challenge as pages show it.
fn work(challenge: &Challenge) -> Work<'_> {
    Work {
        text: &challenge.text,
        bits: challenge.bits,
        wait: challenge.wait.as_secs(),
    }
}

/// The sign-in page.
pub(crate) fn login_page(
    visit: &Visit,
    flow: &LiveFlow,
    status: StatusCode,
    Shown {
        email,
        error,
        notice,
        challenge,
    }: Shown<'_>,
) -> Response {
    let view = flow.login_view();
    let cookie = visit.cookies.get(&flow_cookie(flow.id)).unwrap_or_default();
    let recover = format!("{}/recover", visit.prefix());
    let register = format!("{}/register", visit.prefix());
    let (action, flow_id) = (format!("{}/login", visit.prefix()), flow.id.to_string());
    let passkeys = format!("{action}/passkey");
    let page = LoginPage {
        action: &action,
        flow: &flow_id,
        csrf: &csrf_token(cookie),
        app: view.client.as_ref().map(page_app),
        email,
        error,
        notice,
        challenge: challenge.map(work),
        passkey_action: offered(&visit.ctx).then_some(passkeys.as_str()),
        recover_url: visit.offers.recovery.then_some(recover.as_str()),
        register_url: visit.offers.registration.then_some(register.as_str()),
    };
    // A failed attempt was a POST to `/login`; the language switch leads back to the flow's own address.
    let mut chrome = visit.chrome(flow.ui_locales());
    chrome.self_url = Some(format!("{action}?flow={flow_id}"));
    flow_page(visit, status, page.render(&chrome))
}
