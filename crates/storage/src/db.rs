//! The database as the rest of the product holds it.

use std::sync::Arc;

use domain::TenantId;

use crate::append::{Append, AppendStats, Appender, Entry, Rotation};
use crate::postgres::PgStore;
use crate::schema::SchemaError;
use crate::sql::Record;
use crate::sqlite::SqliteStore;
use crate::{DbOptions, Read, StoreError, Tx, WriterStats};

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// PostgreSQL 15 or newer.
    Postgres,
    /// SQLite, in this process.
    Sqlite,
}

/// A database, open. Cheap to clone; the last clone dropped closes it.
#[derive(Clone, Debug)]
pub struct Db {
    store: Store,
    appender: Arc<Appender>,
}

/// Where statements go.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    Postgres(PgStore),
    Sqlite(SqliteStore),
}

impl Store {
    pub(crate) async fn begin(&self, tenant: TenantId) -> Result<Tx, StoreError> {
        match self {
            Self::Postgres(store) => Box::pin(store.begin(tenant)).await,
            Self::Sqlite(store) => store.begin(tenant).await,
        }
    }
}

impl Db {
    /// Opens a database that [`migrate`](crate::migrate()) has prepared. Refuses a structure that is unknown, too old or
    /// too new, and on PostgreSQL a role that row-level security would not hold back (DB1).
    pub async fn open(options: &DbOptions) -> Result<Self, StoreError> {
        let store = match Engine::of(options.url.expose())? {
            Engine::Postgres => Store::Postgres(PgStore::open(options).await?),
            Engine::Sqlite => Store::Sqlite(SqliteStore::open(options).await?),
        };
        let appender = Arc::new(Appender::start(store.clone(), options));
        Ok(Self { store, appender })
    }

    /// Begins a change for `tenant`. A task has one transaction at a time: on SQLite a second would wait for the first.
    pub async fn begin(&self, tenant: TenantId) -> Result<Tx, StoreError> {
        self.store.begin(tenant).await
    }

    /// Begins a look at the database for `tenant`. Sees what is committed, statement by statement.
    pub async fn read(&self, tenant: TenantId) -> Result<Read, StoreError> {
        match &self.store {
            Store::Postgres(store) => Box::pin(store.read(tenant)).await,
            Store::Sqlite(store) => store.read(tenant).await,
        }
    }

    /// Records an event that changes nothing else, together with others that come at the same time; returns when it is
    /// durable. Never from within a transaction: on SQLite the event would stand in line behind it.
    pub fn append(&self, append: Append) -> impl Future<Output = Result<(), StoreError>> {
        // In a box from the start: a future that waits for the disk carries a pointer, not copies of the rows.
        let entry = Box::new(Entry {
            append,
            rotation: None,
        });
        async { self.appender.append(entry).await.map(drop) }
    }

    /// Uses a refresh token for the next one, and records the event that tells of it, together with others that come at
    /// the same time; returns when that is durable. `false`: the token had been used or was expired, and nothing was
    /// written. Never from within a transaction.
    pub fn rotate(
        &self,
        append: Append,
        rotation: Rotation,
    ) -> impl Future<Output = Result<bool, StoreError>> {
        self.appender.append(Box::new(Entry {
            append,
            rotation: Some(rotation),
        }))
    }

    /// Which database it is.
    pub const fn engine(&self) -> Engine {
        match &self.store {
            Store::Postgres(_) => Engine::Postgres,
            Store::Sqlite(_) => Engine::Sqlite,
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        match &self.store {
            Store::Postgres(store) => store.ping().await,
            Store::Sqlite(store) => store.ping().await,
        }
    }

    /// How commits were shared; SQLite only.
    pub fn writer_stats(&self) -> Option<WriterStats> {
        match &self.store {
            Store::Postgres(_) => None,
            Store::Sqlite(store) => Some(store.stats()),
        }
    }

    /// How events shared commits.
    pub fn append_stats(&self) -> AppendStats {
        self.appender.stats()
    }

    /// Lets what is under way finish, then closes every connection.
    pub async fn close(&self) {
        self.appender.close().await;
        match &self.store {
            Store::Postgres(store) => store.close().await,
            Store::Sqlite(store) => store.close().await,
        }
    }

    /// Runs a statement that belongs to no tenant and takes at most one text, `$1`; only `tenants` has such.
    pub(crate) async fn all_tenants<T: Record>(
        &self,
        sql: &'static str,
        text: Option<&str>,
    ) -> Result<Vec<T>, StoreError> {
        match &self.store {
            Store::Postgres(store) => {
                let query = match text {
                    Some(text) => sqlx::query_as(sql).bind(text.to_owned()),
                    None => sqlx::query_as(sql),
                };
                let mut connection = store.connection().await?;
                crate::postgres::bounded(store.limit(), query.fetch_all(&mut *connection)).await
            }
            Store::Sqlite(store) => {
                let query = match text {
                    Some(text) => sqlx::query_as(sql).bind(text.to_owned()),
                    None => sqlx::query_as(sql),
                };
                let mut reader = store.reader().await?;
                let rows = query.fetch_all(reader.connection()?).await?;
                reader.went_well();
                Ok(rows)
            }
        }
    }
}

impl Engine {
    /// The engine an address is for.
    pub fn of(url: &str) -> Result<Self, StoreError> {
        match url.split_once(':') {
            Some(("sqlite", _)) => Ok(Self::Sqlite),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres),
            _ => Err(SchemaError::Url.into()),
        }
    }

    /// The engine's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        }
    }
}
