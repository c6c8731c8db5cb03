//! Compact JSON Web Signatures (RFC 7515), keys (RFC 7517) and their thumbprints (RFC 7638), by four algorithms.
//!
//! Keys are parsed once and kept. A token names a key by `kid` only; the key fixes the algorithm (JW1, JW2).

pub mod claims;
pub mod json;
mod jwk;
mod sign;
mod verify;

pub use claims::{ClaimError, Claims};
pub use jwk::{Jwk, Jwks};
pub use sign::SigningKey;
pub use verify::{KeySet, VerifyingKey, key_id_of, verify};

/// `typ` of an ID token.
pub const ID_TOKEN: &str = "JWT";
/// `typ` of a JWT access token (RFC 9068 section 2.1).
pub const ACCESS_TOKEN: &str = "at+jwt";

/// Longest token that is looked at, in bytes (JW6).
pub const MAX_TOKEN: usize = 16 * 1024;

/// Fewest bits of an RSA modulus: 128-bit strength (CR1).
const MIN_RSA_BITS: usize = 3072;

/// Why a key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Making a key failed.
    #[error("the key could not be generated")]
    Generation,
    /// Not a key of the algorithm it should be for.
    #[error("not a key for this algorithm")]
    Malformed,
    /// An RSA modulus that is too short or of an unusual length (CR1).
    #[error("RSA keys have 3072 or 4096 bits")]
    Size,
}

/// Why a token is not accepted, or could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JoseError {
    /// A claim is missing, of the wrong type, or not the expected one.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// The header names another algorithm than its key's (JW1).
    #[error("the algorithm is not the key's")]
    Algorithm,
    /// An extension that must be understood (JW5).
    #[error("the header has an extension that is not understood")]
    Critical,
    /// The header is not the JSON object it must be.
    #[error("the header is malformed")]
    Header,
    /// No key has this `kid`.
    #[error("the key is unknown")]
    Key,
    /// Not three parts of base64url, or too long.
    #[error("not a compact signed token")]
    Malformed,
    /// The payload is not a JSON object, or says something twice.
    #[error("the payload is malformed")]
    Payload,
    /// The signature is not the key's.
    #[error("the signature is wrong")]
    Signature,
    /// Signing failed.
    #[error("the token could not be signed")]
    Signing,
    /// Another type of token than expected (JW3).
    #[error("the token is of another type")]
    Type,
}
