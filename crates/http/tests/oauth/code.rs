//! Authorization codes: for a minute, once, for one client and one redirect URI (OA6, OA7).

use std::time::Duration;

use domain::{AuthMethod, ClientKind, ClientSettings, EventKind, GrantType, RedirectUri, SigningAlg};
use engine::clients::NewClient;
use testkit::Backend;
use testkit::app::{CALLBACK, TestApp};
use testkit::browser::VERIFIER;

use crate::ask::{ALICE, ALL, Tokens, assert_refused, refusals, successes};

/// A second confidential client with the same redirect URI: nothing but the binding keeps them apart.
async fn with_rival(backend: Backend) -> TestApp {
    let mut app = TestApp::start(backend).await;
    let rival = NewClient {
        client_id: Some("rival".parse().unwrap()),
        name: "rival".to_owned(),
        kind: ClientKind::Confidential,
        auth_method: AuthMethod::ClientSecretBasic,
        settings: ClientSettings {
            redirect_uris: vec![RedirectUri::register(CALLBACK, false).unwrap()],
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            scopes: ALL.parse().unwrap(),
            id_token_alg: SigningAlg::ES256,
            ..ClientSettings::default()
        },
    };
    app.add_client("default", rival).await;
    app
}

async fn a_code_is_for_one_client(backend: Backend) {
    let app = with_rival(backend).await;
    let code = app.browser().code(ALICE, &[]).await;
    assert_refused(&app.redeem("rival", &code).await, 400, "invalid_grant");
    assert_eq!(app.redeem("web", &code).await.status, 200);
    assert_eq!(refusals(&app, "default", EventKind::TokenRefused).await, 1);
    assert_eq!(successes(&app, EventKind::TokenIssued).await, 1);
}

async fn a_code_is_for_one_redirect_uri(backend: Backend) {
    let app = TestApp::start(backend).await;
    app.change_client("default", "web", |settings| {
        let other = RedirectUri::register("https://web.example.com/other", false).unwrap();
        settings.redirect_uris.push(other);
    })
    .await;
    let code = app.browser().code(ALICE, &[]).await;
    for uri in [
        "https://web.example.com/other",
        "https://web.example.com/callback/",
        "",
    ] {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", uri),
            ("code_verifier", VERIFIER),
        ];
        assert_refused(&app.token("web", &form).await, 400, "invalid_grant");
    }
    assert_eq!(app.redeem("web", &code).await.status, 200);
    assert_eq!(refusals(&app, "default", EventKind::TokenRefused).await, 3);
}

async fn a_code_lives_a_minute(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let code = browser.code(ALICE, &[]).await;
    app.clock.advance(Duration::from_secs(59));
    assert_eq!(app.redeem("web", &code).await.status, 200);
    let code = browser.code(ALICE, &[]).await;
    app.clock.advance(Duration::from_mins(1));
    assert_refused(&app.redeem("web", &code).await, 400, "invalid_grant");
    assert_eq!(refusals(&app, "default", EventKind::TokenRefused).await, 1);
}

async fn the_second_use_kills_everything_from_the_first(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let code = browser.code(ALICE, &[("scope", ALL)]).await;
    let tokens = Tokens::of(&app.redeem("web", &code).await);
    tokens.assert_alive(&app, "api").await;
    let other = Tokens::of(&browser.tokens(ALICE, ALL).await);
    assert_refused(&app.redeem("web", &code).await, 400, "invalid_grant");
    tokens.assert_dead(&app, "web", "api").await;
    assert_eq!(refusals(&app, "default", EventKind::CodeReused).await, 1);
    // Another grant of the same person to the same client is not touched.
    other.assert_alive(&app, "api").await;
}

/// Only a request that proves client and verifier counts as reuse: whoever merely saw the code ends nothing.
async fn a_replay_without_proof_ends_nothing(backend: Backend) {
    let app = with_rival(backend).await;
    let code = app.browser().code(ALICE, &[("scope", ALL)]).await;
    let tokens = Tokens::of(&app.redeem("web", &code).await);
    assert_refused(&app.redeem("rival", &code).await, 400, "invalid_grant");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", "wrong-wrong-wrong-wrong-wrong-wrong-wrong-wrong"),
    ];
    assert_refused(&app.token("web", &form).await, 400, "invalid_grant");
    tokens.assert_alive(&app, "api").await;
    assert_eq!(refusals(&app, "default", EventKind::CodeReused).await, 0);
}

async fn five_wrong_tries_burn_a_code(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    for (tries, status) in [(4, 200), (5, 400)] {
        let code = browser.code(ALICE, &[]).await;
        for _ in 0..tries {
            let form = [
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", CALLBACK),
                ("code_verifier", "wrong-wrong-wrong-wrong-wrong-wrong-wrong-wrong"),
            ];
            assert_refused(&app.token("web", &form).await, 400, "invalid_grant");
        }
        assert_eq!(app.redeem("web", &code).await.status, status, "after {tries}");
    }
}

/// A code of a person who was switched off, or of a client that was, is worth nothing.
async fn a_code_dies_with_its_person(backend: Backend) {
    let app = TestApp::start(backend).await;
    let ctx = app.ctx("default");
    let code = app.browser().code(ALICE, &[]).await;
    let alice = app.user("default", ALICE).await.id;
    app.app.disable_user(&ctx, alice).await.unwrap();
    assert_refused(&app.redeem("web", &code).await, 400, "invalid_grant");
    // Switched on again: what was ended stays ended, what is new works.
    app.app.enable_user(&ctx, alice).await.unwrap();
    assert_refused(&app.redeem("web", &code).await, 400, "invalid_grant");
    let code = app.browser().code(ALICE, &[]).await;
    assert_eq!(app.redeem("web", &code).await.status, 200);
}

on_both_engines! {
    a_code_dies_with_its_person
    a_code_is_for_one_client
    a_code_is_for_one_redirect_uri
    a_code_lives_a_minute
    a_replay_without_proof_ends_nothing
    five_wrong_tries_burn_a_code
    the_second_use_kills_everything_from_the_first
}
