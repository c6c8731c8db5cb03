//! Sign-ins under way.

use domain::{FlowId, Timestamp, TokenHash};
use serde_json::Value;
use sqlx::types::Json;

use crate::{Query, StoreError, Tx};

/// A sign-in under way in one browser.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Flow {
    /// Its id, which stands in the page's address.
    pub id: FlowId,
    /// Hash of the cookie that marks the browser it belongs to.
    pub browser_hash: TokenHash,
    /// The authorization request it answers.
    #[sqlx(json)]
    pub request: Value,
    /// What was proved in it so far.
    #[sqlx(json)]
    pub progress: Value,
    /// How often it moved.
    pub version: i64,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Adds a flow.
pub async fn insert(tx: &mut Tx, flow: &Flow) -> Result<(), StoreError> {
    tx.handle()
        .execute(
            "INSERT INTO flows (tenant_id, id, browser_hash, request, progress, version, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            (
                flow.id,
                flow.browser_hash,
                Json(&flow.request),
                Json(&flow.progress),
                flow.version,
                flow.created_at,
                flow.expires_at,
            ),
        )
        .await
        .map(drop)
}

/// The flow with this id, if it belongs to this browser, has not expired and is not finished.
pub async fn find(
    q: &mut impl Query,
    id: FlowId,
    browser: &TokenHash,
    now: Timestamp,
) -> Result<Option<Flow>, StoreError> {
    q.handle()
        .optional(
            "SELECT id, browser_hash, request, progress, version, created_at, expires_at FROM flows
             WHERE tenant_id = $1 AND id = $2 AND browser_hash = $3 AND expires_at > $4 AND finished_at IS NULL",
            (id, browser, now),
        )
        .await
}

/// Takes a flow one step on from the version it was read at; `false` if somebody was first, or it is over.
pub async fn advance(
    tx: &mut Tx,
    (id, version): (FlowId, i64),
    progress: &Value,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let moved = tx
        .handle()
        .execute(
            "UPDATE flows SET progress = $4, version = version + 1
             WHERE tenant_id = $1 AND id = $2 AND version = $3 AND finished_at IS NULL AND expires_at > $5",
            (id, version, Json(progress), now),
        )
        .await?;
    Ok(moved == 1)
}

/// Ends a flow; `false` if somebody was first, or it has expired.
pub async fn finish(tx: &mut Tx, id: FlowId, now: Timestamp) -> Result<bool, StoreError> {
    let finished = tx
        .handle()
        .execute(
            "UPDATE flows SET finished_at = $3
             WHERE tenant_id = $1 AND id = $2 AND finished_at IS NULL AND expires_at > $3",
            (id, now),
        )
        .await?;
    Ok(finished == 1)
}
