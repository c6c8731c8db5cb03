use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::extract::Visit;
use crate::pages::{asset, tenant_css};

/// `GET /assets/{name}`: stylesheets, scripts and pictures out of the binary.
pub(crate) async fn get(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = asset(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let kept = [(ETAG, asset.etag.as_str()), (CACHE_CONTROL, asset.cache_control)];
    if known == Some(asset.etag.as_str()) {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    (kept, [(CONTENT_TYPE, asset.mime)], asset.bytes.into_owned()).into_response()
}

/// `GET /assets/tenant.css`: the tenant's accent as tokens. Its address carries a version, so it may be kept.
pub(crate) async fn tenant(visit: Visit) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/css; charset=utf-8"),
        (CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, tenant_css(&visit.brand())).into_response()
}
