//! What happened to an account, and what its person tells about themselves.

use domain::EventKind;

use super::{Locale, Theme, Words, page};

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct ActivityItem {
    /// What leads to the page on which its person says that it was somebody else; `None` where that would lead nowhere.
    pub event: Option<String>,
    /// What.
    pub kind: EventKind,
    /// Whether it was refused, or is worth a look.
    pub failed: bool,
    /// For example "firefox".
    pub browser: Option<String>,
    /// The address.
    pub place: Option<String>,
    /// When, in seconds since 1970; the last time, if it happened more than once.
    pub at: i64,
    /// How often it happened in a row.
    pub times: u64,
}

impl ActivityItem {
    /// The key of an event's text; what is not named has a general one.
    pub fn key(kind: EventKind) -> &'static str {
        match kind {
            EventKind::AccountDenied => "activity-account-denied",
            EventKind::AccountLocked => "activity-account-locked",
            EventKind::AccountUnlocked => "activity-account-unlocked",
            EventKind::ConsentGranted => "activity-consent-granted",
            EventKind::ConsentRevoked => "activity-consent-revoked",
            EventKind::EmailChangeRequested => "activity-email-change-requested",
            EventKind::EmailChanged => "activity-email-changed",
            EventKind::EmailRestored => "activity-email-restored",
            EventKind::EmailVerified => "activity-email-verified",
            EventKind::FactorBlocked => "activity-factor-blocked",
            EventKind::FactorFailed => "activity-factor-failed",
            EventKind::FactorRecoveryStarted => "activity-factor-recovery-started",
            EventKind::FactorRecoveryStopped => "activity-factor-recovery-stopped",
            EventKind::FactorEnrolled => "activity-factor-enrolled",
            EventKind::FactorRemoved => "activity-factor-removed",
            EventKind::InvitationAccepted => "activity-invitation-accepted",
            EventKind::Login => "activity-login",
            EventKind::LoginFailed => "activity-login-failed",
            EventKind::LoginUnfamiliar => "activity-login-unfamiliar",
            EventKind::Logout => "activity-logout",
            EventKind::PasskeyAdded => "activity-passkey-added",
            EventKind::PasskeyCounterDropped => "activity-passkey-counter-dropped",
            EventKind::PasskeyRemoved => "activity-passkey-removed",
            EventKind::PasskeyRenamed => "activity-passkey-renamed",
            EventKind::PasswordChangeRefused => "activity-password-change-refused",
            EventKind::PasswordChanged => "activity-password-changed",
            EventKind::PasswordCompromised => "activity-password-compromised",
            EventKind::ProfileChanged => "activity-profile-changed",
            EventKind::RecoveryCodeUsed => "activity-recovery-code-used",
            EventKind::RecoveryCodesMade => "activity-recovery-codes-made",
            EventKind::SessionEnded => "activity-session-ended",
            EventKind::UserDisabled => "activity-user-disabled",
            EventKind::UserEnabled => "activity-user-enabled",
            _ => "activity-other",
        }
    }

    fn text(&self, words: &Words) -> String {
        words.t(Self::key(self.kind))
    }

    fn repeated(&self, words: &Words) -> Option<String> {
        (self.times > 1).then(|| words.t_args("activity-times", &[("times", self.times.into())]))
    }
}

/// The page at `{prefix}/account/activity`.
#[derive(Clone, Debug)]
pub struct ActivityPage<'a> {
    /// The newest first.
    pub items: Vec<ActivityItem>,
    /// Where older ones are.
    pub older_url: Option<&'a str>,
    /// Where the newest are, unless this page has them.
    pub newest_url: Option<&'a str>,
    /// Where to go if it was somebody else.
    pub password_url: &'a str,
}

page!(ActivityPage, ActivityTemplate, "account/activity.html");

/// What a person can change about themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileField {
    /// Full name.
    Name,
    /// Given name.
    GivenName,
    /// Family name.
    FamilyName,
    /// Casual name.
    Nickname,
}

impl ProfileField {
    /// Every field, in the order of the page.
    pub const ALL: [Self; 4] = [Self::Name, Self::GivenName, Self::FamilyName, Self::Nickname];

    /// The field's name in the form, which is that of the claim.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::GivenName => "given_name",
            Self::FamilyName => "family_name",
            Self::Nickname => "nickname",
        }
    }

    /// The key of its label.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Name => "profile-name",
            Self::GivenName => "profile-given-name",
            Self::FamilyName => "profile-family-name",
            Self::Nickname => "profile-nickname",
        }
    }

    /// The token of HTML's autofill.
    const fn autocomplete(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::GivenName => "given-name",
            Self::FamilyName => "family-name",
            Self::Nickname => "nickname",
        }
    }
}

/// Forms `profile-form` at `{prefix}/account/profile` and `theme-form` at `{prefix}/account/theme`.
#[derive(Clone, Debug)]
pub struct ProfilePage<'a> {
    /// Sent back as `csrf`.
    pub csrf: &'a str,
    /// Whose account it is.
    pub email: &'a str,
    /// Each field and what stands in it.
    pub fields: Vec<(ProfileField, &'a str)>,
    /// The language of the person's mails, if they chose one.
    pub locale: Option<Locale>,
    /// Whether a value was too long.
    pub too_long: bool,
    /// How pages look to this browser.
    pub theme: Theme,
}

impl ProfilePage<'_> {
    fn themes(&self) -> [(Theme, bool); 3] {
        [Theme::Auto, Theme::Light, Theme::Dark].map(|theme| (theme, theme == self.theme))
    }

    fn languages(&self) -> Vec<(Locale, bool)> {
        Locale::all()
            .map(|locale| (locale, Some(locale) == self.locale))
            .collect()
    }
}

page!(ProfilePage, ProfileTemplate, "account/profile.html");
