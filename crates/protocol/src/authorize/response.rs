use std::fmt;
use std::str::FromStr;

use domain::Issuer;
use serde::{Deserialize, Serialize};

use crate::{OAuthError, form};

/// How an authorization response travels (OAuth 2.0 Multiple Response Types, OAuth 2.0 Form Post Response Mode).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the redirect URI's query.
    #[default]
    Query,
    /// In the redirect URI's fragment.
    Fragment,
    /// As a form the browser posts.
    FormPost,
}

impl ResponseMode {
    /// Every mode, as advertised.
    pub const ALL: [Self; 3] = [Self::Query, Self::Fragment, Self::FormPost];

    /// The mode on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::FormPost => "form_post",
        }
    }
}

impl FromStr for ResponseMode {
    type Err = OAuthError;

    fn from_str(text: &str) -> Result<Self, OAuthError> {
        let known = Self::ALL.into_iter().find(|mode| mode.as_str() == text);
        known.ok_or(OAuthError::invalid_request("response_mode is not supported"))
    }
}

/// The parameters of an authorization response, in order.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizeResponse(Vec<(&'static str, String)>);

impl AuthorizeResponse {
    /// A code for the client; `iss` says who issued it (OA10, RFC 9207).
    pub fn success(code: &str, state: Option<&str>, iss: &Issuer) -> Self {
        Self(vec![("code", code.to_owned())]).finish(state, iss)
    }

    /// An error for the client; with `iss` too.
    pub fn error(error: &OAuthError, state: Option<&str>, iss: &Issuer) -> Self {
        let code = ("error", error.code.as_str().to_owned());
        Self(vec![code, ("error_description", error.description.to_owned())]).finish(state, iss)
    }

    fn finish(mut self, state: Option<&str>, iss: &Issuer) -> Self {
        self.0.extend(state.map(|state| ("state", state.to_owned())));
        self.0.push(("iss", iss.as_str().to_owned()));
        self
    }

    /// The parameters.
    pub fn fields(&self) -> &[(&'static str, String)] {
        &self.0
    }
}

impl fmt::Debug for AuthorizeResponse {
    /// Names only: a code is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

/// How the browser takes a response to the client.
#[derive(Clone, PartialEq, Eq)]
pub enum Delivery {
    /// A 303 to this URL (OA12).
    Redirect(String),
    /// A page with a form that posts itself.
    FormPost {
        /// Where to: the redirect URI.
        action: String,
        /// The hidden fields, in order.
        fields: Vec<(&'static str, String)>,
    },
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Redirect(_) => "Redirect(…)",
            Self::FormPost { .. } => "FormPost(…)",
        })
    }
}

/// Puts a response on its way. `redirect_uri` has been checked; registered URIs have no fragment (OA3).
pub fn deliver(mode: ResponseMode, redirect_uri: &str, response: &AuthorizeResponse) -> Delivery {
    match mode {
        ResponseMode::Query => Delivery::Redirect(with_query(redirect_uri, &response.0)),
        ResponseMode::Fragment => Delivery::Redirect(format!("{redirect_uri}#{}", encoded(&response.0))),
        ResponseMode::FormPost => Delivery::FormPost {
            action: redirect_uri.to_owned(),
            fields: response.0.clone(),
        },
    }
}

/// `uri` with `fields` after whatever query it has.
pub(crate) fn with_query(uri: &str, fields: &[(&'static str, String)]) -> String {
    let joint = match uri.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{uri}{joint}{}", encoded(fields))
}

fn encoded(fields: &[(&'static str, String)]) -> String {
    form::encode_pairs(fields.iter().map(|(name, value)| (*name, value.as_str())))
}
