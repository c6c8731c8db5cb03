//! The checks of OIDC Core sections 3.1.3.7 and 12.2: what makes an ID token ours.

use std::time::Duration;

use domain::{Issuer, Timestamp, constant_time_eq};
use protocol::id_token::half_hash;
use protocol::jose::{self, ClaimError, Claims, JoseError, KeySet as _, VerifyingKey, claims};

/// Forgiven difference between two clocks.
const LEEWAY: Duration = Duration::from_secs(10);

/// Longest `sub` (OIDC Core section 2).
const MAX_SUBJECT: usize = 255;

/// Why an ID token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum IdTokenRefused {
    /// `at_hash` is not the access token's.
    #[error("it belongs to another access token")]
    AccessToken,
    /// A refreshed token about another sign-in.
    #[error("it is about another sign-in")]
    AuthTime,
    /// `azp` names another client, or is missing beside several audiences.
    #[error("it was issued to another client")]
    AuthorizedParty,
    /// There is none, although `openid` was asked for.
    #[error("there is none")]
    Missing,
    /// `nonce` is not the one of the request.
    #[error("it is not the answer to this sign-in")]
    Nonce,
    /// `sub` is malformed, or not that of the first token.
    #[error("it is about another person")]
    Subject,
    /// Signature, type or a claim is wrong.
    #[error(transparent)]
    Token(#[from] JoseError),
}

impl From<ClaimError> for IdTokenRefused {
    fn from(error: ClaimError) -> Self {
        Self::Token(error.into())
    }
}

/// What the token came from.
#[derive(Clone, Copy)]
pub(super) enum Occasion<'a> {
    /// A refresh; the claims of the token before.
    Refresh { earlier: &'a Claims },
    /// A sign-in; the nonce sent with it.
    SignIn { nonce: &'a str },
}

/// Who expects the token, and when.
pub(super) struct Expected<'a> {
    /// The issuer that was asked.
    pub(super) issuer: &'a Issuer,
    /// Our client id.
    pub(super) client_id: &'a str,
    /// The present moment.
    pub(super) now: Timestamp,
}

impl Expected<'_> {
    /// The claims of `token`, if everything about it holds. It came together with `access_token`.
    pub(super) fn check(
        &self,
        token: &str,
        access_token: &str,
        keys: &[VerifyingKey],
        occasion: Occasion<'_>,
    ) -> Result<Claims, IdTokenRefused> {
        let claims = jose::verify(token, &[jose::ID_TOKEN], keys)?;
        claims::require_issuer(&claims, self.issuer)?;
        claims::require_audience(&claims, self.client_id)?;
        self.check_authorized_party(&claims)?;
        claims::check_times(&claims, self.now, LEEWAY)?;
        if claims::require_string(&claims, "sub")?.len() > MAX_SUBJECT {
            return Err(IdTokenRefused::Subject);
        }
        check_occasion(&claims, occasion)?;
        let key = keys.find(&jose::key_id_of(token)?.0).ok_or(JoseError::Key)?;
        let at_hash = claims::require_string(&claims, "at_hash")?;
        if at_hash != half_hash(key.alg(), access_token) {
            return Err(IdTokenRefused::AccessToken);
        }
        Ok(claims)
    }

    /// Several audiences need an `azp`, and whoever is named must be us.
    fn check_authorized_party(&self, claims: &Claims) -> Result<(), IdTokenRefused> {
        let several = claims::audience(claims)?.len() > 1;
        match claims::optional_string(claims, "azp")? {
            Some(azp) if azp == self.client_id => Ok(()),
            None if !several => Ok(()),
            _ => Err(IdTokenRefused::AuthorizedParty),
        }
    }
}

fn check_occasion(claims: &Claims, occasion: Occasion<'_>) -> Result<(), IdTokenRefused> {
    match occasion {
        Occasion::SignIn { nonce } => {
            let said = claims::require_string(claims, "nonce")?;
            if constant_time_eq(said.as_bytes(), nonce.as_bytes()) {
                Ok(())
            } else {
                Err(IdTokenRefused::Nonce)
            }
        }
        Occasion::Refresh { earlier } => {
            let same = |name: &str| claims.get(name) == earlier.get(name);
            if !same("sub") {
                return Err(IdTokenRefused::Subject);
            }
            if !same("auth_time") {
                return Err(IdTokenRefused::AuthTime);
            }
            if claims.contains_key("nonce") && !same("nonce") {
                return Err(IdTokenRefused::Nonce);
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
