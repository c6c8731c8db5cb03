use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Origin, RedirectUri, Resource, Scopes, SigningAlg, SubjectType, Timestamp, TokenHash};

/// A client's id: 1 to 100 printable ASCII characters (A7), never equal to a person's `sub` because it is not a UUID (OA19).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(String);

/// The text is not a client id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a client id has 1 to 100 characters of A-Z, a-z, 0-9, '-', '_' and '.', and is not a UUID")]
pub struct ClientIdRefused;

impl ClientId {
    /// Longest accepted id (A7, A8).
    pub const MAX_LENGTH: usize = 100;

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientId {
    type Err = ClientIdRefused;

    fn from_str(text: &str) -> Result<Self, ClientIdRefused> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        let well_formed = (1..=Self::MAX_LENGTH).contains(&text.len())
            && text.bytes().all(allowed)
            && uuid::Uuid::try_parse(text).is_err();
        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(ClientIdRefused)
        }
    }
}

impl TryFrom<String> for ClientId {
    type Error = ClientIdRefused;

    fn try_from(text: String) -> Result<Self, ClientIdRefused> {
        text.parse()
    }
}

impl From<ClientId> for String {
    fn from(id: ClientId) -> Self {
        id.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of program the client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientKind {
    /// A server application that can keep a secret.
    Confidential,
    /// A program on a device of the person: no secret, loopback ports may vary (RFC 8252).
    Native,
    /// A program in a browser: no secret.
    Spa,
}

impl ClientKind {
    /// Whether anybody can pretend to be this client.
    pub const fn is_public(self) -> bool {
        !matches!(self, Self::Confidential)
    }
}

/// How a client proves itself at the token endpoint (OIDC Core section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// Secret in the `Authorization` header.
    ClientSecretBasic,
    /// Secret in the form.
    ClientSecretPost,
    /// No proof: a public client.
    None,
}

impl AuthMethod {
    /// The method's registered name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::None => "none",
        }
    }
}

/// A grant type (A8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// RFC 6749 section 4.1.
    AuthorizationCode,
    /// RFC 6749 section 4.4.
    ClientCredentials,
    /// RFC 6749 section 6.
    RefreshToken,
}

impl GrantType {
    /// All that exist.
    pub const ALL: [Self; 3] = [
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::ClientCredentials,
    ];

    /// The `grant_type` value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken => "refresh_token",
        }
    }

    /// From a `grant_type` value.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == text)
    }
}

/// When a code request must carry a PKCE challenge (OA4). What is sent is always checked, and only S256 is accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PkceRule {
    /// Never demanded. For confidential clients only; for running conformance suites.
    Optional,
    /// Demanded unless the request has a nonce (OAuth 2.1 section 7.5.1). For confidential clients only.
    OrNonce,
    /// Always demanded.
    #[default]
    Required,
}

/// The form of access tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessTokenFormat {
    /// Signed JWT (RFC 9068).
    #[default]
    Jwt,
    /// Random text, known only to us.
    Opaque,
}

/// What `aud` of an access token names besides the resources asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AudienceProfile {
    /// `openid` adds the issuer, so that the token also opens userinfo.
    #[default]
    IssuerWithOpenid,
    /// Only the resources; userinfo is reached by asking for the issuer as resource.
    ResourcesOnly,
}

/// Whether the person is asked before a client gets anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConsentRule {
    /// Asked once for each new scope.
    #[default]
    Ask,
    /// Not asked: the company's own, confidential client (OA18).
    Implied,
}

