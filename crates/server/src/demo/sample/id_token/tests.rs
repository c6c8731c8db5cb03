use domain::{Issuer, SigningAlg, Timestamp};
use protocol::id_token::half_hash;
use protocol::jose::{ClaimError, Claims, JoseError, SigningKey, VerifyingKey};
use serde_json::{Value, json};

use super::{Expected, IdTokenRefused, Occasion};

const ISSUER: &str = "http://localhost:8080";
const CLIENT: &str = "demo-web-1";
const NONCE: &str = "n-0S6_WzA2Mj";
const ACCESS: &str = "rsp_at_of-this-sign-in";
const NOW: i64 = 1_800_000_000;

struct Signer {
    key: SigningKey,
    published: Vec<VerifyingKey>,
}

impl Signer {
    fn new(alg: SigningAlg) -> Self {
        let key = SigningKey::generate(alg, 3072).unwrap();
        let published = vec![key.verifying_key().unwrap()];
        Self { key, published }
    }

    fn good(&self) -> Claims {
        let claims = json!({
            "iss": ISSUER, "sub": "alice", "aud": CLIENT, "iat": NOW, "exp": NOW + 300, "auth_time": NOW - 5,
            "nonce": NONCE, "at_hash": half_hash(self.key.alg(), ACCESS),
        });
        claims.as_object().unwrap().clone()
    }

    fn check(&self, claims: &Claims, occasion: Occasion<'_>) -> Result<Claims, IdTokenRefused> {
        self.check_at(NOW, claims, occasion)
    }

    fn check_at(&self, now: i64, claims: &Claims, occasion: Occasion<'_>) -> Result<Claims, IdTokenRefused> {
        let token = self.key.sign("JWT", claims).unwrap();
        let issuer = Issuer::new(ISSUER, "");
        expected(&issuer, now).check(&token, ACCESS, &self.published, occasion)
    }
}

fn expected(issuer: &Issuer, now: i64) -> Expected<'_> {
    Expected {
        issuer,
        client_id: CLIENT,
        now: Timestamp::from_secs(now),
    }
}

const SIGN_IN: Occasion<'static> = Occasion::SignIn { nonce: NONCE };

fn with(mut claims: Claims, name: &str, value: Value) -> Claims {
    if value.is_null() {
        claims.remove(name);
    } else {
        claims.insert(name.to_owned(), value);
    }
    claims
}

#[test]
fn accepts_a_good_token_of_every_elliptic_algorithm() {
    for alg in [SigningAlg::ES256, SigningAlg::EdDSA] {
        let signer = Signer::new(alg);
        let claims = signer.check(&signer.good(), SIGN_IN).unwrap();
        assert_eq!(claims["sub"], "alice");
    }
}

#[test]
fn refuses_a_token_with_one_wrong_claim() {
    use ClaimError::{Audience, Expired, Missing, NotYet, Type};
    let signer = Signer::new(SigningAlg::ES256);
    let claim = |error: ClaimError| IdTokenRefused::Token(JoseError::Claim(error));
    let cases = [
        ("iss", json!("http://localhost:8081"), claim(ClaimError::Issuer)),
        ("iss", Value::Null, claim(Missing("iss"))),
        ("aud", json!("another-client"), claim(Audience)),
        ("aud", Value::Null, claim(Missing("aud"))),
        (
            "aud",
            json!([CLIENT, "another-client"]),
            IdTokenRefused::AuthorizedParty,
        ),
        ("azp", json!("another-client"), IdTokenRefused::AuthorizedParty),
        ("exp", json!(NOW - 10), claim(Expired)),
        ("exp", json!("soon"), claim(Type("exp"))),
        ("iat", json!(NOW + 11), claim(NotYet)),
        ("iat", Value::Null, claim(Missing("iat"))),
        ("sub", Value::Null, claim(Missing("sub"))),
        ("sub", json!("s".repeat(256)), IdTokenRefused::Subject),
        ("nonce", json!("another"), IdTokenRefused::Nonce),
        ("nonce", Value::Null, claim(Missing("nonce"))),
        (
            "at_hash",
            json!(half_hash(SigningAlg::ES256, "another token")),
            IdTokenRefused::AccessToken,
        ),
        ("at_hash", Value::Null, claim(Missing("at_hash"))),
    ];
    for (name, value, refusal) in cases {
        let claims = with(signer.good(), name, value.clone());
        assert_eq!(signer.check(&claims, SIGN_IN), Err(refusal), "{name} = {value}");
    }
}

#[test]
fn accepts_what_is_only_just_right() {
    let signer = Signer::new(SigningAlg::ES256);
    let two = with(signer.good(), "aud", json!(["https://api.example.com", CLIENT]));
    let cases = [
        with(two, "azp", json!(CLIENT)),
        with(signer.good(), "azp", json!(CLIENT)),
        with(signer.good(), "exp", json!(NOW - 9)),
        with(signer.good(), "iat", json!(NOW + 10)),
        with(signer.good(), "sub", json!("s".repeat(255))),
    ];
    for claims in cases {
        assert!(signer.check(&claims, SIGN_IN).is_ok(), "{claims:?}");
    }
}

#[test]
fn refuses_other_keys_other_types_and_changed_tokens() {
    let signer = Signer::new(SigningAlg::ES256);
    let stranger = Signer::new(SigningAlg::ES256);
    let issuer = Issuer::new(ISSUER, "");
    let check = |token: &str, keys: &[VerifyingKey]| {
        expected(&issuer, NOW)
            .check(token, ACCESS, keys, SIGN_IN)
            .map(|_| ())
    };
    let token = signer.key.sign("JWT", &signer.good()).unwrap();
    let access = signer.key.sign("at+jwt", &signer.good()).unwrap();
    let (head, signature) = token.rsplit_once('.').unwrap();
    let foreign = stranger.key.sign("JWT", &signer.good()).unwrap();
    let foreign_signature = foreign.rsplit_once('.').unwrap().1;

    assert_eq!(check(&token, &signer.published), Ok(()));
    assert_eq!(check(&token, &stranger.published), Err(JoseError::Key.into()));
    assert_eq!(check(&access, &signer.published), Err(JoseError::Type.into()));
    assert_eq!(
        check(&format!("{head}.{foreign_signature}"), &signer.published),
        Err(JoseError::Signature.into())
    );
    assert_eq!(
        check(&format!("{head}."), &signer.published),
        Err(JoseError::Signature.into())
    );
    assert_eq!(
        check(&format!("e30.{signature}"), &signer.published),
        Err(JoseError::Malformed.into())
    );
}

#[test]
fn a_refreshed_token_continues_the_same_sign_in() {
    let signer = Signer::new(SigningAlg::ES256);
    let earlier = signer.good();
    let occasion = Occasion::Refresh { earlier: &earlier };
    let later = with(with(signer.good(), "iat", json!(NOW + 60)), "nonce", Value::Null);
    let check = |claims: &Claims| signer.check_at(NOW + 60, claims, occasion).map(|_| ());

    assert_eq!(check(&later), Ok(()));
    assert_eq!(check(&with(later.clone(), "nonce", json!(NONCE))), Ok(()));
    for (name, value, refusal) in [
        ("sub", json!("bob"), IdTokenRefused::Subject),
        ("auth_time", json!(NOW), IdTokenRefused::AuthTime),
        ("nonce", json!("another"), IdTokenRefused::Nonce),
    ] {
        assert_eq!(check(&with(later.clone(), name, value)), Err(refusal), "{name}");
    }
}
