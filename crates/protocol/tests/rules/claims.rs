use std::time::Duration;

use domain::SigningAlg;
use protocol::access_token::AccessTokenClaims;
use protocol::id_token::Hint;
use protocol::jose::claims::{
    audience, check_times, optional_string, require_audience, require_issuer, require_time,
};
use protocol::jose::{ClaimError, Claims, JoseError};
use serde_json::{Value, json};

use crate::make::{NOW, issuer, key, signed, verifying_keys};

const MINUTE: Duration = Duration::from_mins(1);

fn claims(value: &Value) -> Claims {
    value.as_object().unwrap().clone()
}

#[test]
fn times_hold_with_a_minute_of_leeway_at_most() {
    let now = NOW.secs();
    let check = |value: Value, leeway| check_times(&claims(&value), NOW, leeway);
    assert_eq!(
        check(json!({ "exp": now + 1, "iat": now }), Duration::ZERO),
        Ok(())
    );
    assert_eq!(
        check(json!({ "exp": now, "iat": now - 9 }), Duration::ZERO),
        Err(ClaimError::Expired)
    );
    assert_eq!(check(json!({ "exp": now - 59, "iat": 0 }), MINUTE), Ok(()));
    assert_eq!(
        check(json!({ "exp": now - 60, "iat": 0 }), MINUTE),
        Err(ClaimError::Expired)
    );
    assert_eq!(
        check(json!({ "exp": now - 60, "iat": 0 }), Duration::MAX),
        Err(ClaimError::Expired),
        "leeway is capped"
    );
    assert_eq!(check(json!({ "exp": now + 99, "iat": now + 60 }), MINUTE), Ok(()));
    assert_eq!(
        check(json!({ "exp": now + 99, "iat": now + 61 }), MINUTE),
        Err(ClaimError::NotYet)
    );
    assert_eq!(
        check(json!({ "exp": now + 99, "iat": now, "nbf": now + 61 }), MINUTE),
        Err(ClaimError::NotYet)
    );
    assert_eq!(
        check(json!({ "exp": now + 99, "iat": now, "nbf": now }), Duration::ZERO),
        Ok(())
    );
    assert_eq!(
        check(json!({ "iat": now }), MINUTE),
        Err(ClaimError::Missing("exp"))
    );
    assert_eq!(
        check(json!({ "exp": now + 1 }), MINUTE),
        Err(ClaimError::Missing("iat"))
    );
}

/// A claim of the wrong type was treated as absent elsewhere (C3).
#[test]
fn a_time_of_the_wrong_type_is_refused() {
    for bad in [
        json!("1800000001"),
        json!(null),
        json!([1]),
        json!(-1),
        json!(1.5),
        json!(true),
        json!({}),
        json!(u64::MAX),
        json!(i64::MAX),
    ] {
        for name in ["exp", "iat", "nbf"] {
            let mut value = json!({ "exp": NOW.secs() + 9, "iat": NOW.secs(), "nbf": NOW.secs() });
            value[name] = bad.clone();
            assert_eq!(
                check_times(&claims(&value), NOW, MINUTE),
                Err(ClaimError::Type(name)),
                "{name} {bad}"
            );
        }
    }
    assert!(require_time(&claims(&json!({ "exp": 0 })), "exp").is_ok());
}

