use std::fmt;

use domain::{Acr, Client, ClientId, GrantType, PkceRule, Resource, Scopes};
use serde::{Deserialize, Serialize};

use super::{ClaimsRequest, Prompts, ResponseMode, resolve_redirect};
use crate::pkce::{self, Challenge};
use crate::{ErrorCode, OAuthError, Params, resource};

/// A checked authorization request: everything later steps need, as it is kept while the person signs in.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct AuthorizeRequest {
    /// Who asks.
    pub client_id: ClientId,
    /// Where the answer goes; registered for the client.
    pub redirect_uri: String,
    /// Whether the request named it, so that the token request must too (OA6).
    pub redirect_uri_sent: bool,
    /// How the answer travels.
    pub response_mode: ResponseMode,
    /// The client's own value, given back untouched.
    pub state: Option<String>,
    /// The value to echo in the ID token (OA20).
    pub nonce: Option<String>,
    /// The scopes asked for that the client may have; never empty.
    pub scopes: Scopes,
    /// The resources asked for; all registered for the client.
    pub resources: Vec<Resource>,
    /// The S256 challenge, if one came.
    pub code_challenge: Option<Challenge>,
    /// What the person must be asked.
    pub prompt: Prompts,
    /// Most seconds since the person last proved who they are.
    pub max_age: Option<u64>,
    /// Wanted strengths of sign-in, best first; those this product knows.
    pub acr_values: Vec<Acr>,
    /// Who the client thinks will sign in.
    pub login_hint: Option<String>,
    /// An earlier ID token of the person, unchecked.
    pub id_token_hint: Option<String>,
    /// Preferred languages, best first.
    pub ui_locales: Vec<String>,
    /// Single claims asked for.
    pub claims: ClaimsRequest,
}

impl fmt::Debug for AuthorizeRequest {
    /// Without what tells about the person or could be replayed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizeRequest")
            .field("client_id", &self.client_id)
            .field("redirect_uri", &self.redirect_uri)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// An error that travels to the client's redirect URI, and how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct Refusal {
    /// The error.
    pub error: OAuthError,
    /// The state to give back.
    pub state: Option<String>,
    /// How the answer travels.
    pub response_mode: ResponseMode,
}

impl AuthorizeRequest {
    /// Checks everything but the two parameters of the envelope, which the caller has checked before.
    pub fn parse(params: &Params, client: &Client) -> Result<Self, Refusal> {
        let state = params.get("state").map(str::to_owned);
        let mode = params
            .get("response_mode")
            .map_or(Ok(ResponseMode::Query), str::parse);
        let response_mode = mode.unwrap_or_default();
        mode.and_then(|_| Self::checked(params, client, response_mode, state.clone()))
            .map_err(|error| Refusal {
                error,
                state,
                response_mode,
            })
    }

    fn checked(
        params: &Params,
        client: &Client,
        response_mode: ResponseMode,
        state: Option<String>,
    ) -> Result<Self, OAuthError> {
        let (redirect_uri, redirect_uri_sent) = resolve_redirect(client, params.get("redirect_uri"))?;
        refuse_unsupported(params)?;
        if !client.allows(GrantType::AuthorizationCode) {
            let text = "response_type code is not allowed for this client";
            return Err(OAuthError::new(ErrorCode::UnauthorizedClient, text));
        }
        Ok(Self {
            client_id: client.client_id.clone(),
            redirect_uri,
            redirect_uri_sent,
            response_mode,
            state,
            nonce: params.get("nonce").map(str::to_owned),
            scopes: scopes(params, client)?,
            resources: resource::permitted(client, resource::parse(params)?)?,
            code_challenge: challenge(params, client)?,
            prompt: params
                .get("prompt")
                .map_or(Ok(Prompts::default()), Prompts::parse)?,
            max_age: params.get("max_age").map(max_age).transpose()?,
            acr_values: words(params, "acr_values").filter_map(Acr::parse).collect(),
            login_hint: login_hint(params)?,
            id_token_hint: params.get("id_token_hint").map(str::to_owned),
            ui_locales: words(params, "ui_locales").map(str::to_owned).collect(),
            claims: match params.get("claims") {
                Some(text) => ClaimsRequest::parse(text)?.limited_to(&client.settings.scopes),
                None => ClaimsRequest::default(),
            },
        })
    }

