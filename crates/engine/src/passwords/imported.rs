//! Hashes that other products made, as their exports write them: PHC strings and the forms of crypt, passlib and Django.

use std::num::NonZeroU32;

use argon2::{Algorithm, Version};
use base64::Engine as _;
use base64::alphabet::BCRYPT;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD_NO_PAD};

use super::phc::{Hash, HashParams};
use super::recipe::{Digest, Recipe};

/// Stands before an imported hash where it is stored: our own are of a normal form, these of what was typed.
pub(super) const MARK: &str = "import:";

/// The 22 letters of a bcrypt salt have four bits too many, which nobody looks at.
const CRYPT: GeneralPurpose = GeneralPurpose::new(&BCRYPT, NO_PAD.with_decode_allow_trailing_bits(true));

// What one sign-in may cost with an imported hash: about a second, and the memory of a large hash of our own.
const MAX_MEMORY_KIB: u32 = 262_144;
const MAX_ARGON2_KIB_PASSES: u64 = 1 << 20;
const MAX_BCRYPT: u32 = 14;
const MAX_PBKDF2: u32 = 1_500_000;
const MAX_SCRYPT_LANES: u32 = 4;

/// A hash that was read and costs no more than it may; the only kind that can be stored beside our own.
#[derive(Clone, PartialEq, Eq)]
pub struct ImportedHash(String);

/// Why a hash of another product is not taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImportRefused {
    /// To verify it would cost more than a sign-in may.
    #[error("the hash asks for too much memory or time")]
    TooCostly,
    /// None of the forms that are read.
    #[error("not a hash of bcrypt, scrypt, PBKDF2 or Argon2 in a known form")]
    Unknown,
}

impl ImportedHash {
    /// Reads a hash as an export has it.
    pub fn parse(text: &str) -> Result<Self, ImportRefused> {
        parse(text).map(|_| Self(format!("{MARK}{text}")))
    }

    /// As it is stored.
    pub(crate) fn stored(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for ImportedHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ImportedHash")
    }
}

pub(super) fn parse(text: &str) -> Result<Hash, ImportRefused> {
    let (recipe, salt, output) = read(text).ok_or(ImportRefused::Unknown)?;
    let sizes = (8..=128).contains(&salt.len()) && (16..=64).contains(&output.len());
    if text.len() > 512 || !sizes {
        return Err(ImportRefused::Unknown);
    }
    if !is_bounded(recipe) {
        return Err(ImportRefused::TooCostly);
    }
    Ok(Hash {
        recipe,
        salt,
        output,
        imported: true,
    })
}

type Parts = (Recipe, Vec<u8>, Vec<u8>);

fn read(text: &str) -> Option<Parts> {
    let parts: Vec<&str> = text.split('$').collect();
    match parts.as_slice() {
        ["", "2a" | "2b" | "2y", cost, rest] => bcrypt(cost, rest),
        ["", "scrypt", params, salt, output] => scrypt(params, salt, output),
        ["", name @ ("argon2i" | "argon2d" | "argon2id"), rest @ ..] => argon2(name, rest),
        // passlib calls the one with SHA-1 just so.
        ["", "pbkdf2" | "pbkdf2-sha1", params, salt, output] => pbkdf2(Digest::Sha1, params, salt, output),
        ["", "pbkdf2-sha256", params, salt, output] => pbkdf2(Digest::Sha256, params, salt, output),
        ["", "pbkdf2-sha512", params, salt, output] => pbkdf2(Digest::Sha512, params, salt, output),
        ["pbkdf2_sha256", rounds, salt, output] => django(Digest::Sha256, rounds, salt, output),
        ["pbkdf2_sha1", rounds, salt, output] => django(Digest::Sha1, rounds, salt, output),
        _ => None,
    }
}

fn bcrypt(cost: &str, rest: &str) -> Option<Parts> {
    let cost: u32 = cost.parse().ok().filter(|cost| (4..=31).contains(cost))?;
    let salt = CRYPT.decode(rest.get(..22)?).ok()?;
    let output = CRYPT
        .decode(rest.get(22..).filter(|rest| rest.len() == 31)?)
        .ok()?;
    (salt.len() == 16 && output.len() == 23).then_some((Recipe::Bcrypt { cost }, salt, output))
}

fn scrypt(params: &str, salt: &str, output: &str) -> Option<Parts> {
    let mut numbers = params
        .split(',')
        .zip(["ln=", "r=", "p="])
        .map(|(part, name)| part.strip_prefix(name)?.parse::<u32>().ok());
    let (log_n, r, p) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let log_n = u8::try_from(log_n)
        .ok()
        .filter(|log_n| (1..=31).contains(log_n))?;
    let in_range = (1..=1_024).contains(&r) && (1..=1_024).contains(&p);
    in_range.then_some((Recipe::Scrypt { log_n, r, p }, bytes(salt)?, bytes(output)?))
}

fn argon2(name: &str, rest: &[&str]) -> Option<Parts> {
    let algorithm = match name {
        "argon2i" => Algorithm::Argon2i,
        "argon2d" => Algorithm::Argon2d,
        _ => Algorithm::Argon2id,
    };
    // Without a version it is the one from before versions were written.
    let (version, params, salt, output) = match rest {
        ["v=19", params, salt, output] => (Version::V0x13, params, salt, output),
        ["v=16", params, salt, output] | [params, salt, output] => (Version::V0x10, params, salt, output),
        _ => return None,
    };
    let params = HashParams::parse(params)?;
    params.argon2_as(algorithm, version).ok()?;
    Some((
        Recipe::Argon2(algorithm, version, params),
        bytes(salt)?,
        bytes(output)?,
    ))
}

/// `ROUNDS` as passlib writes it, or `i=ROUNDS,l=LENGTH`.
fn pbkdf2(digest: Digest, params: &str, salt: &str, output: &str) -> Option<Parts> {
    let rounds = match params.strip_prefix("i=") {
        Some(rest) => rest.split(',').next()?,
        None => params,
    };
    let iterations: NonZeroU32 = rounds.parse().ok()?;
    Some((
        Recipe::Pbkdf2 { digest, iterations },
        bytes(salt)?,
        bytes(output)?,
    ))
}

/// Django's salt is text.
fn django(digest: Digest, rounds: &str, salt: &str, output: &str) -> Option<Parts> {
    let iterations: NonZeroU32 = rounds.parse().ok()?;
    Some((
        Recipe::Pbkdf2 { digest, iterations },
        salt.as_bytes().to_vec(),
        bytes(output)?,
    ))
}

/// Base64 with or without padding, with `.` for `+` as passlib has it.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let plain = text.trim_end_matches('=').replace('.', "+");
    STANDARD_NO_PAD.decode(plain).ok()
}

fn is_bounded(recipe: Recipe) -> bool {
    let memory = recipe.memory_kib() <= MAX_MEMORY_KIB;
    memory
        && match recipe {
            Recipe::Argon2(_, _, params) => {
                let passes = u64::from(params.memory_kib) * u64::from(params.iterations);
                passes <= MAX_ARGON2_KIB_PASSES && params.lanes <= 16
            }
            Recipe::Bcrypt { cost } => cost <= MAX_BCRYPT,
            Recipe::Pbkdf2 { iterations, .. } => iterations.get() <= MAX_PBKDF2,
            Recipe::Scrypt { p, .. } => p <= MAX_SCRYPT_LANES,
        }
}