/// What a client may do and how its tokens look. Everything here has a safe default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClientSettings {
    /// Exact redirect URIs (OA1).
    pub redirect_uris: Vec<RedirectUri>,
    /// Exact URIs to return to after logout (SE7).
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// Further origins that may call the CORS endpoints.
    pub allowed_origins: Vec<Origin>,
    /// Grants the client may use (OA9).
    pub grant_types: Vec<GrantType>,
    /// Scopes the client may ask for (OA9, B3).
    pub scopes: Scopes,
    /// Resources the client may ask tokens for (OA9).
    pub resources: Vec<Resource>,
    /// The resource when none is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_resource: Option<Resource>,
    /// The resource this client itself is: it may introspect tokens for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<Resource>,
    /// May introspect any token of the tenant.
    pub may_introspect: bool,
    /// Form of its access tokens.
    pub access_token_format: AccessTokenFormat,
    /// Algorithm of its JWT access tokens.
    pub access_token_alg: SigningAlg,
    /// Algorithm of its ID tokens.
    pub id_token_alg: SigningAlg,
    /// What it knows people by.
    pub subject_type: SubjectType,
    /// When PKCE is demanded.
    pub pkce: PkceRule,
    /// What `aud` names.
    pub audience: AudienceProfile,
    /// Whether the person is asked.
    pub consent: ConsentRule,
    /// A refresh token even without `offline_access`.
    pub always_refresh: bool,
    /// Seconds an access token lives; at most a day.
    pub access_token_secs: u32,
    /// Seconds a refresh token family lives; at most a year.
    pub refresh_token_secs: u32,
    /// Seconds of clock difference forgiven when its tokens are checked, 0 to 60 (A1).
    pub leeway_secs: u8,
    /// Logo, https.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// Privacy policy, https.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// Terms of service, https.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            allowed_origins: Vec::new(),
            grant_types: Vec::new(),
            scopes: Scopes::none(),
            resources: Vec::new(),
            default_resource: None,
            resource: None,
            may_introspect: false,
            access_token_format: AccessTokenFormat::Jwt,
            access_token_alg: SigningAlg::ES256,
            id_token_alg: SigningAlg::RS256,
            subject_type: SubjectType::Public,
            pkce: PkceRule::Required,
            audience: AudienceProfile::IssuerWithOpenid,
            consent: ConsentRule::Ask,
            always_refresh: false,
            access_token_secs: 3_600,
            refresh_token_secs: 2_592_000,
            leeway_secs: 60,
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
        }
    }
}

impl ClientSettings {
    /// The host that all redirect URIs lead to, if it is one: what pairwise subjects are made for (OIDC Core section 8.1).
    pub fn sector(&self) -> Option<String> {
        let mut hosts = self.redirect_uris.iter().map(|uri| {
            let url = url::Url::parse(uri.as_str()).ok()?;
            Some(url.host_str()?.to_owned())
        });
        let first = hosts.next()??;
        hosts.all(|host| host.as_ref() == Some(&first)).then_some(first)
    }
}

/// A program that asks for tokens, or checks them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its id.
    pub client_id: ClientId,
    /// Its name as shown to people.
    pub name: String,
    /// What kind of program it is.
    pub kind: ClientKind,
    /// How it proves itself.
    pub auth_method: AuthMethod,
    /// Hash of its secret, if it has one. The secret has 256 random bits, so one SHA-256 is enough.
    pub secret_hash: Option<TokenHash>,
    /// What it may do.
    pub settings: ClientSettings,
    /// Set when it is switched off.
    pub disabled_at: Option<Timestamp>,
    /// What it was given before this moment does not count: set when it is switched off, raised when it is switched on.
    pub tokens_not_before: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When anything of it last changed.
    pub updated_at: Timestamp,
}

impl Client {
    /// Whether the client may use `grant` (OA9).
    pub fn allows(&self, grant: GrantType) -> bool {
        self.settings.grant_types.contains(&grant)
    }

    /// Whether a code or token it was given at this moment may count, as far as its being switched off goes (I3). The
    /// moment may be that of a JWT, rounded down to the second.
    pub fn honours(&self, issued_at: Timestamp) -> bool {
        self.tokens_not_before.is_none_or(|mark| issued_at >= mark)
    }

    /// The registered redirect URI that `presented` is (OA1).
    pub fn redirect_uri(&self, presented: &str) -> Option<&RedirectUri> {
        let vary_port = self.kind == ClientKind::Native;
        self.settings
            .redirect_uris
            .iter()
            .find(|uri| uri.matches(presented, vary_port))
    }

    /// Whether `presented` is a registered URI to return to after logout.
    pub fn allows_post_logout(&self, presented: &str) -> bool {
        let vary_port = self.kind == ClientKind::Native;
        self.settings
            .post_logout_redirect_uris
            .iter()
            .any(|uri| uri.matches(presented, vary_port))
    }

    /// Whether a page of `origin` may call the CORS endpoints for this client. Confidential clients have no pages.
    pub fn allows_origin(&self, origin: &str) -> bool {
        let vary_port = self.kind == ClientKind::Native;
        self.kind.is_public()
            && (self
                .settings
                .allowed_origins
                .iter()
                .any(|own| own.as_str() == origin)
                || self
                    .settings
                    .redirect_uris
                    .iter()
                    .any(|uri| uri.is_of_origin(origin, vary_port)))
    }
}
