//! Second factors: seeds of time-based codes, recovery codes, and how many codes were wrong.

use domain::{Timestamp, TokenHash, UserId};
use uuid::Uuid;

use crate::{Query, StoreError, Tx};

/// What makes a person's time-based codes.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Totp {
    /// Whose.
    pub user_id: UserId,
    /// Its id.
    pub id: Uuid,
    /// The seed, sealed.
    pub seed: Vec<u8>,
    /// The data key that sealed it.
    pub seal_key: Uuid,
    /// The highest time step a code was accepted for.
    pub last_step: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its person showed a code of it; before that it counts for nothing.
    pub confirmed_at: Option<Timestamp>,
    /// When it was set aside; no code of it counts since.
    pub suspended_at: Option<Timestamp>,
}

/// What a person could prove, but for passkeys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Owned {
    /// Passwords: none or one.
    pub password: i64,
    /// Confirmed makers of time-based codes: none or one.
    pub totp: i64,
    /// Recovery codes not used yet.
    pub recovery_codes: i64,
}

/// How wrong codes of one kind are answered.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// So many attempts, and the factor is closed.
    pub attempts: i64,
    /// How long it is closed the first time, in microseconds; each time it is twice as long as before.
    pub first_block: i64,
    /// And at most.
    pub longest_block: i64,
}

/// What a person could prove, but for passkeys.
pub async fn owned(q: &mut impl Query, user: UserId) -> Result<Owned, StoreError> {
    let owned = q
        .handle()
        .optional(
            "SELECT count(*) AS totp,
                (SELECT count(*) FROM users
                    WHERE tenant_id = $1 AND id = $2 AND password_hash IS NOT NULL) AS password,
                (SELECT count(*) FROM recovery_codes
                    WHERE tenant_id = $1 AND user_id = $2 AND used_at IS NULL) AS recovery_codes
             FROM totp_factors WHERE tenant_id = $1 AND user_id = $2 AND confirmed_at IS NOT NULL",
            (user,),
        )
        .await?;
    Ok(owned.unwrap_or_default())
}

/// A person's time-based factor, confirmed or not.
pub async fn totp(q: &mut impl Query, user: UserId) -> Result<Option<Totp>, StoreError> {
    q.handle()
        .optional(
            "SELECT user_id, id, seed, seal_key, last_step, created_at, confirmed_at, suspended_at FROM totp_factors
             WHERE tenant_id = $1 AND user_id = $2",
            (user,),
        )
        .await
}

/// Keeps a seed until its person confirms it, in place of one that was never confirmed; `false` if there is one that was.
pub async fn begin_totp(tx: &mut Tx, totp: &Totp) -> Result<bool, StoreError> {
    let kept = tx
        .handle()
        .execute(
            "INSERT INTO totp_factors (tenant_id, user_id, id, seed, seal_key, last_step, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (tenant_id, user_id) DO UPDATE SET id = excluded.id, seed = excluded.seed,
                seal_key = excluded.seal_key, last_step = excluded.last_step, created_at = excluded.created_at
             WHERE totp_factors.confirmed_at IS NULL",
            (
                totp.user_id,
                totp.id,
                totp.seed.as_slice(),
                totp.seal_key,
                totp.last_step,
                totp.created_at,
            ),
        )
        .await?;
    Ok(kept == 1)
}

/// Makes a seed count, for which a code of `step` was shown; `false` if it is not there any more or counts already.
pub async fn confirm_totp(
    tx: &mut Tx,
    (user, id): (UserId, Uuid),
    step: i64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let confirmed = tx
        .handle()
        .execute(
            "UPDATE totp_factors SET confirmed_at = $5, last_step = $4
             WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND confirmed_at IS NULL",
            (user, id, step, now),
        )
        .await?;
    Ok(confirmed == 1)
}

/// Uses up all codes up to `step`; `false` if that was done before, or the factor was removed or set aside (MF1, MF13).
pub async fn use_totp(tx: &mut Tx, (user, id): (UserId, Uuid), step: i64) -> Result<bool, StoreError> {
    let used = tx
        .handle()
        .execute(
            "UPDATE totp_factors SET last_step = $4
             WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND last_step < $4 AND confirmed_at IS NOT NULL
             AND suspended_at IS NULL",
            (user, id, step),
        )
        .await?;
    Ok(used == 1)
}

/// Removes a person's time-based factor; `false` if there was none that counted.
pub async fn remove_totp(tx: &mut Tx, user: UserId) -> Result<bool, StoreError> {
    let removed = tx
        .handle()
        .execute(
            "DELETE FROM totp_factors WHERE tenant_id = $1 AND user_id = $2 AND confirmed_at IS NOT NULL",
            (user,),
        )
        .await?;
    Ok(removed == 1)
}

