//! What the links in mails open. GET shows, POST uses: mail scanners only GET.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::{Email, LinkPurpose, Profile, Secret};
use engine::links::{LinkError as Refused, Opened};
use engine::recovery::Denied;
use engine::registration::NewAccount;
use engine::sign_in::Lost;
use engine::users::UserError;
use protocol::{OAuthError, Params};

use super::ask::told_when;
use super::presented;
use crate::extract::{Form, Query, Visit};
use crate::guard::{csrf_token, is_own_post};
use crate::invite::advice;
use crate::pages::{LinkError, LinkKind, LinkPage, Problem, Told};
use crate::reply::{account_page, fault_page, problem_page};
use crate::state::AppState;
use crate::unrecorded::{refused, unreadable};

macro_rules! pages {
    ($($(#[$doc:meta])* $get:ident, $post:ident: $purpose:ident;)+) => {$(
        $(#[$doc])*
        pub(crate) async fn $get(State(state): State<AppState>, visit: Visit, Query(query): Query) -> Response {
            shown(&state, &visit, LinkPurpose::$purpose, LinkKind::$purpose, query).await
        }

        $(#[$doc])*
        pub(crate) async fn $post(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
            used(&state, &visit, LinkPurpose::$purpose, LinkKind::$purpose, form).await
        }
    )+};
}

pages! {
    /// `/recover/set`: a new password.
    reset, set: Reset;
    /// `/recover/deny`: it was not me.
    deny, confirm_deny: Deny;
    /// `/recover/factor`: a second factor was lost.
    lost, confirm_lost: RecoverFactor;
    /// `/recover/factor/stop`: it was not lost, or not by its owner.
    stop, confirm_stop: StopRecovery;
    /// `/register/finish`: an account.
    register, finish: Register;
    /// `/account/email/verify`: the address is proved.
    verify, confirm_verify: VerifyEmail;
    /// `/account/email/change`: another address.
    change, confirm_change: ChangeEmail;
}

async fn shown(
    state: &AppState,
    visit: &Visit,
    purpose: LinkPurpose,
    kind: LinkKind,
    query: Result<Params, OAuthError>,
) -> Response {
    let params = match query {
        Ok(params) => params,
        Err(cause) => return unreadable(visit, cause),
    };
    let token = params.get("token").unwrap_or_default();
    match state
        .app
        .open_link(&visit.ctx, purpose, presented(visit, token))
        .await
    {
        Ok(opened) => page(visit, kind, &opened, Typed::nothing(token)),
        Err(cause) => refusal(visit, cause),
    }
}

async fn used(
    state: &AppState,
    visit: &Visit,
    purpose: LinkPurpose,
    kind: LinkKind,
    form: Result<Params, OAuthError>,
) -> Response {
    let params = match form {
        Ok(params) => params,
        Err(cause) => return unreadable(visit, cause),
    };
    // The link's own secret stands in for a cookie: no other site knows it.
    let token = params.get("token").unwrap_or_default();
    match is_own_post(&state.app, visit, Some(token), params.get("csrf")).await {
        Ok(true) => {}
        Ok(false) => return problem_page(visit, Problem::CrossSite, None),
        Err(fault) => return fault_page(visit, &fault),
    }
    match act(state, visit, kind, &params, token).await {
        Ok(done) => {
            let account = format!("{}/account", visit.prefix());
            let is_over = matches!(kind, LinkKind::Deny | LinkKind::StopRecovery) || done.1.is_some();
            told_when(visit, done, (!is_over).then_some(account.as_str()))
        }
        Err(Refused::Refused(wrong)) => {
            let opened = state
                .app
                .open_link(&visit.ctx, purpose, presented(visit, token))
                .await;
            let opened = match opened {
                Ok(opened) => opened,
                Err(cause) => return refusal(visit, cause),
            };
            let error = match wrong {
                UserError::NameRefused => LinkError::Name,
                UserError::Password(wrong) => {
                    let typed = typed_password(&params);
                    let Some((email, profile)) = about(&opened) else {
                        return refusal(visit, Refused::Gone);
                    };
                    LinkError::Password(advice(state, visit, (wrong, &typed), (&email, &profile)).await)
                }
                UserError::Fault(fault) => return fault_page(visit, &fault),
                _ => return refusal(visit, Refused::Gone),
            };
            let typed = Typed {
                token,
                name: params.get("name").unwrap_or_default(),
                error: Some(error),
            };
            refused(&visit.ctx, "password", page(visit, kind, &opened, typed))
        }
        Err(cause) => refusal(visit, cause),
    }
}

async fn act(
    state: &AppState,
    visit: &Visit,
    kind: LinkKind,
    params: &Params,
    token: &str,
) -> Result<(Told, Option<i64>), Refused> {
    let (app, ctx, presented) = (&state.app, &visit.ctx, presented(visit, token));
    let done = match kind {
        LinkKind::Reset => {
            app.reset_password(ctx, presented, &typed_password(params))
                .await?;
            Told::PasswordSet
        }
        LinkKind::Register => {
            let new = NewAccount {
                name: params.get("name").map(str::to_owned),
                password: typed_password(params),
                language: visit.locale(&[]).tag(),
            };
            app.register(ctx, presented, new).await?;
            Told::Registered
        }
        LinkKind::Deny => match app.was_not_me(ctx, presented).await? {
            Denied::Closed => Told::Closed,
            Denied::Reset => Told::Denied,
        },
        LinkKind::VerifyEmail => app.verify_email(ctx, presented).await.map(|_| Told::Verified)?,
        LinkKind::ChangeEmail => app
            .change_email(ctx, presented)
            .await
            .map(|_| Told::EmailChanged)?,
        LinkKind::RecoverFactor => {
            return app.recover_factors(ctx, presented).await.map(|lost| match lost {
                Lost::Removed => (Told::FactorsRemoved, None),
                Lost::Started(ready_at) => (Told::RecoveryStarted, Some(ready_at.secs())),
                Lost::Waiting(ready_at) => (Told::RecoveryWaiting, Some(ready_at.secs())),
            });
        }
        LinkKind::StopRecovery => {
            app.stop_recovery(ctx, presented).await?;
            Told::RecoveryStopped
        }
    };
    Ok((done, None))
}

/// An empty one is as wrong as any that is too short.
fn typed_password(params: &Params) -> Secret<String> {
    params
        .secret("password")
        .unwrap_or_else(|| Secret::new(String::new()))
}

/// Whom a password is for: the account, or the address one is made for.
fn about(opened: &Opened) -> Option<(Email, Profile)> {
    match &opened.user {
        Some(user) => Some((user.email.clone(), user.profile.clone())),
        None => opened.address.clone().map(|email| (email, Profile::default())),
    }
}

/// What the page shows of what was typed.
struct Typed<'a> {
    token: &'a str,
    name: &'a str,
    error: Option<LinkError>,
}

impl<'a> Typed<'a> {
    const fn nothing(token: &'a str) -> Self {
        Self {
            token,
            name: "",
            error: None,
        }
    }
}

fn page(visit: &Visit, kind: LinkKind, opened: &Opened, typed: Typed<'_>) -> Response {
    let path = match kind {
        LinkKind::ChangeEmail => LinkPurpose::ChangeEmail.path(),
        LinkKind::Deny => LinkPurpose::Deny.path(),
        LinkKind::RecoverFactor => LinkPurpose::RecoverFactor.path(),
        LinkKind::Register => LinkPurpose::Register.path(),
        LinkKind::Reset => LinkPurpose::Reset.path(),
        LinkKind::StopRecovery => LinkPurpose::StopRecovery.path(),
        LinkKind::VerifyEmail => LinkPurpose::VerifyEmail.path(),
    };
    let own = opened.user.as_ref().map(|user| user.email.as_str());
    let email = opened.address.as_ref().map(Email::as_str).or(own);
    let page = LinkPage {
        kind,
        action: &format!("{}{path}", visit.prefix()),
        token: typed.token,
        csrf: &csrf_token(typed.token),
        email: email.unwrap_or_default(),
        name: typed.name,
        rules: visit.ctx.tenant.tenant.settings.password_rules(),
        expires_at: opened.expires_at.secs(),
        error: typed.error,
    };
    let status = if typed.error.is_some() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    account_page(visit, status, page.render(&visit.chrome(&[])))
}

fn refusal(visit: &Visit, cause: Refused) -> Response {
    match cause {
        Refused::Fault(fault) | Refused::Refused(UserError::Fault(fault)) => fault_page(visit, &fault),
        Refused::Gone | Refused::Refused(_) => {
            refused(&visit.ctx, "gone", problem_page(visit, Problem::LinkEnded, None))
        }
    }
}
