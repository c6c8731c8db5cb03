use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::SigningAlg;
use proptest::prelude::*;
use protocol::jose::JoseError::{Algorithm, Critical, Header, Key, Malformed, Payload, Signature, Type};
use protocol::jose::{JoseError, MAX_TOKEN, SigningKey, key_id_of, verify};
use serde_json::json;

use crate::make::{KEYS, b64, key, signed, verifying_keys};

fn check(token: &str) -> Result<(), JoseError> {
    verify(token, &["JWT"], &verifying_keys()).map(|_| ())
}

fn kid(alg: SigningAlg) -> String {
    key(alg).kid().0.clone()
}

/// A header for the Ed25519 key, with further members.
fn header(more: &str) -> String {
    format!(
        r#"{{"alg":"EdDSA","typ":"JWT","kid":"{}"{more}}}"#,
        kid(SigningAlg::EdDSA)
    )
}

#[test]
fn the_honest_twin_passes() {
    assert_eq!(check(&signed(&header(""), r#"{"sub":"a"}"#)), Ok(()));
    for alg in [SigningAlg::ES256, SigningAlg::EdDSA] {
        assert_eq!(
            check(&key(alg).sign("JWT", &json!({ "sub": "a" })).unwrap()),
            Ok(())
        );
    }
}

/// Algorithm confusion (C1, JW1): `none` in all spellings, HMAC keyed with what everybody knows of the key.
#[test]
fn no_other_algorithm_is_accepted() {
    let payload = b64(r#"{"sub":"admin"}"#);
    for key in KEYS.iter() {
        let keys = vec![key.verifying_key().unwrap()];
        let jwk = serde_json::to_string(key.public_jwk()).unwrap();
        let raw = key
            .public_jwk()
            .x
            .clone()
            .or_else(|| key.public_jwk().n.clone())
            .unwrap();
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            STANDARD.encode(&raw)
        );
        let decoded = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(&raw)
            .unwrap();
        let secrets: [&[u8]; 6] = [
            jwk.as_bytes(),
            raw.as_bytes(),
            pem.as_bytes(),
            &decoded,
            key.kid().0.as_bytes(),
            b"",
        ];
        for alg in [
            "none", "nOnE", "None", "NONE", "", "HS256", "HS384", "HS512", "ES384", "es256", "RS512",
            "Ed25519",
        ] {
            let header = b64(json!({ "alg": alg, "typ": "JWT", "kid": key.kid().0 }).to_string());
            let message = format!("{header}.{payload}");
            for secret in secrets {
                for algorithm in [hmac::HMAC_SHA256, hmac::HMAC_SHA384, hmac::HMAC_SHA512] {
                    let tag = hmac::sign(&hmac::Key::new(algorithm, secret), message.as_bytes());
                    let token = format!("{message}.{}", b64(tag));
                    assert_eq!(verify(&token, &["JWT"], &keys), Err(Algorithm), "{alg}");
                }
            }
            assert_eq!(
                verify(&format!("{message}."), &["JWT"], &keys),
                Err(Algorithm),
                "{alg} unsigned"
            );
        }
        // The right name with no signature, an empty one, or another's.
        let header = b64(json!({ "alg": key.alg(), "typ": "JWT", "kid": key.kid().0 }).to_string());
        for signature in [String::new(), b64([0; 64]), b64([0; 384])] {
            assert_eq!(
                verify(&format!("{header}.{payload}.{signature}"), &["JWT"], &keys),
                Err(Signature)
            );
        }
    }
}

/// RS256 and PS256 share a key type: a key signs by its own algorithm only.
#[test]
fn an_rsa_key_is_pinned_to_its_padding() {
    let (rs, ps) = (key(SigningAlg::RS256), key(SigningAlg::PS256));
    assert_eq!(rs.kid(), ps.kid(), "one modulus, one thumbprint");
    let token = rs.sign("JWT", &json!({})).unwrap();
    assert!(verify(&token, &["JWT"], &vec![rs.verifying_key().unwrap()]).is_ok());
    assert_eq!(
        verify(&token, &["JWT"], &vec![ps.verifying_key().unwrap()]),
        Err(Algorithm)
    );
}

/// A key that comes with the token is not read; `kid` finds by exact text only (JW2).
#[test]
fn a_token_cannot_bring_its_own_key() {
    let attacker = SigningKey::generate(SigningAlg::EdDSA, 0).unwrap();
    let jwk = serde_json::to_string(attacker.public_jwk()).unwrap();
    let brought = [
        format!(r#","jwk":{jwk}"#),
        r#","jku":"https://evil.example/jwks""#.to_owned(),
        r#","x5u":"https://evil.example/cert""#.to_owned(),
        r#","x5c":["MIIB"]"#.to_owned(),
    ];
    for more in &brought {
        // Ignored where the token is truly ours, useless where it is not.
        let honest = signed(&header(more), "{}");
        assert_eq!(check(&honest), Ok(()));
        let (message, _) = honest.rsplit_once('.').unwrap();
        let other = attacker.sign("JWT", &json!({})).unwrap();
        let foreign = other.rsplit_once('.').unwrap().1;
        assert_eq!(check(&format!("{message}.{foreign}")), Err(Signature), "{more}");
    }
    assert_eq!(check(&attacker.sign("JWT", &json!({})).unwrap()), Err(Key));
    let known = kid(SigningAlg::EdDSA);
    for bad in [
        known.to_uppercase(),
        known.split_at(42).0.to_owned(),
        format!("{known} "),
        format!("/keys/../{known}"),
        format!("{known}' OR '1'='1"),
        String::new(),
    ] {
        let token = signed(&format!(r#"{{"alg":"EdDSA","typ":"JWT","kid":"{bad}"}}"#), "{}");
        assert_eq!(check(&token), Err(Key), "{bad}");
    }
    for missing in [
        r#"{"alg":"EdDSA","typ":"JWT"}"#,
        r#"{"alg":"EdDSA","typ":"JWT","kid":1}"#,
    ] {
        assert_eq!(check(&signed(missing, "{}")), Err(Header));
    }
}

#[test]
fn extensions_and_ambiguity_in_the_header_are_refused() {
    for critical in [
        r#","crit":["exp"]"#,
        r#","crit":[]"#,
        r#","crit":null"#,
        r#","b64":false"#,
        r#","b64":true"#,
        r#","crit":["b64"],"b64":false"#,
    ] {
        assert_eq!(
            check(&signed(&header(critical), "{}")),
            Err(Critical),
            "{critical}"
        );
    }
    for doubled in [
        r#","alg":"EdDSA""#,
        r#","alg":"none""#,
        r#","kid":"x""#,
        r#","\u0074yp":"at+jwt""#,
        r#","x":{"a":1,"a":1}"#,
    ] {
        assert_eq!(check(&signed(&header(doubled), "{}")), Err(Header), "{doubled}");
    }
    for not_object in ["[]", "null", "\"x\"", "", "{}x"] {
        assert_eq!(check(&signed(not_object, "{}")), Err(Header), "{not_object}");
    }
    assert_eq!(check(&signed(&header(r#","unknown":[1,{"a":2}]"#), "{}")), Ok(()));
}

#[test]
fn the_payload_is_one_unambiguous_object() {
    for bad in [
        "",
        "[]",
        "1",
        "\"x\"",
        "{}{}",
        r#"{"exp":1,"exp":2}"#,
        r#"{"a":{"b":1,"b":1}}"#,
        r#"{"exp":1e400}"#,
    ] {
        assert_eq!(check(&signed(&header(""), bad)), Err(Payload), "{bad}");
    }
    assert_eq!(check(&signed(&header(""), r#"{"exp":1e4}"#)), Ok(()));
}

/// No type passes for another (JW3).
#[test]
fn the_type_matrix_has_its_diagonal_only() {
    let types = [
        "JWT",
        "at+jwt",
        "logout+jwt",
        "dpop+jwt",
        "token-introspection+jwt",
        "secevent+jwt",
        "client-authentication+jwt",
    ];
    for made in types {
        let token = key(SigningAlg::EdDSA).sign(made, &json!({})).unwrap();
        for expected in types {
            let result = verify(&token, &[expected], &verifying_keys()).map(|_| ());
            assert_eq!(
                result,
                if made == expected { Ok(()) } else { Err(Type) },
                "{made} as {expected}"
            );
        }
    }
    for other in ["jwt", "AT+JWT", "application/at+jwt", "at+jwt ", ""] {
        let token = key(SigningAlg::EdDSA).sign(other, &json!({})).unwrap();
        assert_eq!(
            verify(&token, &["JWT", "at+jwt"], &verifying_keys()).map(|_| ()),
            Err(Type),
            "{other}"
        );
    }
    let untyped = format!(r#"{{"alg":"EdDSA","kid":"{}"}}"#, kid(SigningAlg::EdDSA));
    assert_eq!(check(&signed(&untyped, "{}")), Err(Header));
}

/// Every character changed, cut, added, re-cased, padded (C4).
#[test]
fn no_mutant_of_a_token_is_accepted() {
    for alg in [SigningAlg::ES256, SigningAlg::EdDSA] {
        let token = key(alg).sign("JWT", &json!({ "sub": "a", "exp": 1 })).unwrap();
        let keys = verifying_keys();
        let accepted = |text: &str| verify(text, &["JWT"], &keys).is_ok();
        assert!(accepted(&token));
        for at in 0..token.len() {
            let original = token.as_bytes()[at];
            for with in [b'A', b'-', b'.', b'=', original ^ 1, original ^ 0x20] {
                if with != original {
                    let mut mutant = token.clone().into_bytes();
                    mutant[at] = with;
                    let mutant = String::from_utf8_lossy(&mutant).into_owned();
                    assert!(!accepted(&mutant), "{mutant}");
                }
            }
            assert!(!accepted(token.split_at(at).0), "cut at {at}");
            assert!(!accepted(token.split_at(at + 1).1), "beheaded at {at}");
        }
        for mutant in [
            format!("{token}="),
            format!("{token}=="),
            format!("{token}A"),
            format!("{token}."),
            format!(".{token}"),
            format!(" {token}"),
            format!("{token}\n"),
            format!("{token}.{token}"),
            token.replace('.', "=."),
            token.to_uppercase(),
            token.to_lowercase(),
        ] {
            assert!(!accepted(&mutant), "{mutant}");
        }
    }
}

/// The last character of a 64-byte signature holds 4 spare bits: only one spelling of the same bytes is accepted.
#[test]
fn stray_bits_are_another_spelling_and_refused() {
    let token = key(SigningAlg::EdDSA).sign("JWT", &json!({})).unwrap();
    let (body, last) = token.split_at(token.len() - 1);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let accepted: Vec<char> = alphabet
        .chars()
        .filter(|c| check(&format!("{body}{c}")).is_ok())
        .collect();
    assert_eq!(accepted.iter().collect::<String>(), last);
}

#[test]
fn size_is_capped_before_anything_is_parsed() {
    let filler = |length: usize| signed(&header(""), &format!(r#"{{"a":"{}"}}"#, "x".repeat(length)));
    let fits = (0..3)
        .map(|n| filler(12_000 + n))
        .find(|token| token.len() <= MAX_TOKEN)
        .unwrap();
    assert_eq!(check(&fits), Ok(()));
    assert_eq!(check(&filler(MAX_TOKEN)), Err(Malformed));
    assert_eq!(check(&".".repeat(MAX_TOKEN + 1)), Err(Malformed));
}

#[test]
fn the_key_s_name_can_be_read_beforehand() {
    let token = key(SigningAlg::ES256).sign("JWT", &json!({})).unwrap();
    assert_eq!(key_id_of(&token).as_ref(), Ok(key(SigningAlg::ES256).kid()));
    assert_eq!(key_id_of("a.b"), Err(Malformed));
}

proptest! {
    #[test]
    fn never_panics(text in "[A-Za-z0-9_.=-]{0,200}", bytes in ".{0,100}") {
        prop_assert!(check(&text).is_err());
        prop_assert!(check(&bytes).is_err());
    }
}
