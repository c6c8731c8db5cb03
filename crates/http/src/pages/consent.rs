//! The consent page: who asks, for what, for how long, and how to take it back.

use std::borrow::Cow;

use super::{App, Words, link, page};

/// What the application would learn by one claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimValue<'a> {
    /// Words, lines separated by `\n`.
    Text(Cow<'a, str>),
    /// Yes or no.
    Flag(bool),
    /// A moment, in seconds since 1970.
    Moment(i64),
}

/// One claim with its present value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimItem<'a> {
    /// The claim's name; those of OpenID Connect Core 5.1 have labels, any other is its own.
    pub name: &'a str,
    /// What it says now.
    pub value: ClaimValue<'a>,
}

impl ClaimItem<'_> {
    fn label(&self, words: &Words) -> String {
        claim_key(self.name).map_or_else(|| self.name.to_owned(), |key| words.t(key))
    }

    fn text(&self, words: &Words) -> String {
        match &self.value {
            ClaimValue::Text(text) => text.clone().into_owned(),
            ClaimValue::Flag(true) => words.t("yes"),
            ClaimValue::Flag(false) => words.t("no"),
            ClaimValue::Moment(seconds) => words.when(*seconds),
        }
    }
}

/// The key of a claim's label.
pub fn claim_key(name: &str) -> Option<&'static str> {
    Some(match name {
        "address" => "claim-address",
        "birthdate" => "claim-birthdate",
        "email" => "claim-email",
        "email_verified" => "claim-email-verified",
        "family_name" => "claim-family-name",
        "gender" => "claim-gender",
        "given_name" => "claim-given-name",
        "locale" => "claim-locale",
        "middle_name" => "claim-middle-name",
        "name" => "claim-name",
        "nickname" => "claim-nickname",
        "phone_number" => "claim-phone-number",
        "phone_number_verified" => "claim-phone-number-verified",
        "picture" => "claim-picture",
        "preferred_username" => "claim-preferred-username",
        "profile" => "claim-profile",
        "sub" => "claim-sub",
        "updated_at" => "claim-updated-at",
        "website" => "claim-website",
        "zoneinfo" => "claim-zoneinfo",
        _ => return None,
    })
}

/// One scope an application asks for.
#[derive(Clone, Debug, Default)]
pub struct ScopeItem<'a> {
    /// The scope value; `openid`, `profile`, `email`, `address`, `phone` and `offline_access` have texts.
    pub name: &'a str,
    /// Words from the scope's record, for all others; without them the value itself is shown.
    pub description: Option<&'a str>,
    /// What the application would see now, in the order to show it.
    pub claims: Vec<ClaimItem<'a>>,
}

impl ScopeItem<'_> {
    fn words(&self, words: &Words) -> String {
        match (known_scope(self.name), self.description) {
            (None, Some(description)) => description.to_owned(),
            _ => scope_words(words, self.name),
        }
    }

    fn icon(&self) -> &'static str {
        known_scope(self.name).map_or("key", |(_, icon)| icon)
    }
}

/// What a scope allows, in words.
pub(super) fn scope_words(words: &Words, name: &str) -> String {
    match known_scope(name) {
        Some((key, _)) => words.t(key),
        None => words.with("scope-other", "scope", name),
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
