//! What the edge itself refuses: a page for whoever reads pages, a problem document for everybody else.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use axum::routing::get;
use domain::World;
use http_face::AppState;
use http_face::layers::{Bounds, EdgeSettings, LoadSettings, protect};
use http_face::management::{Catalogue, Metrics};
use testkit::Backend;
use testkit::app::{Answer, Setup, TestApp};
use tower::ServiceExt as _;

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[track_caller]
fn assert_page(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{code}");
    assert_eq!(
        answer.header("content-type"),
        "text/html; charset=utf-8",
        "{code}"
    );
    assert_eq!(answer.header("cache-control"), "no-store", "{code}");
    assert!(
        answer
            .header("content-security-policy")
            .contains("style-src 'self'"),
        "{code}"
    );
    assert!(answer.text().contains(code), "{code}: {}", answer.text());
    let id = answer.header("x-request-id");
    assert!(
        !id.is_empty() && answer.text().contains(&format!("<code>{id}</code>")),
        "{code}"
    );
}

#[track_caller]
fn assert_document(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status);
    assert_eq!(
        answer.header("content-type"),
        "application/problem+json",
        "{status}"
    );
    assert_eq!(answer.json()["status"], status);
    assert_eq!(
        answer.json()["request_id"],
        answer.header("x-request-id"),
        "{status}"
    );
}

#[tokio::test]
async fn what_the_edge_refuses_is_a_page_for_a_browser_only() {
    let app = TestApp::start(Backend::Sqlite).await;
    let big = format!("a={}", "x".repeat(70 * 1024));
    let long = format!("/oauth/authorize?state={}", "x".repeat(17 * 1024));
    let json = ("content-type", "application/json");
    let cases = [
        ("POST", "/login", FORM, big.as_str(), 413, "RSP-1003"),
        ("GET", &long, FORM, "", 414, "RSP-1003"),
        ("POST", "/t/acme/login", json, "{}", 415, "RSP-1004"),
        ("TRACE", "/login", FORM, "", 405, "RSP-1002"),
        ("PUT", "/consent", FORM, "", 405, "RSP-1002"),
        ("GET", "/nowhere", FORM, "", 404, "RSP-1001"),
        ("GET", "/t/nobody/login", FORM, "", 404, "RSP-1001"),
    ];
    for (method, path, kind, body, status, code) in cases {
        let page = app.call(method, path, &[kind, BROWSER], body).await;
        assert_page(&page, status, code);
        for accept in ["application/json", "*/*"] {
            let document = app.call(method, path, &[kind, ("accept", accept)], body).await;
            assert_document(&document, status);
        }
        assert_document(&app.call(method, path, &[kind], body).await, status);
    }
}

