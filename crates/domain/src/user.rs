use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Timestamp, UserId};

/// A mail address that names an account: at most 254 characters (A7), one `@`, no white space or control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// The text is not a mail address we accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid mail address")]
pub struct EmailRefused;

impl Email {
    /// Longest accepted address, in characters (A7).
    pub const MAX_LENGTH: usize = 254;

    /// The address as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form under which an account is found: lower case throughout.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl FromStr for Email {
    type Err = EmailRefused;

    fn from_str(text: &str) -> Result<Self, EmailRefused> {
        let (local, domain) = text.rsplit_once('@').ok_or(EmailRefused)?;
        let plain = |c: char| !c.is_control() && !c.is_whitespace() && !"<>\"\\,;:@".contains(c);
        let well_formed = text.chars().count() <= Self::MAX_LENGTH
            && (1..=64).contains(&local.len())
            && local.chars().all(plain)
            && !domain.is_empty()
            && domain.split('.').all(|label| !label.is_empty())
            && domain
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(EmailRefused)
        }
    }
}

impl TryFrom<String> for Email {
    type Error = EmailRefused;

    fn try_from(text: String) -> Result<Self, EmailRefused> {
        text.parse()
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A postal address, the `address` claim (OIDC Core section 5.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Address {
    /// The whole address for display, lines separated by `\n`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
    /// Street and number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_address: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locality: Option<String>,
    /// State or province.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Country name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// What a person tells about themselves: the standard claims of OIDC Core section 5.1 that are not the address of the account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Profile {
    /// Full name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// Family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// Middle name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    /// Casual name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// Short name to be called by; not unique.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    /// Profile page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// Web site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// Gender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// Birthday, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthdate: Option<String>,
    /// Time zone name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoneinfo: Option<String>,
    /// Language tag (BCP 47).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Telephone number (E.164).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// Whether the number was verified.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub phone_number_verified: bool,
    /// Postal address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
}

/// Whether a person may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserStatus {
    /// May sign in.
    Active,
    /// Invited, has no credential yet.
    Invited,
    /// Switched off by an administrator: no sign-in, every session and token dead.
    Disabled,
}

/// A person of one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their id, which is also `sub`.
    pub id: UserId,
    /// The address they sign in with.
    pub email: Email,
    /// Whether they proved that it is theirs.
    pub email_verified: bool,
    /// What they tell about themselves.
    pub profile: Profile,
    /// Whether they may sign in.
    pub status: UserStatus,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When anything of it last changed; the `updated_at` claim.
    pub updated_at: Timestamp,
    /// When they last signed in.
    pub last_login_at: Option<Timestamp>,
}
