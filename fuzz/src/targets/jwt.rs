//! Signed tokens. An input with a line break is a header and a payload, which are signed truly, so that what comes
//! after the signature is tried too; any other input is a whole token.

use std::time::Duration;

use domain::Issuer;
use protocol::access_token::AccessTokenClaims;
use protocol::id_token::Hint;
use protocol::jose::{ACCESS_TOKEN, Claims, ID_TOKEN, JoseError, MAX_TOKEN, json, key_id_of, verify};

use crate::samples::{NOW, base64url, issuer, keys, line};

pub(crate) fn run(input: &[u8]) {
    if input.contains(&b'\n') {
        let (header, payload) = line(input);
        let token = signed(header, payload);
        check(&token);
        if let Ok(claims) = verify(&token, &[ID_TOKEN, ACCESS_TOKEN], &keys().verifying) {
            assert_eq!(json::parse_object(payload), Ok(claims));
        }
    } else if let Ok(token) = std::str::from_utf8(input) {
        check(token);
    }
}

/// The token with this header and payload. Only a header that names the key is worth a signature.
fn signed(header: &[u8], payload: &[u8]) -> String {
    let message = format!("{}.{}", base64url(header), base64url(payload));
    let signature = keys().pair.sign(message.as_bytes());
    format!("{message}.{}", base64url(signature))
}

fn check(token: &str) {
    let keys = &keys().verifying;
    let accepted = verify(token, &[ID_TOKEN, ACCESS_TOKEN], keys);
    if let Ok(claims) = &accepted {
        genuine(token, claims);
    }
    if token.len() > MAX_TOKEN {
        assert_eq!(accepted, Err(JoseError::Malformed));
    }
    // A type that was not asked for is refused (JW3).
    let as_id = verify(token, &[ID_TOKEN], keys).is_ok();
    let as_access = verify(token, &[ACCESS_TOKEN], keys).is_ok();
    assert!(!(as_id && as_access), "one token of two types");
    assert_eq!(accepted.is_ok(), as_id || as_access);
    access_token(token);
    if let Ok(hint) = Hint::verify(token, &issuer(), keys) {
        assert!(as_id);
        let sub = accepted
            .as_ref()
            .ok()
            .and_then(|claims| claims.get("sub")?.as_str());
        assert!(sub.is_some_and(|sub| sub.parse() == Ok(hint.subject)));
    }
}

/// Nobody but the holder of the key makes a token that passes: the three parts, written anew, are the token itself.
fn genuine(token: &str, claims: &Claims) {
    let mut parts = token.split('.');
    let (header, payload) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    assert_eq!(parts.count(), 1, "not three parts");
    let kid = key_id_of(token);
    assert_eq!(
        kid.as_ref(),
        Ok(keys().signing.kid()),
        "a key that signs nothing here"
    );
    let message = format!("{header}.{payload}");
    let signature = keys().pair.sign(message.as_bytes());
    assert_eq!(format!("{message}.{}", base64url(signature)), token, "forged");
    assert!(claims.keys().len() <= MAX_TOKEN);
}

fn access_token(token: &str) {
    let keys = keys();
    let read =
        |issuer: &Issuer, now, leeway| AccessTokenClaims::verify(token, issuer, &keys.verifying, now, leeway);
    let hour = Duration::from_hours(1);
    let Ok(claims) = read(&issuer(), NOW, hour) else {
        return;
    };
    assert!(claims.exp.plus(Duration::from_mins(1)) > NOW, "expired");
    assert!(!claims.aud.is_empty() && !claims.sub.is_empty() && !claims.jti.is_empty());
    let late = claims.exp.plus(Duration::from_mins(1));
    assert!(read(&issuer(), late, hour).is_err(), "accepted after its end");
    assert!(read(&Issuer::new("https://evil.example.com", ""), NOW, hour).is_err());
    // What is read is all there is: signed anew it reads the same.
    let again = claims.sign(&keys.signing).unwrap_or_default();
    let again = AccessTokenClaims::verify(&again, &issuer(), &keys.verifying, NOW, hour);
    assert!(
        again.is_ok_and(|again| again == claims),
        "claims change when signed again"
    );
}
