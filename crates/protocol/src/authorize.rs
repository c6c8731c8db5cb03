//! The authorization endpoint (OAuth 2.1 section 4.1, OIDC Core section 3.1.2), in the order that keeps redirects safe:
//! first who asks and where the answer would go (`Envelope`, `resolve_redirect`; errors stay here, OA2), then everything
//! else (`AuthorizeRequest`; errors travel to the client).

mod claims;
mod prompt;
mod request;
mod response;

use domain::{Client, ClientId};

pub use claims::{ClaimWish, ClaimsRequest};
pub use prompt::{Prompt, Prompts};
pub use request::{AuthorizeRequest, Refusal};
pub(crate) use response::with_query;
pub use response::{AuthorizeResponse, Delivery, ResponseMode, deliver};

use crate::{OAuthError, Params};

const REDIRECT_MISSING: OAuthError = OAuthError::invalid_request("redirect_uri is missing");

/// What must be known before an error may be sent anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The client that asks.
    pub client_id: ClientId,
    /// Where it wants the answer.
    pub redirect_uri: Option<String>,
}

impl Envelope {
    /// Reads the two parameters. An error is shown to the person, never sent to a redirect URI.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let client_id = params
            .get("client_id")
            .ok_or(OAuthError::invalid_request("client_id is missing"))?;
        let client_id = client_id
            .parse()
            .map_err(|_| OAuthError::invalid_request("client_id is unknown"))?;
        let redirect_uri = params.get("redirect_uri").map(str::to_owned);
        // OIDC Core section 3.1.2.1 requires it; plain OAuth lets a single registered one be implied.
        let openid = params
            .get("scope")
            .is_some_and(|scope| scope.split(' ').any(|s| s == "openid"));
        if openid && redirect_uri.is_none() {
            return Err(REDIRECT_MISSING);
        }
        Ok(Self {
            client_id,
            redirect_uri,
        })
    }
}

/// Where the answer goes, and whether the request named it. With none named, the only registered one is meant; an error
/// is shown to the person (OA2).
pub fn resolve_redirect(client: &Client, presented: Option<&str>) -> Result<(String, bool), OAuthError> {
    match (presented, client.settings.redirect_uris.as_slice()) {
        (Some(uri), _) if client.redirect_uri(uri).is_some() => Ok((uri.to_owned(), true)),
        (Some(_), _) => Err(OAuthError::invalid_request(
            "redirect_uri is not registered for this client",
        )),
        (None, [only]) => Ok((only.as_str().to_owned(), false)),
        (None, _) => Err(REDIRECT_MISSING),
    }
}
