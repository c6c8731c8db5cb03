//! SQLite: one connection that writes for everybody, and a pool that only reads.

mod batch;
mod readers;
mod statistics;
mod writer;

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::TenantId;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};

use crate::append::Entry;
use crate::schema::{self, SchemaError};
use crate::tx::{Read, Tx, View, Work};
use crate::{DbOptions, StoreError};

pub(crate) use readers::{Reader, Readers};
pub(crate) use statistics::tell as tell_statistics;
pub use writer::WriterStats;
pub(crate) use writer::{Member, Writer};

/// Nobody but the owner may read the database (DB9); SQLite gives its side files the same mode.
const MODE: u32 = 0o600;
/// Only a foreign process can hold the write lock, and then everybody would wait this long.
const WRITER_PATIENCE: Duration = Duration::from_millis(200);
const READER_PATIENCE: Duration = Duration::from_secs(1);

#[derive(Clone, Debug)]
pub(crate) struct SqliteStore {
    readers: Readers,
    writer: Writer,
}

impl SqliteStore {
    pub(crate) async fn open(options: &DbOptions) -> Result<Self, StoreError> {
        let base = connect_options(options.url.expose())?;
        if !base.get_filename().exists() {
            return Err(SchemaError::Missing.into());
        }
        protect(base.get_filename())?;
        let writing = base.clone().busy_timeout(WRITER_PATIENCE);
        let mut connection = writing.connect().await?;
        check_schema(&mut connection).await?;
        let reading = base.busy_timeout(READER_PATIENCE).pragma("query_only", "ON");
        let readers = Readers::new(reading, options.readers, options.wait);
        let writer = Writer::start(connection, writing, options.group, options.wait);
        Ok(Self { readers, writer })
    }

    pub(crate) async fn begin(&self, tenant: TenantId) -> Result<Tx, StoreError> {
        Ok(Tx {
            tenant,
            work: Work::Sqlite(self.writer.admit().await?),
        })
    }

    /// Writes a batch of the appender and commits it.
    pub(crate) async fn write(&self, entries: Arc<Vec<Entry>>) -> Result<Vec<bool>, StoreError> {
        self.writer.write(entries).await
    }

    pub(crate) async fn read(&self, tenant: TenantId) -> Result<Read, StoreError> {
        Ok(Read {
            tenant,
            view: View::Sqlite(self.readers.acquire().await?),
        })
    }

    /// A connection for statements that belong to no tenant.
    pub(crate) async fn reader(&self) -> Result<Reader, StoreError> {
        self.readers.acquire().await
    }

    pub(crate) fn stats(&self) -> WriterStats {
        self.writer.stats()
    }

    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        let mut reader = self.readers.acquire().await?;
        sqlx::query("SELECT 1").execute(reader.connection()?).await?;
        reader.went_well();
        Ok(())
    }

    pub(crate) async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }
}

/// What every connection has; migrations use it too.
fn connect_options(url: &str) -> Result<SqliteConnectOptions, StoreError> {
    let options: SqliteConnectOptions = url.parse().map_err(|_| SchemaError::Url)?;
    Ok(options
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // Room for every statement of this crate, the wide ones among them.
        .statement_cache_capacity(250)
        .pragma("temp_store", "MEMORY")
        .pragma("trusted_schema", "OFF")
        // Deleted content is overwritten where that costs no further write.
        .pragma("secure_delete", "FAST")
        // Else a replaced row would be deleted without asking the audit log's trigger.
        .pragma("recursive_triggers", "ON")
        .pragma("wal_autocheckpoint", "4000")
        .disable_statement_logging())
}

/// One connection for migrations; makes the file if there is none.
pub(crate) async fn connect_owner(url: &str) -> Result<SqliteConnection, StoreError> {
    let options = connect_options(url)?;
    let file = options.get_filename();
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(file);
    match made {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => protect(file)?,
        Err(error) => {
            return Err(StoreError::Unavailable(format!(
                "cannot create the database file: {error}"
            )));
        }
    }
    Ok(options.connect().await?)
}

fn protect(file: &Path) -> Result<(), StoreError> {
    let unavailable = |error: std::io::Error| StoreError::Unavailable(format!("the database file: {error}"));
    let mode = file.metadata().map_err(unavailable)?.permissions().mode();
    if mode & 0o077 != 0 {
        std::fs::set_permissions(file, Permissions::from_mode(MODE)).map_err(unavailable)?;
    }
    Ok(())
}

pub(crate) async fn check_schema(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let applied = applied(connection).await?;
    Ok(schema::check(&applied, &schema::SQLITE)?)
}

/// The migrations that were applied, and whether each finished.
pub(crate) async fn applied(connection: &mut SqliteConnection) -> Result<Vec<(i64, bool)>, StoreError> {
    let known: Option<(String,)> =
        sqlx::query_as("SELECT name FROM sqlite_schema WHERE type = 'table' AND name = '_sqlx_migrations'")
            .fetch_optional(&mut *connection)
            .await?;
    if known.is_none() {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_as(schema::APPLIED).fetch_all(connection).await?)
}
