//! Authorization codes: used once (RFC 6749 section 4.1.2).

use domain::{ClientId, GrantId, Timestamp, TokenHash};

use crate::{Query, StoreError, Tx};

/// A code that was wrongly presented this often is dead, though nobody consumed it.
pub const MAX_FAILURES: i64 = 5;

/// An authorization code.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Code {
    /// Hash of the code.
    pub hash: TokenHash,
    /// What it stands for.
    pub grant_id: GrantId,
    /// The client it was issued to.
    pub client_id: ClientId,
    /// Where it was sent.
    pub redirect_uri: String,
    /// Whether the request named that URI, so that the token request must repeat it (RFC 6749 section 4.1.3).
    pub redirect_uri_sent: bool,
    /// PKCE challenge, S256 (RFC 7636).
    pub challenge: Option<String>,
    /// `nonce` of the request.
    pub nonce: Option<String>,
    /// How often it was wrongly presented.
    pub failures: i64,
    /// When it was used.
    pub consumed_at: Option<Timestamp>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Adds a code.
pub async fn insert(tx: &mut Tx, code: &Code) -> Result<(), StoreError> {
    tx.handle()
        .execute(
            "INSERT INTO codes (tenant_id, hash, grant_id, client_id, redirect_uri, redirect_uri_sent, challenge, nonce,
                failures, consumed_at, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            (
                code.hash,
                code.grant_id,
                &code.client_id,
                &code.redirect_uri,
                code.redirect_uri_sent,
                &code.challenge,
                &code.nonce,
                code.failures,
                code.consumed_at,
                code.created_at,
                code.expires_at,
            ),
        )
        .await
        .map(drop)
}

/// The code with this hash, used or not, expired or not.
pub async fn find(q: &mut impl Query, hash: &TokenHash) -> Result<Option<Code>, StoreError> {
    q.handle()
        .optional(
            "SELECT hash, grant_id, client_id, redirect_uri, redirect_uri_sent, challenge, nonce, failures, consumed_at,
                created_at, expires_at
             FROM codes WHERE tenant_id = $1 AND hash = $2",
            (hash,),
        )
        .await
}

/// Uses a code; `false` if it was used, has expired or failed too often. One write decides, so one caller wins.
pub async fn consume(tx: &mut Tx, hash: &TokenHash, now: Timestamp) -> Result<bool, StoreError> {
    let consumed = tx
        .handle()
        .execute(
            "UPDATE codes SET consumed_at = $3
             WHERE tenant_id = $1 AND hash = $2 AND consumed_at IS NULL AND expires_at > $3 AND failures < $4",
            (hash, now, MAX_FAILURES),
        )
        .await?;
    Ok(consumed == 1)
}

/// Counts a wrong presentation; how many there were.
pub async fn record_failure(tx: &mut Tx, hash: &TokenHash) -> Result<i64, StoreError> {
    tx.handle()
        .number(
            "UPDATE codes SET failures = failures + 1 WHERE tenant_id = $1 AND hash = $2 RETURNING failures",
            (hash,),
        )
        .await
}
