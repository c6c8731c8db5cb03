//! Request parameters, the same from a query and from a form.

use std::fmt;

use domain::Secret;

use crate::{ErrorCode, OAuthError, form};

/// Most parameters one request may have, known or not.
const MAX_COUNT: usize = 64;

/// Longest value of a parameter that is not in the table.
const MAX_UNKNOWN: usize = 8_192;

/// The parameters this product reads, and the most bytes each value may have (A7, A8). Room for a JWT where one may come.
const KNOWN: &[(&str, usize)] = &[
    ("access_token", 16_384),
    ("acr_values", 500),
    ("claims", 8_192),
    ("claims_locales", 500),
    ("client_assertion", 16_384),
    ("client_assertion_type", 200),
    ("client_id", 100),
    ("client_secret", 512),
    ("code", 512),
    ("code_challenge", 512),
    ("code_challenge_method", 100),
    ("code_verifier", 512),
    // With the certificates of an attestation.
    ("credential", 16_384),
    ("display", 100),
    ("grant_type", 200),
    ("id_token_hint", 16_384),
    ("login_hint", 2_048),
    ("logout_hint", 2_048),
    ("max_age", 100),
    ("nonce", 2_048),
    ("post_logout_redirect_uri", 2_000),
    ("prompt", 200),
    ("redirect_uri", 2_000),
    ("refresh_token", 512),
    ("registration", 8_192),
    ("request", 16_384),
    ("request_uri", 2_000),
    ("resource", 2_000),
    ("response_mode", 100),
    ("response_type", 200),
    ("scope", 500),
    ("state", 2_048),
    ("token", 16_384),
    ("token_type_hint", 100),
    ("ui_locales", 500),
];

/// The one parameter that may come more than once (RFC 8707 section 2).
const REPEATABLE: &str = "resource";

/// Why a query or form is no list of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParamsError {
    /// Not `application/x-www-form-urlencoded`, or not UTF-8.
    #[error("the parameters are not well-formed")]
    Malformed,
    /// A parameter came twice (OA11). Its name, if it is one we know.
    #[error("the parameter {} came more than once", .0.unwrap_or("given"))]
    Repeated(Option<&'static str>),
    /// A value is too long. Its name, if it is one we know.
    #[error("the parameter {} is too long", .0.unwrap_or("given"))]
    TooLong(Option<&'static str>),
    /// More than 64 parameters.
    #[error("too many parameters")]
    TooMany,
}

impl From<ParamsError> for OAuthError {
    fn from(error: ParamsError) -> Self {
        let description = match error {
            ParamsError::Malformed => "the parameters are not well-formed",
            ParamsError::Repeated(_) => "a parameter came more than once",
            ParamsError::TooLong(_) => "a parameter is too long",
            ParamsError::TooMany => "too many parameters",
        };
        Self::new(ErrorCode::InvalidRequest, description)
    }
}

/// Parsed parameters. Values are wiped when dropped and never shown by `Debug`: some are secrets.
#[derive(Clone, Default)]
pub struct Params(Vec<(String, Secret<String>)>);

impl Params {
    /// Parses the body of a form post.
    pub fn parse_form(bytes: &[u8]) -> Result<Self, ParamsError> {
        let mut seen: Vec<String> = Vec::new();
        let mut params = Vec::new();
        for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            if seen.len() == MAX_COUNT {
                return Err(ParamsError::TooMany);
            }
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = decode(halves.next())?;
            let value = Secret::new(decode(halves.next())?);
            let known = known(&name);
            if value.expose().len() > known.map_or(MAX_UNKNOWN, |(_, limit)| limit) {
                return Err(ParamsError::TooLong(known.map(|(name, _)| name)));
            }
            // Counted even when empty: `state=&state=x` names the same parameter twice.
            if name != REPEATABLE && seen.contains(&name) {
                return Err(ParamsError::Repeated(known.map(|(name, _)| name)));
            }
            seen.push(name.clone());
            // An empty value is an absent one (OAuth 2.1 section 3.1).
            if !value.expose().is_empty() {
                params.push((name, value));
            }
        }
        Ok(Self(params))
    }

    /// Parses a URL's query, without its question mark.
    pub fn parse_query(query: &str) -> Result<Self, ParamsError> {
        Self::parse_form(query.as_bytes())
    }

    /// The value of `name`, never empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.expose().as_str())
    }

    /// Every value of `name`; more than one only for `resource`.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, value)| value.expose().as_str())
    }

    /// The value of `name`, still out of sight.
    pub fn secret(&self, name: &str) -> Option<Secret<String>> {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.clone())
    }

    /// Whether `name` has a value.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

impl fmt::Debug for Params {
    /// Names only, and only those we know: a name of somebody's choice may be a misplaced secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(
                self.0
                    .iter()
                    .filter_map(|(name, _)| known(name))
                    .map(|(name, _)| name),
            )
            .finish()
    }
}

fn known(name: &str) -> Option<(&'static str, usize)> {
    KNOWN.iter().copied().find(|(known, _)| *known == name)
}

fn decode(raw: Option<&[u8]>) -> Result<String, ParamsError> {
    form::decode(raw.unwrap_or_default()).ok_or(ParamsError::Malformed)
}
