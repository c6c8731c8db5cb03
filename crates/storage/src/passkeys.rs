//! Passkeys.

use domain::{Passkey, PasskeyId, Timestamp, UserId};
use serde_json::Value;
use sqlx::types::Json;

use crate::{Query, StoreError, Tx};

/// A passkey with what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The passkey.
    pub passkey: Passkey,
    /// What its authenticator knows its person by.
    pub user_handle: Vec<u8>,
    /// The id its authenticator gave it.
    pub credential_id: Vec<u8>,
    /// Its public key and what was said about it when it was made.
    pub credential: Value,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: PasskeyId,
    user_id: UserId,
    user_handle: Vec<u8>,
    credential_id: Vec<u8>,
    credential: Json<Value>,
    name: String,
    counter: i64,
    backup_eligible: bool,
    backed_up: bool,
    hardware_bound: bool,
    user_verified: bool,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
    suspended_at: Option<Timestamp>,
}

impl From<Row> for Stored {
    fn from(row: Row) -> Self {
        Self {
            passkey: Passkey {
                id: row.id,
                user_id: row.user_id,
                name: row.name,
                counter: row.counter,
                backup_eligible: row.backup_eligible,
                backed_up: row.backed_up,
                hardware_bound: row.hardware_bound,
                user_verified: row.user_verified,
                created_at: row.created_at,
                last_used_at: row.last_used_at,
                suspended_at: row.suspended_at,
            },
            user_handle: row.user_handle,
            credential_id: row.credential_id,
            credential: row.credential.0,
        }
    }
}

/// Adds a passkey; `false` if the tenant knows the credential already.
pub async fn insert(tx: &mut Tx, stored: &Stored) -> Result<bool, StoreError> {
    let passkey = &stored.passkey;
    let added = tx
        .handle()
        .execute(
            "INSERT INTO passkeys (tenant_id, id, user_id, user_handle, credential_id, credential, name, counter,
                backup_eligible, backed_up, hardware_bound, user_verified, created_at, last_used_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING",
            (
                passkey.id,
                passkey.user_id,
                stored.user_handle.as_slice(),
                stored.credential_id.as_slice(),
                Json(&stored.credential),
                passkey.name.as_str(),
                passkey.counter,
                passkey.backup_eligible,
                passkey.backed_up,
                passkey.hardware_bound,
                passkey.user_verified,
                passkey.created_at,
                passkey.last_used_at,
            ),
        )
        .await?;
    Ok(added == 1)
}

/// The passkey with this credential id, unless it is set aside.
pub async fn find_by_credential(q: &mut impl Query, credential: &[u8]) -> Result<Option<Stored>, StoreError> {
    let row: Option<Row> = q
        .handle()
        .optional(
            "SELECT id, user_id, user_handle, credential_id, credential, name, counter, backup_eligible, backed_up,
                hardware_bound, user_verified, created_at, last_used_at, suspended_at
             FROM passkeys WHERE tenant_id = $1 AND credential_id = $2 AND suspended_at IS NULL",
            (credential,),
        )
        .await?;
    Ok(row.map(Stored::from))
}

/// A person's passkeys, the oldest first, those set aside too.
pub async fn list_for_user(q: &mut impl Query, user: UserId) -> Result<Vec<Stored>, StoreError> {
    let rows: Vec<Row> = q
        .handle()
        .all(
            "SELECT id, user_id, user_handle, credential_id, credential, name, counter, backup_eligible, backed_up,
                hardware_bound, user_verified, created_at, last_used_at, suspended_at
             FROM passkeys WHERE tenant_id = $1 AND user_id = $2 ORDER BY id",
            (user,),
        )
        .await?;
    Ok(rows.into_iter().map(Stored::from).collect())
}

/// Notes a use. `false` if the passkey is gone or set aside, or its counter did not go up: another use with a later count was first,
/// and there may be a copy (WebAuthn level 3 section 7.2, step 22).
pub async fn update_used(
    tx: &mut Tx,
    id: PasskeyId,
    counter: i64,
    backed_up: bool,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = tx
        .handle()
        .execute(
            "UPDATE passkeys SET counter = $3, backed_up = $4, last_used_at = $5
             WHERE tenant_id = $1 AND id = $2 AND (counter < $3 OR (counter = 0 AND $3 = 0)) AND suspended_at IS NULL",
            (id, counter, backed_up, now),
        )
        .await?;
    Ok(changed == 1)
}

/// Gives a person's passkey another name; `false` if it is not theirs.
pub async fn update_name(tx: &mut Tx, user: UserId, id: PasskeyId, name: &str) -> Result<bool, StoreError> {
    let changed = tx
        .handle()
        .execute(
            "UPDATE passkeys SET name = $4 WHERE tenant_id = $1 AND id = $3 AND user_id = $2",
            (user, id, name),
        )
        .await?;
    Ok(changed == 1)
}

/// Sets aside the passkeys that a person got since a moment: they open nothing any more. How many.
pub async fn suspend_since(
    tx: &mut Tx,
    user: UserId,
    since: Timestamp,
    now: Timestamp,
) -> Result<u64, StoreError> {
    tx.handle()
        .execute(
            "UPDATE passkeys SET suspended_at = $4
             WHERE tenant_id = $1 AND user_id = $2 AND created_at >= $3 AND suspended_at IS NULL",
            (user, since, now),
        )
        .await
}

/// Removes all passkeys of a person; how many. Their way in is the caller's matter.
pub async fn delete_all(tx: &mut Tx, user: UserId) -> Result<u64, StoreError> {
    tx.handle()
        .execute(
            "DELETE FROM passkeys WHERE tenant_id = $1 AND user_id = $2",
            (user,),
        )
        .await
}

/// Removes a person's passkey, unless it is their last way in; `false` if it is, or is not theirs. Two of them can be
/// removed at once only if nobody else changes the person meanwhile: see `users::update_changed`.
pub async fn delete(tx: &mut Tx, user: UserId, id: PasskeyId) -> Result<bool, StoreError> {
    let removed = tx
        .handle()
        .execute(
            "DELETE FROM passkeys WHERE tenant_id = $1 AND id = $3 AND user_id = $2 AND (
                EXISTS (SELECT 1 FROM users WHERE tenant_id = $1 AND id = $2 AND password_hash IS NOT NULL)
                OR EXISTS (SELECT 1 FROM passkeys
                    WHERE tenant_id = $1 AND user_id = $2 AND id <> $3 AND suspended_at IS NULL))",
            (user, id),
        )
        .await?;
    Ok(removed == 1)
}
