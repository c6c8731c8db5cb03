//! `/account/activity`: what happened to the account in the last 90 days.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
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
    if let Err(refused) = query {
        return unreadable(&visit, refused);
    }
    let who = match at_home(&state, &visit, Back::Overview).await {
        Ok(who) => who,
        Err(response) => return response,
    };
    page(&state, &visit, &who)
        .await
        .unwrap_or_else(|fault| fault_page(&visit, &fault))
}

async fn page(state: &AppState, visit: &Visit, who: &SignedIn) -> Result<Response, Fault> {
    let activity = state.app.own_activity(&visit.ctx, who).await?;
    let items = activity
        .into_iter()
        .map(|done| ActivityItem {
            kind: done.kind,
            failed: done.outcome == domain::Outcome::Failure,
            browser: done.browser,
            place: done.address.map(|ip| ip.to_canonical().to_string()),
            at: done.at.secs(),
        })
        .collect();
    let page = ActivityPage {
        items,
        password_url: &format!("{}/account/password", visit.prefix()),
    };
    Ok(account_page(
        visit,
        StatusCode::OK,
        page.render(&visit.chrome_here(&[])),
    ))
}
