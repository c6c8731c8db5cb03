use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Device, SessionId, Timestamp, UserId};

/// How strongly a sign-in was verified: the `acr` claim's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Acr {
    /// One factor.
    Aal1,
    /// Two factors, or a passkey that verified its user.
    Aal2,
    /// A hardware-bound passkey that verified its user.
    Aal3,
}

impl Acr {
    /// The claim's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aal1 => "aal1",
            Self::Aal2 => "aal2",
            Self::Aal3 => "aal3",
        }
    }

    /// From a requested value; unknown values are nothing we can reach.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Aal1, Self::Aal2, Self::Aal3]
            .into_iter()
            .find(|acr| acr.as_str() == text)
    }
}

/// One method a sign-in used (RFC 8176).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Amr {
    /// A password was verified.
    #[serde(rename = "pwd")]
    Password,
    /// A code that works once was verified.
    #[serde(rename = "otp")]
    OneTimeCode,
    /// A key that cannot leave its hardware signed.
    #[serde(rename = "hwk")]
    HardwareKey,
    /// A key that may be copied between devices signed.
    #[serde(rename = "swk")]
    SoftwareKey,
    /// The device asked for a PIN or a finger.
    #[serde(rename = "user")]
    UserVerified,
    /// More than one factor was verified.
    #[serde(rename = "mfa")]
    MultiFactor,
}

impl Amr {
    /// The registered value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::OneTimeCode => "otp",
            Self::HardwareKey => "hwk",
            Self::SoftwareKey => "swk",
            Self::UserVerified => "user",
            Self::MultiFactor => "mfa",
        }
    }
}

/// Idle and absolute lifetime of a session (SE4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// Ends when unused for this long.
    pub idle: Duration,
    /// Ends this long after sign-in, whatever happens.
    pub absolute: Duration,
}

impl SessionLimits {
    /// The limits for a session of `acr`, as NIST SP 800-63B-4 sets them: AAL1 30 d; AAL2 30 min / 12 h; AAL3 15 min / 12 h.
    pub const fn for_acr(acr: Acr) -> Self {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 3_600;
        const DAY: u64 = 86_400;
        let (idle, absolute) = match acr {
            Acr::Aal1 => (30 * DAY, 30 * DAY),
            Acr::Aal2 => (30 * MINUTE, 12 * HOUR),
            Acr::Aal3 => (15 * MINUTE, 12 * HOUR),
        };
        Self {
            idle: Duration::from_secs(idle),
            absolute: Duration::from_secs(absolute),
        }
    }
}

/// A signed-in browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id; also the `sid` claim. Not the cookie, which is a secret of its own.
    pub id: SessionId,
    /// Who is signed in.
    pub user_id: UserId,
    /// How strongly.
    pub acr: Acr,
    /// By what methods.
    pub amr: Vec<Amr>,
    /// When the person last proved who they are.
    pub auth_time: Timestamp,
    /// What the browser said it was; `None` if it said nothing.
    pub device: Option<Device>,
    /// When the session began.
    pub created_at: Timestamp,
    /// When it was last used; kept to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends if not used.
    pub idle_expires_at: Timestamp,
    /// When it ends at the latest.
    pub absolute_expires_at: Timestamp,
    /// Set when somebody ended it.
    pub ended_at: Option<Timestamp>,
}

impl Session {
    /// Whether the session still counts at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.idle_expires_at && now < self.absolute_expires_at
    }
}
