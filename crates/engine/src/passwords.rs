//! Password hashing in a bounded pool (A4, R29): a fixed number of kept memory arenas is at once the memory bound and
//! the fastest way, because no hash pays for fresh pages. Who does not get an arena in time is told to come again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use domain::{Secret, World, constant_time_eq};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::Fault;

/// Cost and bounds of password hashing.
#[derive(Debug, Clone, Copy)]
pub struct PasswordPolicy {
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub lanes: u32,
    /// Hashes computed at once; the memory bound is this times `memory_kib`.
    pub concurrent: usize,
    /// Requests that may wait for their turn; one more is refused at once.
    pub queue: usize,
    /// The longest a request waits.
    pub wait: Duration,
}

impl Default for PasswordPolicy {
    /// Argon2id with 64 MiB, 3 passes, 4 lanes (A4); as many at once as there are cores.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            memory_kib: 65_536,
            iterations: 3,
            lanes: 4,
            concurrent: cores,
            queue: 32 * cores,
            wait: Duration::from_secs(5),
        }
    }
}

const OUTPUT: usize = 32;
const SALT: usize = 32;
/// Longest password that is hashed at all, in bytes: 256 code points of four bytes (PW2).
pub const MAX_PASSWORD_BYTES: usize = 1_024;
/// A stored hash may not ask for more than this, whoever wrote it.
const MAX_MEMORY_KIB: u32 = 262_144;
const MAX_ITERATIONS: u32 = 16;

/// Computes and checks password hashes.
#[derive(Debug)]
pub(crate) struct Passwords {
    policy: PasswordPolicy,
    turns: Arc<Semaphore>,
    waiting: Semaphore,
    arenas: Arc<Mutex<Vec<Vec<Block>>>>,
    /// What a password of nobody is checked against, so that the answer takes as long (PW12).
    decoy: Hash,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Hash {
    params: HashParams,
    salt: Vec<u8>,
    output: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HashParams {
    memory_kib: u32,
    iterations: u32,
    lanes: u32,
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Verdict {
    /// The password is right.
    Right {
        /// The hash was made with other parameters than today's: make it anew.
        outdated: bool,
    },
    /// The password is wrong, or there is none.
    Wrong,
}

impl Passwords {
    /// A pool of the given cost and bounds.
    pub(crate) fn new(policy: PasswordPolicy, world: &World) -> Result<Self, Fault> {
        let params = HashParams::from(policy);
        params.argon2()?;
        Ok(Self {
            policy,
            turns: Arc::new(Semaphore::new(policy.concurrent.max(1))),
            waiting: Semaphore::new(policy.queue + policy.concurrent.max(1)),
            arenas: Arc::new(Mutex::new(Vec::new())),
            decoy: Hash {
                params,
                salt: world.random::<SALT>().to_vec(),
                output: world.random::<OUTPUT>().to_vec(),
            },
        })
    }

    /// The PHC string to store for `password`.
    pub(crate) async fn hash(&self, world: &World, password: &Secret<String>) -> Result<String, Fault> {
        let params = HashParams::from(self.policy);
        let salt = world.random::<SALT>().to_vec();
        let output = self.compute(params, salt.clone(), password, OUTPUT).await?;
        Ok(Hash { params, salt, output }.to_phc())
    }

    /// Checks `password` against a stored PHC string, or against nothing with the same amount of work.
    pub(crate) async fn verify(
        &self,
        password: &Secret<String>,
        stored: Option<&str>,
    ) -> Result<Verdict, Fault> {
        let hash = stored.and_then(Hash::parse);
        let against = hash.as_ref().unwrap_or(&self.decoy);
        let output = self
            .compute(
                against.params,
                against.salt.clone(),
                password,
                against.output.len(),
            )
            .await?;
        let same = constant_time_eq(&output, &against.output);
        Ok(match hash {
            Some(hash) if same => Verdict::Right {
                outdated: hash.params != HashParams::from(self.policy),
            },
            _ => Verdict::Wrong,
        })
    }

    async fn compute(
        &self,
        params: HashParams,
        salt: Vec<u8>,
        password: &Secret<String>,
        length: usize,
    ) -> Result<Vec<u8>, Fault> {
        let _place = self
            .waiting
            .try_acquire()
            .map_err(|_| Fault::Busy("password hashing"))?;
        let turn = timeout(self.policy.wait, Arc::clone(&self.turns).acquire_owned())
            .await
            .map_err(|_| Fault::Busy("password hashing"))?
            .map_err(|_| Fault::Internal("the password pool is closed"))?;
        let arenas = Arc::clone(&self.arenas);
        let password = password.clone();
        let work = tokio::task::spawn_blocking(move || {
            let argon2 = params.argon2()?;
            let mut arena = arenas
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop()
                .unwrap_or_default();
            arena.resize(argon2.params().block_count(), Block::default());
            let mut output = vec![0; length];
            let done = argon2.hash_password_into_with_memory(
                password.expose().as_bytes(),
                &salt,
                &mut output,
                &mut arena,
            );
            arenas.lock().unwrap_or_else(PoisonError::into_inner).push(arena);
            drop(turn);
            done.map(|()| output)
                .map_err(|_| Fault::Internal("argon2 refused its input"))
        });
        work.await
            .map_err(|_| Fault::Internal("password hashing panicked"))?
    }
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
    fn argon2(self) -> Result<Argon2<'static>, Fault> {
        let params = Params::new(self.memory_kib, self.iterations, self.lanes, None)
            .map_err(|_| Fault::Internal("argon2 parameters are out of range"))?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }
}

impl Hash {
    fn to_phc(&self) -> String {
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
    fn parse(text: &str) -> Option<Self> {
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
mod tests;
