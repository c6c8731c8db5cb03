//! Claims read strictly: a claim of the wrong type is an error, never an absent claim (JW4).

use std::time::Duration;

use domain::{Issuer, Timestamp};
use serde_json::{Map, Value};

/// A token's claims.
pub type Claims = Map<String, Value>;

/// Most clock difference that is forgiven, whatever a client's setting says (JW4).
pub const MAX_LEEWAY: Duration = Duration::from_mins(1);

/// The last second of year 9999: later than any moment that can be written.
const LATEST: i64 = 253_402_300_799;

/// Claims that only this product sets. Nothing from a profile or a mapping can take their place (C6).
pub const RESERVED: &[&str] = &[
    "acr",
    "act",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "c_hash",
    "client_id",
    "cnf",
    "events",
    "exp",
    "grant",
    "iat",
    "iss",
    "jti",
    "may_act",
    "nbf",
    "nonce",
    "s_hash",
    "scope",
    "sid",
    "sub",
    "tenant",
];

/// What is wrong with a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// For somebody else.
    #[error("the token is for another audience")]
    Audience,
    /// Too late.
    #[error("the token has expired")]
    Expired,
    /// From somebody else.
    #[error("the token is from another issuer")]
    Issuer,
    /// Not there. The claim's name.
    #[error("the claim {0} is missing")]
    Missing(&'static str),
    /// Too early: `nbf` or `iat` lies ahead.
    #[error("the token is not valid yet")]
    NotYet,
    /// Not of the type it must be. The claim's name.
    #[error("the claim {0} is malformed")]
    Type(&'static str),
}

/// A claim that must be a non-empty string.
pub fn require_string<'a>(claims: &'a Claims, name: &'static str) -> Result<&'a str, ClaimError> {
    optional_string(claims, name)?.ok_or(ClaimError::Missing(name))
}

/// A claim that is absent or a non-empty string.
pub fn optional_string<'a>(claims: &'a Claims, name: &'static str) -> Result<Option<&'a str>, ClaimError> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => Err(ClaimError::Type(name)),
    }
}

/// A claim that must be a whole number of seconds since 1970 (JW4: no text, no fraction, nothing negative).
pub fn require_time(claims: &Claims, name: &'static str) -> Result<Timestamp, ClaimError> {
    optional_time(claims, name)?.ok_or(ClaimError::Missing(name))
}

/// A claim that is absent or a whole number of seconds since 1970.
pub fn optional_time(claims: &Claims, name: &'static str) -> Result<Option<Timestamp>, ClaimError> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => {
            let secs = value.as_i64().filter(|secs| (0..=LATEST).contains(secs));
            secs.map(|secs| Some(Timestamp::from_secs(secs)))
                .ok_or(ClaimError::Type(name))
        }
    }
}

/// A claim that is absent or a list of non-empty strings.
pub fn optional_strings(claims: &Claims, name: &'static str) -> Result<Option<Vec<String>>, ClaimError> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| non_empty(item, name))
            .collect::<Result<_, _>>()
            .map(Some),
        Some(_) => Err(ClaimError::Type(name)),
    }
}

/// `aud`: one non-empty string or several (RFC 7519 section 4.1.3).
pub fn audience(claims: &Claims) -> Result<Vec<String>, ClaimError> {
    match claims.get("aud") {
        None => Err(ClaimError::Missing("aud")),
        Some(one @ Value::String(_)) => Ok(vec![non_empty(one, "aud")?]),
        Some(_) => match optional_strings(claims, "aud")? {
            Some(several) if !several.is_empty() => Ok(several),
            _ => Err(ClaimError::Type("aud")),
        },
    }
}

fn non_empty(value: &Value, name: &'static str) -> Result<String, ClaimError> {
    match value {
        Value::String(text) if !text.is_empty() => Ok(text.clone()),
        _ => Err(ClaimError::Type(name)),
    }
}

/// `aud` must name `expected`, exactly.
pub fn require_audience(claims: &Claims, expected: &str) -> Result<(), ClaimError> {
    if audience(claims)?.iter().any(|aud| aud == expected) {
        Ok(())
    } else {
        Err(ClaimError::Audience)
    }
}

/// `iss` must be `expected`, exactly.
pub fn require_issuer(claims: &Claims, expected: &Issuer) -> Result<(), ClaimError> {
    if require_string(claims, "iss")? == expected.as_str() {
        Ok(())
    } else {
        Err(ClaimError::Issuer)
    }
}

/// `exp` and `iat` must be there, `nbf` may be; all must fit `now`, give or take `leeway` of at most a minute (JW4).
pub fn check_times(claims: &Claims, now: Timestamp, leeway: Duration) -> Result<(), ClaimError> {
    let leeway = leeway.min(MAX_LEEWAY);
    let expires = require_time(claims, "exp")?;
    let starts = require_time(claims, "iat")?.max(optional_time(claims, "nbf")?.unwrap_or_default());
    if now >= expires.plus(leeway) {
        return Err(ClaimError::Expired);
    }
    if starts > now.plus(leeway) {
        Err(ClaimError::NotYet)
    } else {
        Ok(())
    }
}
