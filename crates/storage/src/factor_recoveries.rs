//! Recoveries of people who lost their second factor: one for each at most, waiting for its time.

use domain::{Timestamp, UserId};

use crate::{Query, StoreError, Tx};

/// A recovery under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Recovery {
    /// Whose.
    pub user_id: UserId,
    /// When it was started.
    pub started_at: Timestamp,
    /// Before this moment it leads to nothing.
    pub ready_at: Timestamp,
    /// From this moment on it leads to nothing either.
    pub expires_at: Timestamp,
}

/// Starts a recovery; `false` if one is under way.
pub async fn start(tx: &mut Tx, recovery: &Recovery) -> Result<bool, StoreError> {
    let started = tx
        .handle()
        .execute(
            "INSERT INTO factor_recoveries (tenant_id, user_id, started_at, ready_at, expires_at)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (tenant_id, user_id) DO UPDATE SET started_at = excluded.started_at,
                ready_at = excluded.ready_at, expires_at = excluded.expires_at
             WHERE factor_recoveries.expires_at <= $3",
            (
                recovery.user_id,
                recovery.started_at,
                recovery.ready_at,
                recovery.expires_at,
            ),
        )
        .await?;
    Ok(started == 1)
}

/// The recovery of a person that is under way.
pub async fn find(q: &mut impl Query, user: UserId, now: Timestamp) -> Result<Option<Recovery>, StoreError> {
    q.handle()
        .optional(
            "SELECT user_id, started_at, ready_at, expires_at FROM factor_recoveries
             WHERE tenant_id = $1 AND user_id = $2 AND expires_at > $3",
            (user, now),
        )
        .await
}

/// Uses up a recovery whose time has come; `false` if there is none, or somebody was first.
pub async fn finish(tx: &mut Tx, user: UserId, now: Timestamp) -> Result<bool, StoreError> {
    let finished = tx
        .handle()
        .execute(
            "DELETE FROM factor_recoveries
             WHERE tenant_id = $1 AND user_id = $2 AND ready_at <= $3 AND expires_at > $3",
            (user, now),
        )
        .await?;
    Ok(finished == 1)
}

/// Stops a recovery, whatever its time; `false` if there was none.
pub async fn stop(tx: &mut Tx, user: UserId) -> Result<bool, StoreError> {
    let stopped = tx
        .handle()
        .execute(
            "DELETE FROM factor_recoveries WHERE tenant_id = $1 AND user_id = $2",
            (user,),
        )
        .await?;
    Ok(stopped == 1)
}
