use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{IdRefused, UserId};

/// What a client knows a person by: the claim `sub` (OIDC Core section 8, JW12). A UUID, so that no client id can equal
/// it (OA19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Subject(Uuid);

impl Subject {
    /// From 128 bits that belong to one person and one sector. A UUIDv8, which no person's id is.
    pub fn pairwise(bits: [u8; 16]) -> Self {
        Self(uuid::Builder::from_custom_bytes(bits).into_uuid())
    }
}

impl From<UserId> for Subject {
    /// The same for every client.
    fn from(id: UserId) -> Self {
        Self(id.as_uuid())
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for Subject {
    type Err = IdRefused;

    fn from_str(text: &str) -> Result<Self, IdRefused> {
        text.parse::<UserId>().map(Self::from)
    }
}

/// Whether two clients can tell that they know the same person (OIDC Core section 8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubjectType {
    /// Another `sub` for each host that redirect URIs lead to.
    Pairwise,
    /// The same `sub` for all.
    #[default]
    Public,
}
