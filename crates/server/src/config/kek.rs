//! The key-encryption key: read, decoded, and refused when it is weak (CF1).

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use domain::Secret;

use super::{Kek, Problem};

/// Fewer different bytes than this do not happen among 32 random ones: the
/// chance is below 2^-60.
const LEAST_DISTINCT: usize = 16;

const MAKE_ONE: &str = "make one with `rsp init`, or `openssl rand -base64 32`";

impl Kek {
    /// The key, or why it cannot be used.
    pub fn load(&self) -> Result<Secret<[u8; 32]>, Problem> {
        match (&self.file, &self.env) {
            (None, None) => Err(Problem::new(
                "keys.kek.missing",
                "no key-encryption key is configured",
                format!("set keys.kek.file or keys.kek.env; {MAKE_ONE}"),
            )),
            (Some(_), Some(_)) => Err(Problem::new(
                "keys.kek.ambiguous",
                "keys.kek.file and keys.kek.env are both set",
                "keep one of them",
            )),
            (Some(path), None) => decode(&read(path)?, &path.display().to_string()),
            (None, Some(name)) => match &self.variable {
                Some(text) => decode(text, &format!("variable {name}")),
                None => Err(Problem::new(
                    "keys.kek.missing",
                    format!("keys.kek.env names {name}, which is not set"),
                    format!("set that variable; {MAKE_ONE}"),
                )),
            },
        }
    }
}

fn read(path: &Path) -> Result<Secret<String>, Problem> {
    if let Some(mode) = super::production::shared_mode(path, 0o077) {
        return Err(Problem::new(
            "keys.kek.mode",
            format!("{} can be read by others (mode {mode:o})", path.display()),
            format!("chmod 600 {}", path.display()),
        ));
    }
    fs::read_to_string(path).map(Secret::new).map_err(|error| {
        Problem::new(
            "keys.kek.unreadable",
            format!("{} cannot be read: {error}", path.display()),
            format!("let keys.kek.file name a file this account can read; {MAKE_ONE}"),
        )
    })
}

fn decode(text: &Secret<String>, place: &str) -> Result<Secret<[u8; 32]>, Problem> {
    let text = text.expose().trim();
    let hex = || hex::decode(text).ok();
    let base64 = || {
        [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
            .iter()
            .find_map(|engine| engine.decode(text).ok())
    };
    // 64 hex digits are also valid base64, of 48 bytes: hex is tried first.
    let bytes = Secret::new(hex().or_else(base64).unwrap_or_default());
    let Ok(key) = <[u8; 32]>::try_from(bytes.expose().as_slice()) else {
        let cause = format!("the key-encryption key in {place} is not 32 bytes in base64 or hex");
        return Err(Problem::new("keys.kek.length", cause, MAKE_ONE));
    };
    let key = Secret::new(key);
    if is_weak(key.expose()) {
        let cause = format!("the key-encryption key in {place} is not random");
        return Err(Problem::new("keys.kek.weak", cause, MAKE_ONE));
    }
    Ok(key)
}

/// Few different bytes, a constant step, or plain text: no random key looks like this.
fn is_weak(key: &[u8; 32]) -> bool {
    let mut sorted = *key;
    sorted.sort_unstable();
    let distinct = 1 + sorted
        .windows(2)
        .filter(|pair| pair.first() != pair.last())
        .count();
    let mut steps = key.windows(2).filter_map(|pair| match pair {
        [a, b] => Some(b.wrapping_sub(*a)),
        _ => None,
    });
    let first = steps.next();
    distinct < LEAST_DISTINCT
        || steps.all(|step| Some(step) == first)
        || key.iter().all(|byte| matches!(byte, b' '..=b'~'))
}
