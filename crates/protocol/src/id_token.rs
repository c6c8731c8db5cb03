//! ID tokens (OIDC Core section 2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Acr, Amr, ClientId, Issuer, SessionId, SigningAlg, Subject, Timestamp};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256, Sha512};

use crate::jose::{self, Claims, JoseError, KeySet, SigningKey, claims};

/// What an ID token says.
#[derive(Clone, Debug, PartialEq)]
pub struct IdTokenClaims {
    /// `iss`.
    pub issuer: Issuer,
    /// `sub`.
    pub subject: Subject,
    /// `aud`: the client it is for.
    pub client_id: ClientId,
    /// `iat`.
    pub issued_at: Timestamp,
    /// `exp`.
    pub expires_at: Timestamp,
    /// When the person last proved who they are. Always told.
    pub auth_time: Timestamp,
    /// Echo of the request's nonce (OA20).
    pub nonce: Option<String>,
    /// How strong the sign-in was.
    pub acr: Acr,
    /// By what methods.
    pub amr: Vec<Amr>,
    /// `sid`: the session it belongs to.
    pub session: Option<SessionId>,
    /// Claims about the person that were asked for one by one. None of these can replace one of the above (C6).
    pub person: Map<String, Value>,
}

impl IdTokenClaims {
    /// The claims as signed by a key of `alg`, bound to the access token that travels beside them.
    pub fn build(&self, alg: SigningAlg, access_token: Option<&str>) -> Claims {
        let mut claims = self.person.clone();
        claims.retain(|name, _| !claims::RESERVED.contains(&name.as_str()));
        let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        set("iss", json!(self.issuer));
        set("sub", json!(self.subject));
        set("aud", json!(self.client_id));
        set("iat", json!(self.issued_at.secs()));
        set("exp", json!(self.expires_at.secs()));
        set("auth_time", json!(self.auth_time.secs()));
        set("acr", json!(self.acr));
        set("amr", json!(self.amr));
        if let Some(nonce) = &self.nonce {
            set("nonce", json!(nonce));
        }
        if let Some(session) = self.session {
            set("sid", json!(session));
        }
        if let Some(token) = access_token {
            set("at_hash", json!(half_hash(alg, token)));
        }
        claims
    }

    /// The signed token.
    pub fn sign(&self, key: &SigningKey, access_token: Option<&str>) -> Result<String, JoseError> {
        key.sign(jose::ID_TOKEN, &self.build(key.alg(), access_token))
    }
}

/// Left half of the hash that belongs to `alg`, as `at_hash` wants it (OIDC Core section 3.1.3.6). Ed25519 hashes with
/// SHA-512.
pub fn half_hash(alg: SigningAlg, text: &str) -> String {
    let half = match alg {
        SigningAlg::EdDSA => Sha512::digest(text.as_bytes())
            .iter()
            .take(32)
            .copied()
            .collect::<Vec<u8>>(),
        SigningAlg::ES256 | SigningAlg::PS256 | SigningAlg::RS256 => {
            Sha256::digest(text.as_bytes()).iter().take(16).copied().collect()
        }
    };
    URL_SAFE_NO_PAD.encode(half)
}

/// What an ID token of ours, given back as a hint, tells about who it was for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The person.
    pub subject: Subject,
    /// The client it was issued to.
    pub client_id: ClientId,
    /// The session it belonged to.
    pub session: Option<SessionId>,
}

impl Hint {
    /// Checks type, signature and issuer. An expired token is still a hint (OIDC RP-Initiated Logout section 4, SE7).
    pub fn verify<K: KeySet + ?Sized>(token: &str, issuer: &Issuer, keys: &K) -> Result<Self, JoseError> {
        use claims::ClaimError::Type;
        let claims = jose::verify(token, &[jose::ID_TOKEN], keys)?;
        claims::require_issuer(&claims, issuer)?;
        claims::require_time(&claims, "exp")?;
        claims::require_time(&claims, "iat")?;
        let client_id = match claims::audience(&claims)?.as_slice() {
            [only] => only.parse().map_err(|_| Type("aud"))?,
            _ => return Err(Type("aud").into()),
        };
        let subject = claims::require_string(&claims, "sub")?
            .parse()
            .map_err(|_| Type("sub"))?;
        let session = claims::optional_string(&claims, "sid")?
            .map(str::parse)
            .transpose()
            .map_err(|_| Type("sid"))?;
        Ok(Self {
            subject,
            client_id,
            session,
        })
    }
}
