//! The sign-in page and its two dead ends.

use super::{Words, link, page};

/// The application a page speaks for, as its client record describes it.
#[derive(Clone, Copy, Debug, Default)]
pub struct App<'a> {
    /// The name shown to people.
    pub name: &'a str,
    /// A path of ours or a `data:` address; anything else is not shown.
    pub logo_url: Option<&'a str>,
    /// Privacy policy (`policy_uri`, RFC 7591).
    pub policy_url: Option<&'a str>,
    /// Terms of service (`tos_uri`, RFC 7591).
    pub terms_url: Option<&'a str>,
}

impl App<'_> {
    pub(super) fn logo(&self) -> Option<&str> {
        link::picture(self.logo_url)
    }

    pub(super) fn initial(&self) -> String {
        link::initial(self.name)
    }

    pub(super) fn policy(&self) -> Option<&str> {
        link::page(self.policy_url)
    }

    pub(super) fn terms(&self) -> Option<&str> {
        link::page(self.terms_url)
    }
}

/// What went wrong with an attempt to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginError {
    /// Too many people sign in at this moment; try again in a few seconds.
    Busy,
    /// Many attempts failed for this account: the browser works for this one, or its person waits a little.
    Challenged,
    /// Unknown person, wrong password, disabled account: one answer for all.
    Credentials,
    /// A field was left empty.
    Incomplete,
    /// Too many attempts; try again later.
    Throttled,
}

impl LoginError {
    /// Every error, for tests over all texts.
    pub const ALL: [Self; 5] = [
        Self::Busy,
        Self::Challenged,
        Self::Credentials,
        Self::Incomplete,
        Self::Throttled,
    ];

    /// The key of its text.
    pub fn key(self) -> &'static str {
        match self {
            Self::Busy => "login-error-busy",
            Self::Challenged => "login-error-challenged",
            Self::Credentials => "login-error-credentials",
            Self::Incomplete => "login-error-incomplete",
            Self::Throttled => "login-error-throttled",
        }
    }
}

/// Why a person is asked, when it is not the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginNotice {
    /// The passkey choice was taken without a script, or in a browser without passkeys.
    NoPasskey,
    /// The application asked for a fresh sign-in (`prompt=login`, `max_age`).
    Reauthenticate,
    /// The page was signed out and the next step is to sign in again.
    SignedOut,
}

impl LoginNotice {
    /// Every notice, for tests over all texts.
    pub const ALL: [Self; 3] = [Self::NoPasskey, Self::Reauthenticate, Self::SignedOut];

    /// The key of its text.
    pub fn key(self) -> &'static str {
        match self {
            Self::NoPasskey => "login-notice-no-passkey",
            Self::Reauthenticate => "login-notice-reauthenticate",
            Self::SignedOut => "login-notice-signed-out",
        }
    }
}

/// What the browser works on before the form goes, without anybody noticing; sent back as `challenge` and `solution`.
#[derive(Clone, Copy, Debug)]
pub struct Work<'a> {
    /// The text to put a number behind.
    pub text: &'a str,
    /// Leading zero bits wanted.
    pub bits: u8,
    /// Seconds to wait where no script runs.
    pub wait: u64,
}

impl Work<'_> {
    pub(super) fn waiting(&self, words: &Words) -> String {
        words.with("challenge-wait", "time", &words.lifetime(self.wait))
    }
}

/// Form `login-form`: email and password in one form; form `passkey-form` with the button `passkey-button` beside it.
#[derive(Clone, Debug)]
pub struct LoginPage<'a> {
    /// Where the form goes, for example `/login`.
    pub action: &'a str,
    /// Identifies the sign-in, sent back as `flow`.
    pub flow: &'a str,
    /// Sent back as `csrf`.
    pub csrf: &'a str,
    /// The application; `None` when a person signs in to their own account.
    pub app: Option<App<'a>>,
    /// What stands in the email field: typed before, or from `login_hint`. Never the password.
    pub email: &'a str,
    /// Shown above the form, with the focus.
    pub error: Option<LoginError>,
    /// Shown above the form when there is no error.
    pub notice: Option<LoginNotice>,
    /// Work to do first, when many attempts failed.
    pub challenge: Option<Work<'a>>,
    /// Where the passkey script asks, for example `/login/passkey`; `None` where no passkey can belong to.
    pub passkey_action: Option<&'a str>,
    /// Where to go without the password, if there is such a page.
    pub recover_url: Option<&'a str>,
    /// Where to make an account, if people may.
    pub register_url: Option<&'a str>,
}

impl LoginPage<'_> {
    fn heading(&self, words: &Words, tenant: &str) -> String {
        words.with(
            "login-heading",
            "app",
            self.app.as_ref().map_or(tenant, |app| app.name),
        )
    }

    fn recover(&self) -> Option<&str> {
        link::page(self.recover_url)
    }

    fn register(&self) -> Option<&str> {
        link::page(self.register_url)
    }

    fn focus_email(&self) -> bool {
        self.error.is_none() && self.email.is_empty()
    }

    fn focus_password(&self) -> bool {
        self.error.is_none() && !self.email.is_empty()
    }
}

page!(LoginPage, LoginTemplate, "flow/login.html");

/// Why a sign-in cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowEnd {
    /// It was finished in another tab.
    AlreadyDone,
    /// It took too long, was started in another browser, or cookies are off.
    Expired,
}

impl FlowEnd {
    /// Every end, for tests over all texts.
    pub const ALL: [Self; 2] = [Self::AlreadyDone, Self::Expired];

    /// The stem of its keys: `-title`, `-text`, `-next` follow.
    pub fn key(self) -> &'static str {
        match self {
            Self::AlreadyDone => "flow-done",
            Self::Expired => "flow-expired",
        }
    }
}

/// A sign-in that cannot go on, and what to do instead.
#[derive(Clone, Debug)]
pub struct FlowEndedPage<'a> {
    /// Why.
    pub end: FlowEnd,
    /// The application, if the flow is still known.
    pub app: Option<App<'a>>,
    /// Where the application starts (`initiate_login_uri` or `client_uri`), if it told us.
    pub return_url: Option<&'a str>,
    /// The account page, when the person is signed in.
    pub account_url: Option<&'a str>,
}

impl FlowEndedPage<'_> {
    fn title(&self, words: &Words) -> String {
        words.t(&format!("{}-title", self.end.key()))
    }

    fn text(&self, words: &Words) -> String {
        words.t(&format!("{}-text", self.end.key()))
    }

    fn next(&self, words: &Words) -> String {
        words.t(&format!("{}-next", self.end.key()))
    }

    fn back(&self) -> Option<&str> {
        link::page(self.return_url)
    }

    fn back_label(&self, words: &Words) -> String {
        match self.app.as_ref() {
            Some(app) => words.with("back-to-app", "app", app.name),
            None => words.t("back-to-application"),
        }
    }

    fn account(&self) -> Option<&str> {
        link::page(self.account_url)
    }
}

page!(FlowEndedPage, FlowEndedTemplate, "flow/ended.html");
