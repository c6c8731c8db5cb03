//! Grants × clients × scopes × resources: what each client may have, and what its tokens say (OA9, B3, JW7, JW8).

use std::collections::BTreeSet;

use domain::{AccessTokenFormat, AudienceProfile, ClientSettings, EventKind, Resource, SigningAlg};
use serde_json::{Value, json};
use testkit::Backend;
use testkit::app::{API, CALLBACK, ISSUER, TestApp};
use testkit::browser::VERIFIER;

use crate::ask::{
    ALICE, ALL, Tokens, assert_refused, client_credentials, introspect, read_jwt, refresh, refusals, userinfo,
};

const SECOND: &str = "https://second.example.com/api";

async fn each_client_has_its_grants(backend: Backend) {
    let app = TestApp::start(backend).await;
    let grants = ["authorization_code", "refresh_token", "client_credentials"];
    let allowed: [(&str, &[&str]); 5] = [
        ("web", &grants),
        ("native", &["authorization_code", "refresh_token"]),
        ("service", &["client_credentials"]),
        ("api", &[]),
        ("admin", &["client_credentials"]),
    ];
    for (client, allowed) in allowed {
        for grant in grants {
            let form = [
                ("grant_type", grant),
                ("code", "nonsense"),
                ("refresh_token", "nonsense"),
                ("redirect_uri", CALLBACK),
                ("code_verifier", VERIFIER),
                ("client_id", client),
            ];
            let proof = (client != "native").then(|| app.basic(client));
            let answer = app.post("/oauth/token", proof.as_deref(), &form).await;
            match (allowed.contains(&grant), grant) {
                (false, _) => assert_refused(&answer, 400, "unauthorized_client"),
                (true, "client_credentials") => assert_eq!(answer.status, 200),
                (true, _) => assert_refused(&answer, 400, "invalid_grant"),
            }
        }
        // Grants that do not exist here are nobody's (OA8).
        for grant in [
            "password",
            "implicit",
            "Authorization_Code",
            "urn:ietf:params:oauth:grant-type:device_code",
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ] {
            let form = [
                ("grant_type", grant),
                ("client_id", client),
                ("username", ALICE),
                ("password", testkit::app::PASSWORD),
            ];
            let proof = (client != "native").then(|| app.basic(client));
            let answer = app.post("/oauth/token", proof.as_deref(), &form).await;
            assert_refused(&answer, 400, "unsupported_grant_type");
        }
    }
    assert_refused(&app.token("service", &[]).await, 400, "invalid_request");
    assert!(refusals(&app, "default", EventKind::TokenRefused).await > 20);
}

async fn each_client_has_its_scopes(backend: Backend) {
    let app = TestApp::start(backend).await;
    let own: [(&str, &str, &[&str]); 3] = [
        (
            "service",
            "api.read api.write",
            &["rsp.admin", "openid", "api", "api.read rsp.admin", "API.READ"],
        ),
        ("admin", "rsp.admin", &["api.read", "rsp.admin openid", "rsp"]),
        (
            "web",
            "profile email address phone api.read",
            &["openid", "offline_access", "api.write", "rsp.admin"],
        ),
    ];
    for (client, all, foreign) in own {
        assert_eq!(client_credentials(&app, client, &[]).await.member("scope"), all);
        for scope in all.split(' ') {
            let answer = client_credentials(&app, client, &[("scope", scope)]).await;
            assert_eq!(answer.member("scope"), scope);
        }
        for scope in foreign {
            let answer = client_credentials(&app, client, &[("scope", scope)]).await;
            assert_refused(&answer, 400, "invalid_scope");
        }
    }
    let told = refusals(&app, "default", EventKind::TokenRefused).await;
    assert_eq!(told, 12);
    // With a person a foreign scope is left out, and the answer says so.
    let mut browser = app.browser();
    let answer = browser.tokens(ALICE, "openid rsp.admin api.read api.write").await;
    assert_eq!(answer.member("scope"), "openid api.read");
    let (_, claims) = read_jwt(&app, &answer.member("access_token"), "/oauth/jwks").await;
    assert_eq!(claims["scope"], "openid api.read");
}

/// Settings of `web`, scope, resources of the authorization request, resources of the token request, and `aud`.
type Row = (
    fn(&mut ClientSettings),
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);

