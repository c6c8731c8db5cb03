//! What is refused before it is understood: type, method, size, number (OA11, CF5, J1).

use axum::body::Body;
use domain::EventKind;
use testkit::Backend;
use testkit::app::TestApp;

use crate::ask::{Tokens, assert_refused, client_credentials, refusals, request, too_many};

const FORM: &str = "application/x-www-form-urlencoded";
const POSTS: [&str; 6] = [
    "/oauth/authorize",
    "/oauth/token",
    "/oauth/introspect",
    "/oauth/revoke",
    "/oauth/logout",
    "/login",
];

async fn only_forms_are_read(backend: Backend) {
    let app = TestApp::start(backend).await;
    let basic = app.basic("service");
    let body = "grant_type=client_credentials";
    for path in POSTS {
        for mime in [
            "application/json",
            "text/plain",
            "multipart/form-data; boundary=x",
            "application/x-www-form-urlencodedX",
            "",
            "x",
        ] {
            let headers = [("authorization", basic.as_str()), ("content-type", mime)];
            let answer = request(&app, ("POST", path), &headers, body).await;
            assert_eq!(answer.status, 415, "{path} {mime}");
        }
        let answer = request(&app, ("POST", path), &[("authorization", &basic)], body).await;
        assert_eq!(answer.status, 415, "{path} without a type");
    }
    for mime in [
        FORM,
        "Application/X-WWW-Form-Urlencoded",
        "application/x-www-form-urlencoded; charset=UTF-8",
    ] {
        let headers = [("authorization", basic.as_str()), ("content-type", mime)];
        let answer = request(&app, ("POST", "/oauth/token"), &headers, body).await;
        assert_eq!(answer.status, 200, "{mime}");
    }
}

async fn each_path_has_its_methods(backend: Backend) {
    let app = TestApp::start(backend).await;
    let both = ["GET", "HEAD", "POST"];
    // Where pages of other origins may call, browsers ask first.
    let read = ["GET", "HEAD", "OPTIONS"];
    let rows: [(&str, &[&str]); 9] = [
        ("/.well-known/openid-configuration", &read),
        ("/.well-known/oauth-authorization-server", &read),
        ("/oauth/jwks", &read),
        ("/oauth/authorize", &both),
        ("/oauth/token", &["POST", "OPTIONS"]),
        ("/oauth/introspect", &["POST"]),
        ("/oauth/revoke", &["POST", "OPTIONS"]),
        ("/oauth/userinfo", &["GET", "HEAD", "POST", "OPTIONS"]),
        ("/oauth/logout", &both),
    ];
    for (path, methods) in rows {
        for prefix in ["", "/t/acme"] {
            let path = format!("{prefix}{path}");
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
                let answer = request(&app, (method, &path), &[], Body::empty()).await;
                let refused = answer.status == 405;
                assert_eq!(
                    refused,
                    !methods.contains(&method),
                    "{method} {path}: {}",
                    answer.status
                );
                if refused {
                    let allow = answer.header("allow");
                    for method in methods {
                        assert!(allow.contains(method), "{path}: {allow}");
                    }
                }
            }
            for method in ["TRACE", "CONNECT", "FOO"] {
                let answer = request(&app, (method, &path), &[], Body::empty()).await;
                assert_eq!(answer.status, 405, "{method} {path}");
            }
        }
    }
    assert_eq!(app.get("/oauth/token/").await.status, 404);
    assert_eq!(app.get("/oauth/nothing").await.status, 404);
}

