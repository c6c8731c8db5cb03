use std::time::Duration;

use domain::{Acr, SigningAlg};
use protocol::access_token::AccessTokenClaims;
use protocol::id_token::Hint;
use protocol::jose::{ClaimError, JoseError};
use serde_json::{Value, json};

use crate::make::{API, KEYS, NOW, issuer, key, verifying_keys};

fn person() -> AccessTokenClaims {
    AccessTokenClaims {
        iss: issuer(),
        sub: "01970000-0000-7000-8000-000000000001".to_owned(),
        aud: vec![API.to_owned(), issuer().to_string()],
        client_id: "web".parse().unwrap(),
        iat: NOW,
        exp: NOW.plus(Duration::from_hours(1)),
        jti: "j-1".to_owned(),
        scope: "openid email".parse().unwrap(),
        acr: Some(Acr::Aal1),
        amr: vec!["pwd".to_owned()],
        auth_time: Some(NOW.minus(Duration::from_mins(1))),
        grant: Some("01970000-0000-7000-8000-00000000000a".parse().unwrap()),
    }
}

fn service() -> AccessTokenClaims {
    AccessTokenClaims {
        sub: "web".to_owned(),
        aud: vec![API.to_owned()],
        scope: domain::Scopes::none(),
        acr: None,
        amr: vec![],
        auth_time: None,
        grant: None,
        ..person()
    }
}

fn verify(token: &str, at: domain::Timestamp) -> Result<AccessTokenClaims, JoseError> {
    AccessTokenClaims::verify(token, &issuer(), &verifying_keys(), at, Duration::ZERO)
}

#[test]
fn the_claims_are_those_of_the_profile() {
    let expected = json!({
        "iss": "https://id.example.com/t/acme",
        "sub": "01970000-0000-7000-8000-000000000001",
        "aud": [API, "https://id.example.com/t/acme"],
        "client_id": "web",
        "iat": 1_800_000_000, "exp": 1_800_003_600,
        "jti": "j-1",
        "scope": "openid email",
        "acr": "aal1", "amr": ["pwd"], "auth_time": 1_799_999_940,
        "grant": "01970000-0000-7000-8000-00000000000a",
    });
    assert_eq!(serde_json::to_value(person()).unwrap(), expected);
    let own: Value = serde_json::to_value(service()).unwrap();
    assert_eq!(
        (&own["sub"], &own["aud"], &own["scope"]),
        (&json!("web"), &json!(API), &json!(""))
    );
    assert!(
        ["acr", "amr", "auth_time", "grant"]
            .iter()
            .all(|name| own.get(name).is_none())
    );
}

#[test]
fn a_signed_token_says_what_was_put_in() {
    for claims in [person(), service()] {
        for key in KEYS.iter() {
            let token = claims.sign(key).unwrap();
            let keys = vec![key.verifying_key().unwrap()];
            let read = AccessTokenClaims::verify(&token, &issuer(), &keys, NOW, Duration::ZERO).unwrap();
            assert_eq!(read, claims);
        }
    }
    assert!(person().is_for(API) && !person().is_for("https://api.example.com/"));
}

#[test]
fn issuer_and_times_are_checked() {
    let token = person().sign(key(SigningAlg::ES256)).unwrap();
    assert!(verify(&token, person().exp.minus(Duration::from_secs(1))).is_ok());
    assert_eq!(verify(&token, person().exp), Err(ClaimError::Expired.into()));
    assert_eq!(
        verify(&token, NOW.minus(Duration::from_secs(1))),
        Err(ClaimError::NotYet.into())
    );
    let other = domain::Issuer::new("https://id.example.com", "");
    let read = AccessTokenClaims::verify(&token, &other, &verifying_keys(), NOW, Duration::ZERO);
    assert_eq!(read, Err(ClaimError::Issuer.into()));
}

#[test]
fn an_access_token_is_no_hint() {
    let token = service().sign(key(SigningAlg::ES256)).unwrap();
    assert_eq!(
        Hint::verify(&token, &issuer(), &verifying_keys()),
        Err(JoseError::Type)
    );
}
