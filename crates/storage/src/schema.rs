//! Which structure of the database this program works with.

use sqlx::migrate::Migrator;

/// The number of the newest migration this program knows, and the one it works with.
pub const EXPECTED: i64 = 17;

pub(crate) static POSTGRES: Migrator = sqlx::migrate!("../../migrations/postgres");
pub(crate) static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");

/// Where sqlx notes what it applied.
pub(crate) const APPLIED: &str = "SELECT version, success FROM _sqlx_migrations ORDER BY version";

/// Why the database cannot be used as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// A migration stopped half-way.
    #[error("migration {0} did not finish; restore the database from a backup or finish it by hand")]
    Incomplete(i64),
    /// A migration could not be applied.
    #[error("the migrations cannot be applied: {0}")]
    Migration(String),
    /// There is no structure at all.
    #[error("the database is empty: run `rsp migrate` first")]
    Missing,
    /// A newer program has been here.
    #[error("the database has structure {found}, this program works with {EXPECTED}: use a newer program")]
    TooNew {
        /// What the database has.
        found: i64,
    },
    /// Migrations are missing.
    #[error("the database has structure {found}, this program works with {EXPECTED}: run `rsp migrate`")]
    TooOld {
        /// What the database has.
        found: i64,
    },
    /// The role would not be held back by row-level security, or could change the structure (DB1).
    #[error("the database role must not be {0}: use a role of its own for the product")]
    Role(&'static str),
    /// A role that rights are given to does not exist.
    #[error("the database role {0} does not exist")]
    RoleMissing(String),
    /// The structure is not one of ours.
    #[error("the database has migration {0}, which this program does not know")]
    Unknown(i64),
    /// Neither a SQLite nor a PostgreSQL address.
    #[error("not a database address: it begins with sqlite:// or postgres://")]
    Url,
}

/// Whether exactly the expected migrations were applied.
pub(crate) fn check(applied: &[(i64, bool)], known: &Migrator) -> Result<(), SchemaError> {
    if let Some((version, _)) = applied.iter().find(|(_, success)| !success) {
        return Err(SchemaError::Incomplete(*version));
    }
    let found = applied
        .iter()
        .map(|(version, _)| *version)
        .max()
        .ok_or(SchemaError::Missing)?;
    if found > EXPECTED {
        return Err(SchemaError::TooNew { found });
    }
    if let Some((version, _)) = applied
        .iter()
        .find(|(version, _)| !known.version_exists(*version))
    {
        return Err(SchemaError::Unknown(*version));
    }
    let complete = known
        .iter()
        .all(|one| applied.iter().any(|(version, _)| *version == one.version));
    if complete {
        Ok(())
    } else {
        Err(SchemaError::TooOld { found })
    }
}
