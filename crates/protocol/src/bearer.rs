//! Bearer tokens at a protected resource (RFC 6750, OAuth 2.1 section 5.2).

use domain::Secret;

use crate::{ErrorCode, OAuthError, Params};

/// Why a request brings no usable token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BearerError {
    /// No token at all. The answer is a bare challenge (RFC 6750 section 3.1).
    #[error("no access token")]
    Missing,
    /// Header and form both bring one.
    #[error("more than one access token")]
    Several,
    /// Not the characters of a token.
    #[error("the access token is malformed")]
    Malformed,
}

impl BearerError {
    /// What the answer says; `None` for a bare challenge with status 401.
    pub const fn error(self) -> Option<OAuthError> {
        match self {
            Self::Missing => None,
            Self::Several => Some(OAuthError::invalid_request("more than one access token")),
            Self::Malformed => Some(OAuthError::new(
                ErrorCode::InvalidToken,
                "the access token is malformed",
            )),
        }
    }

    /// The answer's HTTP status.
    pub const fn status(self) -> u16 {
        match self.error() {
            Some(error) => error.status(),
            None => 401,
        }
    }
}

/// The one access token of a request: from `Authorization` or from the posted form. A query is never looked at (OA17).
pub fn extract(authorization: Option<&str>, form: Option<&Params>) -> Result<Secret<String>, BearerError> {
    let header = authorization.and_then(bearer);
    let posted = form.and_then(|form| form.get("access_token"));
    let token = match (header, posted) {
        (Some(_), Some(_)) => return Err(BearerError::Several),
        (Some(token), None) | (None, Some(token)) => token,
        (None, None) => return Err(BearerError::Missing),
    };
    if is_token(token) {
        Ok(Secret::new(token.to_owned()))
    } else {
        Err(BearerError::Malformed)
    }
}

/// The credentials of a header whose scheme is `Bearer`, in any case (RFC 9110 section 11.1).
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ').unwrap_or((authorization, ""));
    scheme
        .eq_ignore_ascii_case("Bearer")
        .then(|| token.trim_start_matches(' '))
}

/// `token68` of RFC 9110 section 11.2.
fn is_token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty()
        && body
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b))
}

/// The value of `WWW-Authenticate` for a refused request: `realm` is the issuer, `scope` what would be needed.
pub fn challenge(realm: &str, error: Option<&OAuthError>, scope: Option<&str>) -> String {
    written(realm, error, scope.map(|scope| ("scope", scope)))
}

/// The same for a token whose sign-in was too weak: with the levels that would do (RFC 9470 section 3).
pub fn challenge_for_level(realm: &str, error: &OAuthError, acr_values: &str) -> String {
    written(realm, Some(error), Some(("acr_values", acr_values)))
}

fn written(realm: &str, error: Option<&OAuthError>, needed: Option<(&str, &str)>) -> String {
    let mut fields = vec![("realm", realm)];
    if let Some(error) = error {
        fields.extend([
            ("error", error.code.as_str()),
            ("error_description", error.description),
        ]);
    }
    fields.extend(needed);
    let quoted = |text: &str| {
        text.chars()
            .filter(|c| !c.is_control() && !"\"\\".contains(*c))
            .collect::<String>()
    };
    let fields: Vec<String> = fields
        .into_iter()
        .map(|(name, value)| format!("{name}=\"{}\"", quoted(value)))
        .collect();
    format!("Bearer {}", fields.join(", "))
}
