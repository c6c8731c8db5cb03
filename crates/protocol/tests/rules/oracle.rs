//! An independent implementation reads what we write and writes what we read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::SigningAlg;
use jsonwebtoken::jwk::ThumbprintHash;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use protocol::jose::{SigningKey, verify};
use serde_json::{Map, Value, json};

use crate::make::{KEYS, NOW};

fn algorithm(key: &SigningKey) -> Algorithm {
    key.alg().as_str().parse().unwrap()
}

fn their_jwk(key: &SigningKey) -> jsonwebtoken::jwk::Jwk {
    serde_json::from_value(serde_json::to_value(key.public_jwk()).unwrap()).unwrap()
}

fn claims() -> Value {
    json!({ "iss": "https://id.example.com", "sub": "alice ü", "exp": NOW.secs(), "n": [1, { "a": null }] })
}

#[test]
fn they_accept_what_we_sign() {
    for key in KEYS.iter() {
        let token = key.sign("at+jwt", &claims()).unwrap();
        let mut validation = Validation::new(algorithm(key));
        validation.validate_exp = false;
        let decoding = DecodingKey::from_jwk(&their_jwk(key)).unwrap();
        let read = jsonwebtoken::decode::<Value>(&token, &decoding, &validation).unwrap();
        assert_eq!(read.claims, claims());
        assert_eq!(read.header.kid.as_deref(), Some(key.kid().0.as_str()));
        assert_eq!(read.header.typ.as_deref(), Some("at+jwt"));
    }
}

#[test]
fn we_accept_what_they_sign() {
    for key in KEYS.iter() {
        let pkcs8 = key.to_pkcs8().unwrap();
        let encoding = match key.alg() {
            SigningAlg::ES256 => EncodingKey::from_ec_der(pkcs8.expose()),
            SigningAlg::EdDSA => EncodingKey::from_ed_der(pkcs8.expose()),
            SigningAlg::PS256 | SigningAlg::RS256 => {
                let body = STANDARD.encode(pkcs8.expose());
                let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
                EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap()
            }
        };
        let mut header = Header::new(algorithm(key));
        header.kid = Some(key.kid().0.clone());
        header.typ = Some("JWT".to_owned());
        let token = jsonwebtoken::encode(&header, &claims(), &encoding).unwrap();
        let read: Map<String, Value> = verify(&token, &["JWT"], &vec![key.verifying_key().unwrap()]).unwrap();
        assert_eq!(Value::Object(read), claims());
    }
}

#[test]
fn both_know_a_key_by_the_same_name() {
    for key in KEYS.iter() {
        assert_eq!(
            their_jwk(key).thumbprint(ThumbprintHash::SHA256).unwrap(),
            key.kid().0
        );
    }
}
