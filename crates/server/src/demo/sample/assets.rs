//! The stylesheets, scripts and pictures of the pages, served from the application's own origin.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use http_face::pages;

use super::view;

/// `GET /assets/{name}`.
pub(super) async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = pages::asset(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|tag| tag.as_bytes() == asset.etag.as_bytes());
    let about = [
        (header::CACHE_CONTROL, asset.cache_control.to_owned()),
        (header::ETAG, asset.etag),
    ];
    if known {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    (
        about,
        [(header::CONTENT_TYPE, asset.mime)],
        asset.bytes.into_owned(),
    )
        .into_response()
}

/// `GET /assets/tenant.css`. Its address changes with its content.
pub(super) async fn brand() -> Response {
    let about = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (about, pages::tenant_css(&view::brand())).into_response()
}
