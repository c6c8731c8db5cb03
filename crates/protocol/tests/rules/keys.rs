use domain::SigningAlg;
use protocol::jose::{Jwk, Jwks, KeyError, SigningKey, VerifyingKey};
use serde_json::json;

use crate::make::{KEYS, key};

#[test]
fn a_stored_key_is_the_same_key() {
    for original in KEYS.iter() {
        let stored = original.to_pkcs8().unwrap();
        let read = SigningKey::from_pkcs8(original.alg(), stored.expose()).unwrap();
        assert_eq!(
            (read.kid(), read.public_jwk()),
            (original.kid(), original.public_jwk())
        );
        let token = read.sign("t", &json!({"a": 1})).unwrap();
        assert!(protocol::jose::verify(&token, &["t"], &vec![original.verifying_key().unwrap()]).is_ok());
    }
}

#[test]
fn only_public_members_are_published() {
    for key in KEYS.iter() {
        let json = serde_json::to_value(Jwks {
            keys: vec![key.public_jwk().clone()],
        })
        .unwrap();
        let jwk = json["keys"][0].as_object().unwrap();
        let names: Vec<&str> = jwk.keys().map(String::as_str).collect();
        let expected = match key.alg() {
            SigningAlg::ES256 => vec!["alg", "crv", "kid", "kty", "use", "x", "y"],
            SigningAlg::EdDSA => vec!["alg", "crv", "kid", "kty", "use", "x"],
            SigningAlg::PS256 | SigningAlg::RS256 => vec!["alg", "e", "kid", "kty", "n", "use"],
        };
        let mut sorted = names;
        sorted.sort_unstable();
        assert_eq!(sorted, expected);
        assert_eq!(
            (&jwk["use"], &jwk["alg"]),
            (&json!("sig"), &json!(key.alg().as_str()))
        );
        assert!(!format!("{key:?}").contains("pair"), "a private key is not shown");
    }
}

/// The example of RFC 7638 section 3.1.
/// Found while its fuzz target was written: a stray member must not give the same key another name (RFC 7638 section 3.2).
#[test]
fn a_thumbprint_is_of_the_required_members_only() {
    for alg in [SigningAlg::ES256, SigningAlg::EdDSA, SigningAlg::RS256] {
        let jwk = key(alg).public_jwk();
        let stray = |member: &Option<String>| member.clone().or(Some("AAAA".to_owned()));
        let more = Jwk {
            y: stray(&jwk.y),
            n: stray(&jwk.n),
            e: stray(&jwk.e),
            ..jwk.clone()
        };
        assert_eq!(more.thumbprint(), jwk.thumbprint(), "{alg}");
        let other = Jwk {
            x: Some("AAAA".to_owned()),
            n: Some("AAAA".to_owned()),
            ..jwk.clone()
        };
        assert_ne!(other.thumbprint(), jwk.thumbprint(), "{alg}");
    }
}

#[test]
fn the_thumbprint_is_that_of_the_standard() {
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    let jwk: Jwk = serde_json::from_value(json!({
        "kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"
    }))
    .unwrap();
    assert_eq!(jwk.thumbprint().0, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_eq!(
        VerifyingKey::from_jwk(&jwk).unwrap_err(),
        KeyError::Size,
        "2048 bits are too few"
    );
}

#[test]
fn weak_and_strange_keys_are_refused() {
    for bits in [0, 1024, 2048, 3071, 8192] {
        assert_eq!(
            SigningKey::generate(SigningAlg::RS256, bits).unwrap_err(),
            KeyError::Size,
            "{bits}"
        );
    }
    let weak = include_bytes!("rsa2048.der");
    assert_eq!(
        SigningKey::from_pkcs8(SigningAlg::RS256, weak).unwrap_err(),
        KeyError::Size
    );
    assert!(SigningKey::from_pkcs8(SigningAlg::RS256, include_bytes!("rsa3072.der")).is_ok());
    let p256 = key(SigningAlg::ES256).to_pkcs8().unwrap();
    for alg in [SigningAlg::EdDSA, SigningAlg::PS256, SigningAlg::RS256] {
        assert_eq!(
            SigningKey::from_pkcs8(alg, p256.expose()).unwrap_err(),
            KeyError::Malformed,
            "{alg}"
        );
    }
    assert_eq!(
        SigningKey::from_pkcs8(SigningAlg::ES256, b"").unwrap_err(),
        KeyError::Malformed
    );
}

#[test]
fn a_public_key_must_be_one_of_its_algorithm() {
    let good = key(SigningAlg::ES256).public_jwk().clone();
    assert!(VerifyingKey::from_jwk(&good).is_ok());
    let text = |value: &str| Some(value.to_owned());
    let changes: [fn(&mut Jwk); 9] = [
        |jwk| jwk.alg = None,
        |jwk| jwk.alg = Some("none".to_owned()),
        |jwk| jwk.alg = Some("HS256".to_owned()),
        |jwk| jwk.alg = Some("EdDSA".to_owned()),
        |jwk| jwk.usage = Some("enc".to_owned()),
        |jwk| jwk.crv = Some("P-384".to_owned()),
        |jwk| jwk.kty = "oct".to_owned(),
        |jwk| jwk.y = None,
        |jwk| jwk.x = Some("AAAA".to_owned()),
    ];
    for (n, change) in changes.iter().enumerate() {
        let mut jwk = good.clone();
        change(&mut jwk);
        assert_eq!(
            VerifyingKey::from_jwk(&jwk).unwrap_err(),
            KeyError::Malformed,
            "change {n}"
        );
    }
    // A point that is not on the curve.
    let off_curve = Jwk {
        y: text(&"A".repeat(43)),
        ..good
    };
    assert_eq!(
        VerifyingKey::from_jwk(&off_curve).unwrap_err(),
        KeyError::Malformed
    );
}
