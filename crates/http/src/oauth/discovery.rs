use axum::Json;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use domain::{Acr, Scopes};
use protocol::discovery::Metadata;

use crate::extract::Visit;
use crate::pages::Locale;

/// `GET /.well-known/openid-configuration` and `/.well-known/oauth-authorization-server` (OIDC Discovery, RFC 8414).
pub(crate) async fn get(visit: Visit) -> Response {
    let scopes: Scopes = STANDARD_SCOPES.parse().unwrap_or_default();
    let locales: Vec<&str> = Locale::all().map(Locale::tag).collect();
    let metadata = Metadata::build(visit.ctx.issuer(), &scopes, &[Acr::Aal1], &locales);
    ([(CACHE_CONTROL, "public, max-age=300")], Json(metadata)).into_response()
}

const STANDARD_SCOPES: &str = "openid profile email address phone offline_access";
