use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{KeyId, SigningAlg};
use serde_json::{Map, Value};

use super::jwk::Numbers;
use super::{Claims, JoseError, Jwk, KeyError, MAX_TOKEN, MIN_RSA_BITS, json};

/// A public key, parsed and ready to verify by its one algorithm.
#[derive(Clone)]
pub struct VerifyingKey {
    alg: SigningAlg,
    kid: KeyId,
    key: ParsedPublicKey,
}

impl VerifyingKey {
    /// Reads a public key. It must name its algorithm; without `kid` it goes by its thumbprint.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        let alg: SigningAlg = jwk
            .alg
            .as_deref()
            .unwrap_or_default()
            .parse()
            .map_err(|()| KeyError::Malformed)?;
        if jwk.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return Err(KeyError::Malformed);
        }
        let key = match jwk.numbers(alg)? {
            Numbers::P256 { x, y } if x.len() == 32 && y.len() == 32 => {
                let point: Vec<u8> = [4].into_iter().chain(x).chain(y).collect();
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            }
            Numbers::Ed25519 { x } if x.len() == 32 => ParsedPublicKey::new(&ED25519, x),
            Numbers::Rsa { n, e } => {
                if n.len() * 8 < MIN_RSA_BITS {
                    return Err(KeyError::Size);
                }
                let parameters = match alg {
                    SigningAlg::PS256 => &RSA_PSS_2048_8192_SHA256,
                    _ => &RSA_PKCS1_2048_8192_SHA256,
                };
                RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters)
            }
            _ => return Err(KeyError::Malformed),
        };
        let kid = jwk.kid.clone().map_or_else(|| jwk.thumbprint(), KeyId);
        Ok(Self {
            alg,
            kid,
            key: key.map_err(|_| KeyError::Malformed)?,
        })
    }

    /// The key's algorithm.
    pub const fn alg(&self) -> SigningAlg {
        self.alg
    }

    /// The key's id.
    pub const fn kid(&self) -> &KeyId {
        &self.kid
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("alg", &self.alg)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// The keys of one issuer.
pub trait KeySet {
    /// The key with exactly this id (JW2).
    fn find(&self, kid: &str) -> Option<&VerifyingKey>;
}

impl KeySet for [VerifyingKey] {
    fn find(&self, kid: &str) -> Option<&VerifyingKey> {
        self.iter().find(|key| key.kid.0 == kid)
    }
}

impl KeySet for Vec<VerifyingKey> {
    fn find(&self, kid: &str) -> Option<&VerifyingKey> {
        self.as_slice().find(kid)
    }
}

impl KeySet for BTreeMap<String, VerifyingKey> {
    fn find(&self, kid: &str) -> Option<&VerifyingKey> {
        self.get(kid)
    }
}

/// The claims of `token`, if one of `keys` signed it as one of the types `expected_typ`.
///
/// Who issued it, for whom and until when is for the caller to check, with the functions of `claims`. Header members that
/// bring or locate a key (`jwk`, `jku`, `x5c`, `x5u`) are not even read (JW2).
pub fn verify<K: KeySet + ?Sized>(token: &str, expected_typ: &[&str], keys: &K) -> Result<Claims, JoseError> {
    let parts = split(token)?;
    let header = header(parts.header)?;
    if header.contains_key("crit") || header.contains_key("b64") {
        return Err(JoseError::Critical);
    }
    let key = keys.find(text(&header, "kid")?).ok_or(JoseError::Key)?;
    if text(&header, "alg")? != key.alg.as_str() {
        return Err(JoseError::Algorithm);
    }
    let typ = text(&header, "typ")?;
    if !expected_typ.contains(&typ) {
        return Err(JoseError::Type);
    }
    let signature = decode(parts.signature)?;
    key.key
        .verify_sig(parts.signed.as_bytes(), &signature)
        .map_err(|_| JoseError::Signature)?;
    json::parse_object(&decode(parts.payload)?).map_err(|_| JoseError::Payload)
}

/// The `kid` a token names, unchecked: to learn which keys must be at hand before it can be verified.
pub fn key_id_of(token: &str) -> Result<KeyId, JoseError> {
    let header = header(split(token)?.header)?;
    text(&header, "kid").map(|kid| KeyId(kid.to_owned()))
}

struct Parts<'a> {
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
    /// What the signature covers: header, dot, payload.
    signed: &'a str,
}

fn split(token: &str) -> Result<Parts<'_>, JoseError> {
    if token.len() > MAX_TOKEN {
        return Err(JoseError::Malformed);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(JoseError::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(JoseError::Malformed)?;
    if payload.contains('.') {
        return Err(JoseError::Malformed);
    }
    Ok(Parts {
        header,
        payload,
        signature,
        signed,
    })
}

fn header(encoded: &str) -> Result<Map<String, Value>, JoseError> {
    json::parse_object(&decode(encoded)?).map_err(|_| JoseError::Header)
}

/// Base64url in its one canonical form: no padding, no stray bits, no line breaks.
fn decode(part: &str) -> Result<Vec<u8>, JoseError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| JoseError::Malformed)
}

fn text<'a>(header: &'a Map<String, Value>, name: &str) -> Result<&'a str, JoseError> {
    header.get(name).and_then(Value::as_str).ok_or(JoseError::Header)
}
