//! What SQLite's planner should believe about the tables.
//!
//! Knowing nothing, it takes the first column of an index for nearly unique, and so reads all rows of a tenant by the
//! primary key where an index names the person too. It is told what is true of the databases that matter: a tenant has
//! many rows, a person few. Measured statistics would say less, because they come from when a database was small.

use sqlx::sqlite::SqliteConnection;

use crate::StoreError;

/// Makes the table of statistics, without reading any rows.
const BEGIN: &str = "ANALYZE sqlite_schema";
const FORGET: &str = "DELETE FROM sqlite_stat1";
/// Rows in all, rows of one tenant, and then rows that agree in one more column of the index each. The table's own name
/// stands for its primary key where it has no rowid.
const BELIEVE: &str = "INSERT INTO sqlite_stat1 (tbl, idx, stat)
    SELECT t.name, iif(t.wr AND i.origin = 'pk', t.name, i.name),
        '1000000 100000'
        || substr(' 20 20 20 20 20 20', 1, 3 * ((SELECT count(*) FROM pragma_index_info(i.name)) - 2))
        || iif(i.\"unique\", ' 1', ' 10')
    FROM pragma_table_list t, pragma_index_list(t.name) i
    WHERE t.type = 'table' AND (SELECT name FROM pragma_index_info(i.name) WHERE seqno = 0) = 'tenant_id'";

/// Tells the planner about every index that begins with the tenant. Connections opened later know it.
pub(crate) async fn tell(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    for text in [BEGIN, FORGET, BELIEVE] {
        sqlx::query(text).execute(&mut *connection).await?;
    }
    Ok(())
}