/// Sets aside a time-based factor that counts since a moment or later; `false` if there is none.
pub async fn suspend_totp_since(
    tx: &mut Tx,
    user: UserId,
    since: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = tx
        .handle()
        .execute(
            "UPDATE totp_factors SET suspended_at = $4
             WHERE tenant_id = $1 AND user_id = $2 AND confirmed_at >= $3 AND suspended_at IS NULL",
            (user, since, now),
        )
        .await?;
    Ok(changed == 1)
}

/// Forgets a seed that nobody has confirmed.
pub async fn remove_unconfirmed_totp(tx: &mut Tx, user: UserId) -> Result<u64, StoreError> {
    tx.handle()
        .execute(
            "DELETE FROM totp_factors WHERE tenant_id = $1 AND user_id = $2 AND confirmed_at IS NULL",
            (user,),
        )
        .await
}

/// How many recovery codes of a person were made since a moment, used or not.
pub async fn count_recovery_codes_since(
    q: &mut impl Query,
    user: UserId,
    since: Timestamp,
) -> Result<u64, StoreError> {
    let count = q
        .handle()
        .number(
            "SELECT count(*) FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2 AND created_at >= $3",
            (user, since),
        )
        .await?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Removes the recovery codes of a person that were made since a moment; how many.
pub async fn remove_recovery_codes_since(
    tx: &mut Tx,
    user: UserId,
    since: Timestamp,
) -> Result<u64, StoreError> {
    tx.handle()
        .execute(
            "DELETE FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2 AND created_at >= $3",
            (user, since),
        )
        .await
}

/// Removes all recovery codes of a person, used or not; how many.
pub async fn remove_recovery_codes(tx: &mut Tx, user: UserId) -> Result<u64, StoreError> {
    tx.handle()
        .execute(
            "DELETE FROM recovery_codes WHERE tenant_id = $1 AND user_id = $2",
            (user,),
        )
        .await
}

/// Adds a recovery code under its hash.
pub async fn insert_recovery_code(
    tx: &mut Tx,
    user: UserId,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.handle()
        .execute(
            "INSERT INTO recovery_codes (tenant_id, user_id, hash, created_at) VALUES ($1, $2, $3, $4)",
            (user, hash, now),
        )
        .await
        .map(drop)
}

/// Uses a recovery code; `false` if there is none like it, or it was used (MF5).
pub async fn use_recovery_code(
    tx: &mut Tx,
    user: UserId,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let used = tx
        .handle()
        .execute(
            "UPDATE recovery_codes SET used_at = $4
             WHERE tenant_id = $1 AND user_id = $2 AND hash = $3 AND used_at IS NULL",
            (user, hash, now),
        )
        .await?;
    Ok(used == 1)
}

/// Counts an attempt before it is looked at, so that no number of parallel guesses gets more of them (MF3, F3). How many
/// there were since the last right one or the last block, 0 when this one closes the factor; nothing if it is closed.
pub async fn admit(
    tx: &mut Tx,
    (user, kind): (UserId, &str),
    limit: Limit,
    now: Timestamp,
) -> Result<Option<i64>, StoreError> {
    let row: Option<(i64,)> = tx
        .handle()
        .optional(
            "INSERT INTO factor_attempts (tenant_id, user_id, kind, failures, blocked_until, next_block)
             VALUES ($1, $2, $3, 1, 0, $5)
             ON CONFLICT (tenant_id, user_id, kind) DO UPDATE SET
                failures = CASE WHEN factor_attempts.failures + 1 >= $4 THEN 0 ELSE factor_attempts.failures + 1 END,
                blocked_until = CASE WHEN factor_attempts.failures + 1 >= $4 THEN $7 + factor_attempts.next_block
                    ELSE factor_attempts.blocked_until END,
                next_block = CASE WHEN factor_attempts.failures + 1 < $4 THEN factor_attempts.next_block
                    WHEN factor_attempts.next_block * 2 > $6 THEN $6 ELSE factor_attempts.next_block * 2 END
             WHERE factor_attempts.blocked_until <= $7 RETURNING failures",
            (
                user,
                kind,
                limit.attempts,
                limit.first_block,
                limit.longest_block,
                now,
            ),
        )
        .await?;
    Ok(row.map(|(failures,)| failures))
}

/// Forgets the wrong codes of a kind, once one was right.
pub async fn forgive(tx: &mut Tx, user: UserId, kind: &str) -> Result<(), StoreError> {
    tx.handle()
        .execute(
            "DELETE FROM factor_attempts WHERE tenant_id = $1 AND user_id = $2 AND kind = $3",
            (user, kind),
        )
        .await
        .map(drop)
}
