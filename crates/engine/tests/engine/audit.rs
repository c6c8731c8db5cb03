//! Each action leaves exactly the rows it should, with who, what and in which request (LG1, LG2).

use testkit::Backend;
use testkit::app::{PASSWORD, TestApp};
use testkit::browser::{Browser, PageForm, authorize_path, query_value};

use super::story::Story;

on_both_engines! {
    signing_in_and_out
    consents_and_tokens
    refusals_of_programs
}

async fn submit(
    browser: &mut Browser<'_>,
    page: &testkit::app::Answer,
    form: &str,
    fields: &[(&str, &str)],
) -> testkit::app::Answer {
    let form = PageForm::find(&page.text(), form);
    let mut all: Vec<(&str, &str)> = form
        .hidden
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    all.extend(fields);
    browser.post(&form.action, &all).await
}

async fn signing_in_and_out(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut story = Story::of(&app).await;
    let mut browser = app.browser();
    let page = browser.open(&authorize_path(&[])).await;
    story.tells("a sign-in begins", &[]).await;
    let cases = [
        (
            "alice@example.com",
            "wrong",
            "login.failed failure wrong_password by anonymous: alice web",
        ),
        (
            "nobody@example.com",
            "wrong",
            "login.failed failure unknown_user by anonymous: web",
        ),
        (
            "alice@example.com",
            PASSWORD,
            "login success by user alice: alice web session",
        ),
    ];
    for (email, password, expected) in cases {
        let answer = submit(
            &mut browser,
            &page,
            "login-form",
            &[("email", email), ("password", password)],
        )
        .await;
        story.tells_of(email, &answer, &[expected]).await;
    }
    let account = browser.open("/account").await;
    story.tells("looking", &[]).await;
    let refused = browser
        .post("/account/sessions/end-all", &[("csrf", "wrong")])
        .await;
    story
        .tells_of(
            "a foreign form",
            &refused,
            &["csrf.refused failure wrong_token by anonymous:"],
        )
        .await;
    let done = submit(&mut browser, &account, "sessions-end-all", &[]).await;
    story
        .tells_of(
            "ending a session",
            &done,
            &["session.ended success by user alice: alice session"],
        )
        .await;

    // The account pages have no client.
    let page = browser.open("/account").await;
    let fields = [("email", "alice@example.com"), ("password", PASSWORD)];
    let answer = submit(&mut browser, &page, "login-form", &fields).await;
    story
        .tells_of(
            "signing in to the account",
            &answer,
            &["login success by user alice: alice session"],
        )
        .await;
    let page = browser.open("/oauth/logout?id_token_hint=junk").await;
    story
        .tells("a bad hint", &["logout.refused failure bad_hint by anonymous:"])
        .await;
    let answer = submit(&mut browser, &page, "logout-form", &[("logout", "1")]).await;
    story
        .tells_of(
            "signing out",
            &answer,
            &["logout success by user alice: alice session"],
        )
        .await;
}

async fn consents_and_tokens(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut story = Story::of(&app).await;
    let mut browser = app.browser();
    let page = browser
        .open(&authorize_path(&[("scope", "openid offline_access")]))
        .await;
    let page = browser.sign_in(&page, "alice@example.com").await;
    story.skip().await;
    let mut unsure = browser.clone();
    let other = unsure.open(&authorize_path(&[])).await;
    let denied = submit(&mut unsure, &other, "consent-form", &[("deny", "1")]).await;
    story
        .tells_of(
            "saying no",
            &denied,
            &["consent.denied failure denied_by_user by user alice: alice web session"],
        )
        .await;
    let answer = submit(&mut browser, &page, "consent-form", &[("accept", "1")]).await;
    let granted = "authorization.granted success by user alice: alice web session grant";
    story
        .tells_of(
            "saying yes",
            &answer,
            &[
                granted,
                "consent.granted success by user alice: alice web session",
            ],
        )
        .await;
    let code = query_value(answer.header("location"), "code").unwrap();
    let tokens = app.redeem("web", &code).await;
    let issued = "token.issued success by client web: alice web session grant";
    story.tells_of("redeeming", &tokens, &[issued]).await;

    let spent = tokens.member("refresh_token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", &*spent)];
    let refreshed = app.token("web", &form).await;
    story.tells_of("refreshing", &refreshed, &[issued]).await;
    let revoke = [("token", refreshed.member("access_token"))];
    let revoke = revoke.each_ref().map(|(n, v)| (*n, v.as_str()));
    let revoked = app.post("/oauth/revoke", Some(&app.basic("web")), &revoke).await;
    story
        .tells_of(
            "revoking",
            &revoked,
            &["token.revoked success by client web: alice web grant"],
        )
        .await;
    let reused = app.token("web", &form).await;
    story
        .tells_of(
            "an old refresh token",
            &reused,
            &["refresh_token.reused failure refresh_token_reused by client web: alice web grant"],
        )
        .await;
    let again = app.token("web", &form).await;
    story
        .tells_of(
            "the same once more",
            &again,
            &["token.refused failure invalid_grant by client web: web"],
        )
        .await;

    // Signed in and allowed before: no page, one row.
    let answer = browser
        .get(&authorize_path(&[("scope", "openid offline_access")]))
        .await;
    story.tells_of("at once", &answer, &[granted]).await;
    let code = query_value(answer.header("location"), "code").unwrap();
    let tokens = app.redeem("web", &code).await;
    story.tells_of("redeeming again", &tokens, &[issued]).await;
    let reused = app.redeem("web", &code).await;
    story
        .tells_of(
            "an old code",
            &reused,
            &["code.reused failure code_reused by client web: alice web grant"],
        )
        .await;

    let account = browser.open("/account").await;
    let revoked = submit(&mut browser, &account, "app-web", &[]).await;
    story
        .tells_of(
            "taking back",
            &revoked,
            &["consent.revoked success by user alice: alice web"],
        )
        .await;
    let form = [("grant_type", "client_credentials"), ("scope", "api.read")];
    let own = app.token("service", &form).await;
    story
        .tells_of(
            "a client for itself",
            &own,
            &["token.issued success by client service: service"],
        )
        .await;
}

