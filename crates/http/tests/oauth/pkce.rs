//! Proof Key for Code Exchange: one cell of the matrix passes (OA4, OA5, B1).

use domain::{EventKind, PkceRule};
use testkit::Backend;
use testkit::app::{CALLBACK, TestApp, encode};
use testkit::browser::{CHALLENGE, VERIFIER, authorize_path, query_value};

use crate::ask::{ALICE, assert_refused, native_path, refusals};

const LONG: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXkdBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXkdBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// Challenge and method as sent; everything but S256 with a digest is refused before anybody signs in.
async fn only_an_s256_challenge_begins_a_flow(backend: Backend) {
    let app = TestApp::start(backend).await;
    let challenges = [
        "",
        CHALLENGE,
        VERIFIER,
        "short",
        "not/base64url+=not/base64url+=not/base64url",
    ];
    let methods = ["", "S256", "plain", "s256", "S512", "none"];
    let mut passed = Vec::new();
    for challenge in challenges {
        for method in methods {
            let fields = [("code_challenge", challenge), ("code_challenge_method", method)];
            for path in [
                authorize_path(&fields),
                native_path("http://127.0.0.1/callback", &fields),
            ] {
                let answer = app.browser().get(&path).await;
                let location = answer.header("location");
                match query_value(location, "error") {
                    Some(error) => {
                        assert_eq!(error, "invalid_request", "{challenge} {method}");
                        assert_eq!(query_value(location, "state").as_deref(), Some("st"));
                    }
                    None => passed.push((challenge, method)),
                }
            }
        }
    }
    // A verifier is base64url of 32 bytes too, so it could be some challenge.
    let expected = [
        (CHALLENGE, "S256"),
        (CHALLENGE, "S256"),
        (VERIFIER, "S256"),
        (VERIFIER, "S256"),
    ];
    assert_eq!(passed, expected);
    assert!(refusals(&app, "default", EventKind::AuthorizationRefused).await > 0);
}

/// The form of a token request for `code` with these verifiers.
fn redemption(code: &str, verifiers: &[&str]) -> String {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
    ];
    form.extend(verifiers.iter().map(|verifier| ("code_verifier", *verifier)));
    encode(&form)
}

async fn only_the_verifier_redeems(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let wrong: &[(&[&str], &str)] = &[
        (&[], "invalid_grant"),
        (&[""], "invalid_grant"),
        (&[CHALLENGE], "invalid_grant"),
        (&["dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK"], "invalid_grant"),
        (&["dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjX"], "invalid_grant"),
        (&["dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk "], "invalid_grant"),
        (&["dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjX="], "invalid_grant"),
        (&[LONG], "invalid_grant"),
        (&[VERIFIER, VERIFIER], "invalid_request"),
    ];
    for (verifiers, error) in wrong {
        let code = browser.code(ALICE, &[]).await;
        let form = redemption(&code, verifiers);
        let answer = app
            .post_text("/oauth/token", Some(&app.basic("web")), &form)
            .await;
        assert_refused(&answer, 400, error);
        // One wrong try does not burn the code of the rightful client.
        let form = redemption(&code, &[VERIFIER]);
        let answer = app
            .post_text("/oauth/token", Some(&app.basic("web")), &form)
            .await;
        assert_eq!(answer.status, 200, "{verifiers:?}: {}", answer.text());
    }
    let told = refusals(&app, "default", EventKind::TokenRefused).await;
    assert!(told >= wrong.len() - 1, "each wrong verifier is told of: {told}");
}

async fn a_client_may_be_let_off_and_is_still_not_downgraded(backend: Backend) {
    let app = TestApp::start(backend).await;
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    let unproved = [without[0], without[1], ("nonce", "")];
    let mut browser = app.browser();
    browser.code(ALICE, &[]).await;
    // Rule, request without challenge but with nonce, request without either.
    for (rule, with_nonce, bare) in [
        (PkceRule::Required, false, false),
        (PkceRule::OrNonce, true, false),
        (PkceRule::Optional, true, true),
    ] {
        app.change_client("default", "web", |settings| settings.pkce = rule)
            .await;
        for (fields, expected) in [(&without[..], with_nonce), (&unproved[..], bare)] {
            let location = browser.get(&authorize_path(fields)).await;
            let location = location.header("location");
            assert_eq!(
                query_value(location, "code").is_some(),
                expected,
                "{rule:?} {location}"
            );
            let Some(code) = query_value(location, "code") else {
                assert_eq!(query_value(location, "error").as_deref(), Some("invalid_request"));
                continue;
            };
            // A verifier for a code without challenge is a downgrade somebody else made (OA5).
            let form = redemption(&code, &[VERIFIER]);
            let answer = app
                .post_text("/oauth/token", Some(&app.basic("web")), &form)
                .await;
            assert_refused(&answer, 400, "invalid_grant");
            let form = redemption(&code, &[]);
            let answer = app
                .post_text("/oauth/token", Some(&app.basic("web")), &form)
                .await;
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        // What is sent is checked whatever the rule.
        let plain = authorize_path(&[("code_challenge_method", "plain")]);
        let answer = browser.get(&plain).await;
        assert_eq!(
            query_value(answer.header("location"), "error").as_deref(),
            Some("invalid_request")
        );
        let code = browser.code(ALICE, &[]).await;
        let form = redemption(&code, &[]);
        let answer = app
            .post_text("/oauth/token", Some(&app.basic("web")), &form)
            .await;
        assert_refused(&answer, 400, "invalid_grant");
    }
}

on_both_engines! {
    a_client_may_be_let_off_and_is_still_not_downgraded
    only_an_s256_challenge_begins_a_flow
    only_the_verifier_redeems
}
