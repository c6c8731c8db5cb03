use axum::Json;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::extract::Tenancy;

/// `GET /.well-known/passkey-endpoints`: where people make and look after passkeys (W3C, passkey endpoints).
pub(crate) async fn get(Tenancy(tenant): Tenancy) -> Response {
    let page = tenant.issuer.url("/account/factors");
    let body = json!({ "enroll": page, "manage": page });
    ([(CACHE_CONTROL, "public, max-age=300")], Json(body)).into_response()
}
