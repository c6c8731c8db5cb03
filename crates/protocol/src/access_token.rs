//! JWT access tokens (RFC 9068).

use std::time::Duration;

use domain::{Acr, ClientId, GrantId, Issuer, Scopes, Timestamp};
use serde::{Serialize, Serializer};

use crate::jose::{self, Claims, JoseError, KeySet, SigningKey, claims};

/// What an access token says (JW7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccessTokenClaims {
    /// `iss`.
    pub iss: Issuer,
    /// `sub`: the person, or the client itself where no person takes part.
    pub sub: String,
    /// The resources it is for; never empty.
    #[serde(serialize_with = "one_or_several")]
    pub aud: Vec<String>,
    /// The client it was issued to.
    pub client_id: ClientId,
    /// When it was issued.
    #[serde(serialize_with = "seconds")]
    pub iat: Timestamp,
    /// When it ends.
    #[serde(serialize_with = "seconds")]
    pub exp: Timestamp,
    /// Its own id.
    pub jti: String,
    /// The granted scopes.
    pub scope: Scopes,
    /// How strong the sign-in was, where a person takes part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<Acr>,
    /// By what methods.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// When the person last proved who they are.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "maybe_seconds")]
    pub auth_time: Option<Timestamp>,
    /// The grant it came from, so that revoking the grant ends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantId>,
}

fn one_or_several<S: Serializer>(aud: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    match aud {
        [only] => only.serialize(serializer),
        several => several.serialize(serializer),
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference to the field"
)]
fn seconds<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(time.secs())
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn maybe_seconds<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(Timestamp::secs).serialize(serializer)
}

impl AccessTokenClaims {
    /// The signed token.
    pub fn sign(&self, key: &SigningKey) -> Result<String, JoseError> {
        key.sign(jose::ACCESS_TOKEN, self)
    }

    /// Checks type, signature, issuer and times. Whether it names the right audience and is not revoked is for the
    /// caller to ask.
    pub fn verify<K: KeySet + ?Sized>(
        token: &str,
        issuer: &Issuer,
        keys: &K,
        now: Timestamp,
        leeway: Duration,
    ) -> Result<Self, JoseError> {
        let claims = jose::verify(token, &[jose::ACCESS_TOKEN], keys)?;
        claims::require_issuer(&claims, issuer)?;
        claims::check_times(&claims, now, leeway)?;
        Self::read(&claims, issuer)
    }

    fn read(claims: &Claims, issuer: &Issuer) -> Result<Self, JoseError> {
        use claims::ClaimError::Type;
        let grant = claims::optional_string(claims, "grant")?;
        // A token without scopes has an empty text here, which no other claim may have.
        let scope = claims
            .get("scope")
            .and_then(serde_json::Value::as_str)
            .ok_or(Type("scope"))?;
        let acr = claims::optional_string(claims, "acr")?;
        Ok(Self {
            iss: issuer.clone(),
            sub: claims::require_string(claims, "sub")?.to_owned(),
            aud: claims::audience(claims)?,
            client_id: claims::require_string(claims, "client_id")?
                .parse()
                .map_err(|_| Type("client_id"))?,
            iat: claims::require_time(claims, "iat")?,
            exp: claims::require_time(claims, "exp")?,
            jti: claims::require_string(claims, "jti")?.to_owned(),
            scope: scope.parse().map_err(|_| Type("scope"))?,
            acr: acr.map(|acr| Acr::parse(acr).ok_or(Type("acr"))).transpose()?,
            amr: claims::optional_strings(claims, "amr")?.unwrap_or_default(),
            auth_time: claims::optional_time(claims, "auth_time")?,
            grant: grant.map(str::parse).transpose().map_err(|_| Type("grant"))?,
        })
    }

    /// Whether the token is for `audience`.
    pub fn is_for(&self, audience: &str) -> bool {
        self.aud.iter().any(|aud| aud == audience)
    }
}
