//! Attempts to sign in, counted where no flush forgets them, and challenges that were answered.

use std::time::Duration;

use domain::{Timestamp, TokenHash};

use crate::{Query, StoreError, Tx};

/// What is counted under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Attempts {
    /// How many.
    pub failures: i64,
    /// When the window began they are counted in.
    pub began_at: Timestamp,
    /// Nothing is tried before that.
    pub next_at: Timestamp,
}

/// How attempts that follow one another are slowed down: `free` cost no wait, then `first` doubles up to 64 times.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// So many cost no wait.
    pub free: u32,
    /// The first wait.
    pub first: Duration,
    /// There are no more than these.
    pub most: u32,
    /// Forgotten when nothing happens for so long.
    pub kept: Duration,
}

/// What is counted under this key.
pub async fn find(
    q: &mut impl Query,
    key: &TokenHash,
    now: Timestamp,
) -> Result<Option<Attempts>, StoreError> {
    q.handle()
        .optional(
            "SELECT failures, began_at, next_at FROM attempts WHERE tenant_id = $1 AND key = $2 AND expires_at > $3",
            (key, now),
        )
        .await
}

/// Counts an attempt before it is made, as if it failed; which one it is, or nothing if it is not its time or there are
/// no more. One statement: of many at once only as many as there may be get through.
pub async fn begin(
    tx: &mut Tx,
    key: &TokenHash,
    pace: Pace,
    now: Timestamp,
) -> Result<Option<u32>, StoreError> {
    let first = i64::try_from(pace.first.as_micros()).unwrap_or(i64::MAX / 128);
    // Without a wait it is the time of everybody, also of who came a moment earlier and is counted a moment later.
    let next = if pace.free <= 1 {
        now.micros().saturating_add(first)
    } else {
        0
    };
    let row: Option<(i64,)> = tx
        .handle()
        .optional(
            "INSERT INTO attempts (tenant_id, key, failures, began_at, next_at, expires_at)
             VALUES ($1, $2, 1, $3, $4, $5)
             ON CONFLICT (tenant_id, key) DO UPDATE SET
                failures = attempts.failures + 1, expires_at = $5, next_at = CASE
                    WHEN attempts.failures + 1 < $6 THEN attempts.next_at
                    WHEN attempts.failures + 1 < $6 + 6
                        THEN $3 + $7 * (1 << CAST(attempts.failures + 1 - $6 AS INTEGER))
                    ELSE $3 + $7 * 64 END
             WHERE attempts.next_at <= $3 AND attempts.failures < $8 RETURNING failures",
            (
                key,
                now,
                next,
                now.plus(pace.kept),
                i64::from(pace.free),
                first,
                i64::from(pace.most),
            ),
        )
        .await?;
    Ok(row.map(|(failures,)| u32::try_from(failures).unwrap_or(u32::MAX)))
}

/// Counts one in the window that is under way, or begins one; false if there are `most` already.
pub async fn take(
    tx: &mut Tx,
    key: &TokenHash,
    (most, window): (u32, Duration),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let taken = tx
        .handle()
        .execute(
            "INSERT INTO attempts (tenant_id, key, failures, began_at, next_at, expires_at)
             VALUES ($1, $2, 1, $3, $3, $4)
             ON CONFLICT (tenant_id, key) DO UPDATE SET
                failures = CASE WHEN attempts.expires_at <= $3 THEN 1 ELSE attempts.failures + 1 END,
                began_at = CASE WHEN attempts.expires_at <= $3 THEN $3 ELSE attempts.began_at END,
                expires_at = CASE WHEN attempts.expires_at <= $3 THEN $4 ELSE attempts.expires_at END
             WHERE attempts.expires_at <= $3 OR attempts.failures < $5",
            (key, now, now.plus(window), i64::from(most)),
        )
        .await?;
    Ok(taken == 1)
}

/// Nothing is tried under this key before `until`; false if that is so already.
pub async fn lock(
    tx: &mut Tx,
    key: &TokenHash,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let locked = tx
        .handle()
        .execute(
            "INSERT INTO attempts (tenant_id, key, failures, began_at, next_at, expires_at)
             VALUES ($1, $2, 0, $3, $4, $4)
             ON CONFLICT (tenant_id, key) DO UPDATE SET next_at = $4, expires_at = $4, began_at = $3
             WHERE attempts.next_at <= $3",
            (key, now, until),
        )
        .await?;
    Ok(locked == 1)
}

/// One less is counted under this key: an attempt was not made after all.
pub async fn give_back(tx: &mut Tx, key: &TokenHash) -> Result<(), StoreError> {
    tx.handle()
        .execute(
            "UPDATE attempts SET failures = failures - 1 WHERE tenant_id = $1 AND key = $2 AND failures > 0",
            (key,),
        )
        .await
        .map(drop)
}

/// Forgets what was counted under this key; false if nothing was.
pub async fn clear(tx: &mut Tx, key: &TokenHash) -> Result<bool, StoreError> {
    let cleared = tx
        .handle()
        .execute("DELETE FROM attempts WHERE tenant_id = $1 AND key = $2", (key,))
        .await?;
    Ok(cleared == 1)
}

/// Notes that a challenge was answered; false if it was answered before.
pub async fn use_challenge(
    tx: &mut Tx,
    challenge: &TokenHash,
    expires_at: Timestamp,
) -> Result<bool, StoreError> {
    let noted = tx
        .handle()
        .execute(
            "INSERT INTO used_challenges (tenant_id, hash, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            (challenge, expires_at),
        )
        .await?;
    Ok(noted == 1)
}
