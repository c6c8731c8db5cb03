//! COPY in binary form, with foreign keys checked once at the end.

use domain::TenantId;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgConnection};
use sqlx::{Arguments as _, Connection as _};

use super::TABLES;
use crate::postgres::{connect_owner, run};
use crate::schema::{self, SchemaError};
use crate::sql::{Binds, arity};
use crate::{StoreError, bulk};

/// Bytes sent at once.
const CHUNK: usize = 1 << 20;
/// Signature, no flags, no extension (PostgreSQL manual, COPY, "Binary Format").
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// Indexes that belong to no constraint; those of partitions follow their parent's.
const INDEXES: &str = "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = to_regclass($1) AND NOT c.relispartition
    AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)";
const FOREIGN_KEYS: &str = "SELECT quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
    WHERE conrelid = to_regclass($1) AND contype = 'f' AND conparentid = 0";

#[derive(Debug)]
pub(super) struct Load {
    connection: PgConnection,
    /// Statements that bring back what was taken away.
    rebuild: Vec<String>,
}

impl Load {
    pub(super) async fn open(url: &str) -> Result<Self, StoreError> {
        let mut connection = connect_owner(url).await?;
        let applied: Vec<(i64, bool)> = sqlx::query_as(schema::APPLIED)
            .fetch_all(&mut connection)
            .await
            .map_err(|_| SchemaError::Missing)?;
        schema::check(&applied, &schema::POSTGRES)?;
        // Sorting for an index is several times quicker in memory.
        let begin = "BEGIN; SET LOCAL maintenance_work_mem = '1GB'; SET LOCAL synchronous_commit = off";
        run(&mut connection, begin.to_owned()).await?;
        let mut load = Self {
            connection,
            rebuild: Vec::new(),
        };
        load.take_away().await?;
        Ok(load)
    }

    /// Row-level security is lifted from the owner, because COPY does not work under it; all within the transaction, so
    /// that nobody ever sees the tables like this.
    async fn take_away(&mut self) -> Result<(), StoreError> {
        for table in TABLES {
            let indexes: Vec<(String, String)> = sqlx::query_as(INDEXES)
                .bind(table)
                .fetch_all(&mut self.connection)
                .await?;
            let keys: Vec<(String, String)> = sqlx::query_as(FOREIGN_KEYS)
                .bind(table)
                .fetch_all(&mut self.connection)
                .await?;
            let mut statements = vec![format!("ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")];
            for (name, definition) in indexes {
                statements.push(format!("DROP INDEX {name}"));
                // Of a partitioned table the definition says ONLY, which would leave its partitions without.
                self.rebuild.push(definition.replacen(" ON ONLY ", " ON ", 1));
            }
            for (name, definition) in keys {
                statements.push(format!("ALTER TABLE {table} DROP CONSTRAINT {name}"));
                self.rebuild
                    .push(format!("ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"));
            }
            self.rebuild
                .push(format!("ALTER TABLE {table} FORCE ROW LEVEL SECURITY"));
            run(&mut self.connection, statements.join(";")).await?;
        }
        Ok(())
    }

    pub(super) async fn write<'q, B: Binds<'q>>(
        &mut self,
        tenant: TenantId,
        insert: &str,
        rows: impl Iterator<Item = B>,
    ) -> Result<(), StoreError> {
        let fields = i16::try_from(arity(insert)).unwrap_or(i16::MAX).to_be_bytes();
        let target = insert.trim_start_matches("INSERT INTO ");
        let target = target.split(" VALUES").next().unwrap_or(target);
        let mut copy = self
            .connection
            .copy_in_raw(&format!("COPY {target} FROM STDIN (FORMAT binary)"))
            .await?;
        let mut buffer = PgArgumentBuffer::default();
        buffer.extend_from_slice(HEADER);
        for row in rows {
            buffer.extend_from_slice(&fields);
            bulk::field(&mut buffer, tenant).map_err(sqlx::Error::Encode)?;
            row.copy(&mut buffer).map_err(sqlx::Error::Encode)?;
            if buffer.len() >= CHUNK {
                copy.send(buffer.as_slice()).await?;
                buffer = PgArgumentBuffer::default();
            }
        }
        buffer.extend_from_slice(&TRAILER);
        copy.send(buffer.as_slice()).await?;
        copy.finish().await?;
        Ok(())
    }

    /// One row, as its text says.
    pub(super) async fn add<'q>(
        &mut self,
        tenant: TenantId,
        insert: &'static str,
        row: impl Binds<'q>,
    ) -> Result<(), StoreError> {
        let mut values = PgArguments::default();
        values.add(tenant).map_err(sqlx::Error::Encode)?;
        row.postgres(&mut values).map_err(sqlx::Error::Encode)?;
        sqlx::query_with(insert, values)
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    pub(super) async fn finish(mut self) -> Result<(), StoreError> {
        for statement in std::mem::take(&mut self.rebuild) {
            run(&mut self.connection, statement).await?;
        }
        run(&mut self.connection, "COMMIT".to_owned()).await?;
        for table in TABLES {
            // The product's plans rest on what is known about the rows; and no vacuum starts in the midst of a measurement.
            run(&mut self.connection, format!("VACUUM (ANALYZE) {table}")).await?;
        }
        self.connection.close().await?;
        Ok(())
    }
}
