//! How a hash is written down: PHC strings of Argon2id.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::PasswordPolicy;
use crate::Fault;

/// A stored hash may not ask for more than this, whoever wrote it.
const MAX_MEMORY_KIB: u32 = 262_144;
const MAX_ITERATIONS: u32 = 16;

/// A stored hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hash {
    pub(super) params: HashParams,
    pub(super) salt: Vec<u8>,
    pub(super) output: Vec<u8>,
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
        let params = Params::new(self.memory_kib, self.iterations, self.lanes, None)
            .map_err(|_| Fault::Internal("argon2 parameters are out of range"))?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }
}

impl Hash {
    pub(super) fn to_phc(&self) -> String {
        let HashParams {
            memory_kib,
            iterations,
            lanes,
        } = self.params;
        format!(
            "$argon2id$v=19$m={memory_kib},t={iterations},p={lanes}${}${}",
            STANDARD_NO_PAD.encode(&self.salt),
            STANDARD_NO_PAD.encode(&self.output),
        )
    }

    /// Reads a PHC string of Argon2id version 19 within the bounds above; anything else is no hash.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
        let (params, salt, output) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let mut numbers = params
            .split(',')
            .zip(["m=", "t=", "p="])
            .map(|(part, name)| part.strip_prefix(name)?.parse().ok());
        let params = HashParams {
            memory_kib: numbers.next()??,
            iterations: numbers.next()??,
            lanes: numbers.next()??,
        };
        let hash = Self {
            params,
            salt: STANDARD_NO_PAD.decode(salt).ok()?,
            output: STANDARD_NO_PAD.decode(output).ok()?,
        };
        let bounded = params.memory_kib <= MAX_MEMORY_KIB
            && params.iterations <= MAX_ITERATIONS
            && params.lanes <= 16
            && (16..=64).contains(&hash.output.len())
            && (8..=64).contains(&hash.salt.len());
        bounded.then_some(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::{Hash, HashParams};

    #[test]
    fn a_hash_that_asks_for_too_much_is_no_hash() {
        let good = Hash {
            params: HashParams {
                memory_kib: 64,
                iterations: 1,
                lanes: 1,
            },
            salt: vec![1; 16],
            output: vec![2; 32],
        };
        assert_eq!(Hash::parse(&good.to_phc()), Some(good.clone()));
        let greedy = Hash {
            params: HashParams {
                memory_kib: 4_000_000,
                ..good.params
            },
            ..good.clone()
        };
        assert_eq!(Hash::parse(&greedy.to_phc()), None);
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
