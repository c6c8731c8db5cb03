//! Wrapped data keys: one per person, one per purpose and period, or one per purpose for the tenant as a whole.

use domain::{Timestamp, UserId};
use uuid::Uuid;

use crate::sql::Binds;
use crate::{Query, StoreError, Tx};

/// A data key, wrapped by the key-encryption key.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct DataKey {
    /// Its id, part of what it seals.
    pub id: Uuid,
    /// What it is for.
    pub purpose: String,
    /// The person it belongs to.
    pub user_id: Option<UserId>,
    /// The period it belongs to, such as `2026-11`.
    pub period: Option<String>,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The key with this id.
pub async fn find(q: &mut impl Query, id: Uuid) -> Result<Option<DataKey>, StoreError> {
    q.handle()
        .optional(
            "SELECT id, purpose, user_id, period, wrapped, created_at FROM data_keys
             WHERE tenant_id = $1 AND id = $2",
            (id,),
        )
        .await
}

/// A person's key.
pub async fn find_for_user(q: &mut impl Query, user: UserId) -> Result<Option<DataKey>, StoreError> {
    q.handle()
        .optional(
            "SELECT id, purpose, user_id, period, wrapped, created_at FROM data_keys
             WHERE tenant_id = $1 AND user_id = $2",
            (user,),
        )
        .await
}

/// The key of a purpose for a period.
pub async fn find_for_period(
    q: &mut impl Query,
    purpose: &str,
    period: &str,
) -> Result<Option<DataKey>, StoreError> {
    q.handle()
        .optional(
            "SELECT id, purpose, user_id, period, wrapped, created_at FROM data_keys
             WHERE tenant_id = $1 AND purpose = $2 AND period = $3",
            (purpose, period),
        )
        .await
}

/// The tenant's key of a purpose, which belongs to no person and no period.
pub async fn find_for_tenant(q: &mut impl Query, purpose: &str) -> Result<Option<DataKey>, StoreError> {
    q.handle()
        .optional(
            "SELECT id, purpose, user_id, period, wrapped, created_at FROM data_keys
             WHERE tenant_id = $1 AND purpose = $2 AND user_id IS NULL AND period IS NULL",
            (purpose,),
        )
        .await
}

pub(crate) const INSERT: &str =
    "INSERT INTO data_keys (tenant_id, id, purpose, user_id, period, wrapped, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";

pub(crate) fn values(key: &DataKey) -> impl Binds<'_> {
    (
        key.id,
        &key.purpose,
        key.user_id,
        &key.period,
        &key.wrapped,
        key.created_at,
    )
}

/// Adds a key; `false` if another was first, whose key is then the one to use.
pub async fn insert(tx: &mut Tx, key: &DataKey) -> Result<bool, StoreError> {
    let added = tx.handle().execute(INSERT, values(key)).await?;
    Ok(added == 1)
}

/// Destroys a person's key: nothing sealed under it can be read again. `false` if there was none.
pub async fn delete_for_user(tx: &mut Tx, user: UserId) -> Result<bool, StoreError> {
    let deleted = tx
        .handle()
        .execute(
            "DELETE FROM data_keys WHERE tenant_id = $1 AND user_id = $2",
            (user,),
        )
        .await?;
    Ok(deleted > 0)
}
