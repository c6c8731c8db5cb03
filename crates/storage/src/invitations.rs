//! One-time links that let their holder set a first credential.

use domain::{InvitationId, Timestamp, TokenHash, UserId};

use crate::{Query, StoreError, Tx};

/// An invitation.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Hash of the secret in the link.
    pub hash: TokenHash,
    /// Who is invited.
    pub user_id: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Adds an invitation.
pub async fn insert(tx: &mut Tx, invitation: &Invitation) -> Result<(), StoreError> {
    tx.handle()
        .execute(
            "INSERT INTO invitations (tenant_id, id, hash, user_id, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            (
                invitation.id,
                invitation.hash,
                invitation.user_id,
                invitation.created_at,
                invitation.expires_at,
            ),
        )
        .await
        .map(drop)
}

/// The invitation with this hash, if it is neither used nor expired.
pub async fn find(
    q: &mut impl Query,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<Option<Invitation>, StoreError> {
    q.handle()
        .optional(
            "SELECT id, hash, user_id, created_at, expires_at FROM invitations
             WHERE tenant_id = $1 AND hash = $2 AND consumed_at IS NULL AND expires_at > $3",
            (hash, now),
        )
        .await
}

/// Uses an invitation; who was invited, or nothing if somebody was first or it has expired.
pub async fn consume(tx: &mut Tx, hash: &TokenHash, now: Timestamp) -> Result<Option<UserId>, StoreError> {
    let row: Option<(UserId,)> = tx
        .handle()
        .optional(
            "UPDATE invitations SET consumed_at = $3
             WHERE tenant_id = $1 AND hash = $2 AND consumed_at IS NULL AND expires_at > $3 RETURNING user_id",
            (hash, now),
        )
        .await?;
    Ok(row.map(|(user,)| user))
}
