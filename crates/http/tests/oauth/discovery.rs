//! Metadata and keys, under every path they can be looked for (OIDC Discovery, RFC 8414, OA10, JW9).

use std::collections::BTreeSet;

use domain::{SigningAlg, TenantSettings};
use serde_json::{Value, json};
use testkit::Backend;
use testkit::app::{ISSUER, TestApp};

use crate::ask::{Tokens, claims, request};

async fn each_form_of_the_path_gives_the_same_document(backend: Backend) {
    let app = TestApp::start(backend).await;
    for (issuer, paths) in [
        (
            ISSUER.to_owned(),
            vec![
                "/.well-known/openid-configuration",
                "/.well-known/oauth-authorization-server",
            ],
        ),
        (
            format!("{ISSUER}/t/acme"),
            vec![
                "/t/acme/.well-known/openid-configuration",
                "/t/acme/.well-known/oauth-authorization-server",
                "/.well-known/openid-configuration/t/acme",
                "/.well-known/oauth-authorization-server/t/acme",
            ],
        ),
    ] {
        let documents: BTreeSet<String> = {
            let mut all = BTreeSet::new();
            for path in &paths {
                let answer = app.get(path).await;
                assert_eq!(answer.status, 200, "{path}");
                assert_eq!(answer.header("content-type"), "application/json");
                assert_eq!(answer.header("cache-control"), "public, max-age=300");
                all.insert(answer.text());
            }
            all
        };
        assert_eq!(documents.len(), 1);
        let document: Value = serde_json::from_str(documents.first().unwrap()).unwrap();
        assert_eq!(document["issuer"], issuer, "byte for byte");
        for (name, value) in document.as_object().unwrap() {
            if name.ends_with("_endpoint") || name == "jwks_uri" {
                let url = value.as_str().unwrap();
                assert!(url.starts_with(&format!("{issuer}/oauth/")), "{name} {url}");
                // What is named is there.
                let path = url.strip_prefix(ISSUER).unwrap();
                assert_ne!(app.get(path).await.status, 404, "{name}");
            }
        }
    }
    for path in [
        "/t/nobody/.well-known/openid-configuration",
        "/.well-known/openid-configuration/t/nobody",
        "/t/default/.well-known/openid-configuration",
        "/.well-known/openid-configuration/acme",
        "/.well-known/openid-configuration/",
        "/t/ACME/.well-known/openid-configuration",
        "/t/acme%2f/.well-known/openid-configuration",
    ] {
        assert_eq!(app.get(path).await.status, 404, "{path}");
    }
}

async fn a_tenant_with_a_host_of_its_own_is_found_there(backend: Backend) {
    let app = TestApp::start(backend).await;
    let settings = TenantSettings {
        host: Some("login.acme.example".to_owned()),
        ..TenantSettings::default()
    };
    app.app
        .update_tenant(&app.ctx("acme"), "Acme", settings)
        .await
        .unwrap();
    let at = async |host: &str, path: &str| {
        let request = axum::http::Request::builder().uri(path).header("host", host);
        app.send(request.body(axum::body::Body::empty()).unwrap())
            .await
            .json()["issuer"]
            .clone()
    };
    let path = "/.well-known/openid-configuration";
    assert_eq!(at("login.acme.example", path).await, "https://login.acme.example");
    assert_eq!(
        at("login.acme.example:443", path).await,
        "https://login.acme.example"
    );
    for other in [
        "id.example.com",
        "evil.example",
        "acme.example",
        "LOGIN.acme.example.evil.example",
    ] {
        assert_eq!(at(other, path).await, ISSUER, "{other}");
    }
}

/// The issuer is configured, never made of what a request says (G1).
async fn headers_do_not_choose_the_issuer(backend: Backend) {
    let app = TestApp::start(backend).await;
    for (name, value) in [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("forwarded", "host=evil.example;proto=http"),
        ("x-original-url", "/t/acme/.well-known/openid-configuration"),
        ("x-rewrite-url", "/t/acme/.well-known/openid-configuration"),
    ] {
        let line = ("GET", "/.well-known/openid-configuration");
        let answer = request(&app, line, &[(name, value)], "").await;
        assert!(!answer.text().contains("evil"), "{name}");
        assert_eq!(answer.json()["issuer"], ISSUER, "{name}");
    }
}

