use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{KeyId, Secret, SigningAlg};
use serde::Serialize;

use super::jwk::Numbers;
use super::{JoseError, Jwk, KeyError, MIN_RSA_BITS, VerifyingKey};

/// A private key, parsed and ready to sign by its one algorithm.
pub struct SigningKey {
    alg: SigningAlg,
    pair: Pair,
    jwk: Jwk,
    kid: KeyId,
}

enum Pair {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// The protected header of everything this product signs.
#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    kid: &'a str,
    typ: &'a str,
}

impl SigningKey {
    /// Makes a key. `rsa_bits` counts for RS256 and PS256 only and is 3072 or 4096 (CR1). Takes long for RSA: call it
    /// where blocking is allowed.
    pub fn generate(alg: SigningAlg, rsa_bits: u16) -> Result<Self, KeyError> {
        let failed = |_| KeyError::Generation;
        let pair = match alg {
            SigningAlg::ES256 => {
                Pair::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?)
            }
            SigningAlg::EdDSA => Pair::Ed25519(Ed25519KeyPair::generate().map_err(failed)?),
            SigningAlg::PS256 | SigningAlg::RS256 => {
                let size = match rsa_bits {
                    3072 => KeySize::Rsa3072,
                    4096 => KeySize::Rsa4096,
                    _ => return Err(KeyError::Size),
                };
                Pair::Rsa(RsaKeyPair::generate(size).map_err(failed)?)
            }
        };
        Self::new(alg, pair)
    }

    /// Reads a key that `to_pkcs8` wrote.
    pub fn from_pkcs8(alg: SigningAlg, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let malformed = |_| KeyError::Malformed;
        let pair = match alg {
            SigningAlg::ES256 => Pair::P256(
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map_err(malformed)?,
            ),
            SigningAlg::EdDSA => Pair::Ed25519(Ed25519KeyPair::from_pkcs8(pkcs8).map_err(malformed)?),
            SigningAlg::PS256 | SigningAlg::RS256 => {
                Pair::Rsa(RsaKeyPair::from_pkcs8(pkcs8).map_err(malformed)?)
            }
        };
        Self::new(alg, pair)
    }

    fn new(alg: SigningAlg, pair: Pair) -> Result<Self, KeyError> {
        let jwk = Jwk::of(alg, &pair.numbers()?);
        let kid = jwk.thumbprint();
        Ok(Self { alg, pair, jwk, kid })
    }

    /// The private key as PKCS #8 (RFC 5208), to be sealed and stored.
    pub fn to_pkcs8(&self) -> Result<Secret<Vec<u8>>, KeyError> {
        let bytes = match &self.pair {
            Pair::P256(pair) => pair.to_pkcs8v1().map(|document| document.as_ref().to_vec()),
            Pair::Ed25519(pair) => pair.to_pkcs8v1().map(|document| document.as_ref().to_vec()),
            Pair::Rsa(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair).map(|der| der.as_ref().to_vec()),
        };
        bytes.map(Secret::new).map_err(|_| KeyError::Malformed)
    }

    /// The key's algorithm.
    pub const fn alg(&self) -> SigningAlg {
        self.alg
    }

    /// The key's id: the RFC 7638 thumbprint of its public half.
    pub const fn kid(&self) -> &KeyId {
        &self.kid
    }

    /// The public half as JSON.
    pub const fn public_jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// The public half, ready to verify.
    pub fn verifying_key(&self) -> Result<VerifyingKey, KeyError> {
        VerifyingKey::from_jwk(&self.jwk)
    }

    /// Signs `claims` as a compact token of type `typ`.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, JoseError> {
        let header = Header {
            alg: self.alg.as_str(),
            kid: &self.kid.0,
            typ,
        };
        let mut token = String::with_capacity(1024);
        for part in [serde_json::to_vec(&header), serde_json::to_vec(claims)] {
            if !token.is_empty() {
                token.push('.');
            }
            URL_SAFE_NO_PAD.encode_string(part.map_err(|_| JoseError::Payload)?, &mut token);
        }
        let signature = self.pair.sign(self.alg, token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("alg", &self.alg)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

impl Pair {
    fn sign(&self, alg: SigningAlg, message: &[u8]) -> Result<Vec<u8>, JoseError> {
        let random = SystemRandom::new();
        match self {
            Self::P256(pair) => pair
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec()),
            Self::Ed25519(pair) => pair
                .try_sign(message)
                .map(|signature| signature.as_ref().to_vec()),
            Self::Rsa(pair) => {
                let padding: &'static dyn RsaEncoding = match alg {
                    SigningAlg::PS256 => &RSA_PSS_SHA256,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature)
                    .map(|()| signature)
            }
        }
        .map_err(|_| JoseError::Signing)
    }

    fn numbers(&self) -> Result<Numbers, KeyError> {
        match self {
            Self::P256(pair) => match pair.public_key().as_ref().split_first() {
                // An uncompressed point (SEC 1 section 2.3.3): 4, then both coordinates.
                Some((4, point)) if point.len() == 64 => {
                    let (x, y) = point.split_at_checked(32).ok_or(KeyError::Malformed)?;
                    Ok(Numbers::P256 {
                        x: x.to_vec(),
                        y: y.to_vec(),
                    })
                }
                _ => Err(KeyError::Malformed),
            },
            Self::Ed25519(pair) => Ok(Numbers::Ed25519 {
                x: pair.public_key().as_ref().to_vec(),
            }),
            Self::Rsa(pair) if pair.public_modulus_len() * 8 < MIN_RSA_BITS => Err(KeyError::Size),
            Self::Rsa(pair) => {
                let (n, e) = rsa_numbers(pair.public_key().as_ref()).ok_or(KeyError::Malformed)?;
                Ok(Numbers::Rsa { n, e })
            }
        }
    }
}

/// Modulus and exponent out of a DER `RSAPublicKey` (RFC 8017 appendix A.1.1).
fn rsa_numbers(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (sequence, rest) = der_value(0x30, der)?;
    let (n, after) = der_value(0x02, sequence)?;
    let (e, end) = der_value(0x02, after)?;
    let unsigned = |number: &[u8]| number.strip_prefix(&[0]).unwrap_or(number).to_vec();
    (rest.is_empty() && end.is_empty()).then(|| (unsigned(n), unsigned(e)))
}

/// The contents of a DER element of type `tag`, and what follows it.
fn der_value(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (short, rest) = rest.split_first()?;
    let (length, rest) = match usize::from(*short) {
        length @ 0..=0x7f => (length, rest),
        long => {
            let (digits, rest) = rest.split_at_checked(long - 0x80)?;
            let length = digits
                .iter()
                .try_fold(0usize, |n, byte| Some(n.checked_mul(256)? + usize::from(*byte)))?;
            (length, rest)
        }
    };
    (*first == tag).then(|| rest.split_at_checked(length))?
}