#[tokio::test]
async fn the_page_has_the_readers_language_and_the_tenants_name() {
    let app = TestApp::start(Backend::Sqlite).await;
    let german = ("accept-language", "de");
    let json = ("content-type", "application/json");
    let page = app
        .call("POST", "/t/acme/login", &[json, BROWSER, german], "{}")
        .await;
    assert_page(&page, 415, "RSP-1004");
    assert!(page.text().contains("<html lang=\"de\""), "{}", page.text());
    assert!(
        page.text().contains("/t/acme/assets/tenant.css"),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn a_full_house_tells_a_browser_when_to_come_back() {
    let setup = Setup {
        edge: EdgeSettings {
            max_in_flight: 0,
            ..EdgeSettings::default()
        },
        ..Setup::default()
    };
    let app = TestApp::start_with(Backend::Sqlite, setup).await;
    let page = app.call("GET", "/account", &[BROWSER], "").await;
    assert_page(&page, 503, "RSP-1503");
    assert_eq!(page.header("retry-after"), "1");
    let document = app.call("GET", "/account", &[], "").await;
    assert_document(&document, 503);
    assert_eq!(document.header("retry-after"), "1");
    // A handler that is reached keeps its own words.
    let twin = TestApp::start(Backend::Sqlite).await;
    assert_eq!(twin.call("GET", "/account", &[BROWSER], "").await.status, 303);
}

#[tokio::test]
async fn a_class_without_room_refuses_in_the_form_of_its_routes_and_the_others_go_on() {
    let none = Bounds {
        in_progress: 0,
        queue: 0,
    };
    let start = async |load: LoadSettings| {
        let edge = EdgeSettings {
            load,
            ..EdgeSettings::default()
        };
        let setup = Setup {
            edge,
            ..Setup::default()
        };
        TestApp::start_with(Backend::Sqlite, setup).await
    };
    let usual = LoadSettings::default;
    let app = start(LoadSettings {
        machine: none,
        ..usual()
    })
    .await;
    // Too large, but nobody looks at the body of who is refused.
    let form = format!("grant_type=client_credentials&a={}", "x".repeat(70 * 1024));
    for path in ["/oauth/token", "/t/acme/oauth/introspect"] {
        let refused = app.call("POST", path, &[FORM], &form).await;
        assert_eq!(refused.status, 503, "{path}");
        assert_eq!(refused.json()["error"], "temporarily_unavailable");
        assert_eq!(refused.header("retry-after"), "1");
        assert_eq!(refused.header("cache-control"), "no-store");
        assert!(!refused.header("x-request-id").is_empty());
    }
    for path in ["/.well-known/openid-configuration", "/oauth/jwks", "/health"] {
        assert_eq!(app.call("GET", path, &[], "").await.status, 200, "{path}");
    }
    assert_eq!(app.call("GET", "/account", &[BROWSER], "").await.status, 303);

    let app = start(LoadSettings {
        pages: none,
        admin: none,
        ..usual()
    })
    .await;
    let page = app.call("GET", "/login", &[BROWSER], "").await;
    assert_page(&page, 503, "RSP-1503");
    assert_eq!(page.header("retry-after"), "1");
    assert_document(&app.call("GET", "/admin/v1/users", &[], "").await, 503);
    let form = "grant_type=client_credentials";
    assert_eq!(app.call("POST", "/oauth/token", &[FORM], form).await.status, 401);
}

#[tokio::test]
async fn a_browser_sees_a_page_for_a_bare_refusal_of_a_handler_too() {
    let app = TestApp::start(Backend::Sqlite).await;
    let state = AppState {
        app: app.app.clone(),
        demo: None,
        security: Arc::default(),
    };
    let routes = Router::new()
        .route("/panic", get(|| async { panic!("canary-secret") as StatusCode }))
        .route(
            "/often",
            get(|| async { (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "60")]) }),
        )
        .route("/late", get(|| async { StatusCode::REQUEST_TIMEOUT }))
        .route("/slow", get(std::future::pending::<StatusCode>))
        .route("/own", get(|| async { (StatusCode::NOT_FOUND, "own words") }))
        .route("/bare", get(|| async { StatusCode::UNAUTHORIZED }));
    let edge = EdgeSettings {
        request_timeout: Duration::ZERO,
        ..EdgeSettings::default()
    };
    let metrics = Metrics::register(&mut Catalogue::default());
    let router = protect(routes, edge, World::system(), metrics, Some(state));
    let ask = |path: &'static str| {
        let router = router.clone();
        async move {
            let request = Request::get(path)
                .header(BROWSER.0, BROWSER.1)
                .body(Body::empty());
            let (parts, body) = router.oneshot(request.unwrap()).await.unwrap().into_parts();
            Answer {
                status: parts.status,
                headers: parts.headers,
                body: to_bytes(body, usize::MAX).await.unwrap(),
            }
        }
    };
    let panicked = ask("/panic").await;
    assert_page(&panicked, 500, "RSP-1500");
    assert!(!panicked.text().contains("canary-secret"));
    let often = ask("/often").await;
    assert_page(&often, 429, "RSP-1009");
    assert_eq!(often.header("retry-after"), "60");
    assert_page(&ask("/late").await, 408, "RSP-1008");
    assert_page(&ask("/slow").await, 503, "RSP-1503");
    assert_eq!(ask("/own").await.text(), "own words");
    // No page is made of what says nothing to a person.
    assert_document(&ask("/bare").await, 401);
}
