//! Token introspection (RFC 7662).

use domain::{Acr, Client, ClientId, Issuer, Scopes, Secret};
use serde::{Serialize, Serializer};

use crate::{OAuthError, Params, access_token::AccessTokenClaims};

/// What the sender thinks the token is; only a hint where to look first (RFC 7009 section 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenTypeHint {
    /// An access token.
    AccessToken,
    /// A refresh token.
    RefreshToken,
}

/// A request to look at a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntrospectionRequest {
    /// The token.
    pub token: Secret<String>,
    /// What it may be; an unknown hint is none.
    pub hint: Option<TokenTypeHint>,
}

impl IntrospectionRequest {
    /// Reads the form.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let (token, hint) = token_and_hint(params)?;
        Ok(Self { token, hint })
    }
}

/// The two parameters that introspection and revocation share.
pub(crate) fn token_and_hint(params: &Params) -> Result<(Secret<String>, Option<TokenTypeHint>), OAuthError> {
    let token = params
        .secret("token")
        .ok_or(OAuthError::invalid_request("token is missing"))?;
    let hint = match params.get("token_type_hint") {
        Some("access_token") => Some(TokenTypeHint::AccessToken),
        Some("refresh_token") => Some(TokenTypeHint::RefreshToken),
        _ => None,
    };
    Ok((token, hint))
}

/// Whether `client` may learn about a token issued to `issued_to` for `audience` (OX6): the client it was issued to, a
/// client whose resource it is for, or a client with the permission.
pub fn may_see(client: &Client, issued_to: &ClientId, audience: &[String]) -> bool {
    let resource = client.settings.resource.as_ref();
    client.client_id == *issued_to
        || client.settings.may_introspect
        || resource.is_some_and(|resource| audience.iter().any(|aud| aud == resource.as_str()))
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntrospectionResponse {
    /// Unknown, expired, revoked, malformed, or none of the asker's business: the answer is always the same (D4).
    Inactive,
    /// A live token.
    Active(Box<ActiveToken>),
}

/// What is told of a live token (RFC 7662 section 2.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActiveToken {
    /// Always true.
    active: bool,
    /// `Bearer` for access tokens; refresh tokens have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    /// Who issued it.
    pub iss: Issuer,
    /// The person, or the client itself.
    pub sub: String,
    /// The resources it is for.
    pub aud: Vec<String>,
    /// The client it was issued to.
    pub client_id: ClientId,
    /// When it was issued, in seconds.
    pub iat: i64,
    /// When it ends, in seconds.
    pub exp: i64,
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// The granted scopes.
    pub scope: Scopes,
    /// How strong the sign-in was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<Acr>,
    /// By what methods.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// When the person last proved who they are, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
}

impl ActiveToken {
    /// A live access token, JWT or opaque alike.
    pub fn access(claims: AccessTokenClaims) -> Self {
        Self {
            token_type: Some("Bearer"),
            ..Self::refresh(claims)
        }
    }

    /// A live refresh token, told in the same words.
    pub fn refresh(claims: AccessTokenClaims) -> Self {
        Self {
            active: true,
            token_type: None,
            iss: claims.iss,
            sub: claims.sub,
            aud: claims.aud,
            client_id: claims.client_id,
            iat: claims.iat.secs(),
            exp: claims.exp.secs(),
            jti: Some(claims.jti),
            scope: claims.scope,
            acr: claims.acr,
            amr: claims.amr,
            auth_time: claims.auth_time.map(domain::Timestamp::secs),
        }
    }
}

#[derive(Serialize)]
struct Inactive {
    active: bool,
}

impl Serialize for IntrospectionResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Inactive => Inactive { active: false }.serialize(serializer),
            Self::Active(token) => token.serialize(serializer),
        }
    }
}
