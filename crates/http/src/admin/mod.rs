//! `/admin/v1`: people and clients, for holders of a token with the scope `rsp.admin`.

pub(crate) mod clients;
mod operator;
pub(crate) mod sessions;
pub(crate) mod users;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use protocol::Params;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::reply::fault_status;

pub(crate) use operator::Operator;

/// Entries of a page when the caller does not say, and at most.
const PAGE: u32 = 50;
const MAX_PAGE: u32 = 200;

/// A page of a list: `next` is the `after` of the following page.
#[derive(Debug, Serialize)]
struct Listing<T> {
    items: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl<T> Listing<T> {
    /// From one entry more than was asked for: whether there is one tells whether there is a next page.
    fn cut(mut items: Vec<T>, limit: u32, id: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(id);
        Self { items, next }
    }
}

fn page_limit(params: &Params) -> Result<u32, Response> {
    match params.get("limit").map(str::parse::<u32>) {
        None => Ok(PAGE),
        Some(Ok(limit)) if (1..=MAX_PAGE).contains(&limit) => Ok(limit),
        Some(_) => Err(problem(
            StatusCode::BAD_REQUEST,
            "limit is a number from 1 to 200",
        )),
    }
}

/// A JSON body, strictly typed: unknown members are refused (AZ3).
fn body<T: DeserializeOwned>(
    bytes: Result<Bytes, BytesRejection>,
    content_type: Option<&str>,
) -> Result<T, Response> {
    let mime = content_type
        .and_then(|text| text.split(';').next())
        .map(str::trim);
    if mime.is_none_or(|mime| !mime.eq_ignore_ascii_case("application/json")) {
        return Err(problem(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body is application/json",
        ));
    }
    let bytes = bytes.map_err(IntoResponse::into_response)?;
    // serde's own message may repeat input, so it is not passed on.
    serde_json::from_slice(&bytes).map_err(|_| {
        problem(
            StatusCode::BAD_REQUEST,
            "the body does not have the expected form",
        )
    })
}

/// A problem document (RFC 9457).
fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("error");
    let document = serde_json::json!({
        "type": "about:blank",
        "title": title,
        "status": status.as_u16(),
        "detail": detail,
    });
    (
        status,
        [(CONTENT_TYPE, "application/problem+json")],
        Json(document).into_response().into_body(),
    )
        .into_response()
}

fn not_found() -> Response {
    problem(StatusCode::NOT_FOUND, "there is no such thing here")
}

fn fault(fault: &engine::Fault) -> Response {
    fault_status(fault)
}
