//! Refresh tokens: for one client, once, never for more, not for ever (OA14, D6).

use std::time::Duration;

use domain::{EventKind, SigningAlg};
use testkit::Backend;
use testkit::app::TestApp;

use crate::ask::{
    ALICE, ALL, Tokens, assert_refused, claims, introspect, is_active, native_path, redeem_native, refresh,
    refusals,
};
use testkit::browser::query_value;

async fn each_is_good_once_and_its_reuse_kills_the_family(backend: Backend) {
    let app = TestApp::start(backend).await;
    let first = Tokens::fresh(&app).await;
    let other = Tokens::fresh(&app).await;
    let second = Tokens::of(&refresh(&app, "web", &first.refresh).await);
    let third = Tokens::of(&refresh(&app, "web", &second.refresh).await);
    assert_ne!(first.refresh, second.refresh);
    assert_ne!(second.refresh, third.refresh);
    third.assert_alive(&app, "api").await;
    assert!(
        is_active(&app, "web", &first.access).await,
        "rotation alone ends no access token"
    );
    // The oldest comes again, as from a thief: the whole family dies, with its newest.
    assert_refused(&refresh(&app, "web", &first.refresh).await, 400, "invalid_grant");
    for tokens in [&first, &second, &third] {
        tokens.assert_dead(&app, "web", "api").await;
    }
    assert_eq!(refusals(&app, "default", EventKind::RefreshTokenReused).await, 1);
    other.assert_alive(&app, "api").await;
}

async fn each_is_for_one_client(backend: Backend) {
    let app = TestApp::start(backend).await;
    let web = Tokens::fresh(&app).await;
    let uri = "http://127.0.0.1:4711/callback";
    let answer = app.browser().walk(&native_path(uri, &[]), ALICE).await;
    let code = query_value(answer.header("location"), "code").unwrap();
    let native = Tokens::of(&redeem_native(&app, &code, uri).await);
    // A confidential client with the other's token, and a public one.
    assert_refused(&refresh(&app, "web", &native.refresh).await, 400, "invalid_grant");
    let as_native = |token: String| {
        let app = &app;
        async move {
            let form = [
                ("grant_type", "refresh_token"),
                ("refresh_token", token.as_str()),
                ("client_id", "native"),
            ];
            app.post("/oauth/token", None, &form).await
        }
    };
    assert_refused(&as_native(web.refresh.clone()).await, 400, "invalid_grant");
    assert!(refusals(&app, "default", EventKind::TokenRefused).await >= 2);
    // Neither try counts as reuse; both families live and rotate.
    assert_eq!(refusals(&app, "default", EventKind::RefreshTokenReused).await, 0);
    Tokens::of(&refresh(&app, "web", &web.refresh).await)
        .assert_alive(&app, "api")
        .await;
    let rotated = Tokens::of(&as_native(native.refresh.clone()).await);
    assert_ne!(rotated.refresh, native.refresh);
    assert_refused(&as_native(native.refresh).await, 400, "invalid_grant");
    assert_refused(&as_native(rotated.refresh).await, 400, "invalid_grant");
    assert_eq!(refusals(&app, "default", EventKind::RefreshTokenReused).await, 1);
}

async fn scope_and_resource_only_narrow(backend: Backend) {
    let app = TestApp::start(backend).await;
    let answer = app
        .browser()
        .tokens(ALICE, "openid offline_access api.read")
        .await;
    let mut tokens = Tokens::of(&answer);
    for (extra, error) in [
        (("scope", "openid email"), "invalid_scope"),
        (("scope", "api.write"), "invalid_scope"),
        (("scope", "\u{1f600}"), "invalid_scope"),
        (("resource", "https://api.example.com"), "invalid_target"),
        (("resource", "https://other.example.com"), "invalid_target"),
        (("resource", "nonsense"), "invalid_target"),
    ] {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens.refresh.as_str()),
            extra,
        ];
        assert_refused(&app.token("web", &form).await, 400, error);
    }
    // A refusal consumes nothing, a narrower scope is given, and the next may be as wide as the grant again.
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh.as_str()),
        ("scope", "api.read"),
    ];
    let narrow = app.token("web", &form).await;
    assert_eq!(narrow.member("scope"), "api.read");
    assert_eq!(narrow.member("id_token"), "", "no openid, no ID token");
    tokens = Tokens::of(&narrow);
    assert_eq!(claims(&app, &tokens.access).await["scope"], "api.read");
    let wide = refresh(&app, "web", &tokens.refresh).await;
    let mut granted: Vec<String> = wide.member("scope").split(' ').map(str::to_owned).collect();
    granted.sort();
    assert_eq!(granted, ["api.read", "offline_access", "openid"]);
}

