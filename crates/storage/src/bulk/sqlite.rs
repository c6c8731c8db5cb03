//! One transaction without a journal, many rows in a statement.

use domain::TenantId;
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments as _, Connection as _, SqlSafeStr as _};

use super::TABLES;
use crate::StoreError;
use crate::sql::{Binds, built, nameless};
use crate::sqlite::{check_schema, connect_owner, tell_statistics};

/// Rows in one statement.
const MANY: usize = 64;

/// No journal and no fsync while the file is filled; a gigabyte of cache, because the keys of tokens are random.
const FILL: &[&str] = &[
    "PRAGMA foreign_keys = OFF",
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA secure_delete = OFF",
    "PRAGMA cache_size = -1048576",
    "BEGIN IMMEDIATE",
];
const INDEXES: &str =
    "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = $1";

#[derive(Debug)]
pub(super) struct Load {
    connection: SqliteConnection,
    rebuild: Vec<String>,
}

impl Load {
    pub(super) async fn open(url: &str) -> Result<Self, StoreError> {
        let mut connection = connect_owner(url).await?;
        check_schema(&mut connection).await?;
        for text in FILL {
            sqlx::query(*text).execute(&mut connection).await?;
        }
        let mut rebuild = Vec::new();
        for table in TABLES {
            let indexes: Vec<(String, String)> = sqlx::query_as(INDEXES)
                .bind(table)
                .fetch_all(&mut connection)
                .await?;
            for (name, definition) in indexes {
                sqlx::query(built(format!("DROP INDEX {name}")))
                    .execute(&mut connection)
                    .await?;
                rebuild.push(definition);
            }
        }
        Ok(Self { connection, rebuild })
    }

    pub(super) async fn write<'q, B: Binds<'q>>(
        &mut self,
        tenant: TenantId,
        insert: &str,
        mut rows: impl ExactSizeIterator<Item = B>,
    ) -> Result<(), StoreError> {
        let many = built(nameless(insert, MANY)).into_sql_str();
        let one = built(insert.to_owned()).into_sql_str();
        while rows.len() > 0 {
            let (text, take) = if rows.len() >= MANY {
                (&many, MANY)
            } else {
                (&one, 1)
            };
            let mut values = SqliteArguments::default();
            for row in rows.by_ref().take(take) {
                values.add(tenant).map_err(sqlx::Error::Encode)?;
                row.sqlite(&mut values).map_err(sqlx::Error::Encode)?;
            }
            sqlx::query_with(text.clone(), values)
                .execute(&mut self.connection)
                .await?;
        }
        Ok(())
    }

    /// One row, as its text says.
    pub(super) async fn add<'q>(
        &mut self,
        tenant: TenantId,
        insert: &'static str,
        row: impl Binds<'q>,
    ) -> Result<(), StoreError> {
        let mut values = SqliteArguments::default();
        values.add(tenant).map_err(sqlx::Error::Encode)?;
        row.sqlite(&mut values).map_err(sqlx::Error::Encode)?;
        sqlx::query_with(insert, values)
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    pub(super) async fn finish(mut self) -> Result<(), StoreError> {
        for definition in std::mem::take(&mut self.rebuild) {
            sqlx::query(built(definition))
                .execute(&mut self.connection)
                .await?;
        }
        // With an index went what the planner knew of it.
        tell_statistics(&mut self.connection).await?;
        for text in [
            "COMMIT",
            "PRAGMA synchronous = FULL",
            "PRAGMA locking_mode = NORMAL",
            "PRAGMA journal_mode = WAL",
        ] {
            sqlx::query(text).execute(&mut self.connection).await?;
        }
        self.connection.close().await?;
        Ok(())
    }
}
