//! The way to the issuer and back (OIDC Core section 3.1, RFC 7636, RFC 9207).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Issuer, Secret, TokenHash, World};
use protocol::{Params, pkce};
use url::Url;

use super::refusal::Refusal;

/// Time a person has at the issuer.
pub(super) const LIFETIME: Duration = Duration::from_mins(10);

/// What the application asks for. `offline_access` brings the refresh token.
const SCOPES: &str = "openid profile email offline_access";

/// A sign-in under way.
#[derive(Clone)]
pub(super) struct Pending {
    /// The cookie of the browser that began it.
    pub(super) browser: TokenHash,
    /// Comes back in the ID token.
    pub(super) nonce: String,
    /// Proves to the token endpoint that we asked.
    pub(super) verifier: Secret<String>,
}

impl Pending {
    pub(super) fn begin(browser: &str, world: &World) -> Self {
        Self {
            browser: TokenHash::of(browser),
            nonce: unguessable(world),
            verifier: Secret::new(unguessable(world)),
        }
    }

    /// Where the browser goes to sign in.
    pub(super) fn authorization_url(
        &self,
        endpoint: &Url,
        client_id: &str,
        redirect_uri: &str,
        state: &str,
    ) -> Url {
        let mut url = endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", SCOPES)
            .append_pair("state", state)
            .append_pair("nonce", &self.nonce)
            .append_pair(
                "code_challenge",
                pkce::Challenge::of(self.verifier.expose()).as_str(),
            )
            .append_pair("code_challenge_method", pkce::METHOD);
        url
    }
}

/// 256 random bits as 43 characters: a state, a nonce, a cookie, and just long enough for a code verifier.
pub(super) fn unguessable(world: &World) -> String {
    URL_SAFE_NO_PAD.encode(world.random::<32>())
}

/// The code in an authorization response whose state has been checked. `iss` comes first: an answer of another issuer,
/// error or not, is no answer to our question.
pub(super) fn code(params: &Params, issuer: &Issuer) -> Result<Secret<String>, Refusal> {
    const ENDPOINT: &str = "authorization endpoint";
    if params.get("iss") != Some(issuer.as_str()) {
        return Err(Refusal::Issuer);
    }
    match (params.get("error"), params.secret("code")) {
        (Some(error), _) => {
            Err(Refusal::answered(error, params.get("error_description"))
                .unwrap_or(Refusal::Malformed(ENDPOINT)))
        }
        (None, Some(code)) => Ok(code),
        (None, None) => Err(Refusal::Malformed(ENDPOINT)),
    }
}

/// Where the browser goes to sign out (OIDC RP-Initiated Logout section 2).
pub(super) fn logout_url(endpoint: &Url, id_token: &str, post_logout_redirect_uri: &str, state: &str) -> Url {
    let mut url = endpoint.clone();
    url.query_pairs_mut()
        .append_pair("id_token_hint", id_token)
        .append_pair("post_logout_redirect_uri", post_logout_redirect_uri)
        .append_pair("state", state);
    url
}