async fn refusals_of_programs(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut story = Story::of(&app).await;
    let service = [("grant_type", "client_credentials"), ("scope", "api.read")];
    let token = app.token("service", &service).await.member("access_token");
    story.skip().await;
    let wrong = basic("web", "rsp_cs_wrong");
    let answer = app.post("/oauth/token", Some(&wrong), &service).await;
    story
        .tells_of(
            "a wrong secret",
            &answer,
            &["client.authentication_failed failure wrong_proof by anonymous: web"],
        )
        .await;
    let nobody = basic("nobody", "rsp_cs_wrong");
    let answer = app.post("/oauth/token", Some(&nobody), &service).await;
    story
        .tells_of(
            "an unknown client",
            &answer,
            &["client.authentication_failed failure unknown_client by anonymous:"],
        )
        .await;
    let scope = [("grant_type", "client_credentials"), ("scope", "rsp.admin")];
    let answer = app.token("service", &scope).await;
    story
        .tells_of(
            "a scope too many",
            &answer,
            &["token.refused failure invalid_scope by client service: service"],
        )
        .await;
    let unknown = [("token", "rsp_rt_unknown")];
    app.post("/oauth/revoke", Some(&app.basic("web")), &unknown).await;
    story.skip().await;
    let foreign = [("token", token.as_str())];
    let answer = app.post("/oauth/revoke", Some(&app.basic("web")), &foreign).await;
    assert_eq!(answer.status, 200);
    let rows = story
        .tells(
            "revoking a foreign token",
            &["token.revoked failure foreign_token by client web: web"],
        )
        .await;
    assert_eq!(
        rows[0].request_id.unwrap().to_string(),
        answer.header("x-request-id")
    );
    let answer = app
        .post("/oauth/introspect", Some(&app.basic("web")), &foreign)
        .await;
    assert_eq!(answer.json()["active"], false);
    story
        .tells_of(
            "introspecting a foreign token",
            &answer,
            &["introspection.refused failure foreign_token by client web: web"],
        )
        .await;
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let answer = app.call("GET", "/oauth/userinfo", &headers, "").await;
    assert!(answer.status.is_client_error());
    let rows = story
        .tells(
            "userinfo for no person",
            &["userinfo.refused failure insufficient_scope by anonymous:"],
        )
        .await;
    assert_eq!(rows.len(), 1);
    let answer = app.call("GET", "/admin/v1/users", &headers, "").await;
    story
        .tells_of(
            "the wrong scope",
            &answer,
            &["admin.refused failure insufficient_scope by anonymous:"],
        )
        .await;
    let answer = app
        .get(&authorize_path(&[("redirect_uri", "https://evil.example/cb")]))
        .await;
    story
        .tells_of(
            "a foreign address",
            &answer,
            &["authorization.refused failure invalid_request by anonymous: web"],
        )
        .await;
    let answer = app.get(&authorize_path(&[("prompt", "none")])).await;
    story
        .tells_of(
            "silently, with nobody there",
            &answer,
            &["authorization.refused failure login_required by anonymous: web"],
        )
        .await;
}

fn basic(client: &str, secret: &str) -> String {
    use base64::Engine as _;
    let pair = format!("{client}:{secret}");
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}
