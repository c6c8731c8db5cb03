//! The world the OpenID Foundation's suite expects: RS256, no PKCE but a nonce, two clients, a person of whom everything
//! is known.

use domain::{
    Address, AuthMethod, ClientKind, ClientSettings, GrantType, PkceRule, Profile, RedirectUri, Secret,
    SigningAlg,
};
use engine::clients::NewClient;
use engine::users::NewUser;
use serde_json::Value;
use testkit::Backend;
use testkit::app::{Answer, CALLBACK, PASSWORD, TestApp, encode};
use testkit::browser::{Browser, query_value};

use crate::ask::userinfo;

pub(crate) const USER: &str = "carol@example.com";

fn carol() -> NewUser {
    let text = |text: &str| Some(text.to_owned());
    let profile = Profile {
        name: text("Carol Example"),
        given_name: text("Carol"),
        family_name: text("Example"),
        nickname: text("caro"),
        preferred_username: text("carol"),
        website: text("https://carol.example"),
        birthdate: text("1990-01-02"),
        zoneinfo: text("Europe/Berlin"),
        locale: text("de-DE"),
        phone_number: text("+49301234567"),
        phone_number_verified: true,
        address: Some(Address {
            formatted: text("Weg 1\n10115 Berlin"),
            locality: text("Berlin"),
            country: text("Germany"),
            ..Address::default()
        }),
        ..Profile::default()
    };
    NewUser {
        email: USER.parse().unwrap(),
        email_verified: true,
        profile,
        password: Some(Secret::new(PASSWORD.to_owned())),
    }
}

fn suite_client(id: &str, auth_method: AuthMethod) -> NewClient {
    NewClient {
        client_id: Some(id.parse().unwrap()),
        name: id.to_owned(),
        kind: ClientKind::Confidential,
        auth_method,
        settings: ClientSettings {
            redirect_uris: vec![RedirectUri::register(CALLBACK, false).unwrap()],
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            scopes: "openid profile email address phone offline_access"
                .parse()
                .unwrap(),
            pkce: PkceRule::Optional,
            ..ClientSettings::default()
        },
    }
}

pub(crate) async fn start(backend: Backend) -> TestApp {
    let mut app = TestApp::start(backend).await;
    let ctx = app.ctx("default");
    app.app.rotate_key(&ctx, SigningAlg::RS256, true).await.unwrap();
    app.app.create_user(&ctx, carol()).await.unwrap();
    app.add_client("default", suite_client("suite-a", AuthMethod::ClientSecretBasic))
        .await;
    app.add_client("default", suite_client("suite-b", AuthMethod::ClientSecretPost))
        .await;
    app
}

/// The suite's usual request with parameters replaced or added; an empty value removes.
pub(crate) fn path(extra: &[(&str, &str)]) -> String {
    let usual = [
        ("client_id", "suite-a"),
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid"),
        ("state", "st"),
        ("nonce", "no"),
    ];
    let mut all: Vec<(&str, &str)> = usual
        .into_iter()
        .filter(|(name, _)| !extra.iter().any(|(other, _)| other == name))
        .collect();
    all.extend(extra.iter().filter(|(_, value)| !value.is_empty()));
    format!("/oauth/authorize?{}", encode(&all))
}

pub(crate) async fn code(browser: &mut Browser<'_>, extra: &[(&str, &str)]) -> String {
    let answer = browser.walk(&path(extra), USER).await;
    assert_eq!(
        query_value(answer.header("location"), "state").as_deref(),
        Some("st")
    );
    query_value(answer.header("location"), "code").unwrap_or_default()
}

pub(crate) async fn redeem(app: &TestApp, code: &str) -> Answer {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
    ];
    app.token("suite-a", &form).await
}

pub(crate) async fn person(app: &TestApp, scope: &str, extra: &[(&str, &str)]) -> Value {
    let mut fields = vec![("scope", scope)];
    fields.extend(extra);
    let code = code(&mut app.browser(), &fields).await;
    let token = redeem(app, &code).await.member("access_token");
    userinfo(app, &token).await.json()
}
