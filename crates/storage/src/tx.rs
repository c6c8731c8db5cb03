//! Transactions and reads: both speak for one tenant, and carry it as `$1` into every statement.

use std::time::Duration;

use domain::{Events, TenantId};
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, Postgres, Transaction};

use crate::audit::{self, AuditRow};
use crate::error::while_committing;
#[cfg(feature = "failpoints")]
use crate::failpoint::{self, Point};
use crate::sql::{Binds, Record, Sql, fitting};
use crate::sqlite::{Member, Reader};
use crate::{StoreError, postgres};

/// Anything rows can be found with.
pub trait Query: Send {
    /// The tenant it speaks for.
    fn tenant(&self) -> TenantId;

    /// The way to the database, for this crate's functions.
    fn handle(&mut self) -> Handle<'_>;
}

/// A change under way: kept by [`Tx::commit`], undone by dropping it.
#[must_use]
#[derive(Debug)]
pub struct Tx {
    pub(crate) tenant: TenantId,
    pub(crate) work: Work,
}

#[derive(Debug)]
pub(crate) enum Work {
    Postgres {
        transaction: Transaction<'static, Postgres>,
        failed: bool,
        limit: Duration,
    },
    Sqlite(Member),
}

/// A look at the database that changes nothing.
#[derive(Debug)]
pub struct Read {
    pub(crate) tenant: TenantId,
    pub(crate) view: View,
}

#[derive(Debug)]
pub(crate) enum View {
    Postgres {
        transaction: Transaction<'static, Postgres>,
        failed: bool,
        limit: Duration,
    },
    Sqlite(Reader),
}

/// The way of a [`Tx`] or [`Read`] to the database; opaque outside this crate.
#[derive(Debug)]
pub struct Handle<'a> {
    tenant: TenantId,
    line: Line<'a>,
}

#[derive(Debug)]
enum Line<'a> {
    Member(&'a mut Member),
    Postgres {
        connection: &'a mut PgConnection,
        failed: &'a mut bool,
        limit: Duration,
    },
    Reader(&'a mut Reader),
}

impl Query for Tx {
    fn tenant(&self) -> TenantId {
        self.tenant
    }

    fn handle(&mut self) -> Handle<'_> {
        let line = match &mut self.work {
            Work::Postgres {
                transaction,
                failed,
                limit,
            } => Line::Postgres {
                connection: transaction,
                failed,
                limit: *limit,
            },
            Work::Sqlite(member) => Line::Member(member),
        };
        Handle {
            tenant: self.tenant,
            line,
        }
    }
}

impl Query for Read {
    fn tenant(&self) -> TenantId {
        self.tenant
    }

    fn handle(&mut self) -> Handle<'_> {
        let line = match &mut self.view {
            View::Postgres {
                transaction,
                failed,
                limit,
            } => Line::Postgres {
                connection: transaction,
                failed,
                limit: *limit,
            },
            View::Sqlite(reader) => Line::Reader(reader),
        };
        Handle {
            tenant: self.tenant,
            line,
        }
    }
}

impl Tx {
    /// Keeps the change together with the events that tell what happened; returns when both are durable.
    ///
    /// Caches and notifications change after this, never before.
    pub async fn commit(mut self, events: Events<AuditRow>) -> Result<(), StoreError> {
        for event in events.iter() {
            audit::insert(&mut self, event).await?;
        }
        #[cfg(feature = "failpoints")]
        failpoint::reach(Point::BeforeCommit).await?;
        self.finish().await?;
        #[cfg(feature = "failpoints")]
        failpoint::reach(Point::AfterCommit).await?;
        Ok(())
    }

    /// Keeps a change nobody needs to read about; `reason` says why not.
    pub async fn commit_unrecorded(self, reason: &'static str) -> Result<(), StoreError> {
        debug_assert!(!reason.is_empty(), "a change that leaves no event needs a reason");
        self.finish().await
    }

    /// Undoes the change. Waits on SQLite for the outcome of the group it was part of: what it read may have been
    /// written by a transaction that was not yet durable.
    pub async fn rollback(self) -> Result<(), StoreError> {
        match self.work {
            Work::Postgres {
                transaction, limit, ..
            } => Ok(postgres::bounded(limit, transaction.rollback()).await?),
            Work::Sqlite(member) => member.rollback().await,
        }
    }

    pub(crate) async fn finish(self) -> Result<(), StoreError> {
        match self.work {
            // PostgreSQL would answer COMMIT of a failed transaction with a quiet rollback.
            Work::Postgres { failed: true, .. } => Err(StoreError::Poisoned),
            Work::Postgres {
                transaction, limit, ..
            } => tokio::time::timeout(limit, transaction.commit())
                .await
                .map_err(|_| StoreError::UnknownOutcome)?
                .map_err(while_committing),
            Work::Sqlite(member) => member.commit().await,
        }
    }

    /// Goes on for another tenant within the same commit; only the appender does this.
    pub(crate) async fn switch_to(&mut self, tenant: TenantId) -> Result<(), StoreError> {
        if self.tenant == tenant {
            return Ok(());
        }
        self.tenant = tenant;
        if let Work::Postgres {
            transaction,
            failed,
            limit,
        } = &mut self.work
        {
            *failed = true;
            postgres::bounded(*limit, postgres::set_tenant(transaction, tenant)).await?;
            *failed = false;
        }
        Ok(())
    }
}

