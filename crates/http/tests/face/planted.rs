//! Flows and cookies an attacker brought along (H1, B5), and flows past their time.

use std::time::Duration;

use domain::{OpaqueToken, TokenKind};
use testkit::Backend;
use testkit::app::TestApp;
use testkit::browser::{PageForm, authorize_path};

use super::watch::{Filled, is_account, is_signed_in, shows, signed_in};

const SESSION: &str = "__Host-rsp_session_default";

on_both_engines! {
    a_planted_session_cookie_is_replaced_at_sign_in
    a_planted_flow_does_not_open_in_another_browser
    a_planted_flow_with_its_cookie_signs_nobody_else_in
    a_flow_ends
    a_flow_of_one_tenant_is_unknown_to_another
}

async fn a_planted_session_cookie_is_replaced_at_sign_in(backend: Backend) {
    let app = TestApp::start(backend).await;
    // One that was never issued, and the live one of the attacker's own account.
    let never = OpaqueToken::generate(TokenKind::Session, &app.app.world)
        .expose()
        .to_owned();
    let (attacker, _) = signed_in(&app, "", "bob@example.com").await;
    for planted in [never, attacker.cookies[SESSION].clone()] {
        let mut victim = app.browser();
        victim.cookies.insert(SESSION.to_owned(), planted.clone());
        app.clock.advance(Duration::from_secs(5));
        let page = victim.open(&authorize_path(&[("prompt", "login")])).await;
        victim.sign_in(&page, "alice@example.com").await;
        assert_ne!(victim.cookies[SESSION], planted);
        let page = victim.open("/account").await;
        assert!(is_account(&page, "alice@example.com"));
        let mut attacker = app.browser();
        attacker.cookies.insert(SESSION.to_owned(), planted);
        let page = attacker.open("/account").await;
        assert!(!page.text().contains("alice@example.com"));
    }
    // A name that comes twice is nobody's.
    let (victim, _) = signed_in(&app, "", "alice@example.com").await;
    let both = format!(
        "{SESSION}={}; {SESSION}={}",
        attacker.cookies[SESSION], victim.cookies[SESSION]
    );
    let answer = app.call("GET", "/account", &[("cookie", &both)], "").await;
    assert_eq!(answer.status, 303);
    let one = format!("{SESSION}={}", victim.cookies[SESSION]);
    let answer = app.call("GET", "/account", &[("cookie", &one)], "").await;
    assert!(is_account(&answer, "alice@example.com"));
}

async fn a_planted_flow_does_not_open_in_another_browser(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut attacker = app.browser();
    let page = attacker.open(&authorize_path(&[])).await;
    let form = Filled::of(
        &page,
        "login-form",
        &[
            ("email", "alice@example.com"),
            ("password", testkit::app::PASSWORD),
        ],
    );
    let flow = form.field("flow").to_owned();
    let mut victim = app.browser();
    for path in [
        "/login",
        "/consent",
        "/oauth/logout",
        "/t/acme/login",
        "/t/acme/consent",
    ] {
        let answer = victim.get(&format!("{path}?flow={flow}")).await;
        assert_eq!(answer.status, 400, "{path}");
        assert!(!shows(&answer, "login-form"), "{path}");
    }
    // The cookie of another flow does not open this one.
    let mut own = app.browser();
    own.open(&authorize_path(&[])).await;
    let (name, value) = own.cookies.pop_first().unwrap();
    assert!(name.starts_with("__Host-rsp_flow_"), "{name}");
    own.cookies.insert(format!("__Host-rsp_flow_{flow}"), value);
    let answer = own.get(&format!("/login?flow={flow}")).await;
    assert_eq!(answer.status, 400);
    assert_eq!(form.send(&mut own).await.status, 403);
    assert!(!own.cookies.contains_key(SESSION));
    // Where it began it goes on.
    assert_eq!(form.send(&mut attacker).await.status, 303);
    assert!(attacker.cookies.contains_key(SESSION));
}

async fn a_planted_flow_with_its_cookie_signs_nobody_else_in(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut attacker = app.browser();
    attacker.open(&authorize_path(&[])).await;
    let mut victim = app.browser();
    victim.cookies = attacker.cookies.clone();
    let flow = attacker
        .cookies
        .keys()
        .find_map(|name| name.strip_prefix("__Host-rsp_flow_"))
        .unwrap()
        .to_owned();
    let page = victim.get(&format!("/login?flow={flow}")).await;
    let page = victim.sign_in(&page, "alice@example.com").await;
    assert!(shows(&page, "consent-form"));
    // The session is the victim's browser's: the attacker is asked to sign in.
    let page = attacker.get(&format!("/login?flow={flow}")).await;
    assert!(shows(&page, "login-form"), "{}", page.text());
    assert!(!page.text().contains("alice@example.com"));
    let csrf = PageForm::find(&page.text(), "login-form").hidden;
    let csrf = csrf
        .iter()
        .find(|(n, _)| n == "csrf")
        .map(|(_, v)| v.clone())
        .unwrap();
    let answer = attacker
        .post("/consent", &[("flow", &flow), ("csrf", &csrf), ("accept", "1")])
        .await;
    let answer = attacker.follow(answer).await;
    assert!(shows(&answer, "login-form"));
    assert!(!is_signed_in(&attacker, "").await);
}

async fn a_flow_ends(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let page = browser.open(&authorize_path(&[])).await;
    let form = Filled::of(
        &page,
        "login-form",
        &[
            ("email", "alice@example.com"),
            ("password", testkit::app::PASSWORD),
        ],
    );
    let here = format!("/login?flow={}", form.field("flow"));
    app.clock
        .advance(Duration::from_mins(15) - Duration::from_secs(1));
    assert!(shows(&browser.get(&here).await, "login-form"));
    app.clock.advance(Duration::from_secs(1));
    let over = browser.get(&here).await;
    assert_eq!(over.status, 400);
    assert!(
        over.text().contains("href=\"/account\""),
        "it says where to go on"
    );
    let answer = form.send(&mut browser).await;
    assert_eq!(answer.status, 400);
    assert!(!browser.cookies.contains_key(SESSION));

    // Used up: the back button does not issue a second code.
    let mut browser = app.browser();
    let page = browser.open(&authorize_path(&[])).await;
    let page = browser.sign_in(&page, "alice@example.com").await;
    let consent = Filled::of(&page, "consent-form", &[("accept", "1")]);
    let before = browser.clone();
    assert!(
        consent
            .send(&mut browser)
            .await
            .header("location")
            .contains("code=")
    );
    assert_eq!(consent.send(&mut before.clone()).await.status, 400);
    let answer = before
        .clone()
        .get(&format!("/login?flow={}", consent.field("flow")))
        .await;
    assert_eq!(answer.status, 400);
}

async fn a_flow_of_one_tenant_is_unknown_to_another(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let form = Filled::of(
        &page,
        "login-form",
        &[
            ("email", "alice@example.com"),
            ("password", testkit::app::PASSWORD),
        ],
    );
    let there = format!("/t/acme{}", form.action);
    // Cookie and token are right, and it is our own page: but the flow is not that tenant's.
    let answer = browser.post(&there, &form.pairs()).await;
    assert_eq!(answer.status, 400);
    assert!(!browser.cookies.keys().any(|name| name.contains("session")));
    assert_eq!(form.send(&mut browser).await.status, 303);
}
