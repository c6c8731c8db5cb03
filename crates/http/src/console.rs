//! What stands where the operator console will be.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::extract::Visit;
use crate::pages::ConsolePage;
use crate::reply::{account_page, see_other};
use crate::state::AppState;

/// `GET /console/`: says that there is no console yet, and what does its work. The same for everybody.
pub(crate) async fn get(State(_): State<AppState>, visit: Visit) -> Response {
    let issuer = visit.ctx.issuer();
    let page = ConsolePage {
        issuer: issuer.as_str(),
        admin_api: &issuer.url("/admin/v1"),
        account_url: &format!("{}/account", visit.prefix()),
    };
    account_page(&visit, StatusCode::OK, page.render(&visit.chrome_here(&[])))
}

/// `GET /console`: the same place.
pub(crate) async fn with_slash(State(_): State<AppState>, visit: Visit) -> Response {
    see_other(&format!("{}/console/", visit.prefix()))
}