#[test]
fn issuer_and_audience_are_exact() {
    let iss = issuer();
    for (value, expected) in [
        (json!({ "iss": iss.as_str() }), Ok(())),
        (
            json!({ "iss": format!("{}/", iss.as_str()) }),
            Err(ClaimError::Issuer),
        ),
        (
            json!({ "iss": iss.as_str().to_uppercase() }),
            Err(ClaimError::Issuer),
        ),
        (json!({ "iss": [iss.as_str()] }), Err(ClaimError::Type("iss"))),
        (json!({ "iss": null }), Err(ClaimError::Type("iss"))),
        (json!({ "iss": "" }), Err(ClaimError::Type("iss"))),
        (json!({}), Err(ClaimError::Missing("iss"))),
    ] {
        assert_eq!(require_issuer(&claims(&value), &iss), expected, "{value}");
    }
    for (value, expected) in [
        (json!({ "aud": "a" }), Ok(())),
        (json!({ "aud": ["b", "a"] }), Ok(())),
        (json!({ "aud": "A" }), Err(ClaimError::Audience)),
        (json!({ "aud": "a b" }), Err(ClaimError::Audience)),
        (json!({ "aud": [] }), Err(ClaimError::Type("aud"))),
        (json!({ "aud": ["a", 1] }), Err(ClaimError::Type("aud"))),
        (json!({ "aud": ["a", ""] }), Err(ClaimError::Type("aud"))),
        (json!({ "aud": { "a": "a" } }), Err(ClaimError::Type("aud"))),
        (json!({ "aud": null }), Err(ClaimError::Type("aud"))),
        (json!({ "aud": 1 }), Err(ClaimError::Type("aud"))),
        (json!({}), Err(ClaimError::Missing("aud"))),
    ] {
        assert_eq!(require_audience(&claims(&value), "a"), expected, "{value}");
    }
    assert_eq!(
        audience(&claims(&json!({ "aud": "x" }))),
        Ok(vec!["x".to_owned()])
    );
    assert_eq!(
        optional_string(&claims(&json!({ "sid": 1 })), "sid"),
        Err(ClaimError::Type("sid"))
    );
    assert_eq!(optional_string(&claims(&json!({})), "sid"), Ok(None));
}

/// The same at the door: truly signed tokens with one claim made wrong, as access token and as ID token hint.
#[test]
fn a_signed_token_with_a_wrong_claim_is_refused() {
    let header = |typ: &str| {
        format!(
            r#"{{"alg":"EdDSA","typ":"{typ}","kid":"{}"}}"#,
            key(SigningAlg::EdDSA).kid()
        )
    };
    let (iss, keys, now) = (issuer(), verifying_keys(), NOW.secs());
    let person = "01970000-0000-7000-8000-000000000001";
    let honest = json!({
        "iss": iss, "sub": person, "aud": "web", "client_id": "web", "iat": now, "exp": now + 60, "jti": "j", "scope": "a"
    });
    let access = |payload: &str| {
        AccessTokenClaims::verify(&signed(&header("at+jwt"), payload), &iss, &keys, NOW, MINUTE).map(|_| ())
    };
    let hint = |payload: &str| Hint::verify(&signed(&header("JWT"), payload), &iss, &keys).map(|_| ());
    assert_eq!(access(&honest.to_string()), Ok(()));
    assert_eq!(hint(&honest.to_string()), Ok(()));
    let wrong = [
        json!(null),
        json!([]),
        json!([null]),
        json!({}),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(""),
    ];
    for name in [
        "iss",
        "sub",
        "aud",
        "client_id",
        "iat",
        "exp",
        "jti",
        "scope",
        "acr",
        "amr",
        "auth_time",
        "grant",
        "nbf",
    ] {
        for value in &wrong {
            let harmless = (name == "scope" && value == &json!("")) || (name == "amr" && value == &json!([]));
            let mut payload = honest.clone();
            payload[name] = value.clone();
            assert_eq!(access(&payload.to_string()).is_ok(), harmless, "{name} {value}");
            if matches!(name, "iss" | "sub" | "aud" | "iat" | "exp") {
                assert!(hint(&payload.to_string()).is_err(), "{name} {value}");
            }
        }
    }
    for name in ["iss", "sub", "aud", "client_id", "iat", "exp", "jti", "scope"] {
        let mut payload = honest.clone();
        payload.as_object_mut().unwrap().remove(name);
        assert!(access(&payload.to_string()).is_err(), "without {name}");
    }
    let text = honest.to_string();
    let doubled = format!(r#"{{"exp":{},{}"#, now + 9, text.trim_start_matches('{'));
    assert_eq!(access(&doubled), Err(JoseError::Payload));
    assert_eq!(
        access(&text.replace(&format!("{}", now + 60), "1e400")),
        Err(JoseError::Payload)
    );
    assert_eq!(hint(&doubled), Err(JoseError::Payload));
}
