//! The clients every tenant of a [`super::TestApp`] has.

use domain::{AuthMethod, ClientKind, ClientSettings, GrantType, RedirectUri, Resource, SigningAlg};
use engine::clients::NewClient;

use super::{API, CALLBACK};

#[expect(clippy::expect_used, reason = "only called by tests")]
pub(super) fn sample_clients() -> Vec<NewClient> {
    use GrantType::{AuthorizationCode, ClientCredentials, RefreshToken};
    let api = Resource::parse(API).expect("a resource");
    let uri = |text: &str, native| RedirectUri::register(text, native).expect("a redirect URI");
    let scopes = |text: &str| text.parse().expect("scopes");
    let people = ClientSettings {
        grant_types: vec![AuthorizationCode, RefreshToken],
        scopes: scopes("openid profile email address phone offline_access api.read"),
        resources: vec![api.clone()],
        id_token_alg: SigningAlg::ES256,
        ..ClientSettings::default()
    };
    let web = ClientSettings {
        redirect_uris: vec![uri(CALLBACK, false)],
        post_logout_redirect_uris: vec![uri("https://web.example.com/bye", false)],
        grant_types: vec![AuthorizationCode, RefreshToken, ClientCredentials],
        ..people.clone()
    };
    let native = ClientSettings {
        redirect_uris: vec![uri("http://127.0.0.1/callback", true)],
        ..people
    };
    let service = ClientSettings {
        grant_types: vec![ClientCredentials],
        scopes: scopes("api.read api.write"),
        resources: vec![api.clone()],
        ..ClientSettings::default()
    };
    let resource_server = ClientSettings {
        resource: Some(api),
        ..ClientSettings::default()
    };
    let admin = ClientSettings {
        grant_types: vec![ClientCredentials],
        scopes: scopes("rsp.admin"),
        ..ClientSettings::default()
    };
    let client = |name: &str, kind: ClientKind, settings| NewClient {
        client_id: Some(name.parse().expect("a client id")),
        name: name.to_owned(),
        kind,
        auth_method: if kind.is_public() {
            AuthMethod::None
        } else {
            AuthMethod::ClientSecretBasic
        },
        settings,
    };
    vec![
        client("web", ClientKind::Confidential, web),
        client("native", ClientKind::Native, native),
        client("service", ClientKind::Confidential, service),
        client("api", ClientKind::Confidential, resource_server),
        client("admin", ClientKind::Confidential, admin),
    ]
}
