//! The account overview: sessions, and the applications that have access.

use engine::next_step::NextStep;

use super::{Words, page};

/// One signed-in browser.
#[derive(Clone, Debug)]
pub struct SessionItem<'a> {
    /// The session's public id, part of the form's id and address.
    pub id: &'a str,
    /// For example "Firefox".
    pub browser: Option<&'a str>,
    /// For example "Windows".
    pub system: Option<&'a str>,
    /// Whether the system is one for the hand.
    pub is_mobile: bool,
    /// For example "Zürich, CH", or the address.
    pub place: Option<&'a str>,
    /// Sign-in, in seconds since 1970.
    pub started_at: i64,
    /// Last use, in seconds since 1970.
    pub last_used_at: i64,
    /// Whether this page was opened with it.
    pub current: bool,
}

impl SessionItem<'_> {
    fn device(&self, words: &Words) -> String {
        match (self.browser, self.system) {
            (Some(browser), Some(system)) => words.t_args(
                "session-device",
                &[("browser", browser.into()), ("system", system.into())],
            ),
            (Some(one), None) | (None, Some(one)) => one.to_owned(),
            (None, None) => words.t("session-device-unknown"),
        }
    }

    fn icon(&self) -> &'static str {
        if self.is_mobile { "phone" } else { "screen" }
    }
}

/// One application with access to the account.
#[derive(Clone, Debug)]
pub struct ConnectedApp<'a> {
    /// Part of the form's id and address.
    pub client_id: &'a str,
    /// The name shown to people.
    pub name: &'a str,
    /// Granted scopes, as values.
    pub scopes: Vec<&'a str>,
    /// When access was given, in seconds since 1970.
    pub granted_at: i64,
}

impl ConnectedApp<'_> {
    fn may(&self, words: &Words) -> Vec<String> {
        self.scopes
            .iter()
            .map(|scope| super::consent::scope_words(words, scope))
            .collect()
    }

    fn initial(&self) -> String {
        super::link::initial(self.name)
    }
}

/// What the last action did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountNotice {
    /// What was typed is no mail address.
    AddressRefused,
    /// What somebody else did is ended.
    NotMe,
    /// The sign-in is too old for what was asked.
    NotFresh,
    /// An application lost its access.
    AppRevoked,
    /// The password was changed, and other sessions ended.
    PasswordChanged,
    /// The password was set.
    PasswordSet,
    /// What is known about the person was changed.
    ProfileChanged,
    /// A recovery of lost factors was stopped.
    RecoveryStopped,
    /// One session ended.
    SessionEnded,
}

impl AccountNotice {
    /// Every notice, for tests over all texts.
    pub const ALL: [Self; 9] = [
        Self::AddressRefused,
        Self::AppRevoked,
        Self::NotFresh,
        Self::NotMe,
        Self::PasswordChanged,
        Self::PasswordSet,
        Self::ProfileChanged,
        Self::RecoveryStopped,
        Self::SessionEnded,
    ];

    /// The key of its text.
    pub fn key(self) -> &'static str {
        match self {
            Self::AddressRefused => "ask-error-address",
            Self::NotFresh => "account-notice-not-fresh",
            Self::NotMe => "account-notice-not-me",
            Self::AppRevoked => "account-notice-app-revoked",
            Self::PasswordChanged => "account-notice-password-changed",
            Self::PasswordSet => "account-notice-password-set",
            Self::ProfileChanged => "account-notice-profile-changed",
            Self::RecoveryStopped => "account-notice-recovery-stopped",
            Self::SessionEnded => "account-notice-session-ended",
        }
    }
}

/// The page at `{prefix}/account`.
#[derive(Clone, Debug)]
pub struct AccountPage<'a> {
    /// Sent back as `csrf` by every form.
    pub csrf: &'a str,
    /// The person's name, if known.
    pub name: Option<&'a str>,
    /// The person's email address.
    pub email: &'a str,
    /// Whether the address was proved.
    pub email_verified: bool,
    /// The subject identifier applications see.
    pub subject: &'a str,
    /// Live sessions, this one first.
    pub sessions: Vec<SessionItem<'a>>,
    /// Applications with access.
    pub apps: Vec<ConnectedApp<'a>>,
    /// What to do next.
    pub next: NextStep,
    /// When a recovery that is under way can remove the second factors, in seconds since 1970.
    pub recovery: Option<i64>,
    /// What the last action did.
    pub notice: Option<AccountNotice>,
    /// Whether mails can be sent, and so the address proved and changed.
    pub can_mail: bool,
    /// The present moment, in seconds since 1970.
    pub now: i64,
}

impl AccountPage<'_> {
    fn title(&self) -> &str {
        self.name.unwrap_or(self.email)
    }

    /// Keys of the next step: its name, and why.
    fn next_words(&self) -> (&'static str, &'static str) {
        match self.next {
            NextStep::AddFactor => ("next-add-factor", "next-add-factor-text"),
            NextStep::AddPasskey => ("next-add-passkey", "next-add-passkey-text"),
            NextStep::AddSparePasskey => ("next-add-spare-passkey", "next-add-spare-passkey-text"),
            NextStep::ConfirmAddress => ("next-confirm-address", "next-confirm-address-text"),
            NextStep::MakeRecoveryCodes => ("next-make-recovery-codes", "next-make-recovery-codes-text"),
            NextStep::Nothing => ("next-nothing", "next-nothing-text"),
        }
    }

    /// Where it is done, after the tenant's prefix.
    fn next_path(&self) -> Option<&'static str> {
        match self.next {
            NextStep::ConfirmAddress => Some("/account#email-prove"),
            NextStep::Nothing => None,
            NextStep::AddFactor
            | NextStep::AddPasskey
            | NextStep::AddSparePasskey
            | NextStep::MakeRecoveryCodes => Some("/account/factors"),
        }
    }

    const fn ready_at(&self) -> i64 {
        match self.recovery {
            Some(ready_at) => ready_at,
            None => 0,
        }
    }
}

page!(AccountPage, AccountTemplate, "account/overview.html");
