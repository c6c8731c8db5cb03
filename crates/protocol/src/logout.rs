//! Logout asked for by a client (OIDC RP-Initiated Logout).

use domain::{Client, ClientId};
use serde::{Deserialize, Serialize};

use crate::authorize::with_query;
use crate::id_token::Hint;
use crate::{OAuthError, Params};

/// The parameters of a logout request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogoutRequest {
    /// An ID token of the session to end, unchecked.
    pub id_token_hint: Option<String>,
    /// The client that asks.
    pub client_id: Option<ClientId>,
    /// Where the person wants to go afterwards.
    pub post_logout_redirect_uri: Option<String>,
    /// The client's own value, given back untouched.
    pub state: Option<String>,
    /// Preferred languages, best first.
    pub ui_locales: Vec<String>,
    /// Who the client thinks is signed in.
    pub logout_hint: Option<String>,
}

impl LogoutRequest {
    /// Reads query or form. An error is shown to the person, never sent anywhere.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let text = |name| params.get(name).map(str::to_owned);
        let malformed = OAuthError::invalid_request("client_id is unknown");
        let locales = params.get("ui_locales").unwrap_or_default().split(' ');
        Ok(Self {
            id_token_hint: text("id_token_hint"),
            client_id: params
                .get("client_id")
                .map(str::parse)
                .transpose()
                .map_err(|_| malformed)?,
            post_logout_redirect_uri: text("post_logout_redirect_uri"),
            state: text("state"),
            ui_locales: locales.filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
            logout_hint: text("logout_hint"),
        })
    }

    /// The client the request is about: the one the hint was issued to, or the one it names. They must not differ.
    pub fn client<'a>(&'a self, hint: Option<&'a Hint>) -> Result<Option<&'a ClientId>, OAuthError> {
        match (hint.map(|hint| &hint.client_id), self.client_id.as_ref()) {
            (Some(hinted), Some(named)) if hinted != named => Err(OAuthError::invalid_request(
                "client_id differs from the client of id_token_hint",
            )),
            (hinted, named) => Ok(hinted.or(named)),
        }
    }

    /// Where the browser goes when all is done: only to a URI registered for `client`, as an exact string (SE7), with
    /// the client's state. `None` if no URI was asked for.
    pub fn return_to(&self, client: Option<&Client>) -> Result<Option<String>, OAuthError> {
        let Some(uri) = &self.post_logout_redirect_uri else {
            return Ok(None);
        };
        if !client.is_some_and(|client| client.allows_post_logout(uri)) {
            return Err(OAuthError::invalid_request(
                "post_logout_redirect_uri is not registered for this client",
            ));
        }
        Ok(Some(match &self.state {
            Some(state) => with_query(uri, &[("state", state.clone())]),
            None => uri.clone(),
        }))
    }
}
