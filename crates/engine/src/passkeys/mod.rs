//! Passkeys (WebAuthn level 3): made by a signed-in or invited person, and used to sign in.

pub(crate) mod attestation;
mod ceremony;
mod own;
mod register;
mod sign_in;
mod verify;

use domain::Passkey;
pub use own::offered;
use serde_json::Value;
use storage::StoreError;

use crate::Fault;

/// How many passkeys one person may have.
pub const MAX_PASSKEYS: usize = 20;
/// Longest name of a passkey, in characters.
pub const MAX_PASSKEY_NAME: usize = 64;

/// What a browser is asked to do.
#[derive(Debug)]
pub struct PasskeyOptions {
    /// Names the challenge when the answer comes.
    pub ceremony: String,
    /// `PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON` (WebAuthn level 3).
    pub public_key: Value,
}

/// What a browser answered.
#[derive(Debug, Clone, Copy)]
pub struct PasskeyAnswer<'a> {
    /// Which challenge it answers.
    pub ceremony: &'a str,
    /// `RegistrationResponseJSON` or `AuthenticationResponseJSON`, as text.
    pub credential: &'a str,
}

/// Why a passkey was not made, used or removed.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    /// Something else.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The challenge is unknown, used, expired, or of another browser; or there is no such passkey.
    #[error("nothing waits for this answer")]
    Gone,
    /// Without it there would be no way in.
    #[error("this is the last way in")]
    LastWayIn,
    /// The person has to prove who they are first.
    #[error("the sign-in is not fresh or not strong enough")]
    NotFresh,
    /// The answer is wrong; the word says why, for the log alone.
    #[error("the passkey was refused: {0}")]
    Refused(&'static str),
    /// The person has as many as they may have.
    #[error("too many passkeys")]
    TooMany,
    /// The issuer has no host name that passkeys could belong to.
    #[error("this issuer can have no passkeys")]
    Unavailable,
}

impl From<StoreError> for PasskeyError {
    fn from(cause: StoreError) -> Self {
        Self::Fault(cause.into())
    }
}

/// A person's own passkeys, and whether more can be made.
#[derive(Debug)]
pub struct OwnPasskeys {
    /// The oldest first.
    pub list: Vec<Passkey>,
    /// Whether the issuer has a name that passkeys can belong to.
    pub available: bool,
}
