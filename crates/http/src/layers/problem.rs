//! Errors the edge answers itself (RFC 9457): a status and an id to quote,
//! nothing about the cause (LG8).

use axum::body::{Body, HttpBody as _};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use domain::RequestId;

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Marks an answer whose problem document was made here: nothing else is lost if a page takes its place.
#[derive(Clone, Copy, Debug)]
struct Filled;

/// Whether the answer's body was made by [`fill`].
pub(super) fn is_filled(response: &Response) -> bool {
    response.extensions().get::<Filled>().is_some()
}

/// A problem document without detail.
#[must_use]
pub fn problem(status: StatusCode, id: RequestId) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    fill(&mut response, id);
    response
}

/// Gives an error without a body a problem document as its body.
pub(super) fn fill(response: &mut Response, id: RequestId) {
    let status = response.status();
    let failed = status.is_client_error() || status.is_server_error();
    if !failed || response.headers().contains_key(header::CONTENT_TYPE) || !response.body().is_end_stream() {
        return;
    }
    let document = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "request_id": id.to_string(),
    });
    *response.body_mut() = Body::from(document.to_string());
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM_JSON);
    response.extensions_mut().insert(Filled);
}
