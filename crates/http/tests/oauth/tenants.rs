//! Two tenants in one installation: nothing of one is anything at the other (OX6, I1).

use domain::{AccessTokenFormat, EventKind};
use testkit::Backend;
use testkit::app::{Answer, CALLBACK, ISSUER, TestApp};
use testkit::browser::{VERIFIER, authorize_path, query_value};

use crate::ask::{ALICE, ALL, Tokens, assert_refused, read_jwt, refusals, request};

/// `default` and `acme` have the same people and clients, so that only the tenant can tell them apart.
const PREFIXES: [(&str, &str); 2] = [("default", ""), ("acme", "/t/acme")];

fn code_form(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]
}

async fn code_at(app: &TestApp, prefix: &str) -> String {
    let path = format!("{prefix}{}", authorize_path(&[("scope", ALL)]));
    let answer = app.browser().walk(&path, ALICE).await;
    query_value(answer.header("location"), "code").unwrap()
}

async fn redeem_at(app: &TestApp, (slug, prefix): (&str, &str), code: &str) -> Answer {
    let path = format!("{prefix}/oauth/token");
    app.post(&path, Some(&app.basic_of(slug, "web")), &code_form(code))
        .await
}

async fn each_tenant_works_by_itself(backend: Backend) {
    let app = TestApp::start(backend).await;
    for (slug, prefix) in PREFIXES {
        let code = code_at(&app, prefix).await;
        let tokens = Tokens::of(&redeem_at(&app, (slug, prefix), &code).await);
        let (_, told) = read_jwt(&app, &tokens.id, &format!("{prefix}/oauth/jwks")).await;
        assert_eq!(told["iss"], format!("{ISSUER}{prefix}"));
        assert_eq!(told["sub"], app.user(slug, ALICE).await.id.to_string());
    }
}

