//! `/account/profile`: what a person tells about themselves, and how pages look to them.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::Profile;
use engine::{Fault, SignedIn};
use protocol::Params;

use super::{own, sign_in_first};
use crate::extract::{Form, Query, Visit, set_cookie, theme_cookie};
use crate::guard::csrf_token;
use crate::pages::{ProfileField, ProfilePage, Theme};
use crate::reply::{account_page, add_cookie, fault_page, see_other};
use crate::state::AppState;
use crate::unrecorded::{refused, unreadable};

/// Longest value, in characters.
const MOST: usize = 200;
/// How long a browser keeps the choice of a theme.
const THEME_KEPT: Duration = Duration::from_hours(365 * 24);

/// `GET /account/profile`.
pub(crate) async fn get(State(state): State<AppState>, visit: Visit, Query(query): Query) -> Response {
    if let Err(refused) = query {
        return unreadable(&visit, refused);
    }
    let shown = async {
        match visit.signed_in(&state.app).await? {
            Some(who) => Ok(page(&visit, &who, &who.user.profile, false)),
            None => sign_in_first(&state, &visit).await,
        }
    };
    shown
        .await
        .unwrap_or_else(|fault: Fault| fault_page(&visit, &fault))
}

/// `POST /account/profile`.
pub(crate) async fn post(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let params = match &form {
        Ok(params) => params.clone(),
        Err(refused) => return unreadable(&visit, *refused),
    };
    let who = match own(&state, &visit, form).await {
        Ok(who) => who,
        Err(response) => return response,
    };
    let profile = told(&who.user.profile, &params);
    if ProfileField::ALL
        .iter()
        .any(|field| value(&profile, *field).is_some_and(|text| text.chars().count() > MOST))
    {
        return refused(&visit.ctx, "profile", page(&visit, &who, &profile, true));
    }
    match state.app.change_own_profile(&visit.ctx, &who, &profile).await {
        Ok(()) => see_other(&format!("{}/account?done=profile", visit.prefix())),
        Err(fault) => fault_page(&visit, &fault),
    }
}

/// `POST /account/theme`: light, dark, or as the system is.
pub(crate) async fn theme(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let chosen = Theme::parse(form.as_ref().ok().and_then(|params| params.get("theme")));
    if let Err(response) = own(&state, &visit, form).await {
        return response;
    }
    let mut response = see_other(&format!("{}/account/profile", visit.prefix()));
    add_cookie(
        &mut response,
        &set_cookie(theme_cookie(), chosen.word(), Some(THEME_KEPT)),
    );
    response
}

fn page(visit: &Visit, who: &SignedIn, profile: &Profile, too_long: bool) -> Response {
    let chrome = visit.chrome_here(&[]);
    let page = ProfilePage {
        csrf: &csrf_token(visit.session_cookie().unwrap_or_default()),
        email: who.user.email.as_str(),
        fields: ProfileField::ALL
            .iter()
            .map(|field| (*field, value(profile, *field).unwrap_or_default()))
            .collect(),
        too_long,
        theme: chrome.theme,
    };
    let status = if too_long {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    account_page(visit, status, page.render(&chrome))
}

fn value(profile: &Profile, field: ProfileField) -> Option<&str> {
    match field {
        ProfileField::Name => profile.name.as_deref(),
        ProfileField::GivenName => profile.given_name.as_deref(),
        ProfileField::FamilyName => profile.family_name.as_deref(),
        ProfileField::Nickname => profile.nickname.as_deref(),
    }
}

/// The profile with what the form says; what the form does not have stays. An empty field is none.
fn told(before: &Profile, params: &Params) -> Profile {
    let said = |field: ProfileField| params.get(field.name()).map(str::to_owned);
    Profile {
        name: said(ProfileField::Name),
        given_name: said(ProfileField::GivenName),
        family_name: said(ProfileField::FamilyName),
        nickname: said(ProfileField::Nickname),
        ..before.clone()
    }
}
