//! PostgreSQL: a pool with time limits on everything, and the tenant set for the length of each transaction.

mod partitions;
mod reach;
mod rights;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::time::Duration;

use domain::TenantId;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions as _, Connection as _, Postgres, Transaction};

use crate::schema::{self, SchemaError};
use crate::sql::built;
use crate::tx::{Read, Tx, View, Work};
use crate::{DbOptions, StoreError};

pub(crate) use partitions::{Months, add as add_partitions};
pub(crate) use rights::{Roles, give as give_rights};

use reach::Reach;

/// How much longer than the server's own limit an answer is waited for: only a dead connection takes that long.
const GRACE: Duration = Duration::from_secs(2);
/// A connection unused for longer is tried before it is handed out.
const TRUSTED: Duration = Duration::from_secs(1);

#[derive(Clone, Debug)]
pub(crate) struct PgStore {
    pool: PgPool,
    reach: Reach,
    limit: Duration,
}

/// The role as the catalogue describes it: superuser, free of row-level security, owner of one of our tables.
const ROLE: &str = "SELECT r.rolsuper, r.rolbypassrls, EXISTS (
    SELECT 1 FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
    AND pg_has_role(current_user, c.relowner, 'MEMBER')) AS owns
    FROM pg_roles r WHERE r.rolname = current_user";

impl PgStore {
    pub(crate) async fn open(options: &DbOptions) -> Result<Self, StoreError> {
        let connect = connect_options(options)?;
        let pool = PgPoolOptions::new()
            .max_connections(options.connections)
            .acquire_timeout(options.wait)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > TRUSTED {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(connect.clone());
        let store = Self {
            pool,
            reach: Reach::new(connect, options.wait),
            limit: options.statement_timeout + GRACE,
        };
        store.check_schema().await?;
        store.check_role().await?;
        Ok(store)
    }

    pub(crate) async fn begin(&self, tenant: TenantId) -> Result<Tx, StoreError> {
        let text = format!("BEGIN; SELECT set_config('app.current_tenant_id', '{tenant}', true)");
        let transaction = self.transaction(text).await?;
        Ok(Tx {
            tenant,
            work: Work::Postgres {
                transaction,
                failed: false,
                limit: self.limit,
            },
        })
    }

    pub(crate) async fn read(&self, tenant: TenantId) -> Result<Read, StoreError> {
        let text = format!("BEGIN READ ONLY; SELECT set_config('app.current_tenant_id', '{tenant}', true)");
        let transaction = self.transaction(text).await?;
        Ok(Read {
            tenant,
            view: View::Postgres {
                transaction,
                failed: false,
                limit: self.limit,
            },
        })
    }

    async fn transaction(&self, begin: String) -> Result<Transaction<'static, Postgres>, StoreError> {
        // On the heap, as callers do with the whole wait: it would be part of every use case's own future, and a thread's
        // stack is too small for those in a debug build.
        let begun = Box::pin(bounded(self.limit, self.pool.begin_with(built(begin))));
        self.reach.guard(begun).await
    }

    pub(crate) const fn limit(&self) -> Duration {
        self.limit
    }

    /// A connection outside any transaction, for statements that belong to no tenant.
    pub(crate) async fn connection(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        self.reach.guard(bounded(self.limit, self.pool.acquire())).await
    }

    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        bounded(self.limit, sqlx::query("SELECT 1").execute(&mut *connection)).await?;
        Ok(())
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    async fn check_schema(&self) -> Result<(), StoreError> {
        let known: (bool,) = bounded(
            self.limit,
            sqlx::query_as("SELECT to_regclass('_sqlx_migrations') IS NOT NULL").fetch_one(&self.pool),
        )
        .await?;
        if !known.0 {
            return Err(SchemaError::Missing.into());
        }
        let applied: Vec<(i64, bool)> =
            bounded(self.limit, sqlx::query_as(schema::APPLIED).fetch_all(&self.pool)).await?;
        Ok(schema::check(&applied, &schema::POSTGRES)?)
    }

    async fn check_role(&self) -> Result<(), StoreError> {
        let (superuser, bypasses, owns): (bool, bool, bool) =
            bounded(self.limit, sqlx::query_as(ROLE).fetch_one(&self.pool)).await?;
        let fault = match (superuser, bypasses, owns) {
            (true, _, _) => "a superuser",
            (_, true, _) => "free of row-level security (BYPASSRLS)",
            (_, _, true) => "the owner of the tables",
            _ => return Ok(()),
        };
        Err(SchemaError::Role(fault).into())
    }
}

/// The server's address. Beyond this machine the connection is encrypted and the server's name is checked, whatever the
/// address says (DB4).
fn address(url: &str) -> Result<PgConnectOptions, StoreError> {
    let options: PgConnectOptions = url.parse().map_err(|_| SchemaError::Url)?;
    let host = options.get_host().trim_matches(['[', ']']);
    let is_local = options.get_socket().is_some()
        || host == "localhost"
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    Ok(if is_local {
        options
    } else {
        options.ssl_mode(PgSslMode::VerifyFull)
    })
}

fn connect_options(options: &DbOptions) -> Result<PgConnectOptions, StoreError> {
    let millis = |limit: Duration| limit.as_millis().to_string();
    Ok(address(options.url.expose())?
        .application_name("rsp")
        .options([
            ("statement_timeout", millis(options.statement_timeout)),
            ("lock_timeout", millis(options.lock_timeout)),
            (
                "idle_in_transaction_session_timeout",
                millis(options.idle_timeout),
            ),
        ])
        .statement_cache_capacity(250)
        .disable_statement_logging())
}

/// Waits for an answer, but not forever: a network that swallows packets looks like a slow statement.
pub(crate) async fn bounded<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(limit, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(StoreError::Unavailable("no answer in time".to_owned())),
    }
}

/// Sets the tenant until the end of the transaction.
pub(crate) async fn set_tenant(connection: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT set_config('app.current_tenant_id', $1, true)")
        .bind(tenant.to_string())
        .execute(connection)
        .await
        .map(drop)
}

/// One connection for migrations, as the owner.
pub(crate) async fn connect_owner(url: &str) -> Result<PgConnection, StoreError> {
    let options = address(url)?;
    Ok(options
        .application_name("rsp migrate")
        .disable_statement_logging()
        .connect()
        .await?)
}

/// Runs several statements at once.
pub(crate) async fn run(connection: &mut PgConnection, statements: String) -> Result<(), StoreError> {
    sqlx::raw_sql(built(statements)).execute(connection).await?;
    Ok(())
}
