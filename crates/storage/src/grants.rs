//! What people allowed clients: the family of all tokens that came from it.

use domain::{Acr, Amr, ClientId, GrantId, Resource, Scopes, SessionId, Timestamp, UserId};
use serde_json::Value;
use sqlx::types::Json;

use crate::columns::Word;
use crate::sql::Binds;
use crate::{Query, StoreError, Tx};

/// What a person allowed a client.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// The client it was given to.
    pub client_id: ClientId,
    /// The person who gave it.
    pub user_id: UserId,
    /// The session it was given in.
    pub session_id: Option<SessionId>,
    /// What it allows.
    pub scopes: Scopes,
    /// For which resources (RFC 8707).
    #[sqlx(json)]
    pub resources: Vec<Resource>,
    /// Whether it outlives the session (`offline_access`).
    pub offline: bool,
    /// How strongly the person had signed in.
    #[sqlx(try_from = "Word<Acr>")]
    pub acr: Acr,
    /// By what methods.
    #[sqlx(json)]
    pub amr: Vec<Amr>,
    /// When.
    pub auth_time: Timestamp,
    /// The `claims` parameter (OIDC Core section 5.5).
    #[sqlx(json(nullable))]
    pub claims: Option<Value>,
    /// When it was given.
    pub created_at: Timestamp,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

pub(crate) const INSERT: &str =
    "INSERT INTO grants (tenant_id, id, client_id, user_id, session_id, scopes, resources, offline, acr, amr,
    auth_time, claims, created_at, revoked_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

pub(crate) fn values(grant: &Grant) -> impl Binds<'_> {
    (
        grant.id,
        &grant.client_id,
        grant.user_id,
        grant.session_id,
        &grant.scopes,
        Json(&grant.resources),
        grant.offline,
        Word(grant.acr),
        Json(&grant.amr),
        grant.auth_time,
        grant.claims.as_ref().map(Json),
        grant.created_at,
        grant.revoked_at,
    )
}

/// Adds a grant.
pub async fn insert(tx: &mut Tx, grant: &Grant) -> Result<(), StoreError> {
    tx.handle().execute(INSERT, values(grant)).await.map(drop)
}

/// The grant with this id, revoked or not.
pub async fn find(q: &mut impl Query, id: GrantId) -> Result<Option<Grant>, StoreError> {
    q.handle()
        .optional(
            "SELECT id, client_id, user_id, session_id, scopes, resources, offline, acr, amr, auth_time, claims,
                created_at, revoked_at
             FROM grants WHERE tenant_id = $1 AND id = $2",
            (id,),
        )
        .await
}

/// Revokes a grant; `false` if it was revoked.
pub async fn revoke(tx: &mut Tx, id: GrantId, now: Timestamp) -> Result<bool, StoreError> {
    let revoked = tx
        .handle()
        .execute(
            "UPDATE grants SET revoked_at = $3 WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL",
            (id, now),
        )
        .await?;
    Ok(revoked == 1)
}

/// Revokes everything a person gave; how many grants.
pub async fn revoke_for_user(tx: &mut Tx, user: UserId, now: Timestamp) -> Result<u64, StoreError> {
    tx.handle()
        .execute(
            "UPDATE grants SET revoked_at = $3 WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL",
            (user, now),
        )
        .await
}

/// Revokes everything a person gave to one client; how many grants.
pub async fn revoke_for_client_of_user(
    tx: &mut Tx,
    user: UserId,
    client: &ClientId,
    now: Timestamp,
) -> Result<u64, StoreError> {
    tx.handle()
        .execute(
            "UPDATE grants SET revoked_at = $4
             WHERE tenant_id = $1 AND user_id = $2 AND client_id = $3 AND revoked_at IS NULL",
            (user, client, now),
        )
        .await
}

/// Revokes what was given in a session and ends with it; how many grants.
pub async fn revoke_online_for_session(
    tx: &mut Tx,
    session: SessionId,
    now: Timestamp,
) -> Result<u64, StoreError> {
    tx.handle()
        .execute(
            "UPDATE grants SET revoked_at = $3
             WHERE tenant_id = $1 AND session_id = $2 AND offline = $4 AND revoked_at IS NULL",
            (session, now, false),
        )
        .await
}

/// A person's live grants, oldest first.
pub async fn list_for_user(q: &mut impl Query, user: UserId) -> Result<Vec<Grant>, StoreError> {
    q.handle()
        .all(
            "SELECT id, client_id, user_id, session_id, scopes, resources, offline, acr, amr, auth_time, claims,
                created_at, revoked_at
             FROM grants WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL ORDER BY id",
            (user,),
        )
        .await
}
