//! The main road: a person signs in, a client gets its tokens.

use testkit::Backend;
use testkit::app::{CALLBACK, ISSUER, TestApp};
use testkit::browser::query_value;

use crate::ask::{Tokens, native_path, redeem_native};

async fn a_person_signs_in(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let answer = browser
        .authorize("alice@example.com", &[("scope", "openid email offline_access")])
        .await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let location = answer.header("location");
    assert!(location.starts_with(&format!("{CALLBACK}?")), "{location}");
    assert_eq!(query_value(location, "state").as_deref(), Some("st"));
    assert_eq!(query_value(location, "iss").as_deref(), Some(ISSUER));
    let tokens = app.redeem("web", &query_value(location, "code").unwrap()).await;
    assert_eq!(tokens.status, 200, "{}", tokens.text());
    for member in ["access_token", "refresh_token", "id_token"] {
        assert!(!tokens.member(member).is_empty(), "{member} is missing");
    }
    assert_eq!(tokens.member("token_type"), "Bearer");
    assert_eq!(tokens.header("cache-control"), "no-store");
}

/// A program on the person's own machine: no secret, a port of the moment (RFC 8252).
async fn a_native_client_signs_a_person_in(backend: Backend) {
    let app = TestApp::start(backend).await;
    let uri = "http://127.0.0.1:4711/callback";
    let answer = app
        .browser()
        .walk(&native_path(uri, &[]), "alice@example.com")
        .await;
    let code = query_value(answer.header("location"), "code").unwrap();
    let tokens = redeem_native(&app, &code, uri).await;
    assert_eq!(tokens.status, 200, "{}", tokens.text());
    Tokens::of(&tokens).assert_alive(&app, "web").await;
}

on_both_engines! {
    a_native_client_signs_a_person_in
    a_person_signs_in
}
