//! What people agreed to. The history stays: taking back closes rows and removes none.

use domain::{ClientId, Scopes, Timestamp, UserId};

use crate::{Query, StoreError, Tx};

/// What a person allows a client at present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// The client.
    pub client_id: ClientId,
    /// What it may have.
    pub scopes: Scopes,
    /// Since when any of it.
    pub granted_at: Timestamp,
}

/// What a person has agreed to for a client; nothing if they never did, or took it back.
pub async fn granted(
    q: &mut impl Query,
    user: UserId,
    client: &ClientId,
) -> Result<Option<Scopes>, StoreError> {
    let rows: Vec<(Scopes,)> = q
        .handle()
        .all(
            "SELECT scopes FROM user_consents
             WHERE tenant_id = $1 AND user_id = $2 AND client_id = $3 AND revoked_at IS NULL ORDER BY granted_at",
            (user, client),
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|(scopes,)| scopes)
        .reduce(|all, more| all.union(&more)))
}

pub(crate) const INSERT: &str = "INSERT INTO user_consents (tenant_id, user_id, client_id, scopes, granted_at) VALUES ($1, $2, $3, $4, $5)";

/// Adds an agreement to those that stand.
pub async fn grant(
    tx: &mut Tx,
    user: UserId,
    client: &ClientId,
    scopes: &Scopes,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.handle()
        .execute(INSERT, (user, client, scopes, now))
        .await
        .map(drop)
}

/// Takes back everything a person agreed to for a client; how many agreements stood.
pub async fn revoke(tx: &mut Tx, user: UserId, client: &ClientId, now: Timestamp) -> Result<u64, StoreError> {
    tx.handle()
        .execute(
            "UPDATE user_consents SET revoked_at = $4
             WHERE tenant_id = $1 AND user_id = $2 AND client_id = $3 AND revoked_at IS NULL",
            (user, client, now),
        )
        .await
}

/// Everything a person agrees to at present, one entry a client.
pub async fn list_for_user(q: &mut impl Query, user: UserId) -> Result<Vec<Consent>, StoreError> {
    let rows: Vec<(ClientId, Scopes, Timestamp)> = q
        .handle()
        .all(
            "SELECT client_id, scopes, granted_at FROM user_consents
             WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL ORDER BY client_id, granted_at",
            (user,),
        )
        .await?;
    let mut consents: Vec<Consent> = Vec::new();
    for (client_id, scopes, granted_at) in rows {
        match consents.last_mut() {
            Some(last) if last.client_id == client_id => last.scopes = last.scopes.union(&scopes),
            _ => consents.push(Consent {
                client_id,
                scopes,
                granted_at,
            }),
        }
    }
    Ok(consents)
}
