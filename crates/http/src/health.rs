use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

/// `GET /health`: that the process answers, and nothing else (CF6).
pub(crate) async fn get() -> Response {
    ([(CONTENT_TYPE, "application/json")], r#"{"status":"ok"}"#).into_response()
}
