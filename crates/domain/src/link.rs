use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a single-use link in a mail is for. A link of one purpose is none of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    /// Proves the new address of an account.
    ChangeEmail,
    /// Says that what a notice told of was somebody else's doing.
    Deny,
    /// Starts or finishes a recovery for somebody who lost their second factor.
    RecoverFactor,
    /// Makes an account for an address.
    Register,
    /// Sets a new password.
    Reset,
    /// Stops such a recovery.
    StopRecovery,
    /// Lets a person in again whose account was locked.
    Unlock,
    /// Proves the address of an account.
    VerifyEmail,
}

impl LinkPurpose {
    /// Every purpose.
    pub const ALL: [Self; 8] = [
        Self::ChangeEmail,
        Self::Deny,
        Self::RecoverFactor,
        Self::Register,
        Self::Reset,
        Self::StopRecovery,
        Self::Unlock,
        Self::VerifyEmail,
    ];

    /// The name as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChangeEmail => "change_email",
            Self::Deny => "deny",
            Self::RecoverFactor => "recover_factor",
            Self::Register => "register",
            Self::Reset => "reset",
            Self::StopRecovery => "stop_recovery",
            Self::Unlock => "unlock",
            Self::VerifyEmail => "verify_email",
        }
    }

    /// How long such a link works.
    pub const fn lifetime(self) -> Duration {
        match self {
            Self::RecoverFactor | Self::Reset | Self::Unlock => Duration::from_mins(30),
            Self::ChangeEmail | Self::Register | Self::VerifyEmail => Duration::from_hours(24),
            // People read mail late; all this link can do is to make an account safer.
            Self::Deny => Duration::from_hours(7 * 24),
            // Longer than any recovery is under way.
            Self::StopRecovery => Duration::from_hours(40 * 24),
        }
    }

    /// The page that opens it, relative to the issuer.
    pub const fn path(self) -> &'static str {
        match self {
            Self::ChangeEmail => "/account/email/change",
            Self::Deny => "/recover/deny",
            Self::RecoverFactor => "/recover/factor",
            Self::Register => "/register/finish",
            Self::Reset => "/recover/set",
            Self::StopRecovery => "/recover/factor/stop",
            Self::Unlock => "/recover/unlock",
            Self::VerifyEmail => "/account/email/verify",
        }
    }
}
