//! Who signs in, when again, and in what language: `prompt`, `max_age`, hints, `acr`, `claims`, `ui_locales` (OA20).

use std::time::Duration;

use domain::EventKind;
use testkit::Backend;
use testkit::app::{Answer, TestApp};
use testkit::browser::{Browser, authorize_path, query_value};

use crate::ask::{ALICE, BOB, Tokens, claims, refusals, userinfo};

fn error(answer: &Answer) -> String {
    query_value(answer.header("location"), "error").unwrap_or_default()
}

/// The claims of the ID token of a request that needs no page.
async fn silently(
    app: &TestApp,
    browser: &mut Browser<'_>,
    extra: &[(&str, &str)],
) -> std::collections::BTreeMap<String, serde_json::Value> {
    let answer = browser.get(&authorize_path(extra)).await;
    let code = query_value(answer.header("location"), "code").unwrap_or_default();
    claims(app, &Tokens::of(&app.redeem("web", &code).await).id).await
}

async fn prompt_none_shows_nothing(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let silent = authorize_path(&[("prompt", "none")]);
    assert_eq!(error(&browser.get(&silent).await), "login_required");
    assert!(browser.cookies.is_empty(), "no flow, no cookie");
    browser.authorize(ALICE, &[]).await;
    app.clock.advance(Duration::from_secs(30));
    let told = silently(&app, &mut browser, &[("prompt", "none")]).await;
    assert_eq!(told["sub"], app.user("default", ALICE).await.id.to_string());
    assert_eq!(
        refusals(&app, "default", EventKind::AuthorizationRefused).await,
        1
    );
}

async fn prompt_login_asks_again(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    browser.authorize(ALICE, &[]).await;
    let before = silently(&app, &mut browser, &[]).await;
    for prompt in ["login", "select_account"] {
        app.clock.advance(Duration::from_secs(30));
        let page = browser.open(&authorize_path(&[("prompt", prompt)])).await;
        assert!(page.text().contains("id=\"login-form\""), "{prompt}");
        // Leaving the page and coming back by another way is no proof.
        let again = browser.open(&authorize_path(&[("prompt", prompt)])).await;
        assert!(again.text().contains("id=\"login-form\""));
        app.clock.advance(Duration::from_secs(5));
        let answer = browser.sign_in(&page, ALICE).await;
        assert!(query_value(answer.header("location"), "code").is_some());
    }
    let after = silently(&app, &mut browser, &[]).await;
    let gone = after["auth_time"].as_i64().unwrap() - before["auth_time"].as_i64().unwrap();
    assert_eq!(gone, 70, "auth_time moves on with each proof");
    assert_eq!(before["sid"], after["sid"], "it is still the same session");
}

async fn max_age_bounds_the_age_of_the_proof(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    browser.authorize(ALICE, &[]).await;
    app.clock.advance(Duration::from_secs(10));
    for (max_age, asks) in [
        ("10000", false),
        ("10", false),
        ("9", true),
        ("1", true),
        ("0", true),
    ] {
        let page = browser.open(&authorize_path(&[("max_age", max_age)])).await;
        assert_eq!(page.text().contains("id=\"login-form\""), asks, "{max_age}");
        let answer = browser
            .get(&authorize_path(&[("max_age", max_age), ("prompt", "none")]))
            .await;
        let expected = if asks { "login_required" } else { "" };
        assert_eq!(error(&answer), expected, "{max_age}");
    }
}

