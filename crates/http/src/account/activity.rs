//! `/account/activity`: what happened to the account in the last 90 days.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use engine::activity::Mark;
use engine::not_me::is_deniable;
use engine::sign_in::Back;
use engine::{Fault, SignedIn};

use super::at_home;
use crate::extract::{Query, Visit};
use crate::pages::{ActivityItem, ActivityPage};
use crate::reply::{account_page, fault_page};
use crate::state::AppState;
use crate::unrecorded::unreadable;

/// `GET /account/activity`.
pub(crate) async fn get(State(state): State<AppState>, visit: Visit, Query(query): Query) -> Response {
    // What is no mark is the first page: the address of a page may be typed, or be of another version.
    let before = match query {
        Ok(params) => params.get("before").and_then(Mark::parse),
        Err(refused) => return unreadable(&visit, refused),
    };
    let who = match at_home(&state, &visit, Back::Activity).await {
        Ok(who) => who,
        Err(response) => return response,
    };
    page(&state, &visit, &who, before)
        .await
        .unwrap_or_else(|fault| fault_page(&visit, &fault))
}

async fn page(
    state: &AppState,
    visit: &Visit,
    who: &SignedIn,
    before: Option<Mark>,
) -> Result<Response, Fault> {
    let activity = state.app.own_activity(&visit.ctx, who, before).await?;
    let items = activity
        .items
        .into_iter()
        .map(|done| ActivityItem {
            event: is_deniable(done.kind, done.outcome).then(|| done.id.to_string()),
            kind: done.kind,
            failed: done.outcome != domain::Outcome::Success,
            browser: done.browser,
            place: done.address.map(|ip| ip.to_canonical().to_string()),
            at: done.at.secs(),
            times: done.times,
        })
        .collect();
    let at = format!("{}/account/activity", visit.prefix());
    let older = activity.older.map(|mark| format!("{at}?before={mark}"));
    let page = ActivityPage {
        items,
        older_url: older.as_deref(),
        newest_url: before.is_some().then_some(at.as_str()),
        password_url: &format!("{}/account/password", visit.prefix()),
    };
    Ok(account_page(
        visit,
        StatusCode::OK,
        page.render(&visit.chrome_here(&[])),
    ))
}
