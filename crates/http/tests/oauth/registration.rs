//! What cannot be registered, by the one way that takes it from outside (OA3, OA19, A3, A5).

use serde_json::{Value, json};
use testkit::Backend;
use testkit::app::{Answer, TestApp};

use crate::ask::{ALICE, client_credentials, request};

async fn create(app: &TestApp, bearer: &str, id: &str, kind: &str, settings: Value) -> Answer {
    let auth = if kind == "confidential" {
        "client_secret_basic"
    } else {
        "none"
    };
    let body = json!({
        "client_id": id, "name": "probe", "kind": kind, "token_endpoint_auth_method": auth, "settings": settings,
    });
    let headers = [("authorization", bearer), ("content-type", "application/json")];
    request(app, ("POST", "/admin/v1/clients"), &headers, body.to_string()).await
}

async fn start(backend: Backend) -> (TestApp, String) {
    let app = TestApp::start(backend).await;
    let token = client_credentials(&app, "admin", &[])
        .await
        .member("access_token");
    (app, format!("Bearer {token}"))
}

/// Refused in every field that takes a URI.
const NOWHERE: &[&str] = &[
    "javascript:alert(1)",
    "jAvAsCrIpT:alert(1)",
    "JAVASCRIPT://x.example/%0aalert(1)",
    "data:text/html,x",
    "DATA:text/html,x",
    "blob:https://x.example/y",
    "vbscript:x",
    "file:///etc/passwd",
    " https://x.example/cb",
    "\thttps://x.example/cb",
    "\u{0}https://x.example/cb",
    "https://x.example/cb\n",
    "https://x.example/c b",
    "https://x.example/\u{430}",
    "https://x.example/cb#f",
    "https://user@x.example/cb",
    "https://x.example\\cb",
    "",
    "x",
    "/cb",
    "//x.example/cb",
];
/// Refused where a browser is sent to.
const NO_RETURN: &[&str] = &[
    "http://x.example/cb",
    "http://127.0.0.2/cb",
    "http://localhost.x.example/cb",
    "https://",
    "https://*",
    "https://x.example./cb",
    "https://xn--x-.example/cb",
    "https://X.example/cb",
    "HTTPS://x.example/cb",
    "https://x.example:443/cb",
    "https://x.example/../cb",
    "myapp:/cb",
    "urn:ietf:wg:oauth:2.0:oob",
    "ftp://x.example/cb",
    ".*",
];

async fn no_dangerous_uri_is_kept(backend: Backend) {
    let (app, bearer) = start(backend).await;
    let all = NOWHERE.iter().chain(NO_RETURN);
    for uri in all {
        for kind in ["confidential", "spa", "native"] {
            let redirect = json!({ "redirect_uris": [uri], "grant_types": ["authorization_code"] });
            let logout = json!({ "post_logout_redirect_uris": ["https://x.example/fine", uri] });
            for settings in [redirect, logout] {
                let answer = create(&app, &bearer, "probe", kind, settings).await;
                // A native client's own scheme has a dot; nothing here has.
                assert_eq!(answer.status, 400, "{uri:?} for {kind}: {}", answer.text());
                assert!(!answer.text().contains("alert"), "nothing is repeated");
            }
        }
    }
    for uri in NOWHERE {
        for settings in [
            json!({ "logo_uri": uri }),
            json!({ "policy_uri": uri }),
            json!({ "tos_uri": uri }),
            json!({ "resources": [uri] }),
            json!({ "resource": uri }),
            json!({ "default_resource": uri }),
            json!({ "allowed_origins": [uri] }),
        ] {
            let answer = create(&app, &bearer, "probe", "confidential", settings.clone()).await;
            assert_eq!(answer.status, 400, "{settings}");
        }
    }
    let headers = [("authorization", bearer.as_str())];
    let answer = request(&app, ("GET", "/admin/v1/clients/probe"), &headers, "").await;
    assert_eq!(answer.status, 404, "nothing was kept");
}

async fn what_is_fine_is_kept_as_written(backend: Backend) {
    let (app, bearer) = start(backend).await;
    for (n, (kind, uri)) in [
        ("confidential", "https://x.example/cb"),
        ("confidential", "https://x.example"),
        ("confidential", "https://x.example/cb?tenant=1"),
        ("confidential", "https://x.example:8443/cb"),
        ("confidential", "https://xn--mnchen-3ya.example/cb"),
        ("confidential", "http://127.0.0.1:9999/cb"),
        ("spa", "http://localhost:3000/cb"),
        ("native", "http://127.0.0.1/cb"),
        ("native", "http://[::1]/cb"),
        ("native", "com.example.app:/cb"),
    ]
    .into_iter()
    .enumerate()
    {
        let settings = json!({
            "redirect_uris": [uri], "grant_types": ["authorization_code"],
            "policy_uri": "https://x.example/policy", "resources": ["https://api.x.example"],
        });
        let answer = create(&app, &bearer, &format!("probe-{n}"), kind, settings).await;
        assert_eq!(answer.status, 201, "{uri}: {}", answer.text());
        assert_eq!(answer.json()["settings"]["redirect_uris"], json!([uri]));
    }
}

/// Client ids and people's ids are apart (OA19), and no field is taken that is not known.
async fn ids_are_apart_and_fields_are_known(backend: Backend) {
    let (app, bearer) = start(backend).await;
    let sub = app.user("default", ALICE).await.id.to_string();
    let upper = sub.to_uppercase();
    let bare = sub.replace('-', "");
    for id in [
        sub.as_str(),
        &upper,
        &bare,
        "",
        "we b",
        "web\u{0}",
        "wéb",
        "web/..",
        &"x".repeat(101),
    ] {
        let answer = create(&app, &bearer, id, "confidential", json!({})).await;
        assert_eq!(answer.status, 400, "{id:?}");
    }
    assert_eq!(
        create(&app, &bearer, "web", "confidential", json!({}))
            .await
            .status,
        409
    );
    for settings in [
        json!({ "admin": true }),
        json!({ "secret_hash": "x" }),
        json!({ "tenant_id": "acme" }),
        json!({ "grant_types": ["password"] }),
        json!({ "grant_types": ["implicit"] }),
        json!({ "id_token_alg": "none" }),
        json!({ "id_token_alg": "HS256" }),
        json!({ "pkce": "plain" }),
        json!({ "access_token_secs": 86_401 }),
        json!({ "access_token_secs": -1 }),
        json!({ "leeway_secs": 61 }),
    ] {
        let answer = create(&app, &bearer, "probe", "confidential", settings.clone()).await;
        assert_eq!(answer.status, 400, "{settings}");
    }
    for settings in [
        json!({ "grant_types": ["client_credentials"] }),
        json!({ "pkce": "optional" }),
        json!({ "pkce": "or_nonce" }),
        json!({ "consent": "implied" }),
        json!({ "may_introspect": true }),
    ] {
        for kind in ["native", "spa"] {
            let answer = create(&app, &bearer, "probe", kind, settings.clone()).await;
            assert_eq!(answer.status, 400, "{settings} for {kind}");
        }
        assert_eq!(
            create(&app, &bearer, "probe", "confidential", settings.clone())
                .await
                .status
                == 201,
            settings == json!({ "grant_types": ["client_credentials"] }),
            "the first makes it, the others find the id taken"
        );
    }
}

on_both_engines! {
    ids_are_apart_and_fields_are_known
    no_dangerous_uri_is_kept
    what_is_fine_is_kept_as_written
}
