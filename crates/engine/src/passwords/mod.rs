//! Password hashing in a bounded pool (A4, R29): a fixed number of kept memory arenas is at once the memory bound and
//! the fastest way, because no hash pays for fresh pages. Tenants are served in turn, and who cannot be served in time
//! is told so at once.

use std::time::Duration;

use domain::{Secret, TenantId, World, constant_time_eq};

use self::phc::{Hash, HashParams};
use self::pool::{Order, Pool};
use self::recipe::Recipe;
use crate::Fault;

mod breached;
mod check;
mod context;
mod imported;
mod lines;
mod phc;
mod pool;
mod recipe;
mod rules;
mod strength;
mod text;

pub(crate) use breached::BreachedFilter;
pub use breached::{FilterError, FilterWriter, PasswordKey};
pub(crate) use context::ContextWords;
pub use imported::{ImportRefused, ImportedHash};
pub(crate) use rules::NewPassword;
pub use rules::PasswordRefused;
pub use strength::Strength;

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
    /// Whether all memory is taken at the start, not when it is first needed.
    pub allocate_at_start: bool,
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
            wait: Duration::from_secs(3),
            allocate_at_start: false,
        }
    }
}

/// What the pool tells whoever counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordEvent {
    /// A request waits for its turn.
    Queued,
    /// A request left the line without a hash.
    Left,
    /// A request left the line, and its hash is being computed.
    Started {
        /// How long it waited.
        waited: Duration,
    },
    /// That is over.
    Finished {
        /// Whether there is a hash.
        computed: bool,
    },
    /// A request was refused.
    Refused(PasswordRefusal),
}

/// Why a request got no hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordRefusal {
    /// Whoever asked went away while waiting.
    Cancelled,
    /// Its turn did not come in time.
    Deadline,
    /// It gave up its place to another tenant.
    Displaced,
    /// No place to wait was free.
    Full,
    /// Its turn would probably not have come in time, as things were when it came.
    Late,
    /// There was no memory.
    Memory,
}

impl PasswordRefusal {
    /// Its name in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Deadline => "deadline",
            Self::Displaced => "displaced",
            Self::Full => "full",
            Self::Late => "late",
            Self::Memory => "memory",
        }
    }
}

/// How much the pool has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordLoad {
    /// Requests that wait for their turn.
    pub waiting: usize,
    /// Hashes being computed.
    pub running: usize,
    /// Hashes computed so far.
    pub computed: u64,
    /// Memory held that nobody uses now, counted in hashes.
    pub kept: usize,
}

const OUTPUT: usize = 32;
const SALT: usize = 32;
/// Longest password that is hashed at all, in bytes: 256 code points of four bytes (PW2).
pub const MAX_PASSWORD_BYTES: usize = 1_024;

/// Computes and checks password hashes.
#[derive(Debug)]
pub(crate) struct Passwords {
    policy: PasswordPolicy,
    pool: Pool,
    /// What a password of nobody is checked against, so that the answer takes as long (PW12).
    decoy: Hash,
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
        Self::with_pool(Pool::new(policy)?, policy, world)
    }

    fn with_pool(pool: Pool, policy: PasswordPolicy, world: &World) -> Result<Self, Fault> {
        let params = HashParams::from(policy);
        params.argon2()?;
        Ok(Self {
            policy,
            pool,
            decoy: Hash::own(
                params,
                world.random::<SALT>().to_vec(),
                world.random::<OUTPUT>().to_vec(),
            ),
        })
    }

    /// Lets a counter know of everything from now on; the first to ask is the one.
    pub(crate) fn observe(&self, observer: impl Fn(PasswordEvent) + Send + Sync + 'static) {
        self.pool.observe(observer);
    }

    /// What there is to do now.
    pub(crate) fn load(&self) -> PasswordLoad {
        self.pool.load()
    }

    /// Refuses early what would be refused when it comes to hashing.
    pub(crate) fn admits(&self, tenant: TenantId) -> Result<(), Fault> {
        self.pool.admits(tenant)
    }

    /// Leaves a core for other work for a moment.
    pub(crate) fn make_way(&self) {
        self.pool.make_way();
    }

    /// The PHC string to store for `password`.
    pub(crate) async fn hash(
        &self,
        world: &World,
        tenant: TenantId,
        password: &NewPassword,
    ) -> Result<String, Fault> {
        let params = HashParams::from(self.policy);
        let salt = world.random::<SALT>().to_vec();
        let order = Order {
            recipe: Recipe::own(params),
            salt: salt.clone(),
            password: password.text().clone(),
            length: OUTPUT,
        };
        let output = self.pool.compute(tenant, order).await?;
        Ok(Hash::to_phc(params, &salt, &output))
    }

    /// Checks `password` against a stored PHC string, or against nothing with the same amount of work.
    pub(crate) async fn verify(
        &self,
        tenant: TenantId,
        password: &Secret<String>,
        stored: Option<&str>,
    ) -> Result<Verdict, Fault> {
        let hash = stored.and_then(Hash::parse);
        let against = hash.as_ref().unwrap_or(&self.decoy);
        let order = Order {
            recipe: against.recipe,
            salt: against.salt.clone(),
            password: if against.imported {
                password.clone()
            } else {
                text::opaque(password)
            },
            length: against.output.len(),
        };
        let output = self.pool.compute(tenant, order).await?;
        let same = constant_time_eq(&output, &against.output);
        Ok(match hash {
            Some(hash) if same => Verdict::Right {
                outdated: hash.imported || hash.recipe != Recipe::own(HashParams::from(self.policy)),
            },
            _ => Verdict::Wrong,
        })
    }
}

#[cfg(test)]
mod tests;
