use serde::{Deserialize, Serialize};

use crate::{PasskeySettings, PasswordSettings};

/// How people of a tenant sign in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignInSettings {
    /// Who is asked for a second factor, and how.
    pub second_factor: SecondFactorSettings,
    /// What a password must be.
    pub passwords: PasswordSettings,
    /// Passkeys.
    pub passkeys: PasskeySettings,
}

impl SignInSettings {
    /// Whether nobody gets anywhere with a password alone.
    pub const fn enforces_second_factor(&self) -> bool {
        matches!(self.second_factor.rule, SecondFactorRule::Required)
    }
}

/// Second factors of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SecondFactorSettings {
    /// Who is asked for one.
    pub rule: SecondFactorRule,
    /// Time-based codes of the step before and the one after count as well, for devices whose clock is wrong (MF2).
    pub totp_neighbours: bool,
    /// Seconds between the start of a recovery by somebody who lost their second factor and its end (MF10); `None` and
    /// nobody but an administrator can help.
    pub recovery_delay_secs: Option<u64>,
}

impl Default for SecondFactorSettings {
    fn default() -> Self {
        Self {
            rule: SecondFactorRule::default(),
            totp_neighbours: false,
            recovery_delay_secs: Some(3 * 86_400),
        }
    }
}

/// Who is asked for a second factor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactorRule {
    /// Whoever has one.
    #[default]
    IfEnrolled,
    /// Nobody, unless the application asks for it.
    Off,
    /// Everybody; whoever has none sets one up first.
    Required,
}
