//! The front page of `rsp demo`: who can sign in, with what, and where to look.

use super::{Words, link, page};

/// A sample account.
#[derive(Clone, Debug)]
pub struct DemoAccount<'a> {
    /// Sign-in name.
    pub email: &'a str,
    /// The random password of this data directory.
    pub password: &'a str,
    /// Whether the account administers the tenant.
    pub admin: bool,
}

/// A sample client.
#[derive(Clone, Debug)]
pub struct DemoClient<'a> {
    /// For example `demo-web`.
    pub name: &'a str,
    /// `client_id`.
    pub client_id: &'a str,
    /// `client_secret`, for confidential clients.
    pub client_secret: Option<&'a str>,
    /// `grant_types`.
    pub grant_types: Vec<&'a str>,
    /// `redirect_uris`.
    pub redirect_uris: Vec<&'a str>,
}

/// What a link of the demo leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DemoLinkKind {
    /// The account page.
    Account,
    /// The operator console.
    Console,
    /// The discovery document.
    Discovery,
    /// The public keys.
    Keys,
    /// Metrics and readiness.
    Management,
    /// The sample web application.
    Sample,
}

impl DemoLinkKind {
    /// Every kind, for tests over all texts.
    pub const ALL: [Self; 6] = [
        Self::Account,
        Self::Console,
        Self::Discovery,
        Self::Keys,
        Self::Management,
        Self::Sample,
    ];

    /// The stem of its keys: the name itself, and `-text`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Account => "demo-link-account",
            Self::Console => "demo-link-console",
            Self::Discovery => "demo-link-discovery",
            Self::Keys => "demo-link-keys",
            Self::Management => "demo-link-management",
            Self::Sample => "demo-link-sample",
        }
    }
}

/// A link on the demo's front page.
#[derive(Clone, Copy, Debug)]
pub struct DemoLink<'a> {
    /// What it leads to.
    pub kind: DemoLinkKind,
    /// Where.
    pub url: &'a str,
}

impl DemoLink<'_> {
    fn name(&self, words: &Words) -> String {
        words.t(self.kind.key())
    }

    fn text(&self, words: &Words) -> String {
        words.t(&format!("{}-text", self.kind.key()))
    }

    fn address(&self) -> Option<&str> {
        link::page(Some(self.url))
    }
}

/// The page at `/` of `rsp demo`.
#[derive(Clone, Debug)]
pub struct DemoHomePage<'a> {
    /// The issuer to give to a client library.
    pub issuer: &'a str,
    /// Where the same data lies as a file, if it was written.
    pub credentials_file: Option<&'a str>,
    /// The first thing to try: the sample application.
    pub sample_url: &'a str,
    /// Who can sign in.
    pub accounts: Vec<DemoAccount<'a>>,
    /// Clients to build with.
    pub clients: Vec<DemoClient<'a>>,
    /// Where to look.
    pub links: Vec<DemoLink<'a>>,
}

impl DemoHomePage<'_> {
    fn sample(&self) -> Option<&str> {
        link::page(Some(self.sample_url))
    }
}

page!(DemoHomePage, DemoHomeTemplate, "demo/home.html");