async fn nothing_of_one_is_anything_at_the_other(backend: Backend) {
    let app = TestApp::start(backend).await;
    for format in [AccessTokenFormat::Jwt, AccessTokenFormat::Opaque] {
        for (slug, _) in PREFIXES {
            app.change_client(slug, "web", |settings| settings.access_token_format = format)
                .await;
            app.change_client(slug, "api", |settings| settings.may_introspect = true)
                .await;
        }
        for (home, away) in [(PREFIXES[0], PREFIXES[1]), (PREFIXES[1], PREFIXES[0])] {
            let code = code_at(&app, home.1).await;
            let path = |rest: &str| format!("{}{rest}", away.1);
            // The code, with the other tenant's client of the same name.
            assert_refused(&redeem_at(&app, away, &code).await, 400, "invalid_grant");
            // The client's proof.
            let proof = app.basic_of(home.0, "web");
            let answer = app
                .post(&path("/oauth/token"), Some(&proof), &code_form(&code))
                .await;
            assert_refused(&answer, 401, "invalid_client");
            let tokens = Tokens::of(&redeem_at(&app, home, &code).await);
            // The tokens, to a client that may see everything there.
            let reader = app.basic_of(away.0, "api");
            for token in [&tokens.access, &tokens.refresh, &tokens.id] {
                let answer = app
                    .post(&path("/oauth/introspect"), Some(&reader), &[("token", token)])
                    .await;
                assert_eq!(answer.text(), r#"{"active":false}"#);
                let owner = app.basic_of(away.0, "web");
                let answer = app
                    .post(&path("/oauth/revoke"), Some(&owner), &[("token", token)])
                    .await;
                assert_eq!(answer.status, 200);
            }
            let owner = app.basic_of(away.0, "web");
            let form = [
                ("grant_type", "refresh_token"),
                ("refresh_token", tokens.refresh.as_str()),
            ];
            let answer = app.post(&path("/oauth/token"), Some(&owner), &form).await;
            assert_refused(&answer, 400, "invalid_grant");
            let bearer = format!("Bearer {}", tokens.access);
            let headers = [("authorization", bearer.as_str())];
            let answer = request(&app, ("GET", &path("/oauth/userinfo")), &headers, "").await;
            assert_eq!(answer.status, 401);
            // The hint.
            let hint = [("prompt", "none"), ("id_token_hint", tokens.id.as_str())];
            let answer = app.browser().get(&path(&authorize_path(&hint))).await;
            let error = query_value(answer.header("location"), "error");
            assert_eq!(error.as_deref(), Some("invalid_request"));
            // At home all of it still lives: the other tenant's revocation did nothing.
            let at_home = format!("{}/oauth/userinfo", home.1);
            assert_eq!(request(&app, ("GET", &at_home), &headers, "").await.status, 200);
            let owner = app.basic_of(home.0, "web");
            let answer = app
                .post(&format!("{}/oauth/token", home.1), Some(&owner), &form)
                .await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            // And each log tells of its own tenant's refusals.
            assert!(refusals(&app, away.0, EventKind::TokenRefused).await > 0);
            assert!(refusals(&app, away.0, EventKind::ClientAuthenticationFailed).await > 0);
        }
    }
}

async fn a_session_counts_in_its_own_tenant(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    browser.authorize(ALICE, &[]).await;
    let silent = format!("/t/acme{}", authorize_path(&[("prompt", "none")]));
    let error = |answer: &Answer| query_value(answer.header("location"), "error");
    let answer = browser.get(&silent).await;
    assert_eq!(error(&answer).as_deref(), Some("login_required"));
    assert_eq!(
        query_value(answer.header("location"), "iss").unwrap(),
        format!("{ISSUER}/t/acme")
    );
    // Under the other tenant's name the same cookie is nobody.
    let own = "__Host-rsp_session_default";
    let value = browser.cookies[own].clone();
    browser
        .cookies
        .insert("__Host-rsp_session_acme".to_owned(), value);
    assert_eq!(
        error(&browser.get(&silent).await).as_deref(),
        Some("login_required")
    );
    // Signed in at both, signing out at one leaves the other.
    browser
        .walk(&format!("/t/acme{}", authorize_path(&[])), ALICE)
        .await;
    let silently = |prefix: &str| format!("{prefix}{}", authorize_path(&[("prompt", "none")]));
    for prefix in ["", "/t/acme"] {
        assert_eq!(error(&browser.get(&silently(prefix)).await), None, "{prefix}");
    }
    let page = browser.open("/t/acme/oauth/logout").await;
    browser.submit(&page, "logout-form", &[("logout", "1")]).await;
    assert_eq!(error(&browser.get(&silently("")).await), None);
    assert_eq!(
        error(&browser.get(&silent).await).as_deref(),
        Some("login_required")
    );
}

async fn a_flow_counts_in_its_own_tenant(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let begun = browser.get(&authorize_path(&[])).await;
    let page = begun.header("location").to_owned();
    assert!(page.starts_with("/login?flow="));
    assert_eq!(browser.get(&format!("/t/acme{page}")).await.status, 400);
    assert_eq!(browser.get(&page).await.status, 200);
}

/// Administration of one tenant sees nothing of the other, and its token is nothing there.
async fn an_administrator_rules_one_tenant(backend: Backend) {
    let app = TestApp::start(backend).await;
    for (home, away) in [(PREFIXES[0], PREFIXES[1]), (PREFIXES[1], PREFIXES[0])] {
        let form = [("grant_type", "client_credentials")];
        let proof = app.basic_of(home.0, "admin");
        let answer = app
            .post(&format!("{}/oauth/token", home.1), Some(&proof), &form)
            .await;
        let bearer = format!("Bearer {}", answer.member("access_token"));
        let headers = [("authorization", bearer.as_str())];
        let stranger = app.user(away.0, ALICE).await.id;
        for (prefix, status) in [(home.1, 404), (away.1, 401)] {
            for verb in ["", "/disable"] {
                let method = if verb.is_empty() { "GET" } else { "POST" };
                let path = format!("{prefix}/admin/v1/users/{stranger}{verb}");
                let answer = request(&app, (method, &path), &headers, "").await;
                assert_eq!(answer.status, status, "{path}");
            }
        }
        let own = app.user(home.0, ALICE).await.id;
        let path = format!("{}/admin/v1/users/{own}", home.1);
        assert_eq!(request(&app, ("GET", &path), &headers, "").await.status, 200);
        assert!(refusals(&app, away.0, EventKind::AdminRefused).await > 0);
        assert_eq!(app.user(away.0, ALICE).await.status, domain::UserStatus::Active);
    }
}

on_both_engines! {
    a_flow_counts_in_its_own_tenant
    a_session_counts_in_its_own_tenant
    an_administrator_rules_one_tenant
    each_tenant_works_by_itself
    nothing_of_one_is_anything_at_the_other
}
