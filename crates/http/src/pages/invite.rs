//! The invitation page: the first administrator sets a password.

use super::{Words, page};

/// What is wrong with a chosen password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteError {
    /// In the list of passwords attackers try first.
    Common,
    /// Contains the email address or the name of the service.
    Personal,
    /// Longer than we accept.
    TooLong,
    /// Shorter than the rule.
    TooShort,
}

impl InviteError {
    /// Every error, for tests over all texts.
    pub const ALL: [Self; 4] = [Self::Common, Self::Personal, Self::TooLong, Self::TooShort];

    /// The key of its text.
    pub fn key(self) -> &'static str {
        match self {
            Self::Common => "invite-error-common",
            Self::Personal => "invite-error-personal",
            Self::TooLong => "invite-error-too-long",
            Self::TooShort => "invite-error-too-short",
        }
    }
}

/// Form `invite-form` with the field `password`.
#[derive(Clone, Debug)]
pub struct InvitePage<'a> {
    /// Where the form goes, for example `/invite`.
    pub action: &'a str,
    /// The one-time token of the link, sent back as `token`.
    pub token: &'a str,
    /// Sent back as `csrf`.
    pub csrf: &'a str,
    /// Whose account it is.
    pub email: &'a str,
    /// Least number of characters.
    pub min_length: u32,
    /// When the link ends, in seconds since 1970.
    pub expires_at: i64,
    /// What was wrong with the last attempt.
    pub error: Option<InviteError>,
}

impl InvitePage<'_> {
    fn rule_length(&self, words: &Words) -> String {
        words.t_args("invite-rule-length", &[("count", self.min_length.into())])
    }

    fn error_text(&self, words: &Words) -> Option<String> {
        self.error
            .map(|error| words.t_args(error.key(), &[("count", self.min_length.into())]))
    }

    fn expires(&self, words: &Words) -> String {
        words.with("invite-expires", "when", &words.when(self.expires_at))
    }
}

page!(InvitePage, InviteTemplate, "account/invite.html");
