//! Revocation, and everything else that ends tokens at once (OX7, SE5, I3).

use std::time::Duration;

use domain::{AccessTokenFormat, EventKind};
use testkit::Backend;
use testkit::app::TestApp;
use testkit::browser::query_value;

use crate::ask::{
    ALICE, ALL, BOB, Tokens, assert_refused, client_credentials, is_active, native_path, redeem_native,
    refresh, refusals, request, revoke, successes, userinfo,
};

const FORMATS: [AccessTokenFormat; 2] = [AccessTokenFormat::Jwt, AccessTokenFormat::Opaque];

async fn start(backend: Backend, format: AccessTokenFormat) -> TestApp {
    let app = TestApp::start(backend).await;
    for client in ["web", "native", "service"] {
        app.change_client("default", client, |settings| {
            settings.access_token_format = format;
        })
        .await;
    }
    app
}

async fn an_access_token_dies_alone(backend: Backend) {
    for format in FORMATS {
        let app = start(backend, format).await;
        let tokens = Tokens::fresh(&app).await;
        let answer = revoke(&app, "web", &tokens.access).await;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, ""));
        assert!(!is_active(&app, "web", &tokens.access).await);
        assert_eq!(userinfo(&app, &tokens.access).await.status, 401);
        Tokens::of(&refresh(&app, "web", &tokens.refresh).await)
            .assert_alive(&app, "api")
            .await;
        assert_eq!(
            revoke(&app, "web", &tokens.access).await.status,
            200,
            "again is fine"
        );
        assert_eq!(
            successes(&app, EventKind::TokenRevoked).await,
            1,
            "and is not recorded as done"
        );
        // A client's own.
        let own = client_credentials(&app, "service", &[])
            .await
            .member("access_token");
        assert_eq!(revoke(&app, "service", &own).await.status, 200);
        assert!(!is_active(&app, "service", &own).await);
    }
}

async fn a_refresh_token_takes_its_access_tokens_along(backend: Backend) {
    for format in FORMATS {
        let app = start(backend, format).await;
        let first = Tokens::fresh(&app).await;
        let other = Tokens::fresh(&app).await;
        let second = Tokens::of(&refresh(&app, "web", &first.refresh).await);
        assert_eq!(revoke(&app, "web", &second.refresh).await.status, 200);
        first.assert_dead(&app, "web", "api").await;
        second.assert_dead(&app, "web", "api").await;
        other.assert_alive(&app, "api").await;
        assert_eq!(successes(&app, EventKind::TokenRevoked).await, 1);
    }
}

async fn nobody_revokes_what_is_not_theirs(backend: Backend) {
    for format in FORMATS {
        let app = start(backend, format).await;
        let tokens = Tokens::fresh(&app).await;
        for token in [&tokens.access, &tokens.refresh] {
            assert_eq!(revoke(&app, "service", token).await.status, 200);
            let form = [("client_id", "native"), ("token", token.as_str())];
            assert_eq!(app.post("/oauth/revoke", None, &form).await.status, 200);
        }
        tokens.assert_alive(&app, "api").await;
        assert_eq!(refusals(&app, "default", EventKind::TokenRevoked).await, 4);
        for unknown in ["x", "rsp_rt_x", "a.b.c", &tokens.id] {
            let answer = revoke(&app, "web", unknown).await;
            assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, ""));
        }
        tokens.assert_alive(&app, "api").await;
        assert_refused(&revoke(&app, "web", "").await, 400, "invalid_request");
    }
}

async fn a_public_client_revokes_its_own(backend: Backend) {
    for format in FORMATS {
        let app = start(backend, format).await;
        let uri = "http://127.0.0.1:4711/callback";
        let answer = app.browser().walk(&native_path(uri, &[]), ALICE).await;
        let code = query_value(answer.header("location"), "code").unwrap();
        let tokens = Tokens::of(&redeem_native(&app, &code, uri).await);
        tokens.assert_alive(&app, "api").await;
        // The hint may be wrong.
        let form = [
            ("client_id", "native"),
            ("token", tokens.refresh.as_str()),
            ("token_type_hint", "access_token"),
        ];
        assert_eq!(app.post("/oauth/revoke", None, &form).await.status, 200);
        assert!(!is_active(&app, "api", &tokens.access).await);
        assert!(!is_active(&app, "api", &tokens.refresh).await);
        assert_eq!(userinfo(&app, &tokens.access).await.status, 401);
    }
}

