//! What people are asked before a client gets anything, and how they take it back (OA18).

use domain::{ConsentRule, EventKind};
use testkit::Backend;
use testkit::app::{Answer, TestApp};
use testkit::browser::{authorize_path, query_value};

use crate::ask::{ALICE, ALL, Tokens, native_path, refusals, successes};

fn error(answer: &Answer) -> Option<String> {
    query_value(answer.header("location"), "error")
}

async fn consent_is_asked_once_and_for_what_is_new(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let page = browser
        .open(&authorize_path(&[("scope", "openid email offline_access")]))
        .await;
    let page = browser.sign_in(&page, ALICE).await;
    let text = page.text();
    // Who, what with its present value, how long, where to.
    for part in [
        "id=\"consent-form\"",
        "web",
        ALICE,
        "30 days",
        "web.example.com",
        "id=\"accept\"",
        "id=\"deny\"",
    ] {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
    let answer = browser.submit(&page, "consent-form", &[("accept", "1")]).await;
    assert!(query_value(answer.header("location"), "code").is_some());
    assert_eq!(successes(&app, EventKind::ConsentGranted).await, 1);
    // Less than allowed is not asked again, more is.
    let answer = browser.open(&authorize_path(&[("scope", "openid email")])).await;
    assert!(query_value(answer.header("location"), "code").is_some());
    let page = browser
        .open(&authorize_path(&[("scope", "openid email profile")]))
        .await;
    assert!(page.text().contains("id=\"consent-form\""));
    // Asked in silence it is an error, and a no is a no.
    let silent = authorize_path(&[("scope", "openid email profile"), ("prompt", "none")]);
    let answer = browser.get(&silent).await;
    assert_eq!(error(&answer).as_deref(), Some("consent_required"));
    let answer = browser.submit(&page, "consent-form", &[("deny", "1")]).await;
    assert_eq!(error(&answer).as_deref(), Some("access_denied"));
    assert_eq!(refusals(&app, "default", EventKind::ConsentDenied).await, 1);
    // prompt=consent asks although nothing is new.
    let page = browser.open(&authorize_path(&[("prompt", "consent")])).await;
    assert!(page.text().contains("id=\"consent-form\""));
}

/// Single claims are asked for like the scopes they belong to.
async fn claims_need_the_consent_of_their_scope(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    browser.code(ALICE, &[]).await;
    for target in ["userinfo", "id_token"] {
        let claims = format!(r#"{{"{target}":{{"email":null}}}}"#);
        let answer = browser
            .get(&authorize_path(&[("claims", &claims), ("prompt", "none")]))
            .await;
        assert_eq!(error(&answer).as_deref(), Some("consent_required"));
    }
    let claims = r#"{"userinfo":{"email":null}}"#;
    let page = browser.open(&authorize_path(&[("claims", claims)])).await;
    assert!(page.text().contains("id=\"consent-form\""));
    assert!(page.text().contains("See your email address"));
    browser.submit(&page, "consent-form", &[("accept", "1")]).await;
    let answer = browser.get(&authorize_path(&[("claims", claims)])).await;
    assert!(
        query_value(answer.header("location"), "code").is_some(),
        "asked once"
    );
}

async fn a_native_client_is_never_let_past_unseen(backend: Backend) {
    let app = TestApp::start(backend).await;
    let uri = "http://127.0.0.1:4711/callback";
    let mut browser = app.browser();
    let answer = browser.walk(&native_path(uri, &[]), ALICE).await;
    assert!(query_value(answer.header("location"), "code").is_some());
    let page = browser.open(&native_path(uri, &[])).await;
    assert!(page.text().contains("id=\"consent-form\""), "asked every time");
    let answer = browser.get(&native_path(uri, &[("prompt", "none")])).await;
    assert_eq!(
        query_value(answer.header("location"), "error").as_deref(),
        Some("consent_required")
    );
    // The company's own confidential client may be spared the question, no public one may.
    app.change_client("default", "web", |settings| {
        settings.consent = ConsentRule::Implied;
    })
    .await;
    let answer = browser.get(&authorize_path(&[("prompt", "none")])).await;
    assert!(query_value(answer.header("location"), "code").is_some());
    let ctx = app.ctx("default");
    let id = "native".parse().unwrap();
    let mut settings = app.app.client(&ctx, &id).await.unwrap().settings;
    settings.consent = ConsentRule::Implied;
    assert!(app.app.update_client(&ctx, &id, &settings).await.is_err());
}

async fn a_person_takes_consent_back(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let tokens = Tokens::of(&browser.tokens(ALICE, ALL).await);
    tokens.assert_alive(&app, "api").await;
    let page = browser.get("/account").await;
    assert_eq!(page.status, 200);
    let text = page.text();
    let csrf = text.split("name=\"csrf\" value=\"").nth(1).unwrap();
    let csrf = csrf.split('"').next().unwrap();
    // Without the token of the page nothing happens.
    let refused = browser
        .post("/account/apps/web/revoke", &[("csrf", "wrong")])
        .await;
    assert_eq!(refused.status, 403);
    assert_eq!(refusals(&app, "default", EventKind::CsrfRefused).await, 1);
    tokens.assert_alive(&app, "api").await;
    let done = browser.post("/account/apps/web/revoke", &[("csrf", csrf)]).await;
    assert_eq!(done.status, 303);
    tokens.assert_dead(&app, "web", "api").await;
    assert_eq!(successes(&app, EventKind::ConsentRevoked).await, 1);
    let page = browser.open(&authorize_path(&[])).await;
    assert!(page.text().contains("id=\"consent-form\""), "asked again");
}

on_both_engines! {
    a_native_client_is_never_let_past_unseen
    a_person_takes_consent_back
    claims_need_the_consent_of_their_scope
    consent_is_asked_once_and_for_what_is_new
}
