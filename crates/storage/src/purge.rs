//! Removes what has expired and can no longer matter.

use std::time::Duration;

use domain::Timestamp;

use crate::{Query as _, StoreError, Tx};

/// A code is kept this long after it expired: presented again, it still betrays that somebody stole it.
const CODE_KEPT: Duration = Duration::from_hours(24);

/// Removes up to `limit` rows of each kind for the transaction's tenant; how many in all. Call again while it is not 0.
pub async fn expired(tx: &mut Tx, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let limit = i64::from(limit);
    let mut removed = 0;
    for sql in BY_TIME {
        removed += tx.handle().execute(*sql, (now, limit)).await?;
    }
    removed += tx.handle().execute(CODES, (now.minus(CODE_KEPT), limit)).await?;
    Ok(removed)
}

const CODES: &str = "DELETE FROM codes WHERE tenant_id = $1 AND hash IN (
    SELECT hash FROM codes WHERE tenant_id = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3)";

const BY_TIME: &[&str] = &[
    "DELETE FROM flows WHERE tenant_id = $1 AND id IN (
        SELECT id FROM flows WHERE tenant_id = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3)",
    "DELETE FROM factor_recoveries WHERE tenant_id = $1 AND user_id IN (
        SELECT user_id FROM factor_recoveries WHERE tenant_id = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3)",
    "DELETE FROM invitations WHERE tenant_id = $1 AND id IN (
        SELECT id FROM invitations WHERE tenant_id = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3)",
    "DELETE FROM links WHERE tenant_id = $1 AND id IN (
        SELECT id FROM links WHERE tenant_id = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3)",
    "DELETE FROM mail_limits WHERE tenant_id = $1 AND key IN (
        SELECT key FROM mail_limits WHERE tenant_id = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3)",
    "DELETE FROM mail_outbox WHERE tenant_id = $1 AND id IN (
        SELECT id FROM mail_outbox WHERE tenant_id = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3)",
    "DELETE FROM passkey_ceremonies WHERE tenant_id = $1 AND bound_to IN (
        SELECT bound_to FROM passkey_ceremonies WHERE tenant_id = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3)",
    "DELETE FROM refresh_tokens WHERE tenant_id = $1 AND hash IN (
        SELECT hash FROM refresh_tokens WHERE tenant_id = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3)",
    "DELETE FROM access_tokens WHERE tenant_id = $1 AND hash IN (
        SELECT hash FROM access_tokens WHERE tenant_id = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3)",
    "DELETE FROM revoked_tokens WHERE tenant_id = $1 AND jti IN (
        SELECT jti FROM revoked_tokens WHERE tenant_id = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3)",
    "DELETE FROM sessions WHERE tenant_id = $1 AND id IN (
        SELECT id FROM sessions WHERE tenant_id = $1 AND absolute_expires_at <= $2 ORDER BY absolute_expires_at
        LIMIT $3)",
    "DELETE FROM attempts WHERE tenant_id = $1 AND key IN (
        SELECT key FROM attempts WHERE tenant_id = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3)",
    "DELETE FROM trusted_devices WHERE tenant_id = $1 AND token_hash IN (
        SELECT token_hash FROM trusted_devices WHERE tenant_id = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3)
        AND expires_at <= $2",
    "DELETE FROM used_challenges WHERE tenant_id = $1 AND hash IN (
        SELECT hash FROM used_challenges WHERE tenant_id = $1 AND expires_at <= $2 ORDER BY expires_at LIMIT $3)",
];
