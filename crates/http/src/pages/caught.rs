//! The demo's caught mails.

use super::page;

/// One mail.
#[derive(Clone, Debug)]
pub struct CaughtMail<'a> {
    /// Part of its address.
    pub id: &'a str,
    /// Whom it would have gone to.
    pub to: &'a str,
    /// Its subject.
    pub subject: &'a str,
    /// When it was written, in seconds since 1970.
    pub at: i64,
}

/// The list, or one of it with its text.
#[derive(Clone, Debug)]
pub struct CaughtPage<'a> {
    /// The newest first.
    pub mails: Vec<CaughtMail<'a>>,
    /// The text, if only one is shown.
    pub text: Option<&'a str>,
}

impl CaughtPage<'_> {
    /// The text in pieces; those that are links of ours can be followed.
    fn lines(&self) -> Vec<(&str, bool)> {
        let text = self.text.unwrap_or_default();
        text.lines()
            .map(|line| (line, line.starts_with("http://") || line.starts_with("https://")))
            .collect()
    }
}

page!(CaughtPage, CaughtTemplate, "demo/mail.html");
