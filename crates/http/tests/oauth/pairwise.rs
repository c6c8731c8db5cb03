//! Pairwise subjects: who compares notes with another site finds nobody twice (JW12, OIDC Core section 8).

use std::collections::BTreeMap;

use domain::{
    AccessTokenFormat, AuthMethod, ClientId, ClientKind, ClientSettings, GrantType, RedirectUri, SubjectType,
};
use engine::clients::NewClient;
use testkit::Backend;
use testkit::app::TestApp;
use testkit::browser::{Browser, VERIFIER, authorize_path, query_value};

use crate::ask::{ALICE, ALL, BOB, Tokens, claims, introspect, userinfo};

/// Two clients of one host, one of another, all pairwise.
const CLIENTS: [(&str, &str); 3] = [
    ("shop", "https://shop.example.com/callback"),
    ("cart", "https://shop.example.com/cart/callback"),
    ("clinic", "https://clinic.example.net/callback"),
];

fn pairwise(id: &str, uris: &[&str], kind: ClientKind) -> NewClient {
    let uri = |text: &&str| RedirectUri::register(text, kind == ClientKind::Native).unwrap();
    NewClient {
        client_id: Some(id.parse::<ClientId>().unwrap()),
        name: id.to_owned(),
        kind,
        auth_method: match kind {
            ClientKind::Confidential => AuthMethod::ClientSecretBasic,
            ClientKind::Native | ClientKind::Spa => AuthMethod::None,
        },
        settings: ClientSettings {
            redirect_uris: uris.iter().map(uri).collect(),
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            scopes: ALL.parse().unwrap(),
            subject_type: SubjectType::Pairwise,
            id_token_alg: domain::SigningAlg::ES256,
            ..ClientSettings::default()
        },
    }
}

async fn furnished(backend: Backend) -> TestApp {
    let mut app = TestApp::start(backend).await;
    for (id, uri) in CLIENTS {
        app.add_client("default", pairwise(id, &[uri], ClientKind::Confidential))
            .await;
    }
    app
}

async fn tokens(
    app: &TestApp,
    browser: &mut Browser<'_>,
    person: &str,
    (client, uri): (&str, &str),
) -> Tokens {
    let asked = [("client_id", client), ("redirect_uri", uri), ("scope", ALL)];
    let code = browser.code(person, &asked).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", uri),
        ("code_verifier", VERIFIER),
    ];
    Tokens::of(&app.token(client, &form).await)
}

/// Everything that names the person to this client, all of it the same.
async fn subject(app: &TestApp, client: &str, tokens: &Tokens) -> String {
    let text = |told: &BTreeMap<String, serde_json::Value>| told["sub"].as_str().unwrap().to_owned();
    let sub = text(&claims(app, &tokens.id).await);
    assert_eq!(userinfo(app, &tokens.access).await.member("sub"), sub);
    for token in [&tokens.access, &tokens.refresh] {
        assert_eq!(introspect(app, client, token).await.member("sub"), sub);
    }
    sub
}

async fn each_host_knows_a_person_by_another_name(backend: Backend) {
    let app = furnished(backend).await;
    let mut seen: BTreeMap<(&str, &str), String> = BTreeMap::new();
    for person in [ALICE, BOB] {
        let id = app.user("default", person).await.id.to_string();
        let mut browser = app.browser();
        for (client, uri) in CLIENTS {
            for format in [AccessTokenFormat::Jwt, AccessTokenFormat::Opaque] {
                app.change_client("default", client, |settings| {
                    settings.access_token_format = format;
                })
                .await;
                let first = tokens(&app, &mut browser, person, (client, uri)).await;
                let sub = subject(&app, client, &first).await;
                assert_ne!(sub, id);
                // It stays the same when refreshed, and at the next sign-in.
                let form = [
                    ("grant_type", "refresh_token"),
                    ("refresh_token", first.refresh.as_str()),
                ];
                let next = Tokens::of(&app.token(client, &form).await);
                assert_eq!(subject(&app, client, &next).await, sub);
                assert_eq!(*seen.entry((person, client)).or_insert_with(|| sub.clone()), sub);
            }
        }
    }
    assert_eq!(
        seen[&(ALICE, "shop")],
        seen[&(ALICE, "cart")],
        "one host, one name"
    );
    assert_ne!(seen[&(ALICE, "shop")], seen[&(ALICE, "clinic")]);
    assert_ne!(seen[&(ALICE, "shop")], seen[&(BOB, "shop")]);
    // What is not pairwise goes on as before.
    let web = Tokens::of(&app.browser().tokens(ALICE, ALL).await);
    let id = app.user("default", ALICE).await.id.to_string();
    assert_eq!(claims(&app, &web.id).await["sub"], id);
}

async fn a_hint_is_understood(backend: Backend) {
    let app = furnished(backend).await;
    let (client, uri) = CLIENTS[0];
    let (mut alice, mut bob) = (app.browser(), app.browser());
    let own = tokens(&app, &mut alice, ALICE, (client, uri)).await;
    let bobs = tokens(&app, &mut bob, BOB, (client, uri)).await;
    let silent = |hint: &str| {
        authorize_path(&[
            ("client_id", client),
            ("redirect_uri", uri),
            ("scope", ALL),
            ("prompt", "none"),
            ("id_token_hint", hint),
        ])
    };
    let answer = alice.get(&silent(&own.id)).await;
    assert!(query_value(answer.header("location"), "code").is_some());
    let answer = alice.get(&silent(&bobs.id)).await;
    let error = query_value(answer.header("location"), "error");
    assert_eq!(error.as_deref(), Some("login_required"));
    // The same at logout: bob's hint in alice's browser has to be confirmed.
    let answer = alice
        .open(&format!("/oauth/logout?id_token_hint={}", bobs.id))
        .await;
    assert!(answer.text().contains("logout-form"), "{}", answer.text());
    let answer = alice
        .open(&format!("/oauth/logout?id_token_hint={}", own.id))
        .await;
    assert!(!answer.text().contains("logout-form"), "{}", answer.text());
}

async fn a_sector_is_one_host(backend: Backend) {
    let app = TestApp::start(backend).await;
    let ctx = app.ctx("default");
    let two = ["https://a.example.com/cb", "https://b.example.com/cb"];
    let one = ["https://a.example.com/cb", "https://a.example.com/other"];
    let confidential = ClientKind::Confidential;
    assert!(
        app.app
            .create_client(&ctx, pairwise("two", &two, confidential))
            .await
            .is_err()
    );
    let native = pairwise("app", &["http://127.0.0.1/callback"], ClientKind::Native);
    assert!(app.app.create_client(&ctx, native).await.is_err());
    assert!(
        app.app
            .create_client(&ctx, pairwise("one", &one, confidential))
            .await
            .is_ok()
    );
}

on_both_engines! {
    a_hint_is_understood
    a_sector_is_one_host
    each_host_knows_a_person_by_another_name
}
