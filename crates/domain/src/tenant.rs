use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{PasswordRules, RequestSettings, SignInSettings, TenantId, Timestamp};

/// An issuer identifier: the exact string in `iss`, in discovery and before every endpoint's path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Issuer(String);

impl Issuer {
    /// The issuer of a tenant at `public_url` (without a slash at its end) under `path` ("" or `/t/SLUG`).
    pub fn new(public_url: &str, path: &str) -> Self {
        Self(format!("{}{path}", public_url.trim_end_matches('/')))
    }

    /// The issuer's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The absolute URL of an endpoint, `path` beginning with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A tenant's short name, used in paths and cookie names: 1 to 40 of `a-z 0-9 -`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slug(String);

/// The text is not a slug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tenant's short name has 1 to 40 characters of a-z, 0-9 and -, and starts with a letter")]
pub struct SlugRefused;

impl Slug {
    /// The tenant every installation has.
    pub fn default_tenant() -> Self {
        Self("default".to_owned())
    }

    /// Whether this is the tenant whose issuer is the public URL itself.
    pub fn is_default(&self) -> bool {
        self.0 == "default"
    }

    /// The slug's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands between the public URL and an endpoint's path.
    pub fn path(&self) -> String {
        if self.is_default() {
            String::new()
        } else {
            format!("/t/{}", self.0)
        }
    }
}

impl FromStr for Slug {
    type Err = SlugRefused;

    fn from_str(text: &str) -> Result<Self, SlugRefused> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let well_formed = (1..=40).contains(&text.len())
            && text.bytes().all(allowed)
            && text.starts_with(|c: char| c.is_ascii_lowercase());
        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(SlugRefused)
        }
    }
}

/// How a tenant's pages look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Brand {
    /// Accent colour, `#rrggbb`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accent: Option<String>,
    /// Logo as an SVG or PNG data URI, at most 64 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
}

/// Accounts that people make themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RegistrationSettings {
    /// Whether they may.
    pub open: bool,
}

/// What a tenant can set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TenantSettings {
    /// How its pages look.
    pub brand: Brand,
    /// Whether people make accounts themselves.
    pub registration: RegistrationSettings,
    /// RSA modulus size for RS256 and PS256 keys: 3072, or 4096 for the profile `rsa4096` (A1).
    pub rsa_bits: u16,
    /// Seconds a signing key signs before the next takes over (B2).
    pub key_rotation_secs: u64,
    /// A host name of its own for the issuer, instead of `/t/SLUG`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// How people sign in.
    pub sign_in: SignInSettings,
    /// How many requests are served in a minute.
    pub requests: RequestSettings,
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self {
            brand: Brand::default(),
            registration: RegistrationSettings::default(),
            rsa_bits: 3072,
            key_rotation_secs: 90 * 86_400,
            host: None,
            sign_in: SignInSettings::default(),
            requests: RequestSettings::default(),
        }
    }
}

impl TenantSettings {
    /// How long a signing key signs.
    pub const fn key_rotation(&self) -> Duration {
        Duration::from_secs(self.key_rotation_secs)
    }

    /// What is asked of a new password.
    pub const fn password_rules(&self) -> PasswordRules {
        let enforced = self.sign_in.enforces_second_factor();
        self.sign_in.passwords.rules(enforced)
    }
}

/// A customer with own issuer, keys, people and clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its short name.
    pub slug: Slug,
    /// Its name as shown to people.
    pub name: String,
    /// What it has set.
    pub settings: TenantSettings,
    /// Set when the tenant is switched off: nothing of it answers.
    pub disabled_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}
