use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{KeyId, SigningAlg};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::KeyError;

/// A public key as JSON (RFC 7517). Private members have no place in this type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    /// Key type: `EC`, `OKP` or `RSA`.
    pub kty: String,
    /// Always `sig`.
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    /// The one algorithm the key is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// The key's id: its thumbprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// Curve of an EC or OKP key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// First coordinate, or the whole Ed25519 key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// Second coordinate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// RSA modulus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// RSA exponent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
}

/// A key set document (RFC 7517 section 5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwks {
    /// The keys.
    pub keys: Vec<Jwk>,
}

/// A public key's numbers.
pub(super) enum Numbers {
    /// Both coordinates of a point on P-256.
    P256 { x: Vec<u8>, y: Vec<u8> },
    /// An Ed25519 key.
    Ed25519 { x: Vec<u8> },
    /// Modulus and exponent, big-endian, without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl Jwk {
    /// The document of a key of `alg`.
    pub(super) fn of(alg: SigningAlg, numbers: &Numbers) -> Self {
        let text = |bytes: &[u8]| Some(URL_SAFE_NO_PAD.encode(bytes));
        let mut jwk = match numbers {
            Numbers::P256 { x, y } => Self {
                kty: "EC".into(),
                crv: Some("P-256".into()),
                x: text(x),
                y: text(y),
                ..Self::default()
            },
            Numbers::Ed25519 { x } => Self {
                kty: "OKP".into(),
                crv: Some("Ed25519".into()),
                x: text(x),
                ..Self::default()
            },
            Numbers::Rsa { n, e } => Self {
                kty: "RSA".into(),
                n: text(n),
                e: text(e),
                ..Self::default()
            },
        };
        jwk.usage = Some("sig".into());
        jwk.alg = Some(alg.as_str().into());
        jwk.kid = Some(jwk.thumbprint().0);
        jwk
    }

    /// The numbers, if they are those of a key of `alg`.
    pub(super) fn numbers(&self, alg: SigningAlg) -> Result<Numbers, KeyError> {
        let bytes = |text: &Option<String>| {
            let text = text.as_ref().ok_or(KeyError::Malformed)?;
            URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyError::Malformed)
        };
        match (alg, self.kty.as_str(), self.crv.as_deref()) {
            (SigningAlg::ES256, "EC", Some("P-256")) => Ok(Numbers::P256 {
                x: bytes(&self.x)?,
                y: bytes(&self.y)?,
            }),
            (SigningAlg::EdDSA, "OKP", Some("Ed25519")) => Ok(Numbers::Ed25519 { x: bytes(&self.x)? }),
            (SigningAlg::PS256 | SigningAlg::RS256, "RSA", None) => Ok(Numbers::Rsa {
                n: bytes(&self.n)?,
                e: bytes(&self.e)?,
            }),
            _ => Err(KeyError::Malformed),
        }
    }

    /// The key's thumbprint (RFC 7638): SHA-256 over its required members, names in order.
    pub fn thumbprint(&self) -> KeyId {
        let mut members = vec![("kty", &self.kty)];
        // Whatever else a document says of a key is not part of it: an `OKP` key has no `y`.
        let required: &[(&str, &Option<String>)] = match self.kty.as_str() {
            "EC" => &[("crv", &self.crv), ("x", &self.x), ("y", &self.y)],
            "OKP" => &[("crv", &self.crv), ("x", &self.x)],
            _ => &[("e", &self.e), ("n", &self.n)],
        };
        members.extend(
            required
                .iter()
                .filter_map(|(name, value)| Some((*name, value.as_ref()?))),
        );
        members.sort_unstable();
        let canonical: serde_json::Map<String, serde_json::Value> = members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.as_str().into()))
            .collect();
        KeyId(URL_SAFE_NO_PAD.encode(Sha256::digest(serde_json::Value::Object(canonical).to_string())))
    }
}
