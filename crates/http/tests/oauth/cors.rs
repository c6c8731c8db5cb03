//! Which pages may read which answers (OA16, contract section 4).

use axum::body::Body;
use domain::{AuthMethod, ClientKind, ClientSettings, GrantType, Origin, RedirectUri};
use engine::clients::NewClient;
use testkit::Backend;
use testkit::app::{Answer, TestApp};

use crate::ask::request;

const SHARED: [(&str, &str); 6] = [
    ("GET", "/.well-known/openid-configuration"),
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/oauth/jwks"),
    ("POST", "/oauth/token"),
    ("POST", "/oauth/revoke"),
    ("GET", "/oauth/userinfo"),
];
const CLOSED: [(&str, &str); 7] = [
    ("GET", "/oauth/authorize"),
    ("POST", "/oauth/authorize"),
    ("POST", "/oauth/introspect"),
    ("GET", "/oauth/logout"),
    ("GET", "/login"),
    ("GET", "/account"),
    ("GET", "/admin/v1/users"),
];

async fn start(backend: Backend) -> TestApp {
    let mut app = TestApp::start(backend).await;
    let spa = NewClient {
        client_id: Some("spa".parse().unwrap()),
        name: "spa".to_owned(),
        kind: ClientKind::Spa,
        auth_method: AuthMethod::None,
        settings: ClientSettings {
            redirect_uris: vec![RedirectUri::register("https://spa.example.com/cb", false).unwrap()],
            allowed_origins: vec![Origin::parse("https://more.example.com:8443").unwrap()],
            grant_types: vec![GrantType::AuthorizationCode],
            ..ClientSettings::default()
        },
    };
    app.add_client("default", spa).await;
    app
}

async fn from(app: &TestApp, (method, path): (&str, &str), origin: &str) -> [Answer; 2] {
    let form = ("content-type", "application/x-www-form-urlencoded");
    let plain = request(app, (method, path), &[("origin", origin), form], Body::empty()).await;
    let asks = [
        ("origin", origin),
        ("access-control-request-method", method),
        ("access-control-request-headers", "authorization"),
    ];
    let preflight = request(app, ("OPTIONS", path), &asks, Body::empty()).await;
    [plain, preflight]
}

async fn pages_of_public_clients_may_read(backend: Backend) {
    let app = start(backend).await;
    for origin in [
        "https://spa.example.com",
        "https://more.example.com:8443",
        "http://127.0.0.1",
        "http://127.0.0.1:4711",
    ] {
        for line in SHARED {
            let [plain, preflight] = from(&app, line, origin).await;
            for answer in [&plain, &preflight] {
                assert_eq!(answer.header("access-control-allow-origin"), origin, "{line:?}");
                assert_eq!(answer.header("access-control-allow-credentials"), "", "{line:?}");
                let varies = answer
                    .headers
                    .get_all("vary")
                    .iter()
                    .any(|value| value == "Origin");
                assert!(varies, "{line:?}");
            }
            assert_eq!(preflight.status, 204);
            assert!(preflight.header("access-control-allow-methods").contains(line.0));
            assert!(
                preflight
                    .header("access-control-allow-headers")
                    .contains("Authorization")
            );
            assert_ne!(plain.status, 403, "{line:?}");
            assert!(
                plain
                    .header("access-control-expose-headers")
                    .contains("WWW-Authenticate")
            );
        }
    }
}

async fn no_other_page_may(backend: Backend) {
    let app = start(backend).await;
    for origin in [
        "https://evil.example",
        // A confidential client has no pages.
        "https://web.example.com",
        "http://spa.example.com",
        "https://spa.example.com:8443",
        "https://SPA.example.com",
        "https://spa.example.com.evil.example",
        "https://more.example.com",
        "https://127.0.0.1:4711",
        "http://127.0.0.1:0",
        "http://localhost:4711",
        "http://127.0.0.1:4711.evil.example",
        "null",
        "*",
    ] {
        for line in SHARED.into_iter().chain(CLOSED) {
            for answer in from(&app, line, origin).await {
                assert_eq!(
                    answer.header("access-control-allow-origin"),
                    "",
                    "{origin} {line:?}"
                );
                assert_eq!(answer.header("access-control-allow-methods"), "");
            }
        }
    }
    // Of an allowed origin too, these stay closed.
    for line in CLOSED {
        for answer in from(&app, line, "https://spa.example.com").await {
            assert_eq!(answer.header("access-control-allow-origin"), "", "{line:?}");
        }
    }
}

/// Origins belong to a tenant, and to clients that are switched on.
async fn origins_are_the_tenants_own(backend: Backend) {
    let app = start(backend).await;
    let line = ("GET", "/t/acme/oauth/jwks");
    let [answer, _] = from(&app, line, "https://spa.example.com").await;
    assert_eq!(
        (
            answer.status.as_u16(),
            answer.header("access-control-allow-origin")
        ),
        (200, "")
    );
    let [answer, _] = from(&app, line, "http://127.0.0.1:4711").await;
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "http://127.0.0.1:4711"
    );
    let id = "spa".parse().unwrap();
    app.app.disable_client(&app.ctx("default"), &id).await.unwrap();
    let [answer, _] = from(&app, ("GET", "/oauth/jwks"), "https://spa.example.com").await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

on_both_engines! {
    no_other_page_may
    origins_are_the_tenants_own
    pages_of_public_clients_may_read
}
