//! What can go wrong, and whether trying again later can help.

use std::error::Error as _;

use crate::schema::SchemaError;

/// Why the database did not do what was asked.
///
/// No variant carries a bound value: what people typed must not reach a log through an error (DB6).
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The statement and its values do not fit; a bug.
    #[error("a statement takes {expected} values and was given {given}")]
    Arity {
        /// Values the statement names.
        expected: usize,
        /// Values it was given.
        given: usize,
    },
    /// Too many were waiting for the database; nothing was done.
    #[error("the database is busy")]
    Busy,
    /// The database was closed.
    #[error("the database is closed")]
    Closed,
    /// The transaction took longer than allowed and was rolled back.
    #[error("the transaction took too long and was rolled back")]
    Expired,
    /// The commit that this transaction shared with others failed; nothing of it was kept.
    #[error("the shared commit failed: {0}")]
    Lost(String),
    /// An earlier statement of this transaction failed or was abandoned; it can only be rolled back.
    #[error("an earlier statement of this transaction failed")]
    Poisoned,
    /// The database's structure is not the one this program works with.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The database refused a statement; mostly a bug.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// The database does not answer.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The answer to the commit got lost: it may have been done or not.
    #[error("it is unknown whether the transaction was committed")]
    UnknownOutcome,
    /// A transaction of one tenant was given another tenant's row; a bug.
    #[error("the row belongs to another tenant")]
    WrongTenant,
}

impl StoreError {
    /// Whether the same request may well succeed later: answered with 503 and Retry-After, where the rest are bugs (500).
    pub const fn is_unavailable(&self) -> bool {
        match self {
            Self::Busy
            | Self::Closed
            | Self::Expired
            | Self::Lost(_)
            | Self::Unavailable(_)
            | Self::UnknownOutcome => true,
            Self::Arity { .. } | Self::Poisoned | Self::Schema(_) | Self::Sql(_) | Self::WrongTenant => false,
        }
    }
}

/// A statement the database refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database refused a statement ({kind:?}, code {code}): {message}")]
pub struct SqlError {
    /// What kind of refusal it was.
    pub kind: SqlErrorKind,
    /// SQLSTATE on PostgreSQL, extended result code on SQLite, or `-`.
    pub code: String,
    /// The engine's words, left out where they could repeat a value.
    pub message: String,
}

/// Kinds of refusal that mean the same on both engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SqlErrorKind {
    /// A CHECK constraint.
    Check,
    /// The row could not be turned into its type.
    Decode,
    /// A foreign key.
    ForeignKey,
    /// A NOT NULL constraint.
    NotNull,
    /// Anything else.
    Other,
    /// A primary or unique key.
    Unique,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(refusal) => refused(refusal.as_ref()),
            sqlx::Error::PoolTimedOut => Self::Unavailable("no connection became free in time".to_owned()),
            sqlx::Error::PoolClosed => Self::Closed,
            sqlx::Error::Io(cause) => Self::Unavailable(cause.to_string()),
            sqlx::Error::Tls(cause) => Self::Unavailable(cause.to_string()),
            sqlx::Error::WorkerCrashed | sqlx::Error::BeginFailed => Self::Unavailable(error.to_string()),
            sqlx::Error::Protocol(_) => Self::Unavailable("the connection broke".to_owned()),
            // The cause may quote the value, so only the column is told.
            sqlx::Error::ColumnDecode { index, .. } => decode(format!("column {index}")),
            sqlx::Error::Decode(_) | sqlx::Error::Encode(_) => decode("a value".to_owned()),
            other => Self::Sql(SqlError {
                kind: SqlErrorKind::Other,
                code: "-".to_owned(),
                message: other.to_string(),
            }),
        }
    }
}

/// The same error, met while committing: a broken connection then leaves the outcome open.
pub(crate) fn while_committing(error: sqlx::Error) -> StoreError {
    match StoreError::from(error) {
        StoreError::Unavailable(_) => StoreError::UnknownOutcome,
        other => other,
    }
}

fn decode(message: String) -> StoreError {
    StoreError::Sql(SqlError {
        kind: SqlErrorKind::Decode,
        code: "-".to_owned(),
        message,
    })
}

fn refused(refusal: &dyn sqlx::error::DatabaseError) -> StoreError {
    let code = refusal.code().unwrap_or_default().into_owned();
    let postgres = code.len() == 5;
    let transient = if postgres {
        transient_on_postgres(&code)
    } else {
        transient_on_sqlite(&code)
    };
    if let Some(error) = transient {
        return error;
    }
    let kind = match refusal.kind() {
        sqlx::error::ErrorKind::CheckViolation => SqlErrorKind::Check,
        sqlx::error::ErrorKind::ForeignKeyViolation => SqlErrorKind::ForeignKey,
        sqlx::error::ErrorKind::NotNullViolation => SqlErrorKind::NotNull,
        sqlx::error::ErrorKind::UniqueViolation => SqlErrorKind::Unique,
        _ => SqlErrorKind::Other,
    };
    // Class 22, data exceptions, quotes the offending value.
    let message = if postgres && code.starts_with("22") {
        String::new()
    } else {
        refusal.message().to_owned()
    };
    StoreError::Sql(SqlError { kind, code, message })
}

/// PostgreSQL documentation, appendix A.
fn transient_on_postgres(code: &str) -> Option<StoreError> {
    let text = || format!("SQLSTATE {code}");
    match code {
        // Serialization failure, deadlock, lock not available.
        "40001" | "40P01" | "55P03" => Some(StoreError::Busy),
        // Statement time-out; idle in transaction for too long.
        "57014" | "25P03" => Some(StoreError::Expired),
        // Read-only: a replica that was promoted away.
        "25006" => Some(StoreError::Unavailable(text())),
        _ if ["08", "53", "57P", "58"]
            .iter()
            .any(|class| code.starts_with(class)) =>
        {
            Some(StoreError::Unavailable(text()))
        }
        _ => None,
    }
}

/// SQLite documentation, "Result and Error Codes": the low byte is the primary code.
fn transient_on_sqlite(code: &str) -> Option<StoreError> {
    match code.parse::<i64>().ok()? & 0xff {
        // SQLITE_BUSY, SQLITE_LOCKED.
        5 | 6 => Some(StoreError::Busy),
        // SQLITE_NOMEM, SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN.
        7 | 10 | 13 | 14 => Some(StoreError::Unavailable(format!("SQLite result code {code}"))),
        _ => None,
    }
}

/// Text of an error and its causes, for errors that carry no values (connecting, configuration).
pub(crate) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Text of a failed migration, with causes.
pub(crate) fn migration_text(error: &sqlx::migrate::MigrateError) -> String {
    match error.source() {
        Some(_) => with_causes(error),
        None => error.to_string(),
    }
}
