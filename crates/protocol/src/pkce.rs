//! Proof Key for Code Exchange (RFC 7636), S256 only (OA4).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{ErrorCode, OAuthError};

/// The one method.
pub const METHOD: &str = "S256";

/// Why a verifier does not redeem a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PkceError {
    /// The challenge is not the base64url of a SHA-256 digest.
    #[error("not an S256 code challenge")]
    Challenge,
    /// The code was asked for with a challenge, but no verifier came (OA5).
    #[error("the code verifier is missing")]
    Missing,
    /// A verifier came, but the code was asked for without a challenge (OA5).
    #[error("a code verifier came for a code without challenge")]
    Unexpected,
    /// The verifier is not 43 to 128 unreserved characters (RFC 7636 section 4.1).
    #[error("the code verifier is malformed")]
    Malformed,
    /// The verifier is not the one of the challenge.
    #[error("the code verifier is wrong")]
    Mismatch,
}

impl From<PkceError> for OAuthError {
    fn from(error: PkceError) -> Self {
        match error {
            PkceError::Challenge => Self::invalid_request("code_challenge is not an S256 challenge"),
            PkceError::Missing => Self::new(ErrorCode::InvalidGrant, "code_verifier is missing"),
            PkceError::Unexpected => Self::new(ErrorCode::InvalidGrant, "code_verifier was not expected"),
            PkceError::Malformed => Self::new(ErrorCode::InvalidGrant, "code_verifier is malformed"),
            PkceError::Mismatch => Self::new(ErrorCode::InvalidGrant, "code_verifier does not match"),
        }
    }
}

/// An S256 code challenge: 43 characters of base64url, the digest of the verifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Challenge(String);

impl Challenge {
    /// Accepts exactly what some verifier could have made.
    pub fn parse(text: &str) -> Result<Self, PkceError> {
        match URL_SAFE_NO_PAD.decode(text) {
            Ok(digest) if digest.len() == 32 => Ok(Self(text.to_owned())),
            _ => Err(PkceError::Challenge),
        }
    }

    /// The challenge of `verifier`.
    pub fn of(verifier: &str) -> Self {
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())))
    }

    /// The challenge's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Challenge {
    type Error = PkceError;

    fn try_from(text: String) -> Result<Self, PkceError> {
        Self::parse(&text)
    }
}

impl From<Challenge> for String {
    fn from(challenge: Challenge) -> Self {
        challenge.0
    }
}

/// Whether `verifier` is well-formed and the one of `challenge`; compared in constant time.
pub fn verify(challenge: &Challenge, verifier: &str) -> Result<(), PkceError> {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
        return Err(PkceError::Malformed);
    }
    let same = domain::constant_time_eq(Challenge::of(verifier).0.as_bytes(), challenge.0.as_bytes());
    if same { Ok(()) } else { Err(PkceError::Mismatch) }
}

/// The rule at the token endpoint: both or neither, and if both, they fit (OA5).
pub fn check(code_challenge: Option<&str>, verifier: Option<&str>) -> Result<(), PkceError> {
    match (code_challenge, verifier) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(PkceError::Unexpected),
        (Some(_), None) => Err(PkceError::Missing),
        (Some(challenge), Some(verifier)) => verify(&Challenge::parse(challenge)?, verifier),
    }
}
