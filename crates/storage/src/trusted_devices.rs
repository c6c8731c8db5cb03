//! Browsers in which a person has signed in before.

use domain::{Timestamp, TokenHash, UserId};

use crate::{Query, StoreError, Tx};

/// Whether this person has signed in with this browser, and that still counts.
pub async fn contains(
    q: &mut impl Query,
    token: &TokenHash,
    user: UserId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let found = q
        .handle()
        .number(
            "SELECT count(*) FROM trusted_devices
             WHERE tenant_id = $1 AND token_hash = $2 AND user_id = $3 AND expires_at > $4",
            (token, user, now),
        )
        .await?;
    Ok(found > 0)
}

/// Adds a person to a browser; false if they were there.
pub async fn insert(
    tx: &mut Tx,
    token: &TokenHash,
    user: UserId,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let added = tx
        .handle()
        .execute(
            "INSERT INTO trusted_devices (tenant_id, token_hash, user_id, created_at, used_at, expires_at)
             VALUES ($1, $2, $3, $4, $4, $5) ON CONFLICT DO NOTHING",
            (token, user, now, expires_at),
        )
        .await?;
    Ok(added == 1)
}

/// Notes another sign-in of this person with this browser; false if it is not known, or no longer.
pub async fn update_use(
    tx: &mut Tx,
    token: &TokenHash,
    user: UserId,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let known = tx
        .handle()
        .execute(
            "UPDATE trusted_devices SET used_at = $5, expires_at = $4
             WHERE tenant_id = $1 AND token_hash = $2 AND user_id = $3 AND expires_at > $5",
            (token, user, expires_at, now),
        )
        .await?;
    Ok(known == 1)
}

/// Gives a browser another secret, for everybody who signed in with it.
pub async fn update_token(tx: &mut Tx, old: &TokenHash, new: &TokenHash) -> Result<u64, StoreError> {
    tx.handle()
        .execute(
            "UPDATE trusted_devices SET token_hash = $3 WHERE tenant_id = $1 AND token_hash = $2",
            (old, new),
        )
        .await
}

/// Of a person's browsers only the `kept` last used remain.
pub async fn purge_surplus(tx: &mut Tx, user: UserId, kept: u32) -> Result<u64, StoreError> {
    tx.handle()
        .execute(
            "DELETE FROM trusted_devices WHERE tenant_id = $1 AND user_id = $2 AND token_hash NOT IN (
                SELECT token_hash FROM trusted_devices WHERE tenant_id = $1 AND user_id = $2
                ORDER BY used_at DESC, token_hash LIMIT $3)",
            (user, i64::from(kept)),
        )
        .await
}

/// How many browsers of a person are known since a moment or later.
pub async fn count_since(q: &mut impl Query, user: UserId, since: Timestamp) -> Result<u64, StoreError> {
    let count = q
        .handle()
        .number(
            "SELECT count(*) FROM trusted_devices WHERE tenant_id = $1 AND user_id = $2 AND created_at >= $3",
            (user, since),
        )
        .await?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Forgets the browsers of a person that are known since a moment or later; how many.
pub async fn revoke_since(tx: &mut Tx, user: UserId, since: Timestamp) -> Result<u64, StoreError> {
    tx.handle()
        .execute(
            "DELETE FROM trusted_devices WHERE tenant_id = $1 AND user_id = $2 AND created_at >= $3",
            (user, since),
        )
        .await
}

/// Forgets every browser of a person; how many.
pub async fn revoke_for_user(tx: &mut Tx, user: UserId) -> Result<u64, StoreError> {
    tx.handle()
        .execute(
            "DELETE FROM trusted_devices WHERE tenant_id = $1 AND user_id = $2",
            (user,),
        )
        .await
}

/// Forgets every browser of a person but this one; how many.
pub async fn revoke_others_for_user(tx: &mut Tx, user: UserId, kept: &TokenHash) -> Result<u64, StoreError> {
    tx.handle()
        .execute(
            "DELETE FROM trusted_devices WHERE tenant_id = $1 AND user_id = $2 AND token_hash <> $3",
            (user, kept),
        )
        .await
}
