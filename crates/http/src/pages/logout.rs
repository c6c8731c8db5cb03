//! Signing out: the question and the answer (OpenID Connect RP-Initiated Logout 1.0).

use super::{App, Words, link, page};

/// Form `logout-form` with the buttons `logout` and `stay`.
#[derive(Clone, Debug)]
pub struct LogoutPage<'a> {
    /// Where the form goes.
    pub action: &'a str,
    /// Identifies the stored request, sent back as `flow`.
    pub flow: &'a str,
    /// Sent back as `csrf`.
    pub csrf: &'a str,
    /// The application that asked, if it is known.
    pub app: Option<App<'a>>,
    /// The signed-in person's email address.
    pub user: &'a str,
}

impl LogoutPage<'_> {
    fn text(&self, words: &Words) -> String {
        match self.app.as_ref() {
            Some(app) => words.with("logout-text-app", "app", app.name),
            None => words.t("logout-text"),
        }
    }
}

page!(LogoutPage, LogoutTemplate, "flow/logout.html");

/// Shown after signing out when there is nowhere registered to return to, or as a stop on the way.
#[derive(Clone, Debug, Default)]
pub struct LoggedOutPage<'a> {
    /// The application, if it is known.
    pub app: Option<App<'a>>,
    /// Where the application wants the person back (`post_logout_redirect_uri`, already checked).
    pub return_url: Option<&'a str>,
    /// Where to sign in again, for example `/account`.
    pub sign_in_url: Option<&'a str>,
    /// The person chose to stay signed in.
    pub stayed: bool,
}

impl LoggedOutPage<'_> {
    fn back(&self) -> Option<&str> {
        link::page(self.return_url)
    }

    fn back_label(&self, words: &Words) -> String {
        match self.app.as_ref() {
            Some(app) => words.with("back-to-app", "app", app.name),
            None => words.t("back-to-application"),
        }
    }

    fn sign_in(&self) -> Option<&str> {
        link::page(self.sign_in_url)
    }
}

page!(LoggedOutPage, LoggedOutTemplate, "flow/logged_out.html");
