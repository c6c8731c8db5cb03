//! Token revocation (RFC 7009).

use domain::Secret;

use crate::introspection::{TokenTypeHint, token_and_hint};
use crate::{OAuthError, Params};

/// A request to revoke a token. Whether there is such a token changes nothing in the answer (OX7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationRequest {
    /// The token.
    pub token: Secret<String>,
    /// What it may be; an unknown hint is none.
    pub hint: Option<TokenTypeHint>,
}

impl RevocationRequest {
    /// Reads the form.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let (token, hint) = token_and_hint(params)?;
        Ok(Self { token, hint })
    }
}
