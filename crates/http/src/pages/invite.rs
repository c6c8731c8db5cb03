//! The invitation page: the first administrator sets a password.

use super::password::NewPasswordField;
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
    /// Where the passkey script asks, for example `/invite/passkey`; `None` where no passkey can belong to.
    pub passkey_action: Option<&'a str>,
    /// The field `password`.
    pub field: NewPasswordField,
    /// When the link ends, in seconds since 1970.
    pub expires_at: i64,
}

impl InvitePage<'_> {
    fn expires(&self, words: &Words) -> String {
        words.with("invite-expires", "when", &words.when(self.expires_at))
    }
}

page!(InvitePage, InviteTemplate, "account/invite.html");
