//! Which passwords may be set. There is no other way to a password that can be hashed for storage.

use domain::{PasswordRules, Secret, TenantSettings};

use super::breached::{BreachedFilter, FilterError};
use super::context::ContextWords;
use super::text::opaque;
use super::{MAX_PASSWORD_BYTES, Verdict};

/// A password that passed the check, or was just proven to be the person's: all that is ever hashed for storage.
#[derive(Debug, Clone)]
pub(crate) struct NewPassword(Secret<String>);

/// Why a password may not be set. None of it repeats the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefused {
    /// It is known to attackers (PW5).
    #[error("this password is in a list of common or leaked passwords")]
    Common,
    /// Not all four classes; profile `classic` only.
    #[error("a password has capital letters, small letters, digits and other characters")]
    FewClasses,
    /// It is made of what everybody knows about the person or the service (PW6).
    #[error("the password contains the person's name or mail address, or the name of the service")]
    Personal,
    /// More code points than the rule, or more bytes than are ever hashed.
    #[error("a password has at most {most} characters")]
    TooLong {
        /// How many there may be.
        most: usize,
    },
    /// Fewer code points than the rule (PW1).
    #[error("a password has at least {least} characters")]
    TooShort {
        /// How many there must be.
        least: usize,
    },
}

impl PasswordRefused {
    /// Its name in events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Common => "common",
            Self::FewClasses => "few_classes",
            Self::Personal => "personal",
            Self::TooLong { .. } => "too_long",
            Self::TooShort { .. } => "too_short",
        }
    }
}

impl NewPassword {
    /// The password, in the form it is hashed in.
    pub(super) const fn text(&self) -> &Secret<String> {
        &self.0
    }

    /// What was just proven to be a person's password, to be hashed anew.
    pub(crate) fn proven(verdict: Verdict, typed: &Secret<String>) -> Option<Self> {
        matches!(verdict, Verdict::Right { .. }).then(|| Self(opaque(typed)))
    }

    #[cfg(test)]
    pub(super) fn unchecked(text: &str) -> Self {
        Self(opaque(&Secret::new(text.to_owned())))
    }
}

/// The check of one new password (A5).
pub(super) fn check(
    typed: &Secret<String>,
    rules: PasswordRules,
    words: &ContextWords,
    known: &BreachedFilter,
) -> Result<Result<NewPassword, PasswordRefused>, FilterError> {
    let long = PasswordRefused::TooLong { most: rules.most };
    // Before anything is computed over it (PW2).
    if typed.expose().len() > MAX_PASSWORD_BYTES {
        return Ok(Err(long));
    }
    let text = opaque(typed);
    let length = text.expose().chars().count();
    if length > rules.most || text.expose().len() > MAX_PASSWORD_BYTES {
        return Ok(Err(long));
    }
    if length < rules.least {
        return Ok(Err(PasswordRefused::TooShort { least: rules.least }));
    }
    if rules.four_classes && !has_four_classes(text.expose()) {
        return Ok(Err(PasswordRefused::FewClasses));
    }
    if known.knows(text.expose())? {
        return Ok(Err(PasswordRefused::Common));
    }
    if words.give_away(text.expose()) {
        return Ok(Err(PasswordRefused::Personal));
    }
    Ok(Ok(NewPassword(text)))
}

/// The rules of a tenant, for its pages.
pub(crate) const fn rules_of(settings: &TenantSettings) -> PasswordRules {
    settings.password_rules()
}

fn has_four_classes(text: &str) -> bool {
    let any = |is: fn(char) -> bool| text.chars().any(is);
    any(char::is_uppercase)
        && any(char::is_lowercase)
        && any(char::is_numeric)
        && any(|c| !c.is_alphanumeric())
}
