//! Setting a password: the rules, what was wrong, and the page on which a person changes theirs.

use domain::PasswordRules;
use engine::{PasswordRefused, Strength};

use super::{Words, Work, page};

/// What is wrong with a chosen password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordError {
    /// In the list of passwords attackers try first.
    Common,
    /// The present password is wrong.
    Current,
    /// Not all four classes of characters.
    FewClasses,
    /// Contains the email address, the person's name or the name of the service.
    Personal,
    /// Too many wrong ones were typed as the present one.
    Throttled,
    /// Longer than we accept.
    TooLong,
    /// Shorter than the rule.
    TooShort,
}

impl PasswordError {
    /// Every error, for tests over all texts.
    pub const ALL: [Self; 7] = [
        Self::Common,
        Self::Current,
        Self::FewClasses,
        Self::Personal,
        Self::Throttled,
        Self::TooLong,
        Self::TooShort,
    ];

    /// The key of its text.
    pub fn key(self) -> &'static str {
        match self {
            Self::Common => "password-error-common",
            Self::Current => "password-error-current",
            Self::FewClasses => "password-error-few-classes",
            Self::Personal => "password-error-personal",
            Self::Throttled => "login-error-throttled",
            Self::TooLong => "password-error-too-long",
            Self::TooShort => "password-error-too-short",
        }
    }
}

impl From<PasswordRefused> for PasswordError {
    fn from(refused: PasswordRefused) -> Self {
        match refused {
            PasswordRefused::Common => Self::Common,
            PasswordRefused::FewClasses => Self::FewClasses,
            PasswordRefused::Personal => Self::Personal,
            PasswordRefused::TooLong { .. } => Self::TooLong,
            PasswordRefused::TooShort { .. } => Self::TooShort,
        }
    }
}

/// The key of an estimate's text.
pub fn strength_key(strength: Strength) -> &'static str {
    match strength {
        Strength::VeryWeak => "password-very-weak",
        Strength::Weak => "password-weak",
        Strength::Fair => "password-fair",
        Strength::Strong => "password-strong",
        Strength::VeryStrong => "password-very-strong",
    }
}

/// What is said about a password that was not taken. It is never shown itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordAdvice {
    /// What is wrong with it.
    pub error: PasswordError,
    /// How hard it looked to guess.
    pub strength: Option<Strength>,
}

impl PasswordAdvice {
    /// The reason and the estimate, as sentences.
    pub(super) fn text(self, words: &Words, rules: PasswordRules) -> String {
        let count = match self.error {
            PasswordError::TooLong => rules.most,
            _ => rules.least,
        };
        let reason = words.t_args(self.error.key(), &[("count", number(count).into())]);
        match self.strength {
            Some(strength) => format!("{reason} {}", words.t(strength_key(strength))),
            None => reason,
        }
    }
}

/// A field in which somebody chooses a password.
#[derive(Clone, Copy, Debug)]
pub struct NewPasswordField {
    /// What is asked of it.
    pub rules: PasswordRules,
    /// What was wrong with the last one.
    pub advice: Option<PasswordAdvice>,
}

impl NewPasswordField {
    pub(super) fn least(&self) -> usize {
        self.rules.least
    }

    /// The rules as sentences, the telling one first.
    pub(super) fn rule_list(&self, words: &Words) -> Vec<String> {
        let length = words.t_args(
            "password-rule-length",
            &[("count", number(self.rules.least).into())],
        );
        let kind = if self.rules.four_classes {
            "password-rule-classes"
        } else {
            "password-rule-any"
        };
        vec![length, words.t("password-rule-common"), words.t(kind)]
    }

    pub(super) fn error_text(&self, words: &Words) -> Option<String> {
        self.advice.map(|advice| advice.text(words, self.rules))
    }
}

pub(super) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Form `password-form` with the fields `current` and `password`, at `{prefix}/account/password`.
#[derive(Clone, Debug)]
pub struct PasswordPage<'a> {
    /// Sent back as `csrf`.
    pub csrf: &'a str,
    /// Whose account it is, for password managers.
    pub email: &'a str,
    /// Whether there is a present password to be typed.
    pub has_password: bool,
    /// The field of the new one.
    pub field: NewPasswordField,
}

impl PasswordPage<'_> {
    fn is_current_wrong(&self) -> bool {
        self.field
            .advice
            .is_some_and(|advice| matches!(advice.error, PasswordError::Current | PasswordError::Throttled))
    }

    fn is_new_wrong(&self) -> bool {
        self.field.advice.is_some() && !self.is_current_wrong()
    }
}

page!(PasswordPage, PasswordTemplate, "account/password.html");

/// Form `replace-form` of a sign-in: the password was right, but others know it. Fields `flow`, `csrf`, `email`,
/// `password` and `new_password`; without `password` where all is proved.
#[derive(Clone, Debug)]
pub struct ReplacePage<'a> {
    /// Where the form goes, for example `/login`.
    pub action: &'a str,
    /// Identifies the sign-in, sent back as `flow`.
    pub flow: &'a str,
    /// Sent back as `csrf`.
    pub csrf: &'a str,
    /// Whose account it is, sent back as `email`.
    pub email: &'a str,
    /// Whether everything was proved in the sign-in already, and the present password is not typed again.
    pub proved: bool,
    /// The field of the new one.
    pub field: NewPasswordField,
    /// Work to do first, when many attempts failed.
    pub challenge: Option<Work<'a>>,
}

page!(ReplacePage, ReplaceTemplate, "flow/replace.html");
