use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use domain::{Acr, Scopes};
use engine::TenantView;
use protocol::discovery::Metadata;

use crate::extract::Tenancy;
use crate::pages::Locale;
use crate::state::AppState;

/// `GET /.well-known/openid-configuration` and `/.well-known/oauth-authorization-server` (OIDC Discovery, RFC 8414).
pub(crate) async fn get(State(_): State<AppState>, Tenancy(tenant): Tenancy) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, tenant.metadata(|| metadata(&tenant))).into_response()
}

const STANDARD_SCOPES: &str = "openid profile email address phone offline_access";

fn metadata(tenant: &TenantView) -> Bytes {
    let scopes: Scopes = STANDARD_SCOPES.parse().unwrap_or_default();
    let locales: Vec<&str> = Locale::all().map(Locale::tag).collect();
    // Only a maker's word reaches the third.
    let levels: &[Acr] = if tenant.tenant.settings.sign_in.passkeys.attestation.is_empty() {
        &[Acr::Aal1, Acr::Aal2]
    } else {
        &[Acr::Aal1, Acr::Aal2, Acr::Aal3]
    };
    let metadata = Metadata::build(&tenant.issuer, &scopes, levels, &locales);
    serde_json::to_vec(&metadata).unwrap_or_default().into()
}
