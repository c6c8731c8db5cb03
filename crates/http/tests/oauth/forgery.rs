//! Tokens somebody made or changed, at each endpoint that takes one (JW1, JW2, JW3, JW5, C1, C4).

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use domain::{AccessTokenFormat, SigningAlg};
use protocol::jose::SigningKey;
use serde_json::{Value, json};
use testkit::Backend;
use testkit::app::TestApp;
use testkit::browser::{authorize_path, query_value};

use crate::ask::{ALICE, ALL, Tokens, claims, introspect, refresh, request, userinfo};

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Refused as an access token wherever one can be shown: userinfo, administration, introspection.
pub(crate) async fn assert_no_access(app: &TestApp, token: &str, what: &str) {
    assert_eq!(userinfo(app, token).await.status, 401, "{what} at userinfo");
    let bearer = format!("Bearer {token}");
    let answer = request(app, ("GET", "/admin/v1/users"), &[("authorization", &bearer)], "").await;
    assert_eq!(answer.status, 401, "{what} at the administration");
    assert_eq!(
        introspect(app, "web", token).await.text(),
        r#"{"active":false}"#,
        "{what}"
    );
}

/// Refused as a hint.
async fn assert_no_hint(app: &TestApp, token: &str, what: &str) {
    let path = authorize_path(&[("prompt", "none"), ("id_token_hint", token)]);
    let answer = app.browser().get(&path).await;
    let error = query_value(answer.header("location"), "error");
    assert_eq!(
        error.as_deref(),
        Some("invalid_request"),
        "{what} as id_token_hint"
    );
}

pub(crate) struct Forge {
    pub(crate) app: TestApp,
    pub(crate) tokens: Tokens,
    pub(crate) key: std::sync::Arc<SigningKey>,
}

impl Forge {
    pub(crate) async fn start(backend: Backend) -> Self {
        let app = TestApp::start(backend).await;
        let tokens = Tokens::fresh(&app).await;
        let tenant = app.ctx("default").tenant_id();
        let key = app.app.signing_key(tenant, SigningAlg::ES256).await.unwrap();
        Self { app, tokens, key }
    }

    /// The payloads of the honest access token and ID token.
    pub(crate) async fn payloads(&self) -> [Value; 2] {
        let mut both = [Value::Null, Value::Null];
        for (to, token) in both.iter_mut().zip([&self.tokens.access, &self.tokens.id]) {
            *to = json!(claims(&self.app, token).await);
        }
        both
    }

    pub(crate) fn header(&self, alg: &str, typ: &str) -> Value {
        json!({ "alg": alg, "typ": typ, "kid": self.key.kid().0 })
    }
}

/// `none` in all spellings, and HMAC keyed with what everybody knows of the key.
async fn no_other_algorithm_is_taken(backend: Backend) {
    let forge = Forge::start(backend).await;
    let app = &forge.app;
    let jwks = app.get("/oauth/jwks").await.text();
    let jwk = serde_json::to_string(forge.key.public_jwk()).unwrap();
    let parts: Value = serde_json::from_str(&jwk).unwrap();
    let x = URL_SAFE_NO_PAD.decode(parts["x"].as_str().unwrap()).unwrap();
    let y = URL_SAFE_NO_PAD.decode(parts["y"].as_str().unwrap()).unwrap();
    let point = [vec![4], x, y].concat();
    let spki = [
        &[
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
        ][..],
        &[
            0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
        ],
        &point,
    ]
    .concat();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        STANDARD.encode(&spki)
    );
    let secrets = [
        jwk.as_bytes(),
        jwks.as_bytes(),
        &point,
        &spki,
        pem.as_bytes(),
        b"",
    ];
    for (payload, typ) in forge.payloads().await.iter().zip(["at+jwt", "JWT"]) {
        let mut forged = Vec::new();
        for alg in ["none", "None", "nOnE", "NONE", ""] {
            let signed = format!(
                "{}.{}",
                b64(forge.header(alg, typ).to_string()),
                b64(payload.to_string())
            );
            forged.push((alg, format!("{signed}.")));
            forged.push((alg, format!("{signed}.AAAA")));
        }
        for (alg, algorithm) in [
            ("HS256", hmac::HMAC_SHA256),
            ("HS384", hmac::HMAC_SHA384),
            ("HS512", hmac::HMAC_SHA512),
            ("ES256", hmac::HMAC_SHA256),
        ] {
            for secret in secrets {
                let signed = format!(
                    "{}.{}",
                    b64(forge.header(alg, typ).to_string()),
                    b64(payload.to_string())
                );
                let tag = hmac::sign(&hmac::Key::new(algorithm, secret), signed.as_bytes());
                forged.push((alg, format!("{signed}.{}", b64(tag.as_ref()))));
            }
        }
        for (alg, token) in &forged {
            if typ == "at+jwt" {
                assert_no_access(app, token, alg).await;
            } else {
                assert_no_hint(app, token, alg).await;
            }
        }
    }
    // The twin: the same payload, signed by the key.
    let [access, _] = forge.payloads().await;
    let honest = forge.key.sign("at+jwt", &access).unwrap();
    assert_eq!(userinfo(app, &honest).await.status, 200);
}