const AUDIENCES: &[Row] = &[
    (|_| {}, "api.read", &[], &[], &[ISSUER]),
    (|_| {}, "openid", &[], &[], &[ISSUER]),
    (|_| {}, "api.read", &[API], &[], &[API]),
    (|_| {}, "openid api.read", &[API], &[], &[API, ISSUER]),
    (
        |_| {},
        "openid api.read",
        &[API, SECOND],
        &[],
        &[API, SECOND, ISSUER],
    ),
    (
        |_| {},
        "openid api.read",
        &[API, SECOND],
        &[SECOND],
        &[SECOND, ISSUER],
    ),
    (|_| {}, "api.read", &[API, API], &[API], &[API]),
    (default_resource, "api.read", &[], &[], &[SECOND]),
    (default_resource, "openid api.read", &[API], &[], &[API, ISSUER]),
    (resources_only, "openid api.read", &[API], &[], &[API]),
    (resources_only, "openid", &[], &[], &[ISSUER]),
];

fn default_resource(settings: &mut ClientSettings) {
    settings.default_resource = Some(Resource::parse(SECOND).unwrap());
}

fn resources_only(settings: &mut ClientSettings) {
    settings.audience = AudienceProfile::ResourcesOnly;
}

/// The code of a request with these resources.
async fn code_for(app: &TestApp, scope: &str, resources: &[&str]) -> String {
    use testkit::browser::query_value;
    let mut fields = vec![("scope", scope)];
    fields.extend(resources.iter().map(|resource| ("resource", *resource)));
    let answer = app.browser().authorize(ALICE, &fields).await;
    query_value(answer.header("location"), "code").unwrap_or_else(|| answer.header("location").to_owned())
}

async fn redeem_for(app: &TestApp, code: &str, resources: &[&str]) -> testkit::app::Answer {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    form.extend(resources.iter().map(|resource| ("resource", *resource)));
    app.token("web", &form).await
}

async fn the_audience_is_what_was_asked_for(backend: Backend) {
    let app = TestApp::start(backend).await;
    let plain = |settings: &mut ClientSettings| {
        settings.resources = vec![Resource::parse(API).unwrap(), Resource::parse(SECOND).unwrap()];
        settings.default_resource = None;
        settings.audience = AudienceProfile::IssuerWithOpenid;
    };
    for format in [AccessTokenFormat::Jwt, AccessTokenFormat::Opaque] {
        for (change, scope, asked, taken, expected) in AUDIENCES {
            app.change_client("default", "web", |settings| {
                plain(settings);
                change(settings);
                settings.access_token_format = format;
            })
            .await;
            let code = code_for(&app, scope, asked).await;
            let answer = redeem_for(&app, &code, taken).await;
            let tokens = Tokens::of(&answer);
            let seen = introspect(&app, "web", &tokens.access).await.json();
            assert_eq!(seen["aud"], json!(expected), "{scope} {asked:?} {taken:?}");
            if format == AccessTokenFormat::Jwt {
                let (_, claims) = read_jwt(&app, &tokens.access, "/oauth/jwks").await;
                let aud = match expected {
                    [one] => json!(one),
                    several => json!(several),
                };
                assert_eq!(claims["aud"], aud);
            }
            // Userinfo is this issuer's resource: a token for somewhere else does not open it.
            let opens = expected.contains(&ISSUER) && scope.contains("openid");
            assert_eq!(
                userinfo(&app, &tokens.access).await.status == 200,
                opens,
                "{expected:?}"
            );
        }
    }
}

async fn a_resource_that_is_not_the_clients_is_no_target(backend: Backend) {
    let app = TestApp::start(backend).await;
    for resource in [
        SECOND,
        "https://api.example.com/",
        "https://API.example.com",
        "https://api.example.com#x",
        "api",
        "javascript:x",
    ] {
        let answer = client_credentials(&app, "service", &[("resource", resource)]).await;
        assert_refused(&answer, 400, "invalid_target");
        let answer = client_credentials(&app, "service", &[("resource", API), ("resource", resource)]).await;
        assert_refused(&answer, 400, "invalid_target");
    }
    let answer = client_credentials(&app, "service", &[("resource", API)]).await;
    let (_, claims) = read_jwt(&app, &answer.member("access_token"), "/oauth/jwks").await;
    assert_eq!(claims["aud"], API);
    // What was not granted cannot be taken with the code, though the client could have asked for it; the code lives on.
    let code = code_for(&app, "api.read", &[]).await;
    assert_refused(&redeem_for(&app, &code, &[API]).await, 400, "invalid_target");
    assert_eq!(redeem_for(&app, &code, &[]).await.status, 200);
    // A client without any resource gets none.
    let answer = client_credentials(&app, "admin", &[("resource", API)]).await;
    assert_refused(&answer, 400, "invalid_target");
    assert!(refusals(&app, "default", EventKind::TokenRefused).await >= 14);
}