impl Handle<'_> {
    /// Runs a statement; how many rows it touched. `$1` is the tenant, `binds` begin at `$2`.
    pub(crate) async fn execute<'q>(
        self,
        sql: impl Into<Sql>,
        binds: impl Binds<'q>,
    ) -> Result<u64, StoreError> {
        let (tenant, sql) = (self.tenant, sql.into());
        match self.line {
            Line::Member(member) => {
                let query = sqlx::query_with(sql.sqlite, sqlite_values(sql.sqlite, tenant, binds)?);
                let touched = query.execute(&mut *member.seat().await?).await?.rows_affected();
                member.went_well();
                Ok(touched)
            }
            Line::Postgres {
                connection,
                failed,
                limit,
            } => {
                let query = sqlx::query_with(sql.postgres, postgres_values(sql.postgres, tenant, binds)?);
                Ok(guarded(failed, limit, query.execute(connection))
                    .await?
                    .rows_affected())
            }
            Line::Reader(reader) => {
                let query = sqlx::query_with(sql.sqlite, sqlite_values(sql.sqlite, tenant, binds)?);
                let touched = query.execute(reader.connection()?).await?.rows_affected();
                reader.went_well();
                Ok(touched)
            }
        }
    }

    /// Runs a statement that gives at most one row.
    pub(crate) async fn optional<'q, T: Record>(
        self,
        sql: impl Into<Sql>,
        binds: impl Binds<'q>,
    ) -> Result<Option<T>, StoreError> {
        let (tenant, sql) = (self.tenant, sql.into());
        match self.line {
            Line::Member(member) => {
                let query = sqlx::query_as_with(sql.sqlite, sqlite_values(sql.sqlite, tenant, binds)?);
                let row = query.fetch_optional(&mut *member.seat().await?).await?;
                member.went_well();
                Ok(row)
            }
            Line::Postgres {
                connection,
                failed,
                limit,
            } => {
                let query = sqlx::query_as_with(sql.postgres, postgres_values(sql.postgres, tenant, binds)?);
                guarded(failed, limit, query.fetch_optional(connection)).await
            }
            Line::Reader(reader) => {
                let query = sqlx::query_as_with(sql.sqlite, sqlite_values(sql.sqlite, tenant, binds)?);
                let row = query.fetch_optional(reader.connection()?).await?;
                reader.went_well();
                Ok(row)
            }
        }
    }

    /// Runs a statement and gives all its rows.
    pub(crate) async fn all<'q, T: Record>(
        self,
        sql: impl Into<Sql>,
        binds: impl Binds<'q>,
    ) -> Result<Vec<T>, StoreError> {
        let (tenant, sql) = (self.tenant, sql.into());
        match self.line {
            Line::Member(member) => {
                let query = sqlx::query_as_with(sql.sqlite, sqlite_values(sql.sqlite, tenant, binds)?);
                let rows = query.fetch_all(&mut *member.seat().await?).await?;
                member.went_well();
                Ok(rows)
            }
            Line::Postgres {
                connection,
                failed,
                limit,
            } => {
                let query = sqlx::query_as_with(sql.postgres, postgres_values(sql.postgres, tenant, binds)?);
                guarded(failed, limit, query.fetch_all(connection)).await
            }
            Line::Reader(reader) => {
                let query = sqlx::query_as_with(sql.sqlite, sqlite_values(sql.sqlite, tenant, binds)?);
                let rows = query.fetch_all(reader.connection()?).await?;
                reader.went_well();
                Ok(rows)
            }
        }
    }

    /// Runs a statement that gives one number, such as a count.
    pub(crate) async fn number<'q>(
        self,
        sql: impl Into<Sql>,
        binds: impl Binds<'q>,
    ) -> Result<i64, StoreError> {
        let row: Option<(i64,)> = self.optional(sql, binds).await?;
        Ok(row.map_or(0, |(number,)| number))
    }
}

/// Runs one statement of a PostgreSQL transaction, which is failed until the statement ended well.
async fn guarded<T>(
    failed: &mut bool,
    limit: Duration,
    statement: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    if std::mem::replace(failed, true) {
        return Err(StoreError::Poisoned);
    }
    let outcome = postgres::bounded(limit, statement).await?;
    *failed = false;
    Ok(outcome)
}

fn postgres_values<'q>(
    text: &str,
    tenant: TenantId,
    binds: impl Binds<'q>,
) -> Result<PgArguments, StoreError> {
    let mut values = PgArguments::default();
    values.add(tenant).map_err(sqlx::Error::Encode)?;
    binds.postgres(&mut values).map_err(sqlx::Error::Encode)?;
    fitting(text, values.len())?;
    Ok(values)
}

fn sqlite_values<'q>(
    text: &str,
    tenant: TenantId,
    binds: impl Binds<'q>,
) -> Result<SqliteArguments, StoreError> {
    let mut values = SqliteArguments::default();
    values.add(tenant).map_err(sqlx::Error::Encode)?;
    binds.sqlite(&mut values).map_err(sqlx::Error::Encode)?;
    fitting(text, values.len())?;
    Ok(values)
}
