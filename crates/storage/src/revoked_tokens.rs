//! Access tokens in the form of a JWT that were revoked one by one, by `jti` (RFC 7519 section 4.1.7).

use domain::Timestamp;

use crate::{Query, StoreError, Tx};

/// Notes a revoked token until it would have expired; `false` if it is noted already.
pub async fn insert(
    tx: &mut Tx,
    jti: &str,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let added = tx
        .handle()
        .execute(
            "INSERT INTO revoked_tokens (tenant_id, jti, expires_at, revoked_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT DO NOTHING",
            (jti, expires_at, now),
        )
        .await?;
    Ok(added == 1)
}

/// Whether the token was revoked.
pub async fn contains(q: &mut impl Query, jti: &str) -> Result<bool, StoreError> {
    let found = q
        .handle()
        .number(
            "SELECT count(*) FROM revoked_tokens WHERE tenant_id = $1 AND jti = $2",
            (jti,),
        )
        .await?;
    Ok(found > 0)
}