async fn it_names_what_works_and_nothing_else(backend: Backend) {
    let app = TestApp::start(backend).await;
    let document = app.get("/.well-known/openid-configuration").await.json();
    for (name, value) in [
        ("response_types_supported", json!(["code"])),
        (
            "response_modes_supported",
            json!(["query", "fragment", "form_post"]),
        ),
        (
            "grant_types_supported",
            json!(["authorization_code", "refresh_token", "client_credentials"]),
        ),
        ("subject_types_supported", json!(["public", "pairwise"])),
        ("code_challenge_methods_supported", json!(["S256"])),
        (
            "token_endpoint_auth_methods_supported",
            json!(["client_secret_basic", "client_secret_post", "none"]),
        ),
        (
            "introspection_endpoint_auth_methods_supported",
            json!(["client_secret_basic", "client_secret_post"]),
        ),
        ("claims_parameter_supported", json!(true)),
        ("request_parameter_supported", json!(false)),
        ("request_uri_parameter_supported", json!(false)),
        ("authorization_response_iss_parameter_supported", json!(true)),
        ("acr_values_supported", json!(["aal1", "aal2"])),
    ] {
        assert_eq!(document[name], value, "{name}");
    }
    let lists = |name: &str, item: &str| document[name].as_array().unwrap().contains(&json!(item));
    assert!(lists("scopes_supported", "openid"));
    assert!(lists("id_token_signing_alg_values_supported", "RS256"));
    for claim in ["sub", "iss", "auth_time", "acr", "name", "email"] {
        assert!(lists("claims_supported", claim), "{claim}");
    }
    assert!(!document.as_object().unwrap().values().any(Value::is_null));
}

async fn keys_are_public_unique_and_kept(backend: Backend) {
    let app = TestApp::start(backend).await;
    let ctx = app.ctx("default");
    for alg in [SigningAlg::EdDSA, SigningAlg::RS256, SigningAlg::PS256] {
        app.app.rotate_key(&ctx, alg, true).await.unwrap();
    }
    let tokens = Tokens::fresh(&app).await;
    let before = app.get("/oauth/jwks").await;
    assert_eq!(before.header("content-type"), "application/json");
    assert_eq!(before.header("cache-control"), "public, max-age=300");
    let keys = before.json()["keys"].as_array().unwrap().clone();
    assert_eq!(keys.len(), 4);
    let kids: BTreeSet<&str> = keys.iter().map(|key| key["kid"].as_str().unwrap()).collect();
    assert_eq!(kids.len(), keys.len());
    for key in &keys {
        assert_eq!(key["use"], "sig");
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
        if key["kty"] == "RSA" {
            use base64::Engine as _;
            let n = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(key["n"].as_str().unwrap());
            assert_eq!(n.unwrap().len() * 8, 3_072);
        }
    }
    // The next key is published before it signs, and the old one stays while its tokens live.
    app.app.rotate_key(&ctx, SigningAlg::ES256, false).await.unwrap();
    let published = app.get("/oauth/jwks").await.json()["keys"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(published, 5);
    let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid;
    assert_eq!(kid(&Tokens::fresh(&app).await.id), kid(&tokens.id), "not yet");
    app.clock.advance(std::time::Duration::from_hours(24));
    let ctx = app.ctx("default");
    app.app.rotate_key(&ctx, SigningAlg::ES256, false).await.unwrap();
    assert_ne!(kid(&Tokens::fresh(&app).await.id), kid(&tokens.id), "now");
    claims(&app, &tokens.id).await;
    // Another tenant has other keys.
    let acme = app.get("/t/acme/oauth/jwks").await.text();
    assert!(kids.iter().all(|kid| !acme.contains(kid)));
}

on_both_engines! {
    a_tenant_with_a_host_of_its_own_is_found_there
    each_form_of_the_path_gives_the_same_document
    headers_do_not_choose_the_issuer
    it_names_what_works_and_nothing_else
    keys_are_public_unique_and_kept
}
