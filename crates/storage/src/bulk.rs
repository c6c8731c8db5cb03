//! Very many rows at once, for measuring how the product behaves with them.
//!
//! Everything goes into one transaction of a connection of its own, as the owner of the tables: secondary indexes are
//! taken away, the rows are written, the indexes are built again. Nothing else may use the database meanwhile. What is
//! written are the rows the caller gives, through the same statements and encodings as the product's own; the caller
//! answers for what they mean, and no event is demanded of it.
//!
//! On SQLite there is neither journal nor fsync until the end: a file whose filling was interrupted is to be thrown away.

mod postgres;
mod sizes;
mod sqlite;

use std::collections::HashSet;
use std::sync::Arc;

use domain::{ClientId, Scopes, Secret, Session, TenantId, Timestamp, TokenHash, User, UserId};
use sqlx::error::BoxDynError;
use sqlx::postgres::PgArgumentBuffer;
use uuid::Uuid;

use crate::access_tokens::AccessToken;
use crate::audit::AuditRow;
use crate::data_keys::DataKey;
use crate::grants::Grant;
use crate::refresh_tokens::RefreshToken;
use crate::sql::{Bind, Binds};
use crate::{
    Engine, StoreError, access_token_kinds, access_tokens, audit, data_keys, grants, refresh_tokens,
    sessions, user_consents, users,
};

pub use sizes::{TableSize, sizes};

/// Tables that are filled, those that others refer to first.
const TABLES: [&str; 9] = [
    "users",
    "data_keys",
    "sessions",
    "grants",
    "user_consents",
    "refresh_tokens",
    "access_token_kinds",
    "access_tokens",
    "audit_log",
];

/// Rows to be written. They are written table by table in the order they have here; the order of the primary key is the
/// quickest.
#[derive(Debug, Default)]
pub struct Batch {
    /// People, and the hash of their password.
    pub users: Vec<(User, Option<Arc<str>>)>,
    /// Their data keys.
    pub data_keys: Vec<DataKey>,
    /// Sessions, and the hash of their cookie.
    pub sessions: Vec<(Session, TokenHash)>,
    /// Grants.
    pub grants: Vec<Grant>,
    /// Agreements.
    pub consents: Vec<Agreement>,
    /// Refresh tokens.
    pub refresh_tokens: Vec<RefreshToken>,
    /// Opaque access tokens.
    pub access_tokens: Vec<AccessToken>,
    /// Rows of the audit log.
    pub events: Vec<AuditRow>,
}

/// What a person agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The person.
    pub user_id: UserId,
    /// The client it is for.
    pub client_id: ClientId,
    /// What it may have.
    pub scopes: Scopes,
    /// When.
    pub granted_at: Timestamp,
}

/// A database that is being filled; dropped before [`Bulk::finish`], nothing of it is kept on PostgreSQL, and the file is
/// worth nothing on SQLite.
#[derive(Debug)]
pub struct Bulk {
    tenant: TenantId,
    /// Those that were added.
    kinds: HashSet<Uuid>,
    line: Line,
}

#[derive(Debug)]
enum Line {
    Postgres(postgres::Load),
    Sqlite(sqlite::Load),
}

impl Bulk {
    /// Opens a migrated database, on PostgreSQL as the owner of its tables, and takes its secondary indexes away.
    ///
    /// # Errors
    /// When the structure is not the expected one, somebody else has the file open, or the role is not the owner.
    pub async fn open(url: &Secret<String>, tenant: TenantId) -> Result<Self, StoreError> {
        let line = match Engine::of(url.expose())? {
            Engine::Postgres => Line::Postgres(postgres::Load::open(url.expose()).await?),
            Engine::Sqlite => Line::Sqlite(sqlite::Load::open(url.expose()).await?),
        };
        Ok(Self {
            tenant,
            kinds: HashSet::new(),
            line,
        })
    }

    /// Writes these rows.
    pub async fn add(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let users = batch.users.iter();
        self.write(
            users::INSERT,
            users.map(|(user, hash)| users::values(user, hash.as_deref())),
        )
        .await?;
        self.write(data_keys::INSERT, batch.data_keys.iter().map(data_keys::values))
            .await?;
        let sessions = batch.sessions.iter();
        self.write(
            sessions::INSERT,
            sessions.map(|(session, token)| sessions::values(session, token, None)),
        )
        .await?;
        self.write(grants::INSERT, batch.grants.iter().map(grants::values))
            .await?;
        let consents = batch.consents.iter();
        self.write(
            user_consents::INSERT,
            consents.map(|one| (one.user_id, &one.client_id, &one.scopes, one.granted_at)),
        )
        .await?;
        self.write(
            refresh_tokens::INSERT,
            batch.refresh_tokens.iter().map(refresh_tokens::values),
        )
        .await?;
        self.add_kinds(&batch.access_tokens).await?;
        self.write(
            access_tokens::INSERT,
            batch.access_tokens.iter().map(access_tokens::values),
        )
        .await?;
        self.write(audit::INSERT, batch.events.iter().map(audit::values))
            .await
    }

    /// Adds the kinds of these tokens. Others may have brought them before.
    async fn add_kinds(&mut self, tokens: &[AccessToken]) -> Result<(), StoreError> {
        for (kind, token) in access_token_kinds::distinct(tokens) {
            if !self.kinds.insert(kind) {
                continue;
            }
            let values = access_token_kinds::values(token);
            match &mut self.line {
                Line::Postgres(load) => load.add(self.tenant, access_token_kinds::INSERT, values).await?,
                Line::Sqlite(load) => load.add(self.tenant, access_token_kinds::INSERT, values).await?,
            }
        }
        Ok(())
    }

    /// Builds the indexes again, commits, and leaves the database as the product expects it.
    pub async fn finish(self) -> Result<(), StoreError> {
        match self.line {
            Line::Postgres(load) => load.finish().await,
            Line::Sqlite(load) => load.finish().await,
        }
    }

    async fn write<'q, B: Binds<'q>>(
        &mut self,
        insert: &'static str,
        rows: impl ExactSizeIterator<Item = B> + Send,
    ) -> Result<(), StoreError> {
        if rows.len() == 0 {
            return Ok(());
        }
        // What is there already is a mistake here, not a race.
        let insert = insert.split(" ON CONFLICT").next().unwrap_or(insert);
        match &mut self.line {
            Line::Postgres(load) => load.write(self.tenant, insert, rows).await,
            Line::Sqlite(load) => load.write(self.tenant, insert, rows).await,
        }
    }
}

/// Adds one field to a row of PostgreSQL's binary COPY: its length in four bytes, then the value; no value is length -1.
pub(crate) fn field<'q, T: Bind<'q>>(to: &mut PgArgumentBuffer, value: T) -> Result<(), BoxDynError> {
    let at = to.len();
    to.extend_from_slice(&(-1_i32).to_be_bytes());
    let is_null = sqlx::Encode::<sqlx::Postgres>::encode(value, to)?.is_null();
    if is_null {
        return Ok(());
    }
    let length = i32::try_from(to.len() - at - 4)?;
    if let Some(place) = to.get_mut(at..at + 4) {
        place.copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}
