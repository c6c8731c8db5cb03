//! The sample web application of `rsp demo`: an ordinary relying party that shows what it receives.

use super::{Words, link, page};

/// Before signing in.
#[derive(Clone, Debug)]
pub struct SampleHomePage<'a> {
    /// Where the sign-in button leads, for example `/sign-in`.
    pub sign_in_url: &'a str,
    /// The issuer the application trusts.
    pub issuer: &'a str,
    /// Its client id.
    pub client_id: &'a str,
    /// Whether the person just signed out.
    pub signed_out: bool,
}

impl SampleHomePage<'_> {
    fn sign_in(&self) -> Option<&str> {
        link::page(Some(self.sign_in_url))
    }
}

page!(SampleHomePage, SampleHomeTemplate, "sample/home.html");

/// A token, decoded where it can be.
#[derive(Clone, Debug)]
pub enum TokenView<'a> {
    /// A JWT.
    Jwt {
        /// The header as indented JSON.
        header: &'a str,
        /// The claims as indented JSON.
        claims: &'a str,
    },
    /// Only its issuer can read it.
    Opaque {
        /// The token, or its first characters.
        text: &'a str,
    },
}

/// After signing in. The forms `sample-refresh` and `sample-sign-out` send `csrf`.
#[derive(Clone, Debug)]
pub struct SampleSignedInPage<'a> {
    /// Sent back as `csrf`.
    pub csrf: &'a str,
    /// Name or email address of the person.
    pub who: &'a str,
    /// The ID token.
    pub id_token: TokenView<'a>,
    /// The access token.
    pub access_token: TokenView<'a>,
    /// When the access token ends, in seconds since 1970.
    pub access_expires_at: i64,
    /// The answer of the userinfo endpoint as indented JSON.
    pub userinfo: &'a str,
    /// Whether there is a refresh token to use.
    pub can_refresh: bool,
    /// Whether the tokens shown are from a refresh just done.
    pub refreshed: bool,
}

impl SampleSignedInPage<'_> {
    fn heading(&self, words: &Words) -> String {
        words.with("sample-signed-in-heading", "who", self.who)
    }

    fn expires(&self, words: &Words) -> String {
        words.with(
            "sample-access-expires",
            "when",
            &words.when(self.access_expires_at),
        )
    }

    /// The tokens with the keys of their titles and the stems of their element ids.
    fn tokens(&self) -> [(&'static str, &'static str, &TokenView<'_>); 2] {
        [
            ("sample-id-token", "id-token", &self.id_token),
            ("sample-access-token", "access-token", &self.access_token),
        ]
    }
}

page!(
    SampleSignedInPage,
    SampleSignedInTemplate,
    "sample/signed_in.html"
);

/// The issuer refused, or its answer did not hold.
#[derive(Clone, Debug)]
pub struct SampleErrorPage<'a> {
    /// The `error` value (RFC 6749 4.1.2.1) or a word of the client library.
    pub error: &'a str,
    /// `error_description`, if there was one.
    pub description: Option<&'a str>,
    /// Where to begin again, for example `/`.
    pub retry_url: &'a str,
}

impl SampleErrorPage<'_> {
    fn retry(&self) -> Option<&str> {
        link::page(Some(self.retry_url))
    }
}

page!(SampleErrorPage, SampleErrorTemplate, "sample/error.html");
