//! Passkeys being made or used: a challenge that waits for its answer.

use domain::{CeremonyId, Timestamp};
use serde_json::Value;
use sqlx::types::Json;

use crate::{Query as _, StoreError, Tx};

/// Keeps a challenge for one flow, session or invitation, in place of any before it.
pub async fn insert(
    tx: &mut Tx,
    bound_to: &str,
    id: CeremonyId,
    state: &Value,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    tx.handle()
        .execute(
            "INSERT INTO passkey_ceremonies (tenant_id, bound_to, id, state, expires_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (tenant_id, bound_to) DO UPDATE
             SET id = excluded.id, state = excluded.state, expires_at = excluded.expires_at, consumed_at = NULL",
            (bound_to, id, Json(state), expires_at),
        )
        .await
        .map(drop)
}

/// Uses up a challenge; nothing if it is not this one's, was used, or has expired.
pub async fn consume(
    tx: &mut Tx,
    bound_to: &str,
    id: CeremonyId,
    now: Timestamp,
) -> Result<Option<Value>, StoreError> {
    let row: Option<(Json<Value>,)> = tx
        .handle()
        .optional(
            "UPDATE passkey_ceremonies SET consumed_at = $4
             WHERE tenant_id = $1 AND bound_to = $2 AND id = $3 AND consumed_at IS NULL AND expires_at > $4
             RETURNING state",
            (bound_to, id, now),
        )
        .await?;
    Ok(row.map(|(state,)| state.0))
}