/// Keys a token brings along, and tokens by keys of others (JW2, JW5).
async fn no_other_key_is_taken(backend: Backend) {
    let forge = Forge::start(backend).await;
    let app = &forge.app;
    let [access, id] = forge.payloads().await;
    let attacker = SigningKey::generate(SigningAlg::ES256, 0).unwrap();
    let acme = app
        .app
        .signing_key(app.ctx("acme").tenant_id(), SigningAlg::ES256)
        .await
        .unwrap();
    for key in [&attacker, acme.as_ref()] {
        assert_no_access(app, &key.sign("at+jwt", &access).unwrap(), "another key").await;
        assert_no_hint(app, &key.sign("JWT", &id).unwrap(), "another key").await;
    }
    // The attacker's signature under the right key id, with every header that could bring or fetch the attacker's key.
    let sign = |header: &Value, key: &SigningKey| {
        let pkcs8 = key.to_pkcs8().unwrap();
        let pair = aws_lc_rs::signature::EcdsaKeyPair::from_pkcs8(
            &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            pkcs8.expose(),
        )
        .unwrap();
        let signed = format!("{}.{}", b64(header.to_string()), b64(access.to_string()));
        let rng = aws_lc_rs::rand::SystemRandom::new();
        let signature = pair.sign(&rng, signed.as_bytes()).unwrap();
        format!("{signed}.{}", b64(signature.as_ref()))
    };
    let theirs = json!(attacker.public_jwk());
    for (name, value) in [
        ("jwk", theirs.clone()),
        ("jku", json!("http://127.0.0.1:1/jwks")),
        ("x5u", json!("http://127.0.0.1:1/cert")),
        ("x5c", json!(["MIIB"])),
        ("kid", json!(attacker.kid().0)),
        ("kid", json!("../../dev/null")),
        ("kid", json!("' OR 1=1 --")),
        ("kid", Value::Null),
        ("typ", json!("at+jwt")),
    ] {
        let mut header = forge.header("ES256", "at+jwt");
        header[name] = value;
        assert_no_access(app, &sign(&header, &attacker), name).await;
    }
    // Our own key, but a header that must be understood and is not.
    for (name, value) in [("crit", json!(["exp"])), ("b64", json!(false))] {
        let mut header = forge.header("ES256", "at+jwt");
        header[name] = value;
        assert_no_access(app, &sign(&header, &forge.key), name).await;
    }
    // Members that mean nothing to us do not harm: the twin.
    let mut header = forge.header("ES256", "at+jwt");
    header["jku"] = json!("http://127.0.0.1:1/jwks");
    let token = sign(&header, &forge.key);
    assert_eq!(userinfo(app, &token).await.status, 200);
}

