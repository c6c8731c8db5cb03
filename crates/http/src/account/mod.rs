//! The person's own account: sessions and connected applications.

pub(crate) mod activity;
pub(crate) mod email;
pub(crate) mod factors;
pub(crate) mod not_me;
pub(crate) mod passkeys;
pub(crate) mod password;
pub(crate) mod profile;
pub(crate) mod recovery;

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::{Actor, ClientId, Timestamp};
use engine::next_step::{Situation, next_step};
use engine::sign_in::Back;
use engine::{Ctx, Fault, SignedIn};
use protocol::{OAuthError, Params};

use crate::extract::{Form, Query, Visit, clear_cookie, session_cookie};
use crate::guard::{csrf_token, is_own_post};
use crate::login;
use crate::pages::{AccountNotice, AccountPage, ConnectedApp, Problem, SessionItem};
use crate::reply::{account_page, add_cookie, fault_page, problem_page, see_other};
use crate::state::AppState;
use crate::unrecorded::{refused, unreadable};

/// `GET /account`: the overview; whoever is not signed in signs in first.
pub(crate) async fn get(State(state): State<AppState>, visit: Visit, Query(query): Query) -> Response {
    let notice = match &query {
        Ok(params) => params.get("done").and_then(notice),
        Err(refused) => return unreadable(&visit, *refused),
    };
    let who = match at_home(&state, &visit, Back::Overview).await {
        Ok(who) => who,
        Err(response) => return response,
    };
    overview(&state, &visit, &who, notice)
        .await
        .unwrap_or_else(|fault| fault_page(&visit, &fault))
}

/// Who is signed in, for a page of theirs; everybody else is on the way there.
async fn at_home(state: &AppState, visit: &Visit, page: Back) -> Result<SignedIn, Response> {
    let fault = |fault: Fault| fault_page(visit, &fault);
    if let Some(who) = visit.signed_in(&state.app).await.map_err(fault)? {
        return strong_enough(state, visit, who, page).await;
    }
    let flow = state.app.begin_account_login(&visit.ctx).await.map_err(fault)?;
    Err(login::enter(visit, "/login", &flow))
}

/// The same person, if a sign-in of now would be no stronger. A session from before a second factor was set up, or asked
/// for, does no more than lead to it (MF9).
async fn strong_enough(
    state: &AppState,
    visit: &Visit,
    who: SignedIn,
    page: Back,
) -> Result<SignedIn, Response> {
    let fault = |fault: Fault| fault_page(visit, &fault);
    if state.app.too_weak(&visit.ctx, &who).await.map_err(fault)? {
        return Err(step_up(state, visit, page).await.unwrap_or_else(fault));
    }
    let is_set_up_here = page == Back::Factors;
    if !is_set_up_here && state.app.must_enrol(&visit.ctx, &who).await.map_err(fault)? {
        let to = format!("{}/account/factors?done=required", visit.prefix());
        return Err(see_other(&to));
    }
    Ok(who)
}

/// The way through a fresh sign-in and back to a page.
async fn step_up(state: &AppState, visit: &Visit, page: Back) -> Result<Response, Fault> {
    let flow = state.app.begin_step_up(&visit.ctx, page).await?;
    Ok(login::enter(visit, "/login", &flow))
}

/// The request as one of this person.
fn of(visit: &Visit, who: &SignedIn) -> Ctx {
    visit.ctx.acting_as(Actor::User(who.user.id))
}

async fn overview(
    state: &AppState,
    visit: &Visit,
    who: &SignedIn,
    notice: Option<AccountNotice>,
) -> Result<Response, Fault> {
    let sessions = state.app.own_sessions(&visit.ctx, who).await?;
    let connections = state.app.connections(&visit.ctx, who).await?;
    let ids: Vec<String> = sessions.iter().map(|own| own.session.id.to_string()).collect();
    let addresses: Vec<Option<String>> = sessions
        .iter()
        .map(|own| own.address.map(|ip| ip.to_canonical().to_string()))
        .collect();
    let mut items: Vec<SessionItem<'_>> = sessions
        .iter()
        .map(|own| &own.session)
        .zip(ids.iter().zip(&addresses))
        .map(|(session, (id, address))| SessionItem {
            id,
            browser: session.device.and_then(|device| device.browser.name()),
            system: session.device.and_then(|device| device.system.name()),
            is_mobile: session.device.is_some_and(|device| device.system.is_mobile()),
            place: address.as_deref(),
            started_at: session.auth_time.secs(),
            last_used_at: session.last_seen_at.secs(),
            current: session.id == who.session.id,
        })
        .collect();
    items.sort_by_key(|item| !item.current);
    let subject = who.user.id.to_string();
    let own = state.app.own_passkeys(&visit.ctx, who).await?;
    let next = next_step(Situation {
        email_verified: who.user.email_verified,
        can_mail: state.app.has_mail(),
        can: state.app.enrolled(&visit.ctx, who.user.id).await?,
        passkeys: own.list.len(),
        passkeys_available: own.available,
    });
    let page = AccountPage {
        next,
        csrf: &csrf_token(visit.session_cookie().unwrap_or_default()),
        name: who.user.profile.name.as_deref(),
        email: who.user.email.as_str(),
        email_verified: who.user.email_verified,
        subject: &subject,
        sessions: items,
        apps: connections
            .iter()
            .map(|connection| ConnectedApp {
                client_id: connection.client.client_id.as_str(),
                name: &connection.client.name,
                scopes: connection.scopes.iter().map(domain::Scope::as_str).collect(),
                granted_at: connection.granted_at.secs(),
            })
            .collect(),
        recovery: state
            .app
            .own_recovery(&visit.ctx, who)
            .await?
            .map(Timestamp::secs),
        notice,
        can_mail: state.app.has_mail(),
        now: visit.ctx.now.secs(),
    };
    Ok(account_page(
        visit,
        StatusCode::OK,
        page.render(&visit.chrome_here(&[])),
    ))
}

