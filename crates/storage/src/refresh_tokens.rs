//! Refresh tokens: each is used once and replaced (RFC 9700 section 4.14.2).

use domain::{ClientId, GrantId, Timestamp, TokenHash};

use crate::sql::Binds;
use crate::{Query, StoreError, Tx};

/// A refresh token. A used one is kept until it expires, so that its reuse is recognized.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct RefreshToken {
    /// Hash of the token.
    pub hash: TokenHash,
    /// The grant it belongs to.
    pub grant_id: GrantId,
    /// The client it was issued to.
    pub client_id: ClientId,
    /// When it was used.
    pub consumed_at: Option<Timestamp>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

pub(crate) const INSERT: &str =
    "INSERT INTO refresh_tokens (tenant_id, hash, grant_id, client_id, consumed_at, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

pub(crate) fn values(token: &RefreshToken) -> impl Binds<'_> {
    (
        token.hash,
        token.grant_id,
        &token.client_id,
        token.consumed_at,
        token.created_at,
        token.expires_at,
    )
}

/// Adds a refresh token.
pub async fn insert(tx: &mut Tx, token: &RefreshToken) -> Result<(), StoreError> {
    tx.handle().execute(INSERT, values(token)).await.map(drop)
}

/// The refresh token with this hash, used or not, expired or not.
pub async fn find(q: &mut impl Query, hash: &TokenHash) -> Result<Option<RefreshToken>, StoreError> {
    q.handle()
        .optional(
            "SELECT hash, grant_id, client_id, consumed_at, created_at, expires_at FROM refresh_tokens
             WHERE tenant_id = $1 AND hash = $2",
            (hash,),
        )
        .await
}

/// Uses a refresh token; `false` if it was used or has expired. One write decides, so one caller wins.
pub async fn consume(tx: &mut Tx, hash: &TokenHash, now: Timestamp) -> Result<bool, StoreError> {
    let consumed = tx
        .handle()
        .execute(
            "UPDATE refresh_tokens SET consumed_at = $3
             WHERE tenant_id = $1 AND hash = $2 AND consumed_at IS NULL AND expires_at > $3",
            (hash, now),
        )
        .await?;
    Ok(consumed == 1)
}
