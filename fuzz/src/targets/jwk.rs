//! Keys and key sets of somebody else.

use domain::SigningAlg;
use protocol::jose::{Jwk, Jwks, VerifyingKey, verify};

use crate::samples::keys;

pub(crate) fn run(input: &[u8]) {
    if let Ok(set) = serde_json::from_slice::<Jwks>(input) {
        let again = serde_json::to_vec(&set).map(|text| serde_json::from_slice::<Jwks>(&text).ok());
        assert!(again.is_ok_and(|again| again.as_ref() == Some(&set)));
        for jwk in set.keys.iter().take(8) {
            check(jwk);
        }
    }
    if let Ok(jwk) = serde_json::from_slice::<Jwk>(input) {
        check(&jwk);
    }
}

fn check(jwk: &Jwk) {
    let text = serde_json::to_string(jwk).unwrap_or_default();
    let again: Option<Jwk> = serde_json::from_str(&text).ok();
    assert_eq!(again.as_ref(), Some(jwk), "a key changes when written and read");
    let members: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap_or_default();
    let private = ["d", "p", "q", "dp", "dq", "qi", "k"];
    assert!(private.into_iter().all(|name| !members.contains_key(name)));
    assert_eq!(jwk.thumbprint().0.len(), 43);
    // Neither the id nor the purpose is part of a thumbprint (RFC 7638 section 3.2).
    let renamed = Jwk {
        kid: None,
        usage: None,
        alg: None,
        ..jwk.clone()
    };
    assert_eq!(renamed.thumbprint(), jwk.thumbprint());

    let Ok(key) = VerifyingKey::from_jwk(jwk) else {
        return;
    };
    assert_eq!(
        jwk.alg.as_deref(),
        Some(key.alg().as_str()),
        "a key without its algorithm"
    );
    assert!(jwk.usage.as_deref().is_none_or(|usage| usage == "sig"));
    let kind = match key.alg() {
        SigningAlg::ES256 => "EC",
        SigningAlg::EdDSA => "OKP",
        SigningAlg::PS256 | SigningAlg::RS256 => "RSA",
    };
    assert_eq!(jwk.kty, kind);
    // A key that is not ours does not verify what we signed, whatever name it gives itself.
    let ours = &keys().signing;
    let impostor = Jwk {
        kid: Some(ours.kid().0.clone()),
        ..jwk.clone()
    };
    let token = ours
        .sign("JWT", &serde_json::json!({ "sub": "a" }))
        .unwrap_or_default();
    let accepted =
        VerifyingKey::from_jwk(&impostor).is_ok_and(|key| verify(&token, &["JWT"], &vec![key]).is_ok());
    assert_eq!(
        accepted,
        jwk.thumbprint() == *ours.kid(),
        "another key verifies our token"
    );
}
