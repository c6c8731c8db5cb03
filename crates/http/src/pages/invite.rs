//! The invitation page: the first administrator sets a password.

use domain::PasswordRules;

use super::password::{PasswordAdvice, rule_list};
use super::{Words, page};

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
    /// What is asked of the password.
    pub rules: PasswordRules,
    /// When the link ends, in seconds since 1970.
    pub expires_at: i64,
    /// What was wrong with the last attempt.
    pub advice: Option<PasswordAdvice>,
}

impl InvitePage<'_> {
    fn least(&self) -> usize {
        self.rules.least
    }

    fn rule_list(&self, words: &Words) -> Vec<String> {
        rule_list(words, self.rules)
    }

    fn error_text(&self, words: &Words) -> Option<String> {
        self.advice.map(|advice| advice.text(words, self.rules))
    }

    fn expires(&self, words: &Words) -> String {
        words.with("invite-expires", "when", &words.when(self.expires_at))
    }
}

page!(InvitePage, InviteTemplate, "account/invite.html");
