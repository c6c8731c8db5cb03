//! The checklist of the OpenID Foundation's suite, plans `oidcc-config` and `oidcc-basic`, item by item as far as it is
//! not shown elsewhere; `docs/conformance.md` maps all of it.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::ClientSettings;
use serde_json::{Value, json};
use testkit::Backend;
use testkit::app::{CALLBACK, ISSUER, encode};
use testkit::browser::query_value;

use crate::ask::{assert_refused, read_jwt, refresh, request, userinfo};
use crate::suite::{USER, code, path, person, redeem, start};

/// 1 server, 3 idtoken-signature, 5 userinfo-get, 6 and 7 by POST.
async fn server(backend: Backend) {
    let app = start(backend).await;
    let answer = app.browser().walk(&path(&[]), USER).await;
    assert_eq!(
        query_value(answer.header("location"), "iss").as_deref(),
        Some(ISSUER)
    );
    let code = query_value(answer.header("location"), "code").unwrap();
    let tokens = redeem(&app, &code).await;
    assert_eq!(tokens.status, 200, "{}", tokens.text());
    // No algorithm named for the client means RS256.
    let (header, claims) = read_jwt(&app, &tokens.member("id_token"), "/oauth/jwks").await;
    assert_eq!(header.alg, jsonwebtoken::Algorithm::RS256);
    assert!(header.kid.is_some());
    assert_eq!(
        (&claims["iss"], &claims["aud"], &claims["nonce"]),
        (&json!(ISSUER), &json!("suite-a"), &json!("no"))
    );
    let token = tokens.member("access_token");
    let bearer = format!("Bearer {token}");
    let line = |method| (method, "/oauth/userinfo");
    let form = ("content-type", "application/x-www-form-urlencoded");
    for answer in [
        request(&app, line("GET"), &[("authorization", &bearer)], "").await,
        request(&app, line("POST"), &[("authorization", &bearer)], "").await,
        request(&app, line("POST"), &[form], encode(&[("access_token", &token)])).await,
    ] {
        assert_eq!(answer.json()["sub"], claims["sub"]);
    }
}

/// 4 idtoken-unsigned: there is no such client here.
async fn idtoken_unsigned(backend: Backend) {
    let app = start(backend).await;
    let document = app.get("/.well-known/openid-configuration").await.json();
    let algs = document["id_token_signing_alg_values_supported"]
        .as_array()
        .unwrap()
        .clone();
    assert!(!algs.contains(&json!("none")) && algs.contains(&json!("RS256")));
    let settings: Result<ClientSettings, _> = serde_json::from_value(json!({ "id_token_alg": "none" }));
    assert!(settings.is_err());
}

/// 8 ensure-request-without-nonce-succeeds-for-code-flow, 22 unknown parameter, 15 and 16 display, 26 claims-locales.
async fn harmless_parameters(backend: Backend) {
    let app = start(backend).await;
    let mut browser = app.browser();
    for extra in [
        ("nonce", ""),
        ("extra", "foobar"),
        ("display", "page"),
        ("display", "popup"),
        ("claims_locales", "se"),
        ("ui_locales", "se"),
        ("login_hint", "buffy@example.com"),
        ("acr_values", "1 2"),
    ] {
        let code = code(&mut browser, &[extra]).await;
        assert_eq!(redeem(&app, &code).await.status, 200, "{extra:?}");
    }
}

/// 9 to 13: each scope's claims come from userinfo, an address as an object.
async fn scopes(backend: Backend) {
    let app = start(backend).await;
    let names =
        |claims: &Value| -> BTreeSet<String> { claims.as_object().unwrap().keys().cloned().collect() };
    let set = |names: &[&str]| -> BTreeSet<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    let profile = [
        "sub",
        "name",
        "given_name",
        "family_name",
        "nickname",
        "preferred_username",
        "website",
        "birthdate",
        "zoneinfo",
        "locale",
        "updated_at",
    ];
    assert_eq!(names(&person(&app, "openid profile", &[]).await), set(&profile));
    let email = person(&app, "openid email", &[]).await;
    assert_eq!(
        (&email["email"], &email["email_verified"]),
        (&json!(USER), &json!(true))
    );
    let address = person(&app, "openid address", &[]).await;
    assert_eq!(address["address"]["country"], "Germany");
    assert_eq!(names(&address), set(&["sub", "address"]));
    let phone = person(&app, "openid phone", &[]).await;
    assert_eq!(
        (&phone["phone_number"], &phone["phone_number_verified"]),
        (&json!("+49301234567"), &json!(true))
    );
    let everything = person(&app, "openid profile email address phone", &[]).await;
    let mut expected = set(&profile);
    expected.extend(set(&[
        "email",
        "email_verified",
        "address",
        "phone_number",
        "phone_number_verified",
    ]));
    assert_eq!(names(&everything), expected);
}

/// 14 alternate-happy-flow: order does not matter.
async fn alternate_happy_flow(backend: Backend) {
    let app = start(backend).await;
    let claims = person(&app, "phone email openid", &[]).await;
    assert_eq!(claims["email"], USER);
    let reordered = format!(
        "/oauth/authorize?{}",
        encode(&[
            ("nonce", "no"),
            ("state", "st"),
            ("scope", "email openid"),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("client_id", "suite-a"),
        ])
    );
    let answer = app.browser().walk(&reordered, USER).await;
    let code = query_value(answer.header("location"), "code").unwrap();
    assert_eq!(redeem(&app, &code).await.status, 200);
}

