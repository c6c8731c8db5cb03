//! Brings a database to the structure this program works with.

use domain::{Secret, Timestamp};
use sqlx::Connection as _;

use crate::error::migration_text;
use crate::postgres::{self, Months, Roles};
use crate::schema::{self, SchemaError};
use crate::{Engine, StoreError, sqlite};

/// What to migrate, and for whom.
#[derive(Clone, Debug)]
pub struct MigrateOptions {
    /// The database, on PostgreSQL as the role that owns the tables.
    pub url: Secret<String>,
    /// The role the product will run as (PostgreSQL).
    pub app_role: String,
    /// The role reports run as (PostgreSQL); nothing is given to it if it does not exist.
    pub reader_role: String,
    /// The present moment: partitions of the audit log are made from this month on (PostgreSQL).
    pub now: Timestamp,
    /// For how many months after this one (PostgreSQL).
    pub months_ahead: u32,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrateReport {
    /// Migrations that were applied now.
    pub applied: Vec<i64>,
    /// The structure the database has now.
    pub version: i64,
    /// Partitions of the audit log that were made now.
    pub partitions: Vec<String>,
}

impl MigrateOptions {
    /// The database at `url`, with the usual role names and a year of partitions.
    pub fn at(url: impl Into<String>, now: Timestamp) -> Self {
        Self {
            url: Secret::new(url.into()),
            app_role: "auth_service_app".to_owned(),
            reader_role: "auth_service_reader".to_owned(),
            now,
            months_ahead: 12,
        }
    }
}

/// Applies the missing migrations, adds coming partitions and gives each role its rights. Safe to repeat.
pub async fn migrate(options: &MigrateOptions) -> Result<MigrateReport, StoreError> {
    match Engine::of(options.url.expose())? {
        Engine::Postgres => on_postgres(options).await,
        Engine::Sqlite => on_sqlite(options).await,
    }
}

async fn on_postgres(options: &MigrateOptions) -> Result<MigrateReport, StoreError> {
    let mut connection = postgres::connect_owner(options.url.expose()).await?;
    let (known, is_app): (bool, bool) =
        sqlx::query_as("SELECT to_regclass('_sqlx_migrations') IS NOT NULL, current_user = $1")
            .bind(&options.app_role)
            .fetch_one(&mut connection)
            .await?;
    if is_app {
        return Err(SchemaError::Role("the one that migrates").into());
    }
    let before: Vec<(i64, bool)> = if known {
        sqlx::query_as(schema::APPLIED).fetch_all(&mut connection).await?
    } else {
        Vec::new()
    };
    refuse_newer(&before)?;
    schema::POSTGRES
        .run(&mut connection)
        .await
        .map_err(|error| failed(&error))?;
    let months = Months {
        now: options.now,
        ahead: options.months_ahead,
    };
    let partitions = postgres::add_partitions(&mut connection, months).await?;
    let roles = Roles {
        app: &options.app_role,
        reader: &options.reader_role,
    };
    postgres::give_rights(&mut connection, roles).await?;
    connection.close().await?;
    Ok(report(&before, partitions))
}

async fn on_sqlite(options: &MigrateOptions) -> Result<MigrateReport, StoreError> {
    let mut connection = sqlite::connect_owner(options.url.expose()).await?;
    let before = sqlite::applied(&mut connection).await?;
    refuse_newer(&before)?;
    schema::SQLITE
        .run(&mut connection)
        .await
        .map_err(|error| failed(&error))?;
    sqlite::tell_statistics(&mut connection).await?;
    connection.close().await?;
    Ok(report(&before, Vec::new()))
}

/// A newer program's structure is left alone.
fn refuse_newer(applied: &[(i64, bool)]) -> Result<(), SchemaError> {
    match applied.iter().map(|(version, _)| *version).max() {
        Some(found) if found > schema::EXPECTED => Err(SchemaError::TooNew { found }),
        _ => Ok(()),
    }
}

fn failed(error: &sqlx::migrate::MigrateError) -> StoreError {
    SchemaError::Migration(migration_text(error)).into()
}

fn report(before: &[(i64, bool)], partitions: Vec<String>) -> MigrateReport {
    let applied = (1..=schema::EXPECTED)
        .filter(|n| !before.iter().any(|(version, _)| version == n))
        .collect();
    MigrateReport {
        applied,
        version: schema::EXPECTED,
        partitions,
    }
}
