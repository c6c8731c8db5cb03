use domain::{ClientKind, GrantType, Scopes};
use proptest::prelude::*;
use protocol::ErrorCode::{
    self, InvalidGrant, InvalidRequest, InvalidScope, InvalidTarget, UnauthorizedClient, UnsupportedGrantType,
};
use protocol::token::{
    TokenGrant, TokenRequest, TokenResponse, check_redirect_uri, narrow, scopes_for_client_credentials,
};

use crate::make::{API, client, params};

fn parse(form: &[(&str, &str)]) -> Result<TokenGrant, ErrorCode> {
    TokenRequest::parse(&params(form)).map_err(|error| error.code)
}

fn scopes(text: &str) -> Scopes {
    text.parse().unwrap()
}

#[test]
fn each_grant_is_read() {
    let code = parse(&[
        ("grant_type", "authorization_code"),
        ("code", "c"),
        ("redirect_uri", "https://a"),
        ("code_verifier", "v"),
    ]);
    let TokenGrant::AuthorizationCode {
        code,
        redirect_uri,
        code_verifier,
        resources,
    } = code.unwrap()
    else {
        panic!("another grant");
    };
    assert_eq!(
        (code.expose().as_str(), redirect_uri.as_deref()),
        ("c", Some("https://a"))
    );
    assert_eq!(code_verifier.unwrap().expose(), "v");
    assert!(resources.is_empty());

    let refresh = parse(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", "r"),
        ("scope", "a b"),
        ("resource", API),
    ]);
    let TokenGrant::RefreshToken {
        token,
        scope,
        resources,
    } = refresh.unwrap()
    else {
        panic!("another grant")
    };
    assert_eq!((token.expose().as_str(), scope), ("r", Some(scopes("a b"))));
    assert_eq!(resources.len(), 1);

    let own = parse(&[("grant_type", "client_credentials")]).unwrap();
    assert_eq!(
        own,
        TokenGrant::ClientCredentials {
            scope: None,
            resources: vec![]
        }
    );
    assert_eq!(own.grant_type(), GrantType::ClientCredentials);
}

#[test]
fn what_is_missing_or_malformed_is_refused() {
    assert_eq!(parse(&[]).unwrap_err(), InvalidRequest);
    assert_eq!(
        parse(&[("grant_type", "authorization_code")]).unwrap_err(),
        InvalidRequest
    );
    assert_eq!(
        parse(&[("grant_type", "refresh_token")]).unwrap_err(),
        InvalidRequest
    );
    for other in [
        "password",
        "implicit",
        "Authorization_Code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ] {
        assert_eq!(
            parse(&[("grant_type", other), ("username", "u")]).unwrap_err(),
            UnsupportedGrantType,
            "{other}"
        );
    }
    assert_eq!(
        parse(&[("grant_type", "client_credentials"), ("scope", "a\"b")]).unwrap_err(),
        InvalidScope
    );
    assert_eq!(
        parse(&[("grant_type", "client_credentials"), ("resource", "x")]).unwrap_err(),
        InvalidTarget
    );
}

#[test]
fn a_client_may_use_its_own_grants_only() {
    let grant = parse(&[("grant_type", "client_credentials")]).unwrap();
    let mut client = client(ClientKind::Confidential);
    assert_eq!(grant.permitted(&client), Ok(()));
    client.settings.grant_types = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
    assert_eq!(grant.permitted(&client).unwrap_err().code, UnauthorizedClient);
}

#[test]
fn a_code_is_bound_to_its_redirect_uri() {
    let check =
        |sent, presented| check_redirect_uri("https://a/cb", sent, presented).map_err(|error| error.code);
    assert_eq!(check(true, Some("https://a/cb")), Ok(()));
    assert_eq!(check(false, Some("https://a/cb")), Ok(()));
    assert_eq!(check(false, None), Ok(()));
    assert_eq!(check(true, None), Err(InvalidGrant));
    assert_eq!(check(true, Some("https://a/cb/")), Err(InvalidGrant));
    assert_eq!(check(false, Some("https://b/cb")), Err(InvalidGrant));
}

#[test]
fn a_client_s_own_token_has_no_person_s_scopes_and_no_foreign_ones() {
    let client = client(ClientKind::Confidential);
    let own = |requested: Option<&str>| {
        scopes_for_client_credentials(&client, requested.map(scopes).as_ref())
            .map(|s| s.to_string())
            .map_err(|e| e.code)
    };
    assert_eq!(own(None).unwrap(), "profile email address phone api.read");
    assert_eq!(own(Some("api.read")).unwrap(), "api.read");
    for bad in [
        "openid",
        "offline_access",
        "rsp.admin",
        "api.read rsp.admin",
        "api.read openid",
        "API.READ",
    ] {
        assert_eq!(own(Some(bad)), Err(InvalidScope), "{bad}");
    }
}

#[test]
fn a_refreshed_token_never_has_more() {
    let granted = scopes("openid email");
    assert_eq!(narrow(&granted, None).unwrap(), granted);
    assert_eq!(narrow(&granted, Some(&scopes("email"))).unwrap(), scopes("email"));
    assert_eq!(
        narrow(&granted, Some(&scopes("email profile"))).unwrap_err().code,
        InvalidScope
    );
}

#[test]
fn the_answer_has_the_members_of_the_standard_and_is_not_shown() {
    let answer = TokenResponse::bearer("geheim".to_owned(), 3_600, scopes("openid"));
    let json = serde_json::to_value(&answer).unwrap();
    let expected = serde_json::json!({
        "access_token": "geheim", "token_type": "Bearer", "expires_in": 3600, "scope": "openid"
    });
    assert_eq!(json, expected);
    assert!(!format!("{answer:?}").contains("geheim"));
}

proptest! {
    #[test]
    fn narrowing_gives_a_subset_or_nothing(granted in "([abc] ?){0,4}", requested in "([abcd] ?){0,4}") {
        let (granted, requested) = (scopes(&granted), scopes(&requested));
        match narrow(&granted, Some(&requested)) {
            Ok(narrowed) => prop_assert!(narrowed.is_subset_of(&granted) && narrowed == requested),
            Err(_) => prop_assert!(!requested.is_subset_of(&granted)),
        }
    }

    #[test]
    fn never_panics(values in proptest::collection::vec(".{1,40}", 5)) {
        for grant in GrantType::ALL {
            let names = ["code", "refresh_token", "scope", "resource", "code_verifier"];
            let mut form = vec![("grant_type", grant.as_str())];
            form.extend(names.iter().zip(&values).map(|(name, value)| (*name, value.as_str())));
            if let Ok(params) = protocol::Params::parse_form(crate::make::form(&form).as_bytes()) {
                std::hint::black_box(TokenRequest::parse(&params).is_ok());
            }
        }
    }
}
