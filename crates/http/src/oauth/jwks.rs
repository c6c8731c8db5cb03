use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::extract::Tenancy;
use crate::reply::fault_status;
use crate::state::AppState;

/// `GET /oauth/jwks`: the published keys, from memory. Verifiers may keep them five minutes; a key is published a day
/// before it signs (JW9).
pub(crate) async fn get(State(state): State<AppState>, Tenancy(tenant): Tenancy) -> Response {
    match state.app.keys(tenant.tenant.id).await {
        Ok(keys) => {
            let headers = [
                (CONTENT_TYPE, "application/json"),
                (CACHE_CONTROL, "public, max-age=300"),
            ];
            (headers, keys.jwks()).into_response()
        }
        Err(fault) => fault_status(&fault),
    }
}