async fn what_is_too_large_is_not_read(backend: Backend) {
    let app = TestApp::start(backend).await;
    let basic = app.basic("service");
    let headers = [("authorization", basic.as_str()), ("content-type", FORM)];
    let events = app.audit("default").await.len();
    for path in POSTS.into_iter().chain(["/oauth/userinfo"]) {
        let large = format!("grant_type=client_credentials&x={}", "a".repeat(64 * 1024));
        let answer = request(&app, ("POST", path), &headers, large).await;
        assert_eq!(answer.status, 413, "{path}");
        // Without a length told beforehand.
        let chunks = (0..80).map(|_| Ok::<_, std::io::Error>(vec![b'a'; 1_024]));
        let body = Body::from_stream(futures_util::stream::iter(chunks));
        let answer = request(&app, ("POST", path), &headers, body).await;
        assert_eq!(answer.status, 413, "{path} in pieces");
    }
    let long = format!("/oauth/authorize?client_id=web&x={}", "a".repeat(16 * 1024));
    assert_eq!(app.get(&long).await.status, 414);
    let told = app.audit("default").await.len() - events;
    assert_eq!(told, 10, "refusals of a minute are told, up to ten");
    // The twin: as large as it may be.
    let most = format!("grant_type=client_credentials&x={}", "a".repeat(8_000));
    let answer = request(&app, ("POST", "/oauth/token"), &headers, most).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

async fn a_parameter_comes_once(backend: Backend) {
    let app = TestApp::start(backend).await;
    let basic = app.basic("service");
    let right = "grant_type=client_credentials&token=x";
    for path in ["/oauth/token", "/oauth/introspect", "/oauth/revoke"] {
        for more in [
            "grant_type=client_credentials",
            "token=x",
            "scope=&scope=api.read",
            "foo=1&foo=2",
        ] {
            let answer = app
                .post_text(path, Some(&basic), &format!("{right}&{more}"))
                .await;
            if path == "/oauth/token" || !more.contains("grant") {
                assert_refused(&answer, 400, "invalid_request");
            }
        }
        for broken in ["%", "%zz=1", "a=%f", "a=%ff%fe", "a=%00&a=%00"] {
            let answer = app
                .post_text(path, Some(&basic), &format!("{right}&{broken}"))
                .await;
            assert_refused(&answer, 400, "invalid_request");
        }
        let many = too_many();
        let answer = app
            .post_text(path, Some(&basic), &format!("{right}&{many}"))
            .await;
        assert_refused(&answer, 400, "invalid_request");
        let answer = app
            .post_text(path, Some(&basic), &format!("{right}&foo=1&bar=2&scope="))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

/// What is malformed is told of too, in bounded form (LG1).
async fn a_malformed_request_leaves_a_trace(backend: Backend) {
    let app = TestApp::start(backend).await;
    let twice = "grant_type=client_credentials&grant_type=client_credentials";
    app.post_text("/oauth/token", Some(&app.basic("service")), twice)
        .await;
    assert_eq!(refusals(&app, "default", EventKind::TokenRefused).await, 1);
    app.browser()
        .get("/oauth/authorize?client_id=web&client_id=web")
        .await;
    assert_eq!(
        refusals(&app, "default", EventKind::AuthorizationRefused).await,
        1
    );
}

/// JSON as deep as a parameter allows neither overflows nor is taken.
async fn deep_json_is_harmless(backend: Backend) {
    let app = TestApp::start(backend).await;
    for deep in [
        "[".repeat(8_000),
        format!("{{\"userinfo\":{}", "{\"a\":".repeat(1_500)),
    ] {
        let path = testkit::browser::authorize_path(&[("claims", &deep)]);
        let answer = app.browser().get(&path).await;
        let told = testkit::browser::query_value(answer.header("location"), "error");
        let refused = told.as_deref() == Some("invalid_request") || answer.status == 414;
        assert!(refused, "{}", answer.status);
    }
    let admin = client_credentials(&app, "admin", &[])
        .await
        .member("access_token");
    let bearer = format!("Bearer {admin}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    for deep in ["[".repeat(60_000), "{\"settings\":".repeat(5_000)] {
        let answer = request(&app, ("POST", "/admin/v1/clients"), &headers, deep).await;
        assert_eq!(answer.status, 400);
    }
    Tokens::fresh(&app).await.assert_alive(&app, "api").await;
}

on_both_engines! {
    a_malformed_request_leaves_a_trace
    a_parameter_comes_once
    deep_json_is_harmless
    each_path_has_its_methods
    only_forms_are_read
    what_is_too_large_is_not_read
}