    /// What the person is asked about: the scopes, and those whose claims are asked for one by one (OA18).
    pub fn consent_scopes(&self) -> Scopes {
        self.scopes.union(&self.claims.scopes())
    }

    /// Whether this is an OpenID Connect request: an ID token is wanted.
    pub fn is_openid(&self) -> bool {
        self.scopes.contains("openid")
    }
}

/// What is not built is refused by its own code, never ignored (OA8, OIDC Core section 6).
fn refuse_unsupported(params: &Params) -> Result<(), OAuthError> {
    if params.has("request") {
        return Err(OAuthError::new(
            ErrorCode::RequestNotSupported,
            "request is not supported",
        ));
    }
    if params.has("request_uri") {
        return Err(OAuthError::new(
            ErrorCode::RequestUriNotSupported,
            "request_uri is not supported",
        ));
    }
    if params.has("registration") {
        return Err(OAuthError::new(
            ErrorCode::RegistrationNotSupported,
            "registration is not supported",
        ));
    }
    match params.get("response_type") {
        Some("code") => Ok(()),
        Some(_) => Err(OAuthError::new(
            ErrorCode::UnsupportedResponseType,
            "response_type must be code",
        )),
        None => Err(OAuthError::invalid_request("response_type is missing")),
    }
}

/// Scopes the client may not have are left out, as RFC 6749 section 3.3 allows; nothing left is an error (B3).
fn scopes(params: &Params, client: &Client) -> Result<Scopes, OAuthError> {
    let refused = |text| OAuthError::new(ErrorCode::InvalidScope, text);
    let requested = params.get("scope").ok_or(refused("scope is missing"))?;
    let requested: Scopes = requested.parse().map_err(|_| refused("scope is malformed"))?;
    let allowed = requested.intersection(&client.settings.scopes);
    if allowed.is_empty() {
        Err(refused("no requested scope is allowed for this client"))
    } else {
        Ok(allowed)
    }
}

/// What is sent is checked whatever the rule; a public client always needs it (OA4, OA5).
fn challenge(params: &Params, client: &Client) -> Result<Option<Challenge>, OAuthError> {
    let not_s256 = OAuthError::invalid_request("code_challenge_method must be S256");
    match (params.get("code_challenge"), params.get("code_challenge_method")) {
        (Some(challenge), Some(pkce::METHOD)) => Ok(Some(Challenge::parse(challenge)?)),
        // Without a method the challenge would be `plain` (RFC 7636 section 4.3).
        (Some(_), _) => Err(not_s256),
        (None, Some(_)) => Err(OAuthError::invalid_request("code_challenge is missing")),
        (None, None) if pkce_demanded(params, client) => {
            Err(OAuthError::invalid_request("code_challenge is required"))
        }
        (None, None) => Ok(None),
    }
}

fn pkce_demanded(params: &Params, client: &Client) -> bool {
    client.kind.is_public()
        || match client.settings.pkce {
            PkceRule::Optional => false,
            PkceRule::OrNonce => !params.has("nonce"),
            PkceRule::Required => true,
        }
}

fn max_age(text: &str) -> Result<u64, OAuthError> {
    let refused = OAuthError::invalid_request("max_age is not a number of seconds");
    if text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().map_err(|_| refused)
    } else {
        Err(refused)
    }
}

fn login_hint(params: &Params) -> Result<Option<String>, OAuthError> {
    match params.get("login_hint") {
        Some(hint) if hint.chars().count() > domain::Email::MAX_LENGTH => {
            Err(OAuthError::invalid_request("login_hint is too long"))
        }
        hint => Ok(hint.map(str::to_owned)),
    }
}

fn words<'a>(params: &'a Params, name: &'a str) -> impl Iterator<Item = &'a str> {
    params
        .get(name)
        .unwrap_or_default()
        .split(' ')
        .filter(|word| !word.is_empty())
}