/// Switched off by an administrator, over HTTP: the person's sessions and tokens end with the answer (I3).
async fn a_person_switched_off_has_nothing_left(backend: Backend) {
    for format in FORMATS {
        let app = start(backend, format).await;
        let admin = client_credentials(&app, "admin", &[])
            .await
            .member("access_token");
        let bearer = format!("Bearer {admin}");
        let mut browser = app.browser();
        let tokens = Tokens::of(&browser.tokens(ALICE, ALL).await);
        let bobs = Tokens::of(&app.browser().tokens(BOB, ALL).await);
        let alice = app.user("default", ALICE).await.id;
        let switch = |verb| format!("/admin/v1/users/{alice}/{verb}");
        let answer = request(
            &app,
            ("POST", &switch("disable")),
            &[("authorization", &bearer)],
            "",
        )
        .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        tokens.assert_dead(&app, "web", "api").await;
        bobs.assert_alive(&app, "api").await;
        let page = browser.open(&testkit::browser::authorize_path(&[])).await;
        assert!(page.text().contains("id=\"login-form\""), "the session is over");
        let answer = browser.sign_in(&page, ALICE).await;
        assert_eq!(answer.status, 401);
        let answer = request(
            &app,
            ("POST", &switch("enable")),
            &[("authorization", &bearer)],
            "",
        )
        .await;
        assert_eq!(answer.status, 200);
        tokens.assert_dead(&app, "web", "api").await;
        Tokens::fresh(&app).await.assert_alive(&app, "api").await;
        assert_eq!(successes(&app, EventKind::UserDisabled).await, 1);
    }
}

async fn a_client_switched_off_has_nothing_left(backend: Backend) {
    for format in FORMATS {
        let app = start(backend, format).await;
        let admin = client_credentials(&app, "admin", &[])
            .await
            .member("access_token");
        let bearer = format!("Bearer {admin}");
        let mut browser = app.browser();
        let tokens = Tokens::of(&browser.tokens(ALICE, ALL).await);
        let own = client_credentials(&app, "web", &[]).await.member("access_token");
        app.change_client("default", "api", |settings| settings.may_introspect = true)
            .await;
        let path = "/admin/v1/clients/web/disable";
        let answer = request(&app, ("POST", path), &[("authorization", &bearer)], "").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        for token in [&tokens.access, &tokens.refresh, &own] {
            assert!(!is_active(&app, "api", token).await);
        }
        assert_eq!(userinfo(&app, &tokens.access).await.status, 401);
        assert_refused(
            &refresh(&app, "web", &tokens.refresh).await,
            401,
            "invalid_client",
        );
        assert_refused(&client_credentials(&app, "web", &[]).await, 401, "invalid_client");
        let answer = browser.get(&testkit::browser::authorize_path(&[])).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (400, ""));
        assert_eq!(successes(&app, EventKind::ClientDisabled).await, 1);
        assert!(refusals(&app, "default", EventKind::ClientAuthenticationFailed).await >= 2);
        // Other clients go on, and switched on again it works, with new tokens.
        assert_eq!(client_credentials(&app, "service", &[]).await.status, 200);
        app.clock.advance(Duration::from_secs(1));
        let path = "/admin/v1/clients/web/enable";
        request(&app, ("POST", path), &[("authorization", &bearer)], "").await;
        tokens.assert_dead(&app, "web", "api").await;
        assert!(!is_active(&app, "api", &own).await);
        Tokens::fresh(&app).await.assert_alive(&app, "api").await;
    }
}

/// The end of a session ends what was granted in it, but not what was granted for offline use.
async fn the_end_of_a_session_ends_what_hangs_on_it(backend: Backend) {
    for format in FORMATS {
        let app = start(backend, format).await;
        app.change_client("default", "web", |settings| settings.always_refresh = true)
            .await;
        let mut browser = app.browser();
        let offline = Tokens::of(&browser.tokens(ALICE, ALL).await);
        let online = Tokens::of(&browser.tokens(ALICE, "openid").await);
        let elsewhere = Tokens::of(&app.browser().tokens(ALICE, "openid").await);
        for tokens in [&offline, &online, &elsewhere] {
            tokens.assert_alive(&app, "api").await;
        }
        let hint = format!("/oauth/logout?id_token_hint={}", online.id);
        assert_eq!(browser.get(&hint).await.status, 200);
        online.assert_dead(&app, "web", "api").await;
        offline.assert_alive(&app, "api").await;
        elsewhere.assert_alive(&app, "api").await;
        assert_eq!(successes(&app, EventKind::Logout).await, 1);
    }
}

on_both_engines! {
    a_client_switched_off_has_nothing_left
    a_person_switched_off_has_nothing_left
    a_public_client_revokes_its_own
    a_refresh_token_takes_its_access_tokens_along
    an_access_token_dies_alone
    nobody_revokes_what_is_not_theirs
    the_end_of_a_session_ends_what_hangs_on_it
}
