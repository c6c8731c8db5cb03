//! Where the database is and how much of it may be used.

use std::time::Duration;

use domain::Secret;

/// Where the database is, and every limit of its use.
#[derive(Clone, Debug)]
pub struct DbOptions {
    /// `sqlite:///path/to/file` or `postgres://…`; carries the password, if there is one.
    pub url: Secret<String>,
    /// Connections to PostgreSQL.
    pub connections: u32,
    /// Reading connections to SQLite, beside the one that writes.
    pub readers: u32,
    /// How long a request waits for a connection, or for its turn to write, before it is told to come back.
    pub wait: Duration,
    /// Longest statement (PostgreSQL `statement_timeout`).
    pub statement_timeout: Duration,
    /// Longest wait for a row lock (PostgreSQL `lock_timeout`).
    pub lock_timeout: Duration,
    /// Longest pause inside a transaction (PostgreSQL `idle_in_transaction_session_timeout`).
    pub idle_timeout: Duration,
    /// Sharing of commits on SQLite.
    pub group: GroupLimits,
    /// Batching of events that change nothing else.
    pub append: AppendLimits,
}

/// Limits of the groups that share one commit on SQLite.
#[derive(Clone, Copy, Debug)]
pub struct GroupLimits {
    /// Transactions in a group at most.
    pub members: usize,
    /// How long one transaction may take.
    pub member: Duration,
    /// Transactions that may wait for their turn.
    pub queue: usize,
    /// A group stays open four times as long as a commit takes, but at least this long.
    pub open_least: Duration,
    /// And at most this long.
    pub open_most: Duration,
}

/// Limits of the batching appender.
#[derive(Clone, Copy, Debug)]
pub struct AppendLimits {
    /// Events in one commit at most.
    pub batch: usize,
    /// Events that may wait.
    pub queue: usize,
}

impl DbOptions {
    /// The database at `url` with the default limits.
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: Secret::new(url.into()),
            ..Self::default()
        }
    }
}

impl Default for DbOptions {
    fn default() -> Self {
        Self {
            url: Secret::new("sqlite:///var/lib/rsp/rsp.db".to_owned()),
            connections: 16,
            readers: 4,
            wait: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(30),
            group: GroupLimits::default(),
            append: AppendLimits::default(),
        }
    }
}

impl Default for GroupLimits {
    fn default() -> Self {
        Self {
            members: 128,
            member: Duration::from_millis(500),
            queue: 1_024,
            open_least: Duration::from_millis(2),
            open_most: Duration::from_millis(20),
        }
    }
}

impl Default for AppendLimits {
    fn default() -> Self {
        Self {
            batch: 256,
            queue: 4_096,
        }
    }
}
