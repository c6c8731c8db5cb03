//! Second factors: proving one, and what people do with their own.

use super::{App, Words, link, page};

/// What was wrong with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorError {
    /// Too many were wrong: this factor is closed for a while.
    Blocked,
    /// Wrong, or used before: one answer for both.
    Wrong,
}

impl FactorError {
    /// Every error, for tests over all texts.
    pub const ALL: [Self; 2] = [Self::Blocked, Self::Wrong];

    /// The key of its text.
    pub fn key(self) -> &'static str {
        match self {
            Self::Blocked => "factor-error-blocked",
            Self::Wrong => "factor-error-wrong",
        }
    }
}

/// Forms `totp-form` and `recovery-form`, each with the field `code`, `password-form` with the fields of the sign-in page,
/// and `passkey-form` for the script.
#[derive(Clone, Debug)]
pub struct FactorPage<'a> {
    /// Where the forms go, for example `/login/factor`.
    pub action: &'a str,
    /// Identifies the sign-in, sent back as `flow`.
    pub flow: &'a str,
    /// Sent back as `csrf`.
    pub csrf: &'a str,
    /// The application; `None` when a person signs in to their own account.
    pub app: Option<App<'a>>,
    /// Who is half-way in.
    pub email: &'a str,
    /// Where their passkey is asked for; `None` if they have none.
    pub passkey_action: Option<String>,
    /// Where the form `password-form` goes, if their password would be the second factor; `None` otherwise.
    pub password_action: Option<&'a str>,
    /// Whether they have an application that shows codes.
    pub totp: bool,
    /// Whether they have recovery codes left.
    pub recovery: bool,
    /// Whether there is a way on for who has none of them any more.
    pub lost: bool,
    /// What was wrong with the last code.
    pub error: Option<FactorError>,
}

page!(FactorPage, FactorTemplate, "flow/factor.html");

/// What the last action on factors did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorsNotice {
    /// A second factor was set up.
    Enrolled,
    /// The passkey is the last way in and stays.
    LastWayIn,
    /// A passkey was made.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
    /// A passkey has another name.
    PasskeyRenamed,
    /// A second factor was removed.
    Removed,
    /// The tenant lets nobody in without a second factor.
    Required,
}

impl FactorsNotice {
    /// Every notice, for tests over all texts.
    pub const ALL: [Self; 7] = [
        Self::Enrolled,
        Self::LastWayIn,
        Self::PasskeyAdded,
        Self::PasskeyRemoved,
        Self::PasskeyRenamed,
        Self::Removed,
        Self::Required,
    ];

    /// The key of its text.
    pub fn key(self) -> &'static str {
        match self {
            Self::Enrolled => "factors-notice-enrolled",
            Self::LastWayIn => "factors-notice-last-way-in",
            Self::PasskeyAdded => "factors-notice-passkey-added",
            Self::PasskeyRemoved => "factors-notice-passkey-removed",
            Self::PasskeyRenamed => "factors-notice-passkey-renamed",
            Self::Removed => "factors-notice-removed",
            Self::Required => "factors-notice-required",
        }
    }
}

/// One passkey of a person.
#[derive(Clone, Debug)]
pub struct PasskeyItem<'a> {
    /// Part of the form's id and address.
    pub id: &'a str,
    /// What its person calls it; may be empty.
    pub name: &'a str,
    /// Whether it is kept in more than one place.
    pub backed_up: bool,
    /// When it was made, in seconds since 1970.
    pub created_at: i64,
    /// When it was last used, in seconds since 1970.
    pub last_used_at: Option<i64>,
    /// Whether it was set aside and opens nothing.
    pub suspended: bool,
}

impl PasskeyItem<'_> {
    fn title(&self, words: &Words) -> String {
        if self.name.is_empty() {
            words.t("passkey")
        } else {
            self.name.to_owned()
        }
    }

    fn used(&self, words: &Words, now: i64) -> String {
        self.last_used_at.map_or_else(
            || words.t("passkey-unused"),
            |used| format!("{} {}", words.t("session-last-used"), words.ago(now, used)),
        )
    }
}

/// The page at `{prefix}/account/factors`.
#[derive(Clone, Debug)]
pub struct FactorsPage<'a> {
    /// Sent back as `csrf` by every form.
    pub csrf: &'a str,
    /// The person's address.
    pub email: &'a str,
    /// Passkeys, the oldest first.
    pub passkeys: Vec<PasskeyItem<'a>>,
    /// Whether passkeys can be made here.
    pub passkeys_available: bool,
    /// The present moment, in seconds since 1970.
    pub now: i64,
    /// Whether they have a password: codes count beside one only.
    pub password: bool,
    /// Whether they have an application that shows codes.
    pub totp: bool,
    /// Whether that application was set aside and its codes count no more.
    pub totp_suspended: bool,
    /// Recovery codes not used yet.
    pub recovery_left: u32,
    /// What the last action did, or what is expected.
    pub notice: Option<FactorsNotice>,
}

impl FactorsPage<'_> {
    /// Recovery codes stand in for a factor, so there has to be one.
    const fn has_second_factor(&self) -> bool {
        self.totp || !self.passkeys.is_empty()
    }

    fn left(&self, words: &Words) -> String {
        words.t_args("recovery-left", &[("count", self.recovery_left.into())])
    }
}

page!(FactorsPage, FactorsTemplate, "account/factors.html");

/// The page at `{prefix}/account/factors/totp`: form `totp-confirm` with the field `code`.
#[derive(Clone, Debug)]
pub struct TotpPage<'a> {
    /// Sent back as `csrf`.
    pub csrf: &'a str,
    /// The QR picture, as a `data:image/svg+xml` address.
    pub picture: &'a str,
    /// The same as text, for typing.
    pub secret: &'a str,
    /// Whether the last code was wrong.
    pub wrong: bool,
}

impl TotpPage<'_> {
    fn qr(&self) -> Option<&str> {
        link::picture(Some(self.picture))
    }

    /// In groups of four, as people read it.
    fn grouped(&self) -> String {
        let mut text = String::with_capacity(self.secret.len() * 5 / 4);
        for (place, letter) in self.secret.chars().enumerate() {
            if place > 0 && place % 4 == 0 {
                text.push(' ');
            }
            text.push(letter);
        }
        text
    }
}

page!(TotpPage, TotpTemplate, "account/totp.html");

/// The page that shows recovery codes, once.
#[derive(Clone, Debug)]
pub struct RecoveryCodesPage<'a> {
    /// The codes.
    pub codes: Vec<&'a str>,
}

page!(
    RecoveryCodesPage,
    RecoveryCodesTemplate,
    "account/recovery_codes.html"
);
