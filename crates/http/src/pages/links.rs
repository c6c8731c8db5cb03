//! Pages around mails: asking for a link, the page a link opens, and what was done.

use domain::PasswordRules;

use super::password::{NewPasswordField, PasswordAdvice};
use super::{Words, link, page};

/// What a person asks a mail for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// An account.
    Register,
    /// A new password.
    Reset,
}

impl Ask {
    /// Every wish, for tests over all texts.
    pub const ALL: [Self; 2] = [Self::Register, Self::Reset];

    /// The stem of its texts' keys.
    pub fn key(self) -> &'static str {
        match self {
            Self::Register => "ask-register",
            Self::Reset => "ask-reset",
        }
    }
}

/// Form `ask-form` with the field `email`.
#[derive(Clone, Debug)]
pub struct AskPage<'a> {
    /// What for.
    pub ask: Ask,
    /// Where the form goes.
    pub action: &'a str,
    /// Sent back as `csrf`.
    pub csrf: &'a str,
    /// What was typed before.
    pub email: &'a str,
    /// Whether it was no address.
    pub is_wrong: bool,
    /// Where people sign in.
    pub sign_in_url: &'a str,
}

impl AskPage<'_> {
    fn t(&self, words: &Words, part: &str) -> String {
        words.t(&format!("{}-{part}", self.ask.key()))
    }

    fn sign_in(&self) -> Option<&str> {
        link::page(Some(self.sign_in_url))
    }
}

page!(AskPage, AskTemplate, "flow/ask.html");

/// What a link does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// Another address.
    ChangeEmail,
    /// It was somebody else.
    Deny,
    /// A second factor was lost.
    RecoverFactor,
    /// An account.
    Register,
    /// A new password.
    Reset,
    /// It was not lost, or not by its owner.
    StopRecovery,
    /// The address is proved.
    VerifyEmail,
}

impl LinkKind {
    /// Every kind, for tests over all texts.
    pub const ALL: [Self; 7] = [
        Self::ChangeEmail,
        Self::Deny,
        Self::RecoverFactor,
        Self::Register,
        Self::Reset,
        Self::StopRecovery,
        Self::VerifyEmail,
    ];

    /// The stem of its texts' keys.
    pub fn key(self) -> &'static str {
        match self {
            Self::ChangeEmail => "link-change-email",
            Self::Deny => "link-deny",
            Self::RecoverFactor => "link-recover-factor",
            Self::Register => "link-register",
            Self::Reset => "link-reset",
            Self::StopRecovery => "link-stop-recovery",
            Self::VerifyEmail => "link-verify-email",
        }
    }
}

/// What was wrong with what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// No name.
    Name,
    /// The password cannot be taken.
    Password(PasswordAdvice),
}

/// Form `link-form` with the fields `password` and `name` where the link asks for them.
#[derive(Clone, Debug)]
pub struct LinkPage<'a> {
    /// What the link does.
    pub kind: LinkKind,
    /// Where the form goes.
    pub action: &'a str,
    /// The secret of the link, sent back as `token`.
    pub token: &'a str,
    /// Sent back as `csrf`.
    pub csrf: &'a str,
    /// The address it is about.
    pub email: &'a str,
    /// The name typed before.
    pub name: &'a str,
    /// What is asked of a password.
    pub rules: PasswordRules,
    /// When the link ends, in seconds since 1970.
    pub expires_at: i64,
    /// What was wrong.
    pub error: Option<LinkError>,
}

impl LinkPage<'_> {
    fn t(&self, words: &Words, part: &str) -> String {
        words.t(&format!("{}-{part}", self.kind.key()))
    }

    fn wants_password(&self) -> bool {
        matches!(self.kind, LinkKind::Register | LinkKind::Reset)
    }

    fn wants_name(&self) -> bool {
        self.kind == LinkKind::Register
    }

    fn error_text(&self, words: &Words) -> Option<String> {
        match self.error? {
            LinkError::Name => Some(words.t("link-error-name")),
            LinkError::Password(_) => self.field().error_text(words),
        }
    }

    const fn field(&self) -> NewPasswordField {
        NewPasswordField {
            rules: self.rules,
            advice: match self.error {
                Some(LinkError::Password(advice)) => Some(advice),
                _ => None,
            },
        }
    }

    fn expires(&self, words: &Words) -> String {
        words.with("invite-expires", "when", &words.when(self.expires_at))
    }
}

page!(LinkPage, LinkTemplate, "flow/link.html");

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The new address is asked later.
    ChangeSent,
    /// Sessions ended, and the account is switched off.
    Closed,
    /// Sessions ended, a reset is on its way.
    Denied,
    /// The address is another one.
    EmailChanged,
    /// The second factors are removed.
    FactorsRemoved,
    /// The password is set.
    PasswordSet,
    /// A mail is on its way.
    RecoverySent,
    /// The wait began.
    RecoveryStarted,
    /// It is over before its time.
    RecoveryStopped,
    /// The wait is not over.
    RecoveryWaiting,
    /// A mail is on its way.
    RegisterSent,
    /// The account is made.
    Registered,
    /// A mail may be on its way.
    ResetSent,
    /// A mail is on its way.
    VerificationSent,
    /// The address is proved.
    Verified,
}

impl Told {
    /// Every one, for tests over all texts.
    pub const ALL: [Self; 15] = [
        Self::ChangeSent,
        Self::Closed,
        Self::Denied,
        Self::EmailChanged,
        Self::FactorsRemoved,
        Self::PasswordSet,
        Self::RecoverySent,
        Self::RecoveryStarted,
        Self::RecoveryStopped,
        Self::RecoveryWaiting,
        Self::RegisterSent,
        Self::Registered,
        Self::ResetSent,
        Self::VerificationSent,
        Self::Verified,
    ];

    /// The stem of its texts' keys.
    pub fn key(self) -> &'static str {
        match self {
            Self::ChangeSent => "told-change-sent",
            Self::Closed => "told-closed",
            Self::Denied => "told-denied",
            Self::EmailChanged => "told-email-changed",
            Self::FactorsRemoved => "told-factors-removed",
            Self::PasswordSet => "told-password-set",
            Self::RecoverySent => "told-recovery-sent",
            Self::RecoveryStarted => "told-recovery-started",
            Self::RecoveryStopped => "told-recovery-stopped",
            Self::RecoveryWaiting => "told-recovery-waiting",
            Self::RegisterSent => "told-register-sent",
            Self::Registered => "told-registered",
            Self::ResetSent => "told-reset-sent",
            Self::VerificationSent => "told-verification-sent",
            Self::Verified => "told-verified",
        }
    }
}

/// What was done, and the way on.
#[derive(Clone, Debug)]
pub struct ToldPage<'a> {
    /// What was done.
    pub told: Told,
    /// When it can go on, in seconds since 1970.
    pub not_before: Option<i64>,
    /// Where to go, if there is something to do here.
    pub next_url: Option<&'a str>,
}

impl ToldPage<'_> {
    fn t(&self, words: &Words, part: &str) -> String {
        words.t(&format!("{}-{part}", self.told.key()))
    }

    fn wait(&self, words: &Words) -> Option<String> {
        Some(words.with("told-not-before", "when", &words.when(self.not_before?)))
    }

    fn next(&self) -> Option<&str> {
        link::page(self.next_url)
    }
}

page!(ToldPage, ToldTemplate, "flow/told.html");