/// RFC 9068 section 2.2 over all grants, by both forms and by introspection.
async fn an_access_token_says_all_it_must(backend: Backend) {
    let app = TestApp::start(backend).await;
    let of_client = BTreeSet::from(["iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope"]);
    let mut of_person = of_client.clone();
    of_person.extend(["acr", "amr", "auth_time", "grant"]);
    let alice = app.user("default", ALICE).await.id.to_string();
    for format in [AccessTokenFormat::Jwt, AccessTokenFormat::Opaque] {
        for client in ["web", "service"] {
            app.change_client("default", client, |settings| {
                settings.access_token_format = format;
            })
            .await;
        }
        let by_code = Tokens::fresh(&app).await;
        let by_refresh = Tokens::of(&refresh(&app, "web", &by_code.refresh).await);
        let by_client = Tokens::of(&client_credentials(&app, "service", &[]).await);
        let rows = [
            ("web", &by_code, alice.as_str(), &of_person),
            ("web", &by_refresh, alice.as_str(), &of_person),
            ("service", &by_client, "service", &of_client),
        ];
        let mut ids = BTreeSet::new();
        for (client, tokens, sub, members) in rows {
            let seen = introspect(&app, client, &tokens.access).await.json();
            assert_eq!(seen["active"], true);
            assert_eq!((&seen["sub"], &seen["client_id"]), (&json!(sub), &json!(client)));
            assert_eq!(
                (&seen["iss"], &seen["token_type"]),
                (&json!(ISSUER), &json!("Bearer"))
            );
            assert_eq!(
                seen["exp"].as_i64().unwrap() - seen["iat"].as_i64().unwrap(),
                3_600
            );
            assert!(
                ids.insert(seen["jti"].as_str().unwrap().to_owned()),
                "a jti twice"
            );
            if format == AccessTokenFormat::Opaque {
                assert!(tokens.access.starts_with("rsp_at_"));
                continue;
            }
            let (header, claims) = read_jwt(&app, &tokens.access, "/oauth/jwks").await;
            assert_eq!(header.typ.as_deref(), Some("at+jwt"));
            let found: BTreeSet<&str> = claims.keys().map(String::as_str).collect();
            assert_eq!(&found, members);
            for member in ["sub", "client_id", "iss", "iat", "exp", "jti", "scope"] {
                assert_eq!(claims[member], seen[member], "{member}");
            }
        }
    }
}

/// The algorithm of access tokens is the client's, and that of ID tokens is another matter.
async fn each_client_has_its_algorithms(backend: Backend) {
    let app = TestApp::start(backend).await;
    let ctx = app.ctx("default");
    for alg in [SigningAlg::EdDSA, SigningAlg::PS256] {
        app.app.rotate_key(&ctx, alg, true).await.unwrap();
        app.change_client("default", "web", |settings| settings.access_token_alg = alg)
            .await;
        let tokens = Tokens::of(&app.browser().tokens(ALICE, ALL).await);
        let alg_of = |token: &str| {
            let header = jsonwebtoken::decode_header(token).unwrap();
            serde_json::to_value(header.alg).unwrap_or(Value::Null)
        };
        assert_eq!(alg_of(&tokens.access), json!(alg.as_str()));
        assert_eq!(alg_of(&tokens.id), json!("ES256"));
        read_jwt(&app, &tokens.access, "/oauth/jwks").await;
        assert_eq!(userinfo(&app, &tokens.access).await.status, 200);
    }
}

on_both_engines! {
    a_resource_that_is_not_the_clients_is_no_target
    an_access_token_says_all_it_must
    each_client_has_its_algorithms
    each_client_has_its_grants
    each_client_has_its_scopes
    the_audience_is_what_was_asked_for
}
