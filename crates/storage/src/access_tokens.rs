//! Opaque access tokens. Those in the form of a JWT are not stored, see [`revoked_tokens`](crate::revoked_tokens).

use std::sync::LazyLock;

use domain::{ClientId, GrantId, Scopes, Timestamp, TokenHash};
use sqlx::types::Json;

use crate::sql::{Binds, Insert};
use crate::{Query, StoreError, Tx, access_token_kinds};

/// An opaque access token. For whom it speaks is told by its grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// Hash of the token.
    pub hash: TokenHash,
    /// Its public id, told by introspection.
    pub jti: String,
    /// The grant it came from; none for a client acting for itself.
    pub grant_id: Option<GrantId>,
    /// The client it was issued to.
    pub client_id: ClientId,
    /// What it allows.
    pub scopes: Scopes,
    /// Who it is meant for.
    pub audience: Vec<String>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was revoked by itself.
    pub revoked_at: Option<Timestamp>,
}

pub(crate) const INSERT: &str =
    "INSERT INTO access_tokens (tenant_id, kind_id, grant_id, issued_at, expires_at, revoked_at, hash, jti)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
static INSERTS: LazyLock<Insert> = LazyLock::new(|| Insert::of(INSERT));

/// Adds an opaque access token.
pub async fn insert(tx: &mut Tx, token: &AccessToken) -> Result<(), StoreError> {
    insert_all(tx, &[token]).await
}

/// Adds several and the kinds they are of, in few statements.
pub(crate) async fn insert_all(tx: &mut Tx, tokens: &[&AccessToken]) -> Result<(), StoreError> {
    access_token_kinds::insert_all(tx, tokens).await?;
    INSERTS.all(tx, tokens, values).await
}

pub(crate) fn values(token: &AccessToken) -> impl Binds<'_> {
    // What follows from the hash is not kept.
    let own_id = (token.jti != token.hash.public_id()).then_some(&token.jti);
    (
        access_token_kinds::id_of(token),
        token.grant_id,
        token.issued_at,
        token.expires_at,
        token.revoked_at,
        token.hash,
        own_id,
    )
}

#[derive(sqlx::FromRow)]
struct Row {
    hash: TokenHash,
    jti: Option<String>,
    grant_id: Option<GrantId>,
    client_id: ClientId,
    scopes: Scopes,
    audience: Json<Vec<String>>,
    issued_at: Timestamp,
    expires_at: Timestamp,
    revoked_at: Option<Timestamp>,
}

impl From<Row> for AccessToken {
    fn from(row: Row) -> Self {
        Self {
            hash: row.hash,
            jti: row.jti.unwrap_or_else(|| row.hash.public_id()),
            grant_id: row.grant_id,
            client_id: row.client_id,
            scopes: row.scopes,
            audience: row.audience.0,
            issued_at: row.issued_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        }
    }
}

/// The opaque access token with this hash, live or not.
pub async fn find(q: &mut impl Query, hash: &TokenHash) -> Result<Option<AccessToken>, StoreError> {
    let row: Option<Row> = q
        .handle()
        .optional(
            "SELECT a.hash, a.jti, a.grant_id, k.client_id, k.scopes, k.audience, a.issued_at, a.expires_at, a.revoked_at
             FROM access_tokens a JOIN access_token_kinds k ON k.tenant_id = a.tenant_id AND k.id = a.kind_id
             WHERE a.tenant_id = $1 AND a.hash = $2",
            (hash,),
        )
        .await?;
    Ok(row.map(AccessToken::from))
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
