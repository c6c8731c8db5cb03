//! Token introspection: to whom it answers, and what all others see (OX6, D4).

use std::time::Duration;

use domain::{AccessTokenFormat, EventKind};
use testkit::Backend;
use testkit::app::{API, TestApp};

use crate::ask::{
    ALICE, ALL, Tokens, assert_refused, client_credentials, introspect, is_active, refusals, request,
};

const INACTIVE: &str = r#"{"active":false}"#;

async fn only_those_concerned_learn_anything(backend: Backend) {
    let app = TestApp::start(backend).await;
    for format in [AccessTokenFormat::Jwt, AccessTokenFormat::Opaque] {
        app.change_client("default", "web", |settings| settings.access_token_format = format)
            .await;
        app.change_client("default", "admin", |settings| settings.may_introspect = true)
            .await;
        let for_api = app
            .browser()
            .authorize(ALICE, &[("scope", ALL), ("resource", API)])
            .await;
        let code = testkit::browser::query_value(for_api.header("location"), "code").unwrap();
        let for_api = Tokens::of(&app.redeem("web", &code).await);
        let for_us = Tokens::fresh(&app).await;
        // Who asks: the owner, the API it may be for, anybody else, and one with the permission.
        let rows = [
            (&for_api.access, [true, true, false, true]),
            (&for_us.access, [true, false, false, true]),
            (&for_us.refresh, [true, false, false, true]),
            (&for_api.refresh, [true, false, false, true]),
        ];
        for (token, expected) in rows {
            for (caller, active) in ["web", "api", "service", "admin"].into_iter().zip(expected) {
                let answer = introspect(&app, caller, token).await;
                assert_eq!(answer.status, 200);
                assert_eq!(answer.json()["active"], active, "{caller}");
                if !active {
                    assert_eq!(answer.text(), INACTIVE, "nothing but that");
                }
            }
        }
    }
    let told = refusals(&app, "default", EventKind::IntrospectionRefused).await;
    assert!(told >= 8, "each look at a foreign token is recorded: {told}");
}

async fn asking_in_another_form_shows_no_more(backend: Backend) {
    let app = TestApp::start(backend).await;
    let token = Tokens::fresh(&app).await.access;
    for accept in [
        "application/token-introspection+jwt",
        "application/jwt",
        "text/html",
        "*/*",
    ] {
        let headers = [
            ("authorization", app.basic("service")),
            ("accept", accept.to_owned()),
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
        ];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        for body in [
            format!("token={token}"),
            format!("token={token}&token_type_hint=refresh_token"),
        ] {
            let answer = request(&app, ("POST", "/oauth/introspect"), &headers, body).await;
            assert_eq!(
                (answer.status.as_u16(), answer.text().as_str()),
                (200, INACTIVE),
                "{accept}"
            );
        }
    }
    // A hint is only a hint for the owner too.
    let form = [("token", token.as_str()), ("token_type_hint", "refresh_token")];
    let answer = app
        .post("/oauth/introspect", Some(&app.basic("web")), &form)
        .await;
    assert_eq!(answer.json()["active"], true);
    assert_eq!(answer.header("cache-control"), "no-store");
}

async fn a_public_client_gets_no_answer(backend: Backend) {
    let app = TestApp::start(backend).await;
    let token = Tokens::fresh(&app).await.access;
    let form = [("client_id", "native"), ("token", token.as_str())];
    let answer = app.post("/oauth/introspect", None, &form).await;
    assert_refused(&answer, 401, "invalid_client");
    assert_eq!(
        refusals(&app, "default", EventKind::ClientAuthenticationFailed).await,
        1
    );
    let answer = app.post("/oauth/introspect", Some(&app.basic("web")), &[]).await;
    assert_refused(&answer, 400, "invalid_request");
}

async fn what_is_not_live_is_inactive(backend: Backend) {
    let app = TestApp::start(backend).await;
    let tokens = Tokens::fresh(&app).await;
    let code = app.browser().code(ALICE, &[]).await;
    for token in [
        "x",
        "a.b.c",
        "rsp_at_",
        &tokens.id,
        &code,
        app.secret("default", "web"),
    ] {
        assert_eq!(introspect(&app, "web", token).await.text(), INACTIVE, "{token}");
    }
    app.clock.advance(Duration::from_secs(3_599));
    assert!(is_active(&app, "web", &tokens.access).await);
    app.clock.advance(Duration::from_secs(1));
    assert!(!is_active(&app, "web", &tokens.access).await);
    assert!(is_active(&app, "web", &tokens.refresh).await);
    // Switched-off people and clients have no live token of any kind (I3).
    app.change_client("default", "api", |settings| settings.may_introspect = true)
        .await;
    let own = client_credentials(&app, "web", &[]).await.member("access_token");
    let fresh = Tokens::fresh(&app).await;
    let ctx = app.ctx("default");
    let web = "web".parse().unwrap();
    app.app.disable_client(&ctx, &web).await.unwrap();
    for token in [&fresh.access, &fresh.refresh, &own] {
        assert_eq!(
            introspect(&app, "api", token).await.text(),
            INACTIVE,
            "of a switched-off client"
        );
    }
    // Switched on again it needs new ones.
    app.clock.advance(Duration::from_secs(1));
    app.app.enable_client(&ctx, &web).await.unwrap();
    for token in [&fresh.access, &fresh.refresh, &own] {
        assert_eq!(introspect(&app, "api", token).await.text(), INACTIVE);
    }
    let own = client_credentials(&app, "web", &[]).await.member("access_token");
    let fresh = Tokens::fresh(&app).await;
    fresh.assert_alive(&app, "api").await;
    let alice = app.user("default", ALICE).await.id;
    app.app.disable_user(&ctx, alice).await.unwrap();
    for token in [&fresh.access, &fresh.refresh] {
        assert_eq!(
            introspect(&app, "api", token).await.text(),
            INACTIVE,
            "of a switched-off person"
        );
    }
    assert!(is_active(&app, "api", &own).await, "the client's own lives on");
}

on_both_engines! {
    a_public_client_gets_no_answer
    asking_in_another_form_shows_no_more
    only_those_concerned_learn_anything
    what_is_not_live_is_inactive
}
