//! How a hash is computed: our own way, and those of other products, which are only ever verified (PW8).

use std::num::NonZeroU32;

use argon2::{Algorithm, Block, Version};
use aws_lc_rs::pbkdf2;
use domain::Secret;

use super::phc::HashParams;
use crate::Fault;

/// Which function, at what cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recipe {
    Argon2(Algorithm, Version, HashParams),
    Bcrypt { cost: u32 },
    Pbkdf2 { digest: Digest, iterations: NonZeroU32 },
    Scrypt { log_n: u8, r: u32, p: u32 },
}

/// The hash inside PBKDF2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digest {
    Sha1,
    Sha256,
    Sha512,
}

impl Digest {
    const fn algorithm(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }
}

/// Bcrypt looks at no more than this (its key schedule has 18 words of 4 bytes).
const BCRYPT_LOOKS_AT: usize = 72;

impl Recipe {
    /// What our own hashes are made with.
    pub(super) const fn own(params: HashParams) -> Self {
        Self::Argon2(Algorithm::Argon2id, Version::V0x13, params)
    }

    /// Memory of Argon2, in blocks of one KiB; the others bring their own.
    pub(super) fn blocks(self) -> Result<usize, Fault> {
        match self {
            Self::Argon2(_, _, params) => Ok(params.argon2()?.params().block_count()),
            Self::Bcrypt { .. } | Self::Pbkdf2 { .. } | Self::Scrypt { .. } => Ok(0),
        }
    }

    /// How much memory it takes, in KiB.
    pub(super) fn memory_kib(self) -> u32 {
        match self {
            Self::Argon2(_, _, params) => params.memory_kib,
            Self::Bcrypt { .. } | Self::Pbkdf2 { .. } => 0,
            // 128 bytes for each of N times r.
            Self::Scrypt { log_n, r, .. } => {
                1_u32
                    .checked_shl(log_n.into())
                    .unwrap_or(u32::MAX)
                    .saturating_mul(r)
                    / 8
            }
        }
    }

    /// The hash. What was in the arena is not wiped: the next hash writes over it, and it takes the secret of the
    /// password with it no further than a hash does.
    pub(super) fn compute(
        self,
        password: &Secret<String>,
        salt: &[u8],
        length: usize,
        arena: &mut [Block],
    ) -> Result<Vec<u8>, Fault> {
        let typed = password.expose().as_bytes();
        let mut output = vec![0; length];
        match self {
            Self::Argon2(algorithm, version, params) => params
                .argon2_as(algorithm, version)?
                .hash_password_into_with_memory(typed, salt, &mut output, arena)
                .map_err(|_| Fault::Internal("argon2 refused its input"))?,
            Self::Bcrypt { cost } => return bcrypt(cost, salt, typed, length),
            Self::Pbkdf2 { digest, iterations } => {
                pbkdf2::derive(digest.algorithm(), iterations, salt, typed, &mut output);
            }
            Self::Scrypt { log_n, r, p } => {
                let params = scrypt::Params::new(log_n, r, p)
                    .map_err(|_| Fault::Internal("scrypt parameters are out of range"))?;
                scrypt::scrypt(typed, salt, &params, &mut output)
                    .map_err(|_| Fault::Internal("scrypt refused its input"))?;
            }
        }
        Ok(output)
    }
}

/// A password of which bcrypt would not see the end is not verified by its beginning (PW4): the answer is no hash, after
/// the same work.
fn bcrypt(cost: u32, salt: &[u8], typed: &[u8], length: usize) -> Result<Vec<u8>, Fault> {
    let salt = salt
        .try_into()
        .map_err(|_| Fault::Internal("a bcrypt salt has 16 bytes"))?;
    let whole = typed.len() <= BCRYPT_LOOKS_AT && !typed.contains(&0);
    // With the zero that ends a C string, where there is room for it.
    let seen: zeroize::Zeroizing<Vec<u8>> =
        zeroize::Zeroizing::new(typed.iter().copied().chain([0]).take(BCRYPT_LOOKS_AT).collect());
    let mut output = bcrypt::bcrypt(cost, salt, &seen).to_vec();
    output.truncate(if whole { length } else { 0 });
    Ok(output)
}
