//! Programs that ask for tokens.

use domain::{AuthMethod, Client, ClientId, ClientKind, ClientSettings, Timestamp, TokenHash};
use sqlx::types::Json;

use crate::columns::Word;
use crate::{Query, StoreError, Tx};

#[derive(sqlx::FromRow)]
struct Row {
    client_id: ClientId,
    name: String,
    kind: Word<ClientKind>,
    auth_method: Word<AuthMethod>,
    secret_hash: Option<TokenHash>,
    settings: Json<ClientSettings>,
    disabled_at: Option<Timestamp>,
    tokens_not_before: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<Row> for Client {
    fn from(row: Row) -> Self {
        Self {
            client_id: row.client_id,
            name: row.name,
            kind: row.kind.0,
            auth_method: row.auth_method.0,
            secret_hash: row.secret_hash,
            settings: row.settings.0,
            disabled_at: row.disabled_at,
            tokens_not_before: row.tokens_not_before,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Adds a client; `false` if its id is taken.
pub async fn insert(tx: &mut Tx, client: &Client) -> Result<bool, StoreError> {
    let added = tx
        .handle()
        .execute(
            "INSERT INTO clients (tenant_id, client_id, name, kind, auth_method, secret_hash, settings, disabled_at,
                tokens_not_before, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
            (
                &client.client_id,
                &client.name,
                Word(client.kind),
                Word(client.auth_method),
                client.secret_hash,
                Json(&client.settings),
                client.disabled_at,
                client.tokens_not_before,
                client.created_at,
                client.updated_at,
            ),
        )
        .await?;
    Ok(added == 1)
}

/// The client with this id, switched off or not.
pub async fn find(q: &mut impl Query, id: &ClientId) -> Result<Option<Client>, StoreError> {
    let row: Option<Row> = q
        .handle()
        .optional(
            "SELECT client_id, name, kind, auth_method, secret_hash, settings, disabled_at, tokens_not_before,
                created_at, updated_at
             FROM clients WHERE tenant_id = $1 AND client_id = $2",
            (id,),
        )
        .await?;
    Ok(row.map(Client::from))
}

/// Clients by id, after `after`.
pub async fn list(
    q: &mut impl Query,
    after: Option<&ClientId>,
    limit: u32,
) -> Result<Vec<Client>, StoreError> {
    let rows: Vec<Row> = q
        .handle()
        .all(
            "SELECT client_id, name, kind, auth_method, secret_hash, settings, disabled_at, tokens_not_before,
                created_at, updated_at
             FROM clients WHERE tenant_id = $1 AND client_id > $2 ORDER BY client_id LIMIT $3",
            (after.map_or("", ClientId::as_str), i64::from(limit)),
        )
        .await?;
    Ok(rows.into_iter().map(Client::from).collect())
}

/// Clients that run in browsers or on devices and are not switched off: those whose origins may call the CORS endpoints.
pub async fn list_public(q: &mut impl Query) -> Result<Vec<Client>, StoreError> {
    let rows: Vec<Row> = q
        .handle()
        .all(
            "SELECT client_id, name, kind, auth_method, secret_hash, settings, disabled_at, tokens_not_before,
                created_at, updated_at
             FROM clients WHERE tenant_id = $1 AND kind IN ('native', 'spa') AND disabled_at IS NULL
             ORDER BY client_id",
            (),
        )
        .await?;
    Ok(rows.into_iter().map(Client::from).collect())
}

/// Switches a client off; `false` if there is no such client. What it was given up to now, this second included, will not
/// count when it is switched on again: a JWT says only the second it was issued in.
pub async fn disable(tx: &mut Tx, id: &ClientId, now: Timestamp) -> Result<bool, StoreError> {
    let changed = tx
        .handle()
        .execute(
            "UPDATE clients SET disabled_at = $3, tokens_not_before = $4, updated_at = $3
             WHERE tenant_id = $1 AND client_id = $2",
            (id, now, now.next_second()),
        )
        .await?;
    Ok(changed == 1)
}

/// Switches a client on; `false` if there is no such client. If it was off, nothing from before this second counts, so
/// that another server, whose clock was ahead when the client was switched off, left nothing behind.
pub async fn enable(tx: &mut Tx, id: &ClientId, now: Timestamp) -> Result<bool, StoreError> {
    let changed = tx
        .handle()
        .execute(
            "UPDATE clients SET disabled_at = NULL, updated_at = $3,
                tokens_not_before = CASE WHEN disabled_at IS NULL OR tokens_not_before > $4 THEN tokens_not_before
                                         ELSE $4 END
             WHERE tenant_id = $1 AND client_id = $2",
            (id, now, now.second()),
        )
        .await?;
    Ok(changed == 1)
}

/// Changes what a client may do; `false` if there is no such client.
pub async fn update_settings(
    tx: &mut Tx,
    id: &ClientId,
    settings: &ClientSettings,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = tx
        .handle()
        .execute(
            "UPDATE clients SET settings = $3, updated_at = $4 WHERE tenant_id = $1 AND client_id = $2",
            (id, Json(settings), now),
        )
        .await?;
    Ok(changed == 1)
}

/// Sets the hash of a client's secret; `false` if there is no such client.
pub async fn set_secret(
    tx: &mut Tx,
    id: &ClientId,
    hash: &TokenHash,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = tx
        .handle()
        .execute(
            "UPDATE clients SET secret_hash = $3, updated_at = $4 WHERE tenant_id = $1 AND client_id = $2",
            (id, hash, now),
        )
        .await?;
    Ok(changed == 1)
}
