//! What the server believes for a moment never outlives what was changed: at once on the node of the change, within a
//! second on another.

use std::time::Duration;

use domain::AccessTokenFormat;
use engine::Ctx;
use testkit::Backend;
use testkit::app::TestApp;
use tokio::time::Instant;

use crate::ask::{ALICE, ALL, BOB, Tokens, client_credentials, introspect, is_active, revoke, userinfo};

const FORMATS: [AccessTokenFormat; 2] = [AccessTokenFormat::Jwt, AccessTokenFormat::Opaque];

/// A token of alice's and one of bob's, both believed in by now.
async fn believed(app: &TestApp) -> (String, String) {
    let alice = Tokens::of(&app.browser().tokens(ALICE, ALL).await);
    let bob = Tokens::of(&app.browser().tokens(BOB, ALL).await);
    for token in [&alice.access, &bob.access] {
        for _ in 0..2 {
            assert!(is_active(app, "web", token).await);
            assert_eq!(userinfo(app, token).await.status, 200);
        }
    }
    (alice.access, bob.access)
}

/// Alice's token is dead at the very next question; bob's, which nobody touched, lives on.
async fn assert_only_bobs(app: &TestApp, (alice, bob): &(String, String), why: &str) {
    assert!(!is_active(app, "web", alice).await, "{why}");
    assert_eq!(userinfo(app, alice).await.status, 401, "{why}");
    assert!(is_active(app, "web", bob).await, "{why}");
    assert_eq!(userinfo(app, bob).await.status, 200, "{why}");
}

async fn a_change_is_seen_at_once(backend: Backend) {
    let app = TestApp::start(backend).await;
    for format in FORMATS {
        app.change_client("default", "web", |settings| settings.access_token_format = format)
            .await;
        let tokens = believed(&app).await;
        assert_eq!(revoke(&app, "web", &tokens.0).await.status, 200);
        assert_only_bobs(&app, &tokens, "revoked").await;

        let tokens = believed(&app).await;
        let ctx: Ctx = app.ctx("default");
        let alice = app.user("default", ALICE).await.id;
        app.app.disable_user(&ctx, alice).await.unwrap();
        assert_only_bobs(&app, &tokens, "the person was switched off").await;
        app.app.enable_user(&ctx, alice).await.unwrap();

        let tokens = believed(&app).await;
        let web = "web".parse().unwrap();
        app.app.disable_client(&ctx, &web).await.unwrap();
        for token in [&tokens.0, &tokens.1] {
            assert!(
                !is_active(&app, "api", token).await,
                "its client was switched off"
            );
        }
        assert_eq!(introspect(&app, "web", &tokens.0).await.status, 401);
        assert_eq!(client_credentials(&app, "web", &[]).await.status, 401);
        app.app.enable_client(&ctx, &web).await.unwrap();
        app.clock.advance(Duration::from_secs(2));
    }
}

/// A refresh token used twice ends what came of its grant.
async fn reuse_is_seen_at_once(backend: Backend) {
    let app = TestApp::start(backend).await;
    let bob = Tokens::of(&app.browser().tokens(BOB, ALL).await);
    let alice = Tokens::of(&app.browser().tokens(ALICE, ALL).await);
    for token in [&alice.access, &bob.access] {
        assert!(is_active(&app, "web", token).await);
    }
    for status in [200, 400] {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", alice.refresh.as_str()),
        ];
        assert_eq!(app.token("web", &form).await.status, status);
    }
    assert_only_bobs(&app, &(alice.access, bob.access), "reuse").await;
}

/// What has ended by the clock counts no more, whatever is believed.
async fn the_clock_is_asked_every_time(backend: Backend) {
    let app = TestApp::start(backend).await;
    let token = client_credentials(&app, "web", &[]).await.member("access_token");
    assert!(is_active(&app, "web", &token).await);
    app.clock.advance(Duration::from_hours(2));
    assert!(!is_active(&app, "web", &token).await);
}

/// Two nodes: what one revokes, the other believes no longer than a second, and then never again.
async fn another_node_sees_it_within_a_second(backend: Backend) {
    let app = TestApp::start(backend).await;
    let other = app.another_node(7).await;
    for format in FORMATS {
        app.change_client("default", "web", |settings| settings.access_token_format = format)
            .await;
        let token = Tokens::fresh(&app).await.access;
        let ctx = app.ctx("default");
        let counts = async || other.active_access_token(&ctx, &token).await.unwrap().is_some();
        assert!(counts().await);
        assert_eq!(revoke(&app, "web", &token).await.status, 200);
        let revoked = Instant::now();
        while counts().await {
            assert!(
                revoked.elapsed() < Duration::from_secs(1),
                "believed for too long"
            );
            tokio::task::yield_now().await;
        }
        for _ in 0..100 {
            assert!(!counts().await, "believed again");
        }
    }
}

on_both_engines! {
    a_change_is_seen_at_once
    another_node_sees_it_within_a_second
    reuse_is_seen_at_once
    the_clock_is_asked_every_time
}
