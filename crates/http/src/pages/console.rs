//! The page at the console's address.

use super::{link, page};

/// What an operator can do today, and who may.
#[derive(Clone, Debug)]
pub struct ConsolePage<'a> {
    /// The issuer the page speaks of.
    pub issuer: &'a str,
    /// Where its admin API is.
    pub admin_api: &'a str,
    /// The account page.
    pub account_url: &'a str,
}

impl ConsolePage<'_> {
    fn account(&self) -> Option<&str> {
        link::page(Some(self.account_url))
    }
}

page!(ConsolePage, ConsoleTemplate, "console/home.html");
