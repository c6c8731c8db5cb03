//! How many mails were asked for lately, by keyed hashes of whom they go to and of where the wish came from.

use domain::Timestamp;

use crate::{Query, StoreError, Tx};

/// How many within what time.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// So many, and no more.
    pub most: i64,
    /// The present moment.
    pub now: Timestamp,
    /// When the count begins anew, if it begins now.
    pub until: Timestamp,
}

/// Counts one more under `key`; `false` if there were as many as may be, and then nothing is counted. However many come
/// at once, on whatever nodes: one conditional write decides each.
pub async fn admit(tx: &mut Tx, key: &[u8], bound: Bound) -> Result<bool, StoreError> {
    let counted = tx
        .handle()
        .execute(
            "INSERT INTO mail_limits (tenant_id, key, count, expires_at) VALUES ($1, $2, 1, $3)
             ON CONFLICT (tenant_id, key) DO UPDATE SET
                count = CASE WHEN mail_limits.expires_at <= $4 THEN 1 ELSE mail_limits.count + 1 END,
                expires_at = CASE WHEN mail_limits.expires_at <= $4 THEN $3 ELSE mail_limits.expires_at END
             WHERE mail_limits.expires_at <= $4 OR mail_limits.count < $5",
            (key, bound.until, bound.now, bound.most),
        )
        .await?;
    Ok(counted == 1)
}
