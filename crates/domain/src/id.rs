use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::World;

/// The text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id")]
pub struct IdRefused;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh, time-ordered id.
            pub fn generate(world: &World) -> Self {
                Self(world.uuid_v7())
            }

            /// Wraps an id that came out of the database.
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// The bare UUID.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdRefused;

            /// Accepts only the lower-case hyphenated form, so that one id has one spelling.
            fn from_str(text: &str) -> Result<Self, IdRefused> {
                let id = Uuid::try_parse(text).map_err(|_| IdRefused)?;
                if id.hyphenated().to_string() == text { Ok(Self(id)) } else { Err(IdRefused) }
            }
        }
    )+};
}

ids! {
    /// A passkey being made or used in one browser.
    CeremonyId;
    /// What the client is told to quote when something failed; the log holds the cause under it.
    CorrelationId;
    /// One row of the audit log.
    EventId;
    /// A sign-in under way in one browser.
    FlowId;
    /// What a person (or machine) allowed a client: the family of all tokens that came from it.
    GrantId;
    /// A one-time link that lets its holder set a first credential.
    InvitationId;
    /// A single-use link in a mail.
    LinkId;
    /// A mail to be sent.
    MailId;
    /// A passkey; not the credential's own id.
    PasskeyId;
    /// One HTTP request.
    RequestId;
    /// A signed-in browser.
    SessionId;
    /// A tenant.
    TenantId;
    /// A person. Doubles as `sub`; never reused (JW12).
    UserId;
}