async fn a_family_ends_when_idle_and_at_the_latest(backend: Backend) {
    let day = Duration::from_hours(24);
    let app = TestApp::start(backend).await;
    // Used every 13 days it lives until the client's 30 days are over.
    let mut tokens = Tokens::fresh(&app).await;
    for _ in 0..2 {
        app.clock.advance(day * 13);
        tokens = Tokens::of(&refresh(&app, "web", &tokens.refresh).await);
    }
    app.clock.advance(day * 4);
    assert!(!is_active(&app, "web", &tokens.refresh).await);
    assert_refused(&refresh(&app, "web", &tokens.refresh).await, 400, "invalid_grant");
    // Not used for 14 days it is over sooner.
    let tokens = Tokens::fresh(&app).await;
    app.clock.advance(Duration::from_secs(14 * 86_400 - 1));
    assert!(is_active(&app, "web", &tokens.refresh).await);
    app.clock.advance(Duration::from_secs(1));
    assert!(!is_active(&app, "web", &tokens.refresh).await);
    assert_refused(&refresh(&app, "web", &tokens.refresh).await, 400, "invalid_grant");
}

async fn one_is_given_only_where_it_was_granted(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let answer = browser.tokens(ALICE, "openid").await;
    assert_eq!(
        (answer.status.as_u16(), answer.member("refresh_token")),
        (200, String::new())
    );
    app.change_client("default", "web", |settings| settings.always_refresh = true)
        .await;
    let always = Tokens::of(&browser.tokens(ALICE, "openid").await);
    assert!(!always.refresh.is_empty());
    app.change_client("default", "web", |settings| {
        settings
            .grant_types
            .retain(|grant| grant.as_str() != "refresh_token");
    })
    .await;
    let answer = browser.tokens(ALICE, ALL).await;
    assert_eq!(
        (answer.status.as_u16(), answer.member("refresh_token")),
        (200, String::new())
    );
    assert_refused(
        &refresh(&app, "web", &always.refresh).await,
        400,
        "unauthorized_client",
    );
}

/// The ID token of a refresh tells of the same sign-in (OIDC Core section 12.2).
async fn the_id_token_of_a_refresh_tells_of_the_same_sign_in(backend: Backend) {
    let app = TestApp::start(backend).await;
    let first = Tokens::fresh(&app).await;
    app.clock.advance(Duration::from_mins(10));
    let second = Tokens::of(&refresh(&app, "web", &first.refresh).await);
    let (before, after) = (claims(&app, &first.id).await, claims(&app, &second.id).await);
    for same in ["iss", "sub", "aud", "auth_time", "acr", "sid"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    assert_eq!(
        after["iat"].as_i64().unwrap() - before["iat"].as_i64().unwrap(),
        600
    );
    assert!(!after.contains_key("nonce"));
    assert_eq!(
        introspect(&app, "web", &second.access).await.json()["auth_time"],
        before["auth_time"]
    );
    // The key changes in between: the new token is signed by the new one.
    let report = app
        .app
        .rotate_key(&app.ctx("default"), SigningAlg::ES256, true)
        .await;
    report.unwrap();
    let third = Tokens::of(&refresh(&app, "web", &second.refresh).await);
    let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid;
    assert_ne!(kid(&second.id), kid(&third.id));
    claims(&app, &second.id).await;
    claims(&app, &third.id).await;
}

on_both_engines! {
    a_family_ends_when_idle_and_at_the_latest
    each_is_for_one_client
    each_is_good_once_and_its_reuse_kills_the_family
    one_is_given_only_where_it_was_granted
    scope_and_resource_only_narrow
    the_id_token_of_a_refresh_tells_of_the_same_sign_in
}
