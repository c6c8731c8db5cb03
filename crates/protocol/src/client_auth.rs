//! How a client proves itself (RFC 6749 section 2.3, OIDC Core section 9).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{AuthMethod, Client, ClientId, Secret, TokenHash};
use zeroize::Zeroizing;

use crate::{ErrorCode, OAuthError, Params, form};

/// `WWW-Authenticate` of an `invalid_client` answer (RFC 6749 section 5.2).
pub const CHALLENGE: &str = r#"Basic realm="token", charset="UTF-8""#;

/// One answer for every cause: who asks learns nothing about which clients exist.
const FAILED: OAuthError = OAuthError::new(ErrorCode::InvalidClient, "client authentication failed");
const SEVERAL: OAuthError = OAuthError::invalid_request("more than one client authentication method");

/// Who a request says it comes from, and with what proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentedClient {
    /// The id it names.
    pub client_id: ClientId,
    /// The secret it shows.
    pub secret: Option<Secret<String>>,
    /// The method by which it shows it.
    pub method: AuthMethod,
}

/// Why a client is not who it says; for the log, never for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientAuthError {
    /// The client is switched off.
    #[error("the client is disabled")]
    Disabled,
    /// Another method than the registered one.
    #[error("the client authentication method is not the registered one")]
    Method,
    /// The secret is wrong.
    #[error("the client secret is wrong")]
    Secret,
    /// There is no such client.
    #[error("the client is unknown")]
    Unknown,
}

impl From<ClientAuthError> for OAuthError {
    fn from(_: ClientAuthError) -> Self {
        FAILED
    }
}

impl PresentedClient {
    /// Finds the one method a request uses (OA15). `authorization` is the header's value.
    pub fn extract(authorization: Option<&str>, params: &Params) -> Result<Self, OAuthError> {
        let secret = params.secret("client_secret");
        let asserted = params.has("client_assertion") || params.has("client_assertion_type");
        let methods = [authorization.is_some(), secret.is_some(), asserted];
        if methods.iter().filter(|used| **used).count() > 1 {
            return Err(SEVERAL);
        }
        let named = params.get("client_id");
        if let Some(header) = authorization {
            let presented = basic(header).ok_or(FAILED)?;
            return match named {
                Some(id) if id != presented.client_id.as_str() => Err(OAuthError::invalid_request(
                    "client_id differs from the authenticated client",
                )),
                _ => Ok(presented),
            };
        }
        if asserted {
            return Err(FAILED);
        }
        let client_id = named.and_then(|id| id.parse().ok()).ok_or(FAILED)?;
        let method = if secret.is_some() {
            AuthMethod::ClientSecretPost
        } else {
            AuthMethod::None
        };
        Ok(Self {
            client_id,
            secret,
            method,
        })
    }
}

/// Both halves are form-encoded before they are joined (RFC 6749 section 2.3.1).
fn basic(header: &str) -> Option<PresentedClient> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") || encoded.len() > 2_048 {
        return None;
    }
    let decoded = Zeroizing::new(STANDARD.decode(encoded.trim_start_matches(' ')).ok()?);
    let mut halves = decoded.splitn(2, |byte| *byte == b':');
    let client_id = form::decode(halves.next()?)?.parse().ok()?;
    let secret = Secret::new(form::decode(halves.next()?)?);
    let has_secret = !secret.expose().is_empty();
    has_secret.then_some(PresentedClient {
        client_id,
        secret: Some(secret),
        method: AuthMethod::ClientSecretBasic,
    })
}

/// Whether `presented` is `client`: by its registered method only, and with its secret, compared in constant time.
pub fn check(client: &Client, presented: &PresentedClient) -> Result<(), ClientAuthError> {
    let proven = secret_matches(client.secret_hash.as_ref(), presented);
    if presented.client_id != client.client_id {
        return Err(ClientAuthError::Unknown);
    }
    if presented.method != client.auth_method {
        return Err(ClientAuthError::Method);
    }
    if client.auth_method != AuthMethod::None && !proven {
        return Err(ClientAuthError::Secret);
    }
    if client.disabled_at.is_some() {
        Err(ClientAuthError::Disabled)
    } else {
        Ok(())
    }
}

/// The refusal for a client that does not exist, after the same work as for one that does.
pub fn check_unknown(presented: &PresentedClient) -> ClientAuthError {
    std::hint::black_box(secret_matches(None, presented));
    ClientAuthError::Unknown
}

fn secret_matches(expected: Option<&TokenHash>, presented: &PresentedClient) -> bool {
    let given = TokenHash::of(presented.secret.as_ref().map_or("", |s| s.expose().as_str()));
    let nothing = TokenHash::from_bytes([0; 32]);
    let equal = domain::constant_time_eq(given.as_bytes(), expected.unwrap_or(&nothing).as_bytes());
    equal && expected.is_some() && presented.secret.is_some()
}