/// A token of one kind is no token of another (JW3).
async fn no_token_passes_as_another(backend: Backend) {
    let forge = Forge::start(backend).await;
    let (app, tokens) = (&forge.app, &forge.tokens);
    let code = app.browser().code(ALICE, &[]).await;
    let secret = app.secret("default", "web").to_owned();
    assert_eq!(userinfo(app, &tokens.refresh).await.status, 401);
    for token in [&tokens.id, &code, &secret] {
        assert_no_access(app, token, "as access token").await;
    }
    for token in [&tokens.access, &tokens.id, &code, &secret] {
        assert_eq!(refresh(app, "web", token).await.status, 400);
    }
    for token in [&tokens.access, &tokens.id, &tokens.refresh, &secret] {
        assert_eq!(app.redeem("web", token).await.status, 400);
    }
    for token in [&tokens.access, &tokens.refresh, &code, &secret] {
        assert_no_hint(app, token, "another kind").await;
    }
    let [access, id] = forge.payloads().await;
    for typ in [
        "",
        "JWT",
        "jwt",
        "AT+JWT",
        "application/at+jwt",
        "logout+jwt",
        "dpop+jwt",
        "client-authentication+jwt",
        "at+jwt ",
    ] {
        assert_no_access(app, &forge.key.sign(typ, &access).unwrap(), typ).await;
    }
    for typ in ["", "at+jwt", "jwt", "logout+jwt", "dpop+jwt", "secevent+jwt"] {
        assert_no_hint(app, &forge.key.sign(typ, &id).unwrap(), typ).await;
    }
    tokens.assert_alive(app, "api").await;
}

/// Every token of ours with one thing changed (C4).
async fn no_changed_token_is_taken(backend: Backend) {
    for format in [AccessTokenFormat::Jwt, AccessTokenFormat::Opaque] {
        let app = TestApp::start(backend).await;
        app.change_client("default", "web", |settings| settings.access_token_format = format)
            .await;
        let mut browser = app.browser();
        let tokens = Tokens::of(&browser.tokens(ALICE, ALL).await);
        let code = browser.code(ALICE, &[]).await;
        for changed in changes(&tokens.access) {
            let answer = userinfo(&app, &changed).await;
            assert_eq!(answer.status, 401, "{changed}");
            assert_eq!(
                introspect(&app, "web", &changed).await.text(),
                r#"{"active":false}"#
            );
        }
        for changed in changes(&tokens.refresh) {
            assert_eq!(refresh(&app, "web", &changed).await.status, 400, "{changed}");
        }
        for changed in changes(&code) {
            assert_eq!(app.redeem("web", &changed).await.status, 400, "{changed}");
        }
        for changed in changes(&tokens.id) {
            assert_no_hint(&app, &changed, "a changed one").await;
        }
        let name = browser
            .cookies
            .keys()
            .find(|name| name.contains("session"))
            .unwrap()
            .clone();
        let cookie = browser.cookies[&name].clone();
        for changed in changes(&cookie) {
            let mut other = app.browser();
            other.cookies.insert(name.clone(), changed);
            let answer = other.get(&authorize_path(&[("prompt", "none")])).await;
            let error = query_value(answer.header("location"), "error");
            assert_eq!(error.as_deref(), Some("login_required"));
        }
        // None of it disturbed the honest ones.
        assert_eq!(app.redeem("web", &code).await.status, 200);
        tokens.assert_alive(&app, "api").await;
    }
}

/// One thing changed: a character anywhere, the case, the ends, the padding.
fn changes(token: &str) -> Vec<String> {
    let mut all = Vec::new();
    // Every seventh character and the first and last few: the rule is the same for each.
    let places = (0..token.len()).filter(|n| n % 7 == 0 || *n < 3 || n + 8 >= token.len());
    for place in places {
        let mut bytes = token.as_bytes().to_vec();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        all.push(String::from_utf8(bytes).unwrap());
    }
    all.extend([
        token.strip_suffix(|_: char| true).unwrap().to_owned(),
        token.strip_prefix(|_: char| true).unwrap().to_owned(),
        format!("{token}A"),
        format!("A{token}"),
        format!("{token}="),
        format!("{token}."),
        format!("{token}{token}"),
        token.to_ascii_lowercase(),
        token.to_ascii_uppercase(),
    ]);
    if let Some((head, signature)) = token.rsplit_once('.') {
        let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        all.push(format!("{head}.{}", URL_SAFE.encode(bytes)));
        all.push(format!("{head}."));
        all.push(head.to_owned());
    }
    all
}

on_both_engines! {
    no_changed_token_is_taken
    no_other_algorithm_is_taken
    no_other_key_is_taken
    no_token_passes_as_another
}
