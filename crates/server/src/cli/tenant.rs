//! What a tenant can be told to be, at its making and later.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum, ValueHint};

use crate::config::parse_duration;

/// Settings of a tenant, for `rsp tenant create` and `rsp tenant update`.
#[derive(Debug, Clone, Default, Args)]
pub struct TenantSettingArgs {
    /// Accent colour of its pages, #rrggbb; refused when text on it could not be read
    #[arg(long, value_name = "COLOUR")]
    pub accent: Option<String>,

    /// Logo of its pages: an SVG or PNG file of at most 48 KiB
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub logo: Option<PathBuf>,

    /// Host name of its own for the issuer, instead of PUBLIC_URL/t/SLUG
    #[arg(long, value_name = "HOST", value_hint = ValueHint::Hostname)]
    pub host: Option<String>,

    /// Rules for its new passwords
    #[arg(long, value_name = "PROFILE", value_enum)]
    pub passwords: Option<PasswordRule>,

    /// Whether its passkeys have to verify their user
    #[arg(long, value_name = "RULE", value_enum)]
    pub passkey_verification: Option<VerificationRule>,

    /// Makers one of which has to vouch for every new passkey: a JSON file, [] for nobody
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub passkey_attestation: Option<PathBuf>,

    /// Whether people make accounts themselves; their addresses are proved by mail, so this needs a mail server
    #[arg(long, value_name = "SWITCH", value_enum)]
    pub registration: Option<Switch>,

    /// Who is asked for a second factor
    #[arg(long, value_name = "RULE", value_enum)]
    pub second_factor: Option<FactorRule>,

    /// Whether authenticator codes of the step before and the one after count as well
    #[arg(long, value_name = "SWITCH", value_enum)]
    pub totp_neighbours: Option<Switch>,

    /// How long somebody who lost their second factor waits before it is removed, like 3d; "off" for administrators only
    #[arg(long, value_name = "DURATION", value_parser = recovery_delay)]
    pub recovery_delay: Option<RecoveryDelay>,

    /// How long a signing key signs before the next takes over, like 90d
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub key_rotation: Option<Duration>,

    /// Size of its next RSA keys
    #[arg(long, value_name = "BITS")]
    pub rsa_bits: Option<u16>,

    /// Requests in a minute, like token=600; 0 for no limit, "default" for the server's; classes: admin, authorize,
    /// introspection, pages, revocation, tenant (all clients together), token, userinfo
    #[arg(long = "limit", value_name = "CLASS=COUNT")]
    pub limits: Vec<String>,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Yes
    On,
    /// No
    Off,
}

impl Switch {
    /// Whether it is on.
    pub fn is_on(self) -> bool {
        self == Self::On
    }
}

/// Who is asked for a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FactorRule {
    /// Whoever has one
    IfEnrolled,
    /// Nobody, unless the application asks
    Off,
    /// Everybody; whoever has none sets one up first
    Required,
}

/// The wait before a lost second factor is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoveryDelay {
    /// Nobody but an administrator removes it.
    Never,
    /// So long.
    After(Duration),
}

fn recovery_delay(text: &str) -> Result<RecoveryDelay, String> {
    match text {
        "off" => Ok(RecoveryDelay::Never),
        text => parse_duration(text).map(RecoveryDelay::After),
    }
}

/// Whether passkeys have to verify their user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum VerificationRule {
    /// A passkey that did not ask for PIN or biometric is refused
    Required,
    /// It is one factor
    Preferred,
}

/// Rules for new passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PasswordRule {
    /// 15 characters, or 8 where a second factor is enforced, up to 256
    Standard,
    /// 12 to 128 characters of four classes
    Classic,
}