/// 17 prompt-login, 19 prompt-none-logged-in, 20 max-age-1, 21 max-age-10000, 23 id-token-hint.
async fn signing_in_again(backend: Backend) {
    let app = start(backend).await;
    let mut browser = app.browser();
    let first = code(&mut browser, &[]).await;
    let hint = redeem(&app, &first).await.member("id_token");
    let (_, before) = read_jwt(&app, &hint, "/oauth/jwks").await;
    app.clock.advance(Duration::from_secs(2));
    for (extra, asks) in [
        (("prompt", "login"), true),
        (("max_age", "1"), true),
        (("prompt", "none"), false),
        (("max_age", "10000"), false),
    ] {
        app.clock.advance(Duration::from_secs(2));
        let page = browser.open(&path(&[extra])).await;
        assert_eq!(page.text().contains("id=\"login-form\""), asks, "{extra:?}");
        let answer = if asks {
            browser.sign_in(&page, USER).await
        } else {
            page
        };
        let code = query_value(answer.header("location"), "code").unwrap();
        let tokens = redeem(&app, &code).await;
        let (_, after) = read_jwt(&app, &tokens.member("id_token"), "/oauth/jwks").await;
        assert_eq!(after["sub"], before["sub"]);
        let moved = after["auth_time"].as_i64() > before["auth_time"].as_i64();
        assert!(moved, "{extra:?}: the sign-in before this one was asked for anew");
    }
    let silent = path(&[("prompt", "none"), ("id_token_hint", &hint)]);
    let answer = browser.get(&silent).await;
    assert!(query_value(answer.header("location"), "code").is_some());
}

/// 28 codereuse, 29 codereuse-30seconds.
async fn codereuse(backend: Backend) {
    let app = start(backend).await;
    let mut browser = app.browser();
    for wait in [0, 30] {
        let code = code(&mut browser, &[]).await;
        let token = redeem(&app, &code).await.member("access_token");
        assert_eq!(userinfo(&app, &token).await.status, 200);
        app.clock.advance(Duration::from_secs(wait));
        assert_refused(&redeem(&app, &code).await, 400, "invalid_grant");
        assert_eq!(
            userinfo(&app, &token).await.status,
            401,
            "the first token is dead too"
        );
    }
}

/// 32 server-client-secret-post.
async fn server_client_secret_post(backend: Backend) {
    let app = start(backend).await;
    let code = code(&mut app.browser(), &[("client_id", "suite-b")]).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("client_id", "suite-b"),
        ("client_secret", app.secret("default", "suite-b")),
    ];
    let answer = app.post("/oauth/token", None, &form).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// 33 request-uri-unsigned, 34 unsigned-request-object, 36 ensure-request-object-with-redirect-uri: refused by name,
/// never ignored; the address inside is not looked at.
async fn request_objects(backend: Backend) {
    let app = start(backend).await;
    let mut browser = app.browser();
    code(&mut browser, &[]).await;
    let object = "eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmkiOiJodHRwczovL2V2aWwuZXhhbXBsZS8ifQ.";
    for (name, value, error) in [
        ("request", object, "request_not_supported"),
        (
            "request_uri",
            "https://web.example.com/request.jwt",
            "request_uri_not_supported",
        ),
    ] {
        let answer = browser.get(&path(&[(name, value)])).await;
        let location = answer.header("location");
        assert!(location.starts_with(CALLBACK), "{location}");
        assert_eq!(query_value(location, "error").as_deref(), Some(error));
    }
    let answer = browser
        .get(&path(&[("request", object), ("redirect_uri", "")]))
        .await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (400, ""));
}

/// 35 claims-essential.
async fn claims_essential(backend: Backend) {
    let app = start(backend).await;
    let wanted = r#"{"userinfo":{"name":{"essential":true}}}"#;
    let claims = person(&app, "openid", &[("claims", wanted)]).await;
    assert_eq!(claims["name"], "Carol Example");
    assert!(claims.get("email").is_none());
}

/// 37 refresh-token: works, has allowed characters, and another client cannot use it.
async fn refresh_token(backend: Backend) {
    let app = start(backend).await;
    let code = code(
        &mut app.browser(),
        &[("scope", "openid offline_access"), ("prompt", "consent")],
    )
    .await;
    let token = redeem(&app, &code).await.member("refresh_token");
    assert!(!token.is_empty() && token.bytes().all(|b| (0x20..=0x7e).contains(&b)));
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token.as_str()),
        ("client_id", "suite-b"),
        ("client_secret", app.secret("default", "suite-b")),
    ];
    assert_refused(&app.post("/oauth/token", None, &form).await, 400, "invalid_grant");
    let next = refresh(&app, "suite-a", &token).await;
    assert_eq!(next.status, 200);
    assert_eq!(userinfo(&app, &next.member("access_token")).await.status, 200);
}

/// 38 ensure-request-with-valid-pkce-succeeds.
async fn with_pkce(backend: Backend) {
    use testkit::browser::{CHALLENGE, VERIFIER};
    let app = start(backend).await;
    let extra = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    let code = code(&mut app.browser(), &extra).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(app.token("suite-a", &form).await.status, 200);
}

on_both_engines! {
    alternate_happy_flow
    claims_essential
    codereuse
    harmless_parameters
    idtoken_unsigned
    refresh_token
    request_objects
    scopes
    server
    server_client_secret_post
    signing_in_again
    with_pkce
}
