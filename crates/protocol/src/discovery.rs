//! Server metadata: OpenID Connect Discovery 1.0 section 3 and RFC 8414 section 2, one document for both. It names only
//! what is there.

use domain::{Acr, AuthMethod, GrantType, Issuer, Scopes, SigningAlg};
use serde::Serialize;

use crate::authorize::{Prompt, ResponseMode};
use crate::{pkce, userinfo};

/// Paths of the endpoints, relative to the issuer.
pub mod path {
    /// OpenID Connect Discovery document.
    pub const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";
    /// RFC 8414 document; also served with the issuer's path behind it.
    pub const AUTHORIZATION_SERVER: &str = "/.well-known/oauth-authorization-server";
    /// Authorization endpoint.
    pub const AUTHORIZE: &str = "/oauth/authorize";
    /// Token endpoint.
    pub const TOKEN: &str = "/oauth/token";
    /// Userinfo endpoint.
    pub const USERINFO: &str = "/oauth/userinfo";
    /// Key set.
    pub const JWKS: &str = "/oauth/jwks";
    /// Introspection endpoint.
    pub const INTROSPECT: &str = "/oauth/introspect";
    /// Revocation endpoint.
    pub const REVOKE: &str = "/oauth/revoke";
    /// Logout endpoint.
    pub const LOGOUT: &str = "/oauth/logout";
}

/// The metadata document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Metadata {
    /// The issuer, byte for byte (OA10).
    pub issuer: String,
    /// Where people are sent.
    pub authorization_endpoint: String,
    /// Where tokens are fetched.
    pub token_endpoint: String,
    /// Where claims are fetched.
    pub userinfo_endpoint: String,
    /// Where keys are fetched.
    pub jwks_uri: String,
    /// Where tokens are looked at.
    pub introspection_endpoint: String,
    /// Where tokens are revoked.
    pub revocation_endpoint: String,
    /// Where people sign out.
    pub end_session_endpoint: String,
    /// Scopes a client can be allowed.
    pub scopes_supported: Vec<String>,
    /// `code` only (OA8).
    pub response_types_supported: Vec<&'static str>,
    /// How answers travel.
    pub response_modes_supported: Vec<&'static str>,
    /// Grants a client can be allowed.
    pub grant_types_supported: Vec<&'static str>,
    /// `public`: one `sub` for all clients.
    pub subject_types_supported: Vec<&'static str>,
    /// Algorithms of ID tokens.
    pub id_token_signing_alg_values_supported: Vec<&'static str>,
    /// How a client proves itself at the token endpoint.
    pub token_endpoint_auth_methods_supported: Vec<&'static str>,
    /// How a client proves itself at the introspection endpoint.
    pub introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    /// How a client proves itself at the revocation endpoint.
    pub revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    /// `S256` only (OA4).
    pub code_challenge_methods_supported: Vec<&'static str>,
    /// `normal`: every claim is said by this issuer itself.
    pub claim_types_supported: Vec<&'static str>,
    /// Claims that can be said.
    pub claims_supported: Vec<&'static str>,
    /// The `claims` parameter works.
    pub claims_parameter_supported: bool,
    /// The `request` parameter does not.
    pub request_parameter_supported: bool,
    /// Nor does `request_uri`.
    pub request_uri_parameter_supported: bool,
    /// Every authorization response says `iss` (RFC 9207).
    pub authorization_response_iss_parameter_supported: bool,
    /// Strengths of sign-in that can be asked for.
    pub acr_values_supported: Vec<&'static str>,
    /// What the person can be asked.
    pub prompt_values_supported: Vec<&'static str>,
    /// Languages of the pages.
    pub ui_locales_supported: Vec<String>,
}

/// Claims every ID token may have, whoever the person is.
const TOKEN_CLAIMS: [&str; 11] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "at_hash",
    "sid",
];

impl Metadata {
    /// The document of `issuer`, which offers `scopes`, can reach `acr`, and has pages in `ui_locales`.
    pub fn build(issuer: &Issuer, scopes: &Scopes, acr: &[Acr], ui_locales: &[&str]) -> Self {
        let secrets = vec![
            AuthMethod::ClientSecretBasic.as_str(),
            AuthMethod::ClientSecretPost.as_str(),
        ];
        let or_none = [secrets.clone(), vec![AuthMethod::None.as_str()]].concat();
        Self {
            issuer: issuer.as_str().to_owned(),
            authorization_endpoint: issuer.url(path::AUTHORIZE),
            token_endpoint: issuer.url(path::TOKEN),
            userinfo_endpoint: issuer.url(path::USERINFO),
            jwks_uri: issuer.url(path::JWKS),
            introspection_endpoint: issuer.url(path::INTROSPECT),
            revocation_endpoint: issuer.url(path::REVOKE),
            end_session_endpoint: issuer.url(path::LOGOUT),
            scopes_supported: scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            response_types_supported: vec!["code"],
            response_modes_supported: ResponseMode::ALL.map(ResponseMode::as_str).to_vec(),
            grant_types_supported: GrantType::ALL.map(GrantType::as_str).to_vec(),
            subject_types_supported: vec!["public", "pairwise"],
            id_token_signing_alg_values_supported: SigningAlg::ALL.map(SigningAlg::as_str).to_vec(),
            token_endpoint_auth_methods_supported: or_none.clone(),
            introspection_endpoint_auth_methods_supported: secrets,
            revocation_endpoint_auth_methods_supported: or_none,
            code_challenge_methods_supported: vec![pkce::METHOD],
            claim_types_supported: vec!["normal"],
            claims_supported: TOKEN_CLAIMS.into_iter().chain(userinfo::claim_names()).collect(),
            claims_parameter_supported: true,
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
            authorization_response_iss_parameter_supported: true,
            acr_values_supported: acr.iter().map(|acr| acr.as_str()).collect(),
            prompt_values_supported: Prompt::ALL.map(Prompt::as_str).to_vec(),
            ui_locales_supported: ui_locales.iter().map(|tag| (*tag).to_owned()).collect(),
        }
    }
}
