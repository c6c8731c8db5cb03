//! Bodies beyond the bound and JSON as deep as it fits, at every route that takes a body (J1): refused, nothing written.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Request;
use domain::EventKind;
use futures_util::stream;
use http_face::{Access, Route, table};
use testkit::Backend;
use testkit::app::{Answer, TestApp};

use super::admin_gate::{ask, new_client, token};
use super::watch::Watch;

on_both_engines! {
    no_route_takes_more_than_the_bound
    deep_json_is_refused_and_harmless
}

/// The bound of a body.
const MOST: usize = 64 * 1024;

fn path(route: &Route) -> String {
    route
        .path
        .replace("{id}", "0199c000-0000-7000-8000-000000000000")
        .replace("{client_id}", "web")
}

/// The content type a route reads.
fn kind(route: &Route) -> &'static str {
    if route.access == Access::Admin {
        "application/json"
    } else {
        "application/x-www-form-urlencoded"
    }
}

/// A body that does not say how long it is.
pub(crate) async fn stream_of(app: &TestApp, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let chunks: Vec<Result<Bytes, std::io::Error>> = body
        .as_bytes()
        .chunks(4096)
        .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
        .collect();
    let mut request = Request::builder()
        .method("POST")
        .uri(path)
        .header("host", "id.example.com");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = Body::from_stream(stream::iter(chunks));
    app.send(request.body(body).unwrap()).await
}

async fn no_route_takes_more_than_the_bound(backend: Backend) {
    let app = TestApp::start(backend).await;
    let bearer = format!("Bearer {}", token(&app, "default").await);
    let largest = format!("a={}", "x".repeat(MOST - 2));
    let larger = format!("{largest}x");
    let mut seen = 0;
    for route in table() {
        let path = path(&route);
        let allow = app.call("PUT", &path.replace("{name}", "x.css"), &[], "").await;
        if !allow.header("allow").contains("POST") {
            continue;
        }
        let mut headers = vec![("content-type", kind(&route))];
        if route.access == Access::Admin {
            headers.push(("authorization", bearer.as_str()));
        }
        app.clock.advance(Duration::from_secs(61));
        let mut watch = Watch::on(&app, "default").await;
        let announced = app.call("POST", &path, &headers, &larger).await;
        assert_eq!(announced.status, 413, "{path}");
        let streamed = stream_of(&app, &path, &headers, &larger).await;
        assert_eq!(streamed.status, 413, "{path}");
        let told = vec![(EventKind::RequestRefused, "body_too_large".to_owned()); 2];
        assert_eq!(watch.told().await, told, "{path}");
        let twin = stream_of(&app, &path, &headers, &largest).await;
        assert_ne!(twin.status, 413, "{path}");
        assert!(!twin.status.is_server_error(), "{path}: {}", twin.status);
        seen += 1;
    }
    assert!(seen >= 14, "only {seen} routes take a body");
}

async fn deep_json_is_refused_and_harmless(backend: Backend) {
    let app = TestApp::start(backend).await;
    let right = token(&app, "default").await;
    let bearer = format!("Bearer {right}");
    let headers = [
        ("content-type", "application/json"),
        ("authorization", bearer.as_str()),
    ];
    let half = MOST / 2 - 64;
    let deep = [
        "[".repeat(half),
        format!("{}{}", "[".repeat(half), "]".repeat(half)),
        "{\"profile\":".repeat(MOST / 12),
        format!("{{\"email\":\"new@example.com\",\"profile\":{}", "[".repeat(half)),
        format!("{{\"settings\":{}1", "{\"scopes\":".repeat(MOST / 12)),
    ];
    for path in ["/admin/v1/users", "/admin/v1/clients"] {
        for body in &deep {
            let mut watch = Watch::on(&app, "default").await;
            let answer = app.call("POST", path, &headers, body).await;
            assert_eq!(answer.status, 400, "{path}");
            assert_eq!(
                watch.told().await,
                [(EventKind::AdminRefused, "invalid_request".to_owned())]
            );
        }
    }
    let made = ask(&app, &right, "POST", "/admin/v1/clients", &new_client("new")).await;
    assert_eq!(made.status, 201, "{}", made.text());
}
