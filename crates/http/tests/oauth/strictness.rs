//! Payloads that are signed rightly and say something odd: an error, never an absent claim (JW4, JW5, C3).

use serde_json::{Value, json};
use testkit::Backend;
use testkit::app::ISSUER;
use testkit::world::START;

use crate::ask::userinfo;
use crate::forgery::{Forge, assert_no_access, b64};

/// A claim of the wrong type is an error, never an absent claim (JW4, C3). All are signed by the right key.
async fn claims_are_read_strictly(backend: Backend) {
    let forge = Forge::start(backend).await;
    let app = &forge.app;
    let [access, _] = forge.payloads().await;
    let now = START.secs();
    let odd = [
        json!("1"),
        json!(""),
        Value::Null,
        json!([]),
        json!({}),
        json!(-1),
        json!(1.5),
        json!(true),
        json!(1e300),
    ];
    for name in ["exp", "iat", "nbf", "auth_time"] {
        for value in &odd {
            let mut payload = access.clone();
            payload[name] = value.clone();
            let token = forge.key.sign("at+jwt", &payload).unwrap();
            assert_no_access(app, &token, &format!("{name} {value}")).await;
        }
    }
    let ours = json!({ "iss": ISSUER, "aud": ISSUER, "sub": access["sub"], "client_id": "web", "jti": "x" });
    for (name, right) in ours.as_object().unwrap() {
        let wrong = [
            Value::Null,
            json!(1),
            json!([]),
            json!({}),
            json!(""),
            json!([1]),
            json!(true),
        ];
        for value in wrong.iter().chain([&json!([right, 1])]) {
            let mut payload = access.clone();
            payload[name] = value.clone();
            let token = forge.key.sign("at+jwt", &payload).unwrap();
            assert_no_access(app, &token, &format!("{name} {value}")).await;
        }
    }
    for name in ["iss", "aud", "sub", "client_id", "jti", "exp", "iat", "scope"] {
        let mut payload = access.clone();
        payload.as_object_mut().unwrap().remove(name);
        let token = forge.key.sign("at+jwt", &payload).unwrap();
        assert_no_access(app, &token, &format!("without {name}")).await;
    }
    for (name, value) in [
        ("iss", json!("https://id.example.com/")),
        ("iss", json!("https://id.example.com/t/acme")),
        ("iss", json!("https://ID.example.com")),
        ("exp", json!(now)),
        ("iat", json!(now + 61)),
        ("nbf", json!(now + 61)),
        ("client_id", json!("nobody")),
        ("grant", json!("nonsense")),
        ("grant", json!("01990000-0000-7000-8000-000000000000")),
    ] {
        let mut payload = access.clone();
        payload[name] = value.clone();
        let token = forge.key.sign("at+jwt", &payload).unwrap();
        assert_no_access(app, &token, &format!("{name} {value}")).await;
    }
    // The twin: small changes that are allowed.
    for (name, value) in [
        ("iat", json!(now + 60)),
        ("nbf", json!(now + 60)),
        ("exp", json!(now + 1)),
        ("extra", json!([1])),
    ] {
        let mut payload = access.clone();
        payload[name] = value;
        let token = forge.key.sign("at+jwt", &payload).unwrap();
        assert_eq!(userinfo(app, &token).await.status, 200, "{name}");
    }
}

/// Payloads only text can write: members twice, numbers beyond all bounds, deep nesting.
async fn odd_json_is_no_payload(backend: Backend) {
    let forge = Forge::start(backend).await;
    let app = &forge.app;
    let [access, _] = forge.payloads().await;
    let text = access.to_string();
    let body = text.strip_suffix('}').unwrap();
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let pkcs8 = forge.key.to_pkcs8().unwrap();
    let pair = aws_lc_rs::signature::EcdsaKeyPair::from_pkcs8(
        &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        pkcs8.expose(),
    )
    .unwrap();
    let sign = |payload: &str| {
        let signed = format!(
            "{}.{}",
            b64(forge.header("ES256", "at+jwt").to_string()),
            b64(payload)
        );
        let signature = pair
            .sign(&aws_lc_rs::rand::SystemRandom::new(), signed.as_bytes())
            .unwrap();
        format!("{signed}.{}", b64(signature.as_ref()))
    };
    assert_eq!(userinfo(app, &sign(&text)).await.status, 200, "the twin");
    for odd in [
        format!("{body},\"exp\":9999999999}}"),
        format!("{body},\"sub\":\"x\"}}"),
        format!("{body},\"nbf\":1e400}}"),
        format!("{body},\"nbf\":99999999999999999999}}"),
        format!("{body},\"x\":{deep}}}"),
        format!("{text}{text}"),
        format!("[{text}]"),
        String::new(),
        "null".to_owned(),
    ] {
        let what: String = odd.chars().rev().take(40).collect();
        assert_no_access(app, &sign(&odd), &what).await;
    }
}

on_both_engines! {
    claims_are_read_strictly
    odd_json_is_no_payload
}