/// `POST /account/sessions/{id}/end`.
pub(crate) async fn end_session(
    State(state): State<AppState>,
    Path(path): Path<HashMap<String, String>>,
    visit: Visit,
    Form(form): Form,
) -> Response {
    let who = match own(&state, &visit, form, Back::Overview)
        .await
        .map(|(who, _)| who)
    {
        Ok(who) => who,
        Err(response) => return response,
    };
    let ended = match path.get("id").and_then(|id| id.parse().ok()) {
        Some(id) => state.app.end_own_session(&visit.ctx, &who, id).await,
        None => Ok(false),
    };
    done(&visit, &who, "session", ended)
}

/// `POST /account/sessions/end-all`: everywhere, this browser included.
pub(crate) async fn end_all_sessions(
    State(state): State<AppState>,
    visit: Visit,
    Form(form): Form,
) -> Response {
    let who = match own(&state, &visit, form, Back::Overview)
        .await
        .map(|(who, _)| who)
    {
        Ok(who) => who,
        Err(response) => return response,
    };
    let device = visit.device_cookie();
    match state.app.end_all_own_sessions(&visit.ctx, &who, device).await {
        Ok(()) => {
            let mut response = see_other(&format!("{}/account", visit.prefix()));
            add_cookie(
                &mut response,
                &clear_cookie(&session_cookie(&visit.ctx.tenant.tenant.slug)),
            );
            response
        }
        Err(fault) => fault_page(&visit, &fault),
    }
}

/// `POST /account/apps/{client_id}/revoke`.
pub(crate) async fn disconnect(
    State(state): State<AppState>,
    Path(path): Path<HashMap<String, String>>,
    visit: Visit,
    Form(form): Form,
) -> Response {
    let who = match own(&state, &visit, form, Back::Overview)
        .await
        .map(|(who, _)| who)
    {
        Ok(who) => who,
        Err(response) => return response,
    };
    let ended = match path.get("client_id").and_then(|id| id.parse::<ClientId>().ok()) {
        Some(client) => state.app.disconnect(&visit.ctx, &who, &client).await,
        None => Ok(false),
    };
    done(&visit, &who, "app", ended)
}

/// Who is signed in and what they sent, if the form comes from our own page.
async fn own(
    state: &AppState,
    visit: &Visit,
    form: Result<Params, OAuthError>,
    page: Back,
) -> Result<(SignedIn, Params), Response> {
    let fault = |fault: Fault| fault_page(visit, &fault);
    let params = match form {
        Ok(params) => params,
        Err(error) => {
            let who = visit.signed_in(&state.app).await.map_err(fault)?;
            return Err(unreadable_by(visit, who.as_ref(), error));
        }
    };
    if !is_own_post(&state.app, visit, visit.session_cookie(), params.get("csrf"))
        .await
        .map_err(fault)?
    {
        return Err(problem_page(visit, Problem::CrossSite, None));
    }
    let who = visit.signed_in(&state.app).await.map_err(fault)?;
    match who {
        Some(who) => Ok((strong_enough(state, visit, who, page).await?, params)),
        None => Err(see_other(&format!("{}/account", visit.prefix()))),
    }
}

/// What cannot be read, told of the person who is signed in.
fn unreadable_by(visit: &Visit, who: Option<&SignedIn>, error: OAuthError) -> Response {
    match who {
        Some(who) => {
            let mut theirs = visit.clone();
            theirs.ctx = of(visit, who);
            unreadable(&theirs, error)
        }
        None => unreadable(visit, error),
    }
}

/// Back to the overview with a word on what was done. What is not the person's own does not exist for them.
fn done(visit: &Visit, who: &SignedIn, what: &str, ended: Result<bool, Fault>) -> Response {
    match ended {
        Ok(true) => see_other(&format!("{}/account?done={what}", visit.prefix())),
        Ok(false) => refused(
            &of(visit, who),
            "not_found",
            problem_page(visit, Problem::NotFound, None),
        ),
        Err(fault) => fault_page(visit, &fault),
    }
}

fn notice(done: &str) -> Option<AccountNotice> {
    match done {
        "address" => Some(AccountNotice::AddressRefused),
        "stale" => Some(AccountNotice::NotFresh),
        "app" => Some(AccountNotice::AppRevoked),
        "password" => Some(AccountNotice::PasswordSet),
        "password-changed" => Some(AccountNotice::PasswordChanged),
        "profile" => Some(AccountNotice::ProfileChanged),
        "not-me" => Some(AccountNotice::NotMe),
        "recovery-stopped" => Some(AccountNotice::RecoveryStopped),
        "session" => Some(AccountNotice::SessionEnded),
        _ => None,
    }
}
