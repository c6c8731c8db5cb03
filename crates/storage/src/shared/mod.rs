//! What several processes count together and may forget: attempts in a sliding window, short notes. In memory for one
//! process, in Redis for several. Nothing that may happen only once is decided here; that is the database's.
//!
//! Every operation is one atomic step on one key, so that it holds on a cluster too.

mod circuit;
mod memory;
mod remote;

use std::path::PathBuf;
use std::time::Duration;

use domain::{Secret, Timestamp};

use memory::Memory;
use remote::Remote;

/// So many in any window of this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many.
    pub most: u32,
    /// In how long a time.
    pub window: Duration,
}

impl Limit {
    /// Half of it, for while the shared state is away: each process counts for itself then.
    #[must_use]
    pub const fn halved(self) -> Self {
        Self {
            most: self.most.div_ceil(2),
            ..self
        }
    }
}

/// What a window says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Whether there was room for one more.
    pub allowed: bool,
    /// How many more there is room for.
    pub left: u32,
    /// When the oldest one counted leaves the window: there is room again by then.
    pub reset: Duration,
}

/// The shared state does not answer in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the shared state is away")]
pub struct Away;

/// Where it is kept.
#[derive(Clone, Debug)]
pub struct SharedOptions {
    /// `memory`, `redis://…` or `rediss://…`, with the user and password of an access list.
    pub url: Secret<String>,
    /// Certificates to trust instead of the public ones, as PEM.
    pub ca_file: Option<PathBuf>,
    /// Longest wait for an answer.
    pub timeout: Duration,
    /// Keys kept in memory at once.
    pub keys: usize,
    /// Whether Redis tells the time. Only tests, whose clock stands still, say no.
    pub server_clock: bool,
}

impl Default for SharedOptions {
    fn default() -> Self {
        Self {
            url: Secret::new("memory".to_owned()),
            ca_file: None,
            timeout: Duration::from_millis(100),
            keys: 200_000,
            server_clock: true,
        }
    }
}

/// The shared state cannot be set up as it is described.
#[derive(Debug, thiserror::Error)]
pub enum SharedRefused {
    /// The certificates cannot be read.
    #[error("shared.ca_file cannot be read: {0}")]
    Certificates(std::io::Error),
    /// The address is none. Its text is left out: it has a password in it.
    #[error("shared.url is not an address of Redis that can be used")]
    Url,
}

/// The shared state.
#[derive(Debug)]
pub struct Shared {
    place: Place,
    /// What is counted in this process alone: by choice, or while the others cannot be reached.
    local: Memory,
}

#[derive(Debug)]
enum Place {
    Local,
    Redis(Remote),
}

impl Shared {
    /// In memory, for one process.
    pub fn memory() -> Self {
        Self {
            place: Place::Local,
            local: Memory::with_room_for(SharedOptions::default().keys),
        }
    }

    /// Does not wait for Redis: who cannot reach it counts alone until it is there.
    pub fn open(options: &SharedOptions) -> Result<Self, SharedRefused> {
        let place = if options.url.expose() == "memory" {
            Place::Local
        } else {
            Place::Redis(Remote::new(options)?)
        };
        Ok(Self {
            place,
            local: Memory::with_room_for(options.keys),
        })
    }

    /// Takes one from the window of `key`, if there is room: of any number of callers at once, on any number of nodes,
    /// exactly `limit.most` are allowed in any window (R17).
    pub async fn take(&self, key: &str, limit: Limit, now: Timestamp) -> Result<Taken, Away> {
        match &self.place {
            Place::Local => Ok(self.local.take(key, limit, now)),
            Place::Redis(redis) => redis.window(key, limit, now, true).await,
        }
    }

    /// What is in the window of `key`, taking nothing.
    pub async fn look(&self, key: &str, limit: Limit, now: Timestamp) -> Result<Taken, Away> {
        match &self.place {
            Place::Local => Ok(self.local.look(key, limit, now)),
            Place::Redis(redis) => redis.window(key, limit, now, false).await,
        }
    }

    /// Like [`Self::take`]; while the others cannot be reached, from this process's own window of half the size.
    pub async fn take_or_alone(&self, key: &str, limit: Limit, now: Timestamp) -> Taken {
        match self.take(key, limit, now).await {
            Ok(taken) => taken,
            Err(Away) => self.local.take(key, limit.halved(), now),
        }
    }

    /// Takes one from this process's own window: costs microseconds, and holds for this process only.
    pub fn take_alone(&self, key: &str, limit: Limit, now: Timestamp) -> Taken {
        self.local.take(key, limit, now)
    }

    /// Gives back the last one taken from the window of `key`: it was not used.
    pub async fn give_back(&self, key: &str) -> Result<(), Away> {
        match &self.place {
            Place::Local => {
                self.local.give_back(key);
                Ok(())
            }
            Place::Redis(redis) => redis.command("LPOP", key).await,
        }
    }

    /// Empties the window of `key`, or removes the note.
    pub async fn forget(&self, key: &str) -> Result<(), Away> {
        // What was counted alone goes with it.
        self.local.forget(key);
        match &self.place {
            Place::Local => Ok(()),
            Place::Redis(redis) => redis.command("UNLINK", key).await,
        }
    }

    /// Leaves a note that is gone after `kept`; false if it is there already.
    pub async fn note(&self, key: &str, kept: Duration, now: Timestamp) -> Result<bool, Away> {
        let once = Limit {
            most: 1,
            window: kept,
        };
        Ok(self.take(key, once, now).await?.allowed)
    }

    /// Whether others can be reached, as far as is known; always so where there are none.
    pub fn is_here(&self) -> bool {
        match &self.place {
            Place::Local => true,
            Place::Redis(redis) => redis.is_here(),
        }
    }

    /// Whether this process is the only one that counts.
    pub fn is_local(&self) -> bool {
        matches!(self.place, Place::Local)
    }
}
