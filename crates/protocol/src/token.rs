//! The token endpoint: request and answer (RFC 6749 sections 4 to 6, OAuth 2.1).

use std::fmt;

use domain::{Client, GrantType, Resource, Scopes, Secret};
use serde::Serialize;

use crate::{ErrorCode, OAuthError, Params, resource};

const FOREIGN_SCOPE: OAuthError =
    OAuthError::new(ErrorCode::InvalidScope, "scope is not allowed for this client");

/// Reads token requests.
#[derive(Clone, Copy, Debug)]
pub struct TokenRequest;

/// What a token request wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenGrant {
    /// Redeem a code (RFC 6749 section 4.1.3).
    AuthorizationCode {
        /// The code.
        code: Secret<String>,
        /// The redirect URI of the authorization request.
        redirect_uri: Option<String>,
        /// Proof for the challenge.
        code_verifier: Option<Secret<String>>,
        /// Only for these of the granted resources.
        resources: Vec<Resource>,
    },
    /// A new access token for a refresh token (RFC 6749 section 6).
    RefreshToken {
        /// The refresh token.
        token: Secret<String>,
        /// Only these of the granted scopes.
        scope: Option<Scopes>,
        /// Only for these of the granted resources.
        resources: Vec<Resource>,
    },
    /// An access token for the client itself (RFC 6749 section 4.4).
    ClientCredentials {
        /// The scopes wanted.
        scope: Option<Scopes>,
        /// The resources wanted.
        resources: Vec<Resource>,
    },
}

impl TokenRequest {
    /// Reads the parameters of a token request; who sends it is for `client_auth` to find out.
    pub fn parse(params: &Params) -> Result<TokenGrant, OAuthError> {
        let name = params
            .get("grant_type")
            .ok_or(OAuthError::invalid_request("grant_type is missing"))?;
        let unsupported = OAuthError::new(ErrorCode::UnsupportedGrantType, "grant_type is not supported");
        let grant = GrantType::parse(name).ok_or(unsupported)?;
        let resources = resource::parse(params)?;
        Ok(match grant {
            GrantType::AuthorizationCode => TokenGrant::AuthorizationCode {
                code: params
                    .secret("code")
                    .ok_or(OAuthError::invalid_request("code is missing"))?,
                redirect_uri: params.get("redirect_uri").map(str::to_owned),
                code_verifier: params.secret("code_verifier"),
                resources,
            },
            GrantType::RefreshToken => TokenGrant::RefreshToken {
                token: params
                    .secret("refresh_token")
                    .ok_or(OAuthError::invalid_request("refresh_token is missing"))?,
                scope: scope(params)?,
                resources,
            },
            GrantType::ClientCredentials => TokenGrant::ClientCredentials {
                scope: scope(params)?,
                resources,
            },
        })
    }
}

impl TokenGrant {
    /// The grant's type.
    pub const fn grant_type(&self) -> GrantType {
        match self {
            Self::AuthorizationCode { .. } => GrantType::AuthorizationCode,
            Self::RefreshToken { .. } => GrantType::RefreshToken,
            Self::ClientCredentials { .. } => GrantType::ClientCredentials,
        }
    }

    /// Lets pass only grants `client` may use (OA9).
    pub fn permitted(&self, client: &Client) -> Result<(), OAuthError> {
        if client.allows(self.grant_type()) {
            return Ok(());
        }
        Err(OAuthError::new(
            ErrorCode::UnauthorizedClient,
            "grant_type is not allowed for this client",
        ))
    }
}

fn scope(params: &Params) -> Result<Option<Scopes>, OAuthError> {
    let malformed = OAuthError::new(ErrorCode::InvalidScope, "scope is malformed");
    params
        .get("scope")
        .map(|text| text.parse().map_err(|_| malformed))
        .transpose()
}

/// A code is bound to the redirect URI it was sent to (OA6): if the authorization request named one, the token request
/// must name the same.
pub fn check_redirect_uri(of_code: &str, was_sent: bool, presented: Option<&str>) -> Result<(), OAuthError> {
    match presented {
        Some(uri) if uri == of_code => Ok(()),
        None if !was_sent => Ok(()),
        _ => Err(OAuthError::new(
            ErrorCode::InvalidGrant,
            "redirect_uri is not the one of the authorization request",
        )),
    }
}

/// Scopes of a token for the client itself: those asked for, or all it may have that need no person (B3).
pub fn scopes_for_client_credentials(
    client: &Client,
    requested: Option<&Scopes>,
) -> Result<Scopes, OAuthError> {
    let needs_person = |scope: &str| matches!(scope, "openid" | "offline_access");
    let own: Scopes = client
        .settings
        .scopes
        .iter()
        .filter(|scope| !needs_person(scope.as_str()))
        .cloned()
        .collect();
    match requested {
        None => Ok(own),
        Some(requested) if requested.is_subset_of(&own) => Ok(requested.clone()),
        Some(_) => Err(FOREIGN_SCOPE),
    }
}

/// Scopes of a refreshed token: those asked for, or all that were granted; never another (OA14).
pub fn narrow(granted: &Scopes, requested: Option<&Scopes>) -> Result<Scopes, OAuthError> {
    match requested {
        None => Ok(granted.clone()),
        Some(requested) if requested.is_subset_of(granted) => Ok(requested.clone()),
        Some(_) => Err(OAuthError::new(ErrorCode::InvalidScope, "scope was not granted")),
    }
}

/// The answer of the token endpoint (RFC 6749 section 5.1, OIDC Core section 3.1.3.3).
#[derive(Clone, Serialize)]
pub struct TokenResponse {
    /// The access token.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// Seconds the access token lives.
    pub expires_in: u64,
    /// The refresh token, if one is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The ID token, with the scope `openid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// The granted scopes, always told.
    pub scope: Scopes,
}

impl TokenResponse {
    /// An answer with an access token only.
    pub const fn bearer(access_token: String, expires_in: u64, scope: Scopes) -> Self {
        Self {
            access_token,
            token_type: "Bearer",
            expires_in,
            refresh_token: None,
            id_token: None,
            scope,
        }
    }
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
