use domain::Secret;
use sqlx::Connection as _;

use super::TABLES;
use crate::sql::built;
use crate::{Engine, StoreError, postgres, sqlite};

/// What a table takes on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSize {
    /// Its name.
    pub name: &'static str,
    /// Rows of all tenants.
    pub rows: u64,
    /// Bytes of the rows; on SQLite with the primary key, of most tables.
    pub table_bytes: u64,
    /// Bytes of the indexes beside them.
    pub index_bytes: u64,
}

/// What each table that can be filled takes on disk. Reads every page on SQLite.
///
/// # Errors
/// When the database cannot be opened, on PostgreSQL as owner.
pub async fn sizes(url: &Secret<String>) -> Result<Vec<TableSize>, StoreError> {
    match Engine::of(url.expose())? {
        Engine::Postgres => of_postgres(url.expose()).await,
        Engine::Sqlite => of_sqlite(url.expose()).await,
    }
}

async fn of_postgres(url: &str) -> Result<Vec<TableSize>, StoreError> {
    let mut connection = postgres::connect_owner(url).await?;
    let mut found = Vec::new();
    for name in TABLES {
        // A partitioned table has its bytes in its partitions; any other is the one leaf of its tree.
        let text = format!(
            "SELECT (SELECT count(*) FROM {name}), sum(pg_table_size(relid))::bigint,
                sum(pg_indexes_size(relid))::bigint
             FROM pg_partition_tree('{name}')"
        );
        let plain = format!(
            "SELECT (SELECT count(*) FROM {name}), pg_table_size('{name}'), pg_indexes_size('{name}')"
        );
        let text = if name == "audit_log" { text } else { plain };
        let (rows, table, index): (i64, i64, i64) =
            sqlx::query_as(built(text)).fetch_one(&mut connection).await?;
        found.push(size(name, rows, table, index));
    }
    connection.close().await?;
    Ok(found)
}

async fn of_sqlite(url: &str) -> Result<Vec<TableSize>, StoreError> {
    let mut connection = sqlite::connect_owner(url).await?;
    let pages: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT m.tbl_name, m.type, sum(s.pgsize) FROM dbstat s JOIN sqlite_schema m ON m.name = s.name
         WHERE s.aggregate = TRUE GROUP BY m.tbl_name, m.type",
    )
    .fetch_all(&mut connection)
    .await?;
    let bytes = |name: &str, kind: &str| {
        let found = pages
            .iter()
            .find(|(table, what, _)| table == name && what == kind);
        found.map_or(0, |(_, _, bytes)| *bytes)
    };
    let mut found = Vec::new();
    for name in TABLES {
        let (rows,): (i64,) = sqlx::query_as(built(format!("SELECT count(*) FROM {name}")))
            .fetch_one(&mut connection)
            .await?;
        found.push(size(name, rows, bytes(name, "table"), bytes(name, "index")));
    }
    connection.close().await?;
    Ok(found)
}

fn size(name: &'static str, rows: i64, table: i64, index: i64) -> TableSize {
    let positive = |number: i64| u64::try_from(number).unwrap_or(0);
    TableSize {
        name,
        rows: positive(rows),
        table_bytes: positive(table),
        index_bytes: positive(index),
    }
}
