//! How a hash is written down: PHC strings of Argon2id, and behind a mark those that other products made.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::PasswordPolicy;
use super::imported;
use super::recipe::Recipe;
use crate::Fault;

/// A stored hash may not ask for more than this, whoever wrote it.
const MAX_MEMORY_KIB: u32 = 262_144;
const MAX_ITERATIONS: u32 = 16;

/// A stored hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hash {
    pub(super) recipe: Recipe,
    pub(super) salt: Vec<u8>,
    pub(super) output: Vec<u8>,
    /// Another product made it: of the password as it was typed, in no normal form.
    pub(super) imported: bool,
}

/// What one hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HashParams {
    pub(super) memory_kib: u32,
    pub(super) iterations: u32,
    pub(super) lanes: u32,
}

impl From<PasswordPolicy> for HashParams {
    fn from(policy: PasswordPolicy) -> Self {
        Self {
            memory_kib: policy.memory_kib,
            iterations: policy.iterations,
            lanes: policy.lanes,
        }
    }
}

impl HashParams {
    pub(super) fn argon2(self) -> Result<Argon2<'static>, Fault> {
        self.argon2_as(Algorithm::Argon2id, Version::V0x13)
    }

    pub(super) fn argon2_as(self, algorithm: Algorithm, version: Version) -> Result<Argon2<'static>, Fault> {
        let params = Params::new(self.memory_kib, self.iterations, self.lanes, None)
            .map_err(|_| Fault::Internal("argon2 parameters are out of range"))?;
        Ok(Argon2::new(algorithm, version, params))
    }

    /// Reads `m=…,t=…,p=…`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut numbers = text
            .split(',')
            .zip(["m=", "t=", "p="])
            .map(|(part, name)| part.strip_prefix(name)?.parse().ok());
        Some(Self {
            memory_kib: numbers.next()??,
            iterations: numbers.next()??,
            lanes: numbers.next()??,
        })
    }
}

impl Hash {
    /// A hash of our own making.
    pub(super) const fn own(params: HashParams, salt: Vec<u8>, output: Vec<u8>) -> Self {
        Self {
            recipe: Recipe::own(params),
            salt,
            output,
            imported: false,
        }
    }

    /// The PHC string of a hash of our own making.
    pub(super) fn to_phc(params: HashParams, salt: &[u8], output: &[u8]) -> String {
        let HashParams {
            memory_kib,
            iterations,
            lanes,
        } = params;
        format!(
            "$argon2id$v=19$m={memory_kib},t={iterations},p={lanes}${}${}",
            STANDARD_NO_PAD.encode(salt),
            STANDARD_NO_PAD.encode(output),
        )
    }

    /// Reads a PHC string of Argon2id version 19 within the bounds above, or an imported hash within its own; anything
    /// else is no hash.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(foreign) = text.strip_prefix(imported::MARK) {
            return imported::parse(foreign).ok();
        }
        let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
        let (params, salt, output) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let params = HashParams::parse(params)?;
        let salt = STANDARD_NO_PAD.decode(salt).ok()?;
        let output = STANDARD_NO_PAD.decode(output).ok()?;
        let bounded = params.memory_kib <= MAX_MEMORY_KIB
            && params.iterations <= MAX_ITERATIONS
            && params.lanes <= 16
            && (16..=64).contains(&output.len())
            && (8..=64).contains(&salt.len());
        bounded.then(|| Self::own(params, salt, output))
    }
}

#[cfg(test)]
mod tests {
    use super::{Hash, HashParams};

    #[test]
    fn a_hash_that_asks_for_too_much_is_no_hash() {
        let params = HashParams {
            memory_kib: 64,
            iterations: 1,
            lanes: 1,
        };
        let (salt, output) = ([1; 16], [2; 32]);
        let good = Hash::own(params, salt.to_vec(), output.to_vec());
        assert_eq!(Hash::parse(&Hash::to_phc(params, &salt, &output)), Some(good));
        let greedy = HashParams {
            memory_kib: 4_000_000,
            ..params
        };
        assert_eq!(Hash::parse(&Hash::to_phc(greedy, &salt, &output)), None);
        for bad in [
            "",
            "$argon2id$",
            "$argon2i$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAA$AAAA",
            "$argon2id$v=19$m=64,t=1$a$b",
        ] {
            assert_eq!(Hash::parse(bad), None, "{bad}");
        }
    }
}
