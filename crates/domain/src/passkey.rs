use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{PasskeyId, Timestamp, UserId};

/// Whether a passkey has to verify its user, by a PIN or a biometric.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserVerification {
    /// Asked for; a passkey that only shows that somebody was there is one factor (MF7).
    Preferred,
    /// A passkey that did not is refused.
    #[default]
    Required,
}

/// What a tenant says about passkeys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PasskeySettings {
    /// Whether passkeys have to verify their user.
    pub user_verification: UserVerification,
    /// Makers of authenticators, one of which has to vouch for every new passkey (WebAuthn level 3 section 6.5). Nobody has
    /// to while there are none, and nobody is asked then.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attestation: Vec<AttestationAuthority>,
}

/// A maker of authenticators that is believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttestationAuthority {
    /// The certificate its attestations end in, in PEM.
    pub certificate: String,
    /// The models (AAGUIDs) that are accepted; all of its models if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<Uuid>,
}

/// A person's passkey, without what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// Its id; not the credential's.
    pub id: PasskeyId,
    /// Whose it is.
    pub user_id: UserId,
    /// What its person calls it; may be empty.
    pub name: String,
    /// Highest value of its signature counter so far; 0 if it has none.
    pub counter: i64,
    /// Whether it may ever be kept in more than one place. It never changes.
    pub backup_eligible: bool,
    /// Whether it is kept in more than one place.
    pub backed_up: bool,
    /// Whether its maker vouches for hardware that it cannot leave.
    pub hardware_bound: bool,
    /// Whether it verified its user when it was made.
    pub user_verified: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// When it was set aside; it opens nothing since.
    pub suspended_at: Option<Timestamp>,
}
