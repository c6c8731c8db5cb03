//! Sealing: columns that hold private keys or personal data are encrypted (AES-256-GCM) with a data key, and each data
//! key is wrapped by the key-encryption key, which is never in the database (B4, JW11, CR2).
//!
//! The associated data names tenant, table, column and row, so that a sealed value moved elsewhere does not open.

mod data_keys;

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use domain::{Secret, TenantId, World};
use zeroize::Zeroize;

use crate::Fault;

pub(crate) use data_keys::{DataKeys, Purpose};

/// Where a sealed value stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The tenant it belongs to.
    pub(crate) tenant: TenantId,
    /// Table and column, `table.column`.
    pub(crate) column: &'static str,
    /// The row's id.
    pub(crate) row: &'a str,
}

impl Place<'_> {
    fn aad(&self) -> Vec<u8> {
        format!("rsp|{}|{}|{}", self.tenant, self.column, self.row).into_bytes()
    }
}

/// 256 bits that seal.
#[derive(Clone)]
pub(crate) struct SealKey(Arc<LessSafeKey>);

impl SealKey {
    /// From the bare key.
    pub(crate) fn new(bytes: &Secret<[u8; 32]>) -> Result<Self, Fault> {
        let key =
            UnboundKey::new(&AES_256_GCM, bytes.expose()).map_err(|_| Fault::Internal("AES key refused"))?;
        Ok(Self(Arc::new(LessSafeKey::new(key))))
    }

    /// Nonce, ciphertext, tag. The nonce is random: one key seals far fewer than 2^32 values.
    pub(crate) fn seal(&self, world: &World, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, Fault> {
        let nonce: [u8; NONCE_LEN] = world.random();
        let mut text = plain.to_vec();
        let tag = self
            .0
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.aad()),
                &mut text,
            )
            .map_err(|_| Fault::Internal("sealing failed"))?;
        let mut sealed = Vec::with_capacity(NONCE_LEN + text.len() + 16);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&text);
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// What was sealed at this place, and nowhere else.
    pub(crate) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Secret<Vec<u8>>, Fault> {
        let (nonce, text) = sealed
            .split_at_checked(NONCE_LEN)
            .ok_or(Fault::Seal(place.column))?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Fault::Seal(place.column))?;
        let mut text = text.to_vec();
        let plain = self
            .0
            .open_in_place(nonce, Aad::from(place.aad()), &mut text)
            .map_err(|_| Fault::Seal(place.column))?
            .to_vec();
        text.zeroize();
        Ok(Secret::new(plain))
    }
}

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey")
    }
}

/// A key for pseudonyms: equal inputs give equal outputs within a tenant, and nothing else can be read from them.
#[derive(Clone, Debug)]
pub(crate) struct MacKey(Arc<hmac::Key>);

impl MacKey {
    /// From the bare key.
    pub(crate) fn new(bytes: &Secret<[u8; 32]>) -> Self {
        Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, bytes.expose())))
    }

    /// The pseudonym of `value` in the column `label`.
    pub(crate) fn mac(&self, label: &str, value: &str) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(label.as_bytes());
        context.update(b"|");
        context.update(value.as_bytes());
        context.sign().as_ref().to_vec()
    }
}