async fn a_hint_names_who_is_meant(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (mut alice, mut bob) = (app.browser(), app.browser());
    let hint = Tokens::of(&alice.tokens(ALICE, "openid").await).id;
    let bobs = Tokens::of(&bob.tokens(BOB, "openid").await).id;
    let silent = |hint: &str| authorize_path(&[("prompt", "none"), ("id_token_hint", hint)]);
    app.clock.advance(Duration::from_hours(48));
    // An expired hint is still a hint.
    let answer = alice.get(&silent(&hint)).await;
    assert!(query_value(answer.header("location"), "code").is_some());
    assert_eq!(error(&alice.get(&silent(&bobs)).await), "login_required");
    // With pages: the other person is asked to sign in; who is somebody else again gets an error for the client.
    let page = alice.open(&authorize_path(&[("id_token_hint", &bobs)])).await;
    assert!(page.text().contains("id=\"login-form\""));
    app.clock.advance(Duration::from_secs(1));
    let answer = alice.sign_in(&page, ALICE).await;
    assert_eq!(error(&answer), "login_required");
    app.clock.advance(Duration::from_secs(1));
    let page = alice.open(&authorize_path(&[("id_token_hint", &bobs)])).await;
    let answer = alice.sign_in(&page, BOB).await;
    assert!(query_value(answer.header("location"), "code").is_some());
    // The same by the `sub` that is asked for (OIDC Core section 5.5.1).
    let sub = app.user("default", ALICE).await.id;
    let claims = format!(r#"{{"id_token":{{"sub":{{"value":"{sub}"}}}}}}"#);
    let answer = alice
        .get(&authorize_path(&[("prompt", "none"), ("claims", &claims)]))
        .await;
    assert_eq!(error(&answer), "login_required");
    let (head, _) = hint.rsplit_once('.').unwrap();
    for forged in [
        "e30.e30.e30".to_owned(),
        format!("{head}."),
        hint.replace('.', ""),
    ] {
        assert_eq!(error(&alice.get(&silent(&forged)).await), "invalid_request");
    }
}

async fn login_hint_fills_in_the_address(backend: Backend) {
    let app = TestApp::start(backend).await;
    let page = app.browser().open(&authorize_path(&[("login_hint", BOB)])).await;
    assert!(page.text().contains(&format!("value=\"{BOB}\"")));
    let probe = "\"><script>alert(1)</script>";
    let page = app
        .browser()
        .open(&authorize_path(&[("login_hint", probe)]))
        .await;
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("<script>alert"));
    let long = "x".repeat(300);
    let answer = app.browser().get(&authorize_path(&[("login_hint", &long)])).await;
    assert_eq!(error(&answer), "invalid_request");
}

async fn acr_is_what_was_verified(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    browser.authorize(ALICE, &[]).await;
    // Wishes are met if they can be, and never claimed if not.
    for values in ["aal1", "aal2", "aal3 aal2", "urn:unknown"] {
        let told = silently(&app, &mut browser, &[("acr_values", values)]).await;
        assert_eq!(told["acr"], "aal1");
        assert_eq!(told["amr"], serde_json::json!(["pwd"]));
    }
    let wanting = |acr: &str| format!(r#"{{"id_token":{{"acr":{acr}}}}}"#);
    for (acr, outcome) in [
        (r#"{"value":"aal2"}"#, ""),
        (r#"{"essential":true,"value":"aal1"}"#, ""),
        (r#"{"essential":true,"values":["aal3","aal1"]}"#, ""),
        (
            r#"{"essential":true,"values":["aal2","aal3"]}"#,
            "unmet_authentication_requirements",
        ),
        (
            r#"{"essential":true,"value":"urn:unknown"}"#,
            "unmet_authentication_requirements",
        ),
    ] {
        let answer = browser.get(&authorize_path(&[("claims", &wanting(acr))])).await;
        assert_eq!(error(&answer), outcome, "{acr}");
    }
}

async fn single_claims_go_where_they_were_asked_for(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let wanted = r#"{"userinfo":{"name":{"essential":true},"nonsense":null},"id_token":{"email":null,"auth_time":{"essential":true},"iss":{"value":"https://evil.example"}}}"#;
    let code = browser.code(ALICE, &[("claims", wanted)]).await;
    let tokens = Tokens::of(&app.redeem("web", &code).await);
    let told = claims(&app, &tokens.id).await;
    assert_eq!(told["email"], ALICE);
    assert!(!told.contains_key("name"));
    assert_eq!(told["iss"], testkit::app::ISSUER);
    let told = userinfo(&app, &tokens.access).await.json();
    assert_eq!(told["name"], "alice");
    assert!(told.get("email").is_none() && told.get("nonsense").is_none());
    // What the client may not have is not given, however it is asked for (OA9).
    app.change_client("default", "web", |settings| {
        settings.scopes = "openid".parse().unwrap();
    })
    .await;
    let code = browser.code(ALICE, &[("claims", wanted)]).await;
    let tokens = Tokens::of(&app.redeem("web", &code).await);
    assert!(!claims(&app, &tokens.id).await.contains_key("email"));
    assert!(userinfo(&app, &tokens.access).await.json().get("name").is_none());
}

async fn pages_speak_the_language_asked_for(backend: Backend) {
    let app = TestApp::start(backend).await;
    for (locales, tag) in [
        ("de", "de"),
        ("xx de-CH en", "de"),
        ("en de", "en"),
        ("xx", "en"),
        ("", "en"),
    ] {
        let page = app
            .browser()
            .open(&authorize_path(&[("ui_locales", locales)]))
            .await;
        assert!(
            page.text().contains(&format!("<html lang=\"{tag}\"")),
            "{locales}"
        );
    }
}

on_both_engines! {
    a_hint_names_who_is_meant
    acr_is_what_was_verified
    login_hint_fills_in_the_address
    max_age_bounds_the_age_of_the_proof
    pages_speak_the_language_asked_for
    prompt_login_asks_again
    prompt_none_shows_nothing
    single_claims_go_where_they_were_asked_for
}
