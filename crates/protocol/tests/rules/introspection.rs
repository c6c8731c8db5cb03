use std::time::Duration;

use domain::{ClientId, ClientKind, Resource};
use protocol::access_token::AccessTokenClaims;
use protocol::introspection::{
    ActiveToken, IntrospectionRequest, IntrospectionResponse, TokenTypeHint, may_see,
};
use protocol::revocation::RevocationRequest;
use serde_json::json;

use crate::make::{API, NOW, client, issuer, params};

#[test]
fn requests_need_a_token_and_ignore_unknown_hints() {
    for (hint, expected) in [
        ("access_token", Some(TokenTypeHint::AccessToken)),
        ("refresh_token", Some(TokenTypeHint::RefreshToken)),
        ("id_token", None),
        ("", None),
    ] {
        let form = params(&[("token", "t"), ("token_type_hint", hint)]);
        let seen = IntrospectionRequest::parse(&form).unwrap();
        assert_eq!((seen.token.expose().as_str(), seen.hint), ("t", expected));
        assert_eq!(RevocationRequest::parse(&form).unwrap().hint, expected);
    }
    assert!(IntrospectionRequest::parse(&params(&[("token", "")])).is_err());
    assert!(RevocationRequest::parse(&params(&[])).is_err());
}

/// Whoever may not see a token gets the very same bytes as for no token at all (D4).
#[test]
fn inactive_says_nothing_else() {
    assert_eq!(
        serde_json::to_string(&IntrospectionResponse::Inactive).unwrap(),
        r#"{"active":false}"#
    );
}

#[test]
fn active_tells_the_claims() {
    let claims = AccessTokenClaims {
        iss: issuer(),
        sub: "web".to_owned(),
        aud: vec![API.to_owned()],
        client_id: "web".parse().unwrap(),
        iat: NOW,
        exp: NOW.plus(Duration::from_mins(1)),
        jti: "j".to_owned(),
        scope: "api.read".parse().unwrap(),
        acr: None,
        amr: vec![],
        auth_time: None,
        grant: Some("01970000-0000-7000-8000-00000000000a".parse().unwrap()),
    };
    let told = |token| serde_json::to_value(IntrospectionResponse::Active(Box::new(token))).unwrap();
    let expected = json!({
        "active": true, "token_type": "Bearer", "iss": issuer(), "sub": "web", "aud": [API], "client_id": "web",
        "iat": NOW.secs(), "exp": NOW.secs() + 60, "jti": "j", "scope": "api.read",
    });
    assert_eq!(told(ActiveToken::access(claims.clone())), expected);
    assert!(told(ActiveToken::refresh(claims)).get("token_type").is_none());
}

#[test]
fn only_the_right_clients_may_see_a_token() {
    let asker = client(ClientKind::Confidential);
    let other: ClientId = "other".parse().unwrap();
    let aud = [API.to_owned()];
    assert!(
        may_see(&asker, &asker.client_id, &aud),
        "the client it was issued to"
    );
    assert!(!may_see(&asker, &other, &aud), "any other client");
    let mut api = asker.clone();
    api.settings.resource = Some(Resource::parse(API).unwrap());
    assert!(may_see(&api, &other, &aud), "the resource it is for");
    assert!(
        !may_see(&api, &other, &["https://api.example.com/".to_owned()]),
        "another resource"
    );
    let mut gateway = asker;
    gateway.settings.may_introspect = true;
    assert!(may_see(&gateway, &other, &[]), "a client with the permission");
}
