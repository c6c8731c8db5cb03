//! What ID tokens say, read by an implementation that is not ours (OIDC Core section 2, OA20, JW12).

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::SigningAlg;
use serde_json::json;
use sha2::{Digest as _, Sha256, Sha512};
use testkit::Backend;
use testkit::app::{ISSUER, TestApp};
use testkit::browser::{authorize_path, query_value};
use testkit::world::START;

use crate::ask::{ALICE, ALL, BOB, Tokens, claims, native_path, read_jwt, redeem_native};

async fn it_says_who_when_and_how(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    browser.authorize(ALICE, &[("scope", ALL)]).await;
    app.clock.advance(Duration::from_mins(5));
    let tokens = Tokens::of(&browser.tokens(ALICE, ALL).await);
    let (header, told) = read_jwt(&app, &tokens.id, "/oauth/jwks").await;
    assert_eq!(header.typ.as_deref(), Some("JWT"));
    let now = START.secs() + 300;
    let alice = app.user("default", ALICE).await.id.to_string();
    for (name, value) in [
        ("iss", json!(ISSUER)),
        ("sub", json!(alice)),
        ("aud", json!("web")),
        ("iat", json!(now)),
        ("exp", json!(now + 3_600)),
        ("auth_time", json!(START.secs())),
        ("nonce", json!("no")),
        ("acr", json!("aal1")),
        ("amr", json!(["pwd"])),
    ] {
        assert_eq!(told[name], value, "{name}");
    }
    // And nothing else: claims about the person come from userinfo.
    let names: BTreeSet<&str> = told.keys().map(String::as_str).collect();
    let expected = [
        "acr",
        "amr",
        "at_hash",
        "aud",
        "auth_time",
        "exp",
        "iat",
        "iss",
        "nonce",
        "sid",
        "sub",
    ];
    assert_eq!(names, BTreeSet::from(expected));
    // Another browser is another session, the same browser the same.
    let again = claims(&app, &Tokens::of(&browser.tokens(ALICE, ALL).await).id).await;
    let elsewhere = claims(&app, &Tokens::fresh(&app).await.id).await;
    assert_eq!(told["sid"], again["sid"]);
    assert_ne!(told["sid"], elsewhere["sid"]);
}

async fn at_hash_binds_the_access_token(backend: Backend) {
    let app = TestApp::start(backend).await;
    let ctx = app.ctx("default");
    for alg in SigningAlg::ALL {
        app.app.rotate_key(&ctx, alg, true).await.unwrap();
        app.change_client("default", "web", |settings| settings.id_token_alg = alg)
            .await;
        let tokens = Tokens::fresh(&app).await;
        let (header, told) = read_jwt(&app, &tokens.id, "/oauth/jwks").await;
        assert_eq!(format!("{:?}", header.alg), alg.as_str());
        let half = if alg == SigningAlg::EdDSA {
            Sha512::digest(tokens.access.as_bytes())[..32].to_vec()
        } else {
            Sha256::digest(tokens.access.as_bytes())[..16].to_vec()
        };
        assert_eq!(told["at_hash"], URL_SAFE_NO_PAD.encode(half), "{}", alg.as_str());
    }
}

async fn the_nonce_comes_back_whole_or_not_at_all(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    browser.authorize(ALICE, &[]).await;
    let long = "n0-_.~ü".repeat(60);
    for nonce in ["a", long.as_str(), "with space & more=\"<x>\""] {
        let code = browser.code(ALICE, &[("nonce", nonce)]).await;
        let told = claims(&app, &Tokens::of(&app.redeem("web", &code).await).id).await;
        assert_eq!(told["nonce"], nonce);
    }
    let code = browser.code(ALICE, &[("nonce", "")]).await;
    let told = claims(&app, &Tokens::of(&app.redeem("web", &code).await).id).await;
    assert!(!told.contains_key("nonce"));
    // Too long is refused, never cut.
    let answer = browser
        .get(&authorize_path(&[("nonce", &"n".repeat(2_049))]))
        .await;
    assert_eq!(answer.status, 400);
    // Without the scope there is no ID token.
    let code = browser.code(ALICE, &[("scope", "api.read")]).await;
    assert_eq!(Tokens::of(&app.redeem("web", &code).await).id, "");
}

async fn sub_is_one_person_at_every_client_of_one_tenant(backend: Backend) {
    let app = TestApp::start(backend).await;
    let uri = "http://127.0.0.1:4711/callback";
    let answer = app.browser().walk(&native_path(uri, &[]), ALICE).await;
    let code = query_value(answer.header("location"), "code").unwrap();
    let native = claims(&app, &Tokens::of(&redeem_native(&app, &code, uri).await).id).await;
    let web = claims(&app, &Tokens::fresh(&app).await.id).await;
    let bob = claims(&app, &Tokens::of(&app.browser().tokens(BOB, ALL).await).id).await;
    assert_eq!(web["sub"], native["sub"]);
    assert_eq!(native["aud"], "native");
    assert_ne!(web["sub"], bob["sub"]);
    assert_ne!(
        web["sub"].as_str().unwrap(),
        app.user("acme", ALICE).await.id.to_string(),
        "the same address elsewhere is somebody else"
    );
}

on_both_engines! {
    at_hash_binds_the_access_token
    it_says_who_when_and_how
    sub_is_one_person_at_every_client_of_one_tenant
    the_nonce_comes_back_whole_or_not_at_all
}
