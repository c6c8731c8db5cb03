//! The userinfo endpoint: how a token is shown, and what it opens (OIDC Core section 5.3, OA16, OA17).

use std::time::Duration;

use axum::body::Body;
use domain::EventKind;
use serde_json::json;
use testkit::Backend;
use testkit::app::{Answer, TestApp, encode};

use crate::ask::{ALICE, ALL, Tokens, client_credentials, refusals, request, userinfo};

const PATH: &str = "/oauth/userinfo";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn a_token_is_shown_in_the_header_or_the_body(backend: Backend) {
    let app = TestApp::start(backend).await;
    let token = Tokens::fresh(&app).await.access;
    let bearer = format!("Bearer {token}");
    let lower = format!("bearer  {token}");
    let body = encode(&[("access_token", &token)]);
    let alice = json!(app.user("default", ALICE).await.id.to_string());
    let right = [
        request(&app, ("GET", PATH), &[("authorization", &bearer)], Body::empty()).await,
        request(&app, ("GET", PATH), &[("authorization", &lower)], Body::empty()).await,
        request(&app, ("POST", PATH), &[("authorization", &bearer)], Body::empty()).await,
        request(
            &app,
            ("POST", PATH),
            &[("authorization", &bearer), FORM],
            Body::empty(),
        )
        .await,
        request(&app, ("POST", PATH), &[FORM], body.clone()).await,
    ];
    for answer in right {
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["sub"], alice);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    // In the query it is not looked at, with a form it is not looked at in a GET, and twice is once too often.
    let query = format!("{PATH}?{body}");
    let none = [
        request(&app, ("GET", PATH), &[], Body::empty()).await,
        request(&app, ("GET", &query), &[], Body::empty()).await,
        request(&app, ("POST", &query), &[FORM], Body::empty()).await,
        request(&app, ("GET", PATH), &[FORM], body.clone()).await,
        request(
            &app,
            ("POST", PATH),
            &[("content-type", "text/plain")],
            body.clone(),
        )
        .await,
        request(
            &app,
            ("GET", PATH),
            &[("authorization", &app.basic("web"))],
            Body::empty(),
        )
        .await,
    ];
    for answer in none {
        assert_eq!(answer.status, 401);
        let challenge = answer.header("www-authenticate");
        assert!(challenge.starts_with("Bearer realm="), "{challenge}");
        assert!(
            !challenge.contains("error"),
            "no token, no error code (RFC 6750): {challenge}"
        );
    }
    let both = request(
        &app,
        ("POST", PATH),
        &[("authorization", &bearer), FORM],
        body.clone(),
    )
    .await;
    assert_eq!(
        (both.status.as_u16(), both.error()),
        (400, "invalid_request".to_owned())
    );
    let twice = request(&app, ("POST", PATH), &[FORM], format!("{body}&{body}")).await;
    assert_eq!(
        (twice.status.as_u16(), twice.error()),
        (400, "invalid_request".to_owned())
    );
}

fn assert_challenged(answer: &Answer, status: u16, error: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.error().as_str()),
        (status, error),
        "{}",
        answer.text()
    );
    let challenge = answer.header("www-authenticate");
    assert!(challenge.contains(&format!("error=\"{error}\"")), "{challenge}");
    assert_eq!(answer.header("cache-control"), "no-store");
}

async fn what_is_no_live_token_for_a_person_opens_nothing(backend: Backend) {
    let app = TestApp::start(backend).await;
    let tokens = Tokens::fresh(&app).await;
    for token in [tokens.refresh.as_str(), &tokens.id, "x", "rsp_at_x", "a.b.c"] {
        assert_challenged(&userinfo(&app, token).await, 401, "invalid_token");
    }
    assert_challenged(&userinfo(&app, "spaces in it").await, 401, "invalid_token");
    let own = client_credentials(&app, "service", &[])
        .await
        .member("access_token");
    assert_challenged(&userinfo(&app, &own).await, 403, "insufficient_scope");
    let plain = app
        .browser()
        .tokens(ALICE, "api.read")
        .await
        .member("access_token");
    assert_challenged(&userinfo(&app, &plain).await, 403, "insufficient_scope");
    app.clock.advance(Duration::from_secs(3_599));
    assert_eq!(userinfo(&app, &tokens.access).await.status, 200);
    app.clock.advance(Duration::from_secs(1));
    assert_challenged(&userinfo(&app, &tokens.access).await, 401, "invalid_token");
    assert!(refusals(&app, "default", EventKind::UserinfoRefused).await >= 7);
}

async fn each_scope_opens_its_claims(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let of = async |browser: &mut testkit::browser::Browser<'_>, scope: &str| {
        let token = browser.tokens(ALICE, scope).await.member("access_token");
        let claims = userinfo(&app, &token).await.json();
        let mut names: Vec<String> = claims.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(of(&mut browser, "openid").await, ["sub"]);
    assert_eq!(
        of(&mut browser, "openid email").await,
        ["email", "email_verified", "sub"]
    );
    assert_eq!(
        of(&mut browser, "openid profile").await,
        ["name", "sub", "updated_at"]
    );
    // Nothing is known, so nothing is said: no empty and no null claim.
    assert_eq!(of(&mut browser, "openid address phone").await, ["sub"]);
    assert_eq!(of(&mut browser, ALL).await, ["email", "email_verified", "sub"]);
}

on_both_engines! {
    a_token_is_shown_in_the_header_or_the_body
    each_scope_opens_its_claims
    what_is_no_live_token_for_a_person_opens_nothing
}
