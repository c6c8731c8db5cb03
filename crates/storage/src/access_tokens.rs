//! Opaque access tokens. Those in the form of a JWT are not stored, see [`revoked_tokens`](crate::revoked_tokens).

use std::sync::LazyLock;

use domain::{ClientId, GrantId, Scopes, Timestamp, TokenHash, UserId};
use sqlx::types::Json;

use crate::sql::{Binds, Insert};
use crate::{Query, StoreError, Tx};

/// An opaque access token.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct AccessToken {
    /// Hash of the token.
    pub hash: TokenHash,
    /// Its public id, told by introspection.
    pub jti: String,
    /// The grant it came from; none for a client acting for itself.
    pub grant_id: Option<GrantId>,
    /// The client it was issued to.
    pub client_id: ClientId,
    /// The person it speaks for.
    pub user_id: Option<UserId>,
    /// What it allows.
    pub scopes: Scopes,
    /// Who it is meant for.
    #[sqlx(json)]
    pub audience: Vec<String>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was revoked by itself.
    pub revoked_at: Option<Timestamp>,
}

pub(crate) const INSERT: &str =
    "INSERT INTO access_tokens (tenant_id, hash, jti, grant_id, client_id, user_id, scopes, audience,
    issued_at, expires_at, revoked_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
static INSERTS: LazyLock<Insert> = LazyLock::new(|| Insert::of(INSERT));

/// Adds an opaque access token.
pub async fn insert(tx: &mut Tx, token: &AccessToken) -> Result<(), StoreError> {
    insert_all(tx, &[token]).await
}

/// Adds several, in few statements.
pub(crate) async fn insert_all(tx: &mut Tx, tokens: &[&AccessToken]) -> Result<(), StoreError> {
    INSERTS.all(tx, tokens, values).await
}

pub(crate) fn values(token: &AccessToken) -> impl Binds<'_> {
    (
        token.hash,
        &token.jti,
        token.grant_id,
        &token.client_id,
        token.user_id,
        &token.scopes,
        Json(&token.audience),
        token.issued_at,
        token.expires_at,
        token.revoked_at,
    )
}

/// The opaque access token with this hash, live or not.
pub async fn find(q: &mut impl Query, hash: &TokenHash) -> Result<Option<AccessToken>, StoreError> {
    q.handle()
        .optional(
            "SELECT hash, jti, grant_id, client_id, user_id, scopes, audience, issued_at, expires_at, revoked_at
             FROM access_tokens WHERE tenant_id = $1 AND hash = $2",
            (hash,),
        )
        .await
}

/// Revokes one opaque access token; `false` if it was revoked.
pub async fn revoke(tx: &mut Tx, hash: &TokenHash, now: Timestamp) -> Result<bool, StoreError> {
    let revoked = tx
        .handle()
        .execute(
            "UPDATE access_tokens SET revoked_at = $3 WHERE tenant_id = $1 AND hash = $2 AND revoked_at IS NULL",
            (hash, now),
        )
        .await?;
    Ok(revoked == 1)
}
