use std::time::Duration;

use domain::{Acr, Amr, SigningAlg};
use protocol::access_token::AccessTokenClaims;
use protocol::id_token::{Hint, IdTokenClaims, half_hash};
use protocol::jose::claims::RESERVED;
use protocol::jose::{JoseError, verify};
use serde_json::{Map, json};

use crate::make::{NOW, issuer, key, verifying_keys};

const SUB: &str = "01970000-0000-7000-8000-000000000001";
const SID: &str = "01970000-0000-7000-8000-000000000002";

fn claims() -> IdTokenClaims {
    IdTokenClaims {
        issuer: issuer(),
        subject: SUB.parse().unwrap(),
        client_id: "web".parse().unwrap(),
        issued_at: NOW,
        expires_at: NOW.plus(Duration::from_mins(5)),
        auth_time: NOW.minus(Duration::from_mins(1)),
        nonce: Some("n-1".to_owned()),
        acr: Acr::Aal1,
        amr: vec![Amr::Password],
        session: Some(SID.parse().unwrap()),
        person: Map::new(),
    }
}

#[test]
fn it_says_who_for_whom_when_and_how() {
    let token = claims().sign(key(SigningAlg::EdDSA), None).unwrap();
    let read = verify(&token, &["JWT"], &verifying_keys()).unwrap();
    let expected = json!({
        "iss": "https://id.example.com/t/acme", "sub": SUB, "aud": "web",
        "iat": 1_800_000_000, "exp": 1_800_000_300, "auth_time": 1_799_999_940,
        "nonce": "n-1", "acr": "aal1", "amr": ["pwd"], "sid": SID,
    });
    assert_eq!(serde_json::Value::Object(read), expected);
    let bare = IdTokenClaims {
        nonce: None,
        session: None,
        ..claims()
    }
    .build(SigningAlg::ES256, None);
    assert!(!bare.contains_key("nonce") && !bare.contains_key("sid") && !bare.contains_key("at_hash"));
}

/// The example of OIDC Core appendix A.3.
#[test]
fn at_hash_is_that_of_the_standard() {
    let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    for alg in [SigningAlg::ES256, SigningAlg::PS256, SigningAlg::RS256] {
        assert_eq!(half_hash(alg, token), "77QmUPtjPfzWtF2AnpK9RQ");
        assert_eq!(
            claims().build(alg, Some(token))["at_hash"],
            "77QmUPtjPfzWtF2AnpK9RQ"
        );
    }
    // Ed25519 hashes with SHA-512: 32 bytes are 43 characters.
    assert_eq!(half_hash(SigningAlg::EdDSA, token).len(), 43);
}

/// Claims of a person replaced reserved ones elsewhere (C6).
#[test]
fn nothing_about_a_person_replaces_a_reserved_claim() {
    let mut evil = claims();
    for name in RESERVED {
        evil.person.insert((*name).to_owned(), json!("evil"));
    }
    evil.person.insert("name".to_owned(), json!("Alice"));
    evil.nonce = None;
    let built = evil.build(SigningAlg::ES256, None);
    assert!(built.values().all(|value| value != "evil"), "{built:?}");
    assert_eq!(built["name"], "Alice");
    assert_eq!((&built["sub"], &built["aud"]), (&json!(SUB), &json!("web")));
}

#[test]
fn an_expired_token_is_still_a_hint_of_its_issuer_only() {
    let token = claims().sign(key(SigningAlg::ES256), None).unwrap();
    let hint = Hint::verify(&token, &issuer(), &verifying_keys()).unwrap();
    assert_eq!(hint.subject.to_string(), SUB);
    assert_eq!(hint.client_id.as_str(), "web");
    assert_eq!(hint.session.map(|s| s.to_string()).as_deref(), Some(SID));
    let other = domain::Issuer::new("https://other.example.com", "");
    assert!(Hint::verify(&token, &other, &verifying_keys()).is_err());
    assert_eq!(Hint::verify(&token, &issuer(), &Vec::new()), Err(JoseError::Key));
    assert!(Hint::verify("not.a.token", &issuer(), &verifying_keys()).is_err());
}

#[test]
fn an_id_token_is_no_access_token() {
    let token = claims().sign(key(SigningAlg::ES256), None).unwrap();
    let read = AccessTokenClaims::verify(&token, &issuer(), &verifying_keys(), NOW, Duration::ZERO);
    assert_eq!(read, Err(JoseError::Type));
}
