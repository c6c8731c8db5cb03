//! `/account/profile`: what a person tells about themselves, and how pages look to them.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::Profile;
use engine::SignedIn;
use engine::sign_in::Back;
use protocol::Params;

use super::{at_home, of, own};
use crate::extract::{Form, Query, Visit, set_cookie, theme_cookie};
use crate::guard::csrf_token;
use crate::pages::{Locale, ProfileField, ProfilePage, Theme};
use crate::reply::{account_page, add_cookie, choose_language, fault_page, see_other};
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
    match at_home(&state, &visit, Back::Overview).await {
        Ok(who) => page(&visit, &who, &who.user.profile, false),
        Err(response) => response,
    }
}

/// `POST /account/profile`.
pub(crate) async fn post(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let (who, params) = match own(&state, &visit, form, Back::Overview).await {
        Ok(own) => own,
        Err(response) => return response,
    };
    let profile = told(&who.user.profile, &params);
    if ProfileField::ALL
        .iter()
        .any(|field| value(&profile, *field).is_some_and(|text| text.chars().count() > MOST))
    {
        return refused(&of(&visit, &who), "profile", page(&visit, &who, &profile, true));
    }
    match state.app.change_own_profile(&visit.ctx, &who, &profile).await {
        Ok(()) => {
            let mut response = see_other(&format!("{}/account?done=profile", visit.prefix()));
            // Pages in this browser go by what was just chosen.
            if let Some(locale) = params.get("locale").and_then(Locale::matching) {
                choose_language(&mut response, locale);
            }
            response
        }
        Err(fault) => fault_page(&visit, &fault),
    }
}

/// `POST /account/theme`: light, dark, or as the system is.
pub(crate) async fn theme(State(state): State<AppState>, visit: Visit, Form(form): Form) -> Response {
    let params = match own(&state, &visit, form, Back::Overview).await {
        Ok((_, params)) => params,
        Err(response) => return response,
    };
    let chosen = Theme::parse(params.get("theme"));
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
        locale: profile.locale.as_deref().and_then(Locale::matching),
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

/// The language that was chosen. One that nobody offered changes nothing; the same with a region keeps its region.
fn language(before: &Profile, chosen: Option<&str>) -> Option<String> {
    let known = before.locale.as_deref().and_then(Locale::matching);
    match chosen.and_then(Locale::matching) {
        Some(chosen) if known != Some(chosen) => Some(chosen.tag().to_owned()),
        _ => before.locale.clone(),
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
        locale: language(before, params.get("locale")),
        ..before.clone()
    }
}
