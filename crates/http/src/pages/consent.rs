//! The consent page: who asks, for what, for how long, and how to take it back.

use super::{App, Words, link, page};

/// One scope an application asks for.
#[derive(Clone, Debug, Default)]
pub struct ScopeItem<'a> {
    /// The scope value; `openid`, `profile`, `email`, `address`, `phone` and `offline_access` have texts.
    pub name: &'a str,
    /// Words from the scope's record, for all others; without them the value itself is shown.
    pub description: Option<&'a str>,
    /// What the application would see now, in the order to show it.
    pub values: Vec<&'a str>,
}

impl ScopeItem<'_> {
    fn words(&self, words: &Words) -> String {
        match (known_scope(self.name), self.description) {
            (Some((key, _)), _) => words.t(key),
            (None, Some(description)) => description.to_owned(),
            (None, None) => words.with("scope-other", "scope", self.name),
        }
    }

    fn icon(&self) -> &'static str {
        known_scope(self.name).map_or("key", |(_, icon)| icon)
    }
}

/// The key of its text and its picture.
fn known_scope(name: &str) -> Option<(&'static str, &'static str)> {
    match name {
        "address" => Some(("scope-address", "place")),
        "email" => Some(("scope-email", "mail")),
        "offline_access" => Some(("scope-offline-access", "clock")),
        "openid" => Some(("scope-openid", "check")),
        "phone" => Some(("scope-phone", "phone")),
        "profile" => Some(("scope-profile", "person")),
        _ => None,
    }
}

/// Form `consent-form` with the buttons `accept` and `deny`.
#[derive(Clone, Debug)]
pub struct ConsentPage<'a> {
    /// Where the form goes, for example `/consent`.
    pub action: &'a str,
    /// Identifies the sign-in, sent back as `flow`.
    pub flow: &'a str,
    /// Sent back as `csrf`.
    pub csrf: &'a str,
    /// Who asks.
    pub app: App<'a>,
    /// Where the answer goes: host of the redirect URI, which an imposter cannot choose.
    pub return_host: &'a str,
    /// The signed-in person's email address.
    pub user: &'a str,
    /// What for.
    pub scopes: Vec<ScopeItem<'a>>,
    /// How long the application keeps access without asking again, in seconds; `None`: until taken back.
    pub lifetime_seconds: Option<u64>,
    /// Where access is taken back, for example `/account`.
    pub account_url: &'a str,
}

impl ConsentPage<'_> {
    fn heading(&self, words: &Words) -> String {
        words.with("consent-heading", "app", self.app.name)
    }

    fn lifetime(&self, words: &Words) -> String {
        match self.lifetime_seconds {
            Some(seconds) => words.with("consent-lifetime", "time", &words.lifetime(seconds)),
            None => words.t("consent-lifetime-open"),
        }
    }

    fn account(&self) -> Option<&str> {
        link::page(Some(self.account_url))
    }
}

page!(ConsentPage, ConsentTemplate, "flow/consent.html");
