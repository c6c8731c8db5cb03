//! The database: the only SQL, on SQLite and PostgreSQL alike.
//!
//! [`Db`] opens transactions ([`Tx`]) and reads ([`Read`]) for one tenant; each table family is a module of plain functions
//! over them. A transaction ends with the events that tell what happened ([`Tx::commit`]). Nothing here decides anything.

mod access_token_kinds;
pub mod access_tokens;
pub mod activity;
mod append;
pub mod attempts;
pub mod audit;
#[cfg(feature = "bulk")]
pub mod bulk;
pub mod clients;
pub mod codes;
mod columns;
pub mod data_keys;
mod db;
mod error;
pub mod factor_recoveries;
pub mod factors;
#[cfg(feature = "failpoints")]
pub mod failpoint;
pub mod flows;
pub mod grants;
pub mod invariants;
pub mod invitations;
pub mod links;
pub mod mail_limits;
pub mod mail_outbox;
mod migrate;
mod options;
pub mod passkey_ceremonies;
pub mod passkeys;
mod postgres;
pub mod purge;
pub mod refresh_tokens;
pub mod revoked_tokens;
pub mod schema;
pub mod sessions;
pub mod shared;
pub mod signing_keys;
mod sql;
mod sqlite;
pub mod tenants;
pub mod trusted_devices;
mod tx;
pub mod user_consents;
pub mod users;

pub use append::{Append, AppendStats, Rotation};
pub use db::{Db, Engine};
pub use error::{SqlError, SqlErrorKind, StoreError};
pub use migrate::{MigrateOptions, MigrateReport, migrate};
pub use options::{AppendLimits, DbOptions, GroupLimits};
pub use sqlite::WriterStats;
pub use tx::{Handle, Query, Read, Tx};
