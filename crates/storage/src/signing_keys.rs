//! Signing keys and where each is in its life (B2).

use domain::{KeyId, KeyState, SigningAlg, Timestamp};
use serde_json::Value;
use sqlx::types::Json;

use crate::columns::Word;
use crate::sql::Sql;
use crate::{Query, StoreError, Tx};

/// A signing key as stored.
#[derive(Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SigningKeyRow {
    /// Its id, an RFC 7638 thumbprint.
    pub kid: KeyId,
    /// What it signs with.
    #[sqlx(try_from = "Word<SigningAlg>")]
    pub alg: SigningAlg,
    /// Modulus size of an RSA key, in bits.
    pub bits: Option<i64>,
    /// Where it is in its life.
    #[sqlx(try_from = "Word<KeyState>")]
    pub state: KeyState,
    /// What verifiers get (RFC 7517).
    #[sqlx(json)]
    pub public_jwk: Value,
    /// The private half, sealed; empty once the key is retired.
    pub sealed_private: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it began to sign.
    pub activated_at: Option<Timestamp>,
    /// When it stopped signing.
    pub retiring_at: Option<Timestamp>,
    /// When it was no longer published.
    pub retired_at: Option<Timestamp>,
}

impl std::fmt::Debug for SigningKeyRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKeyRow")
            .field("kid", &self.kid)
            .field("alg", &self.alg)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Adds a key; `false` if it is known, or if it is to be active while another of its algorithm is.
pub async fn insert(tx: &mut Tx, key: &SigningKeyRow) -> Result<bool, StoreError> {
    let added = tx
        .handle()
        .execute(
            "INSERT INTO signing_keys (tenant_id, kid, alg, bits, state, public_jwk, sealed_private, created_at,
                activated_at, retiring_at, retired_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
            (
                &key.kid,
                Word(key.alg),
                key.bits,
                Word(key.state),
                Json(&key.public_jwk),
                &key.sealed_private,
                key.created_at,
                key.activated_at,
                key.retiring_at,
                key.retired_at,
            ),
        )
        .await?;
    Ok(added == 1)
}

/// Every key, oldest first.
pub async fn list(q: &mut impl Query) -> Result<Vec<SigningKeyRow>, StoreError> {
    q.handle()
        .all(
            "SELECT kid, alg, bits, state, public_jwk, sealed_private, created_at, activated_at, retiring_at, retired_at
             FROM signing_keys WHERE tenant_id = $1 ORDER BY created_at, kid",
            (),
        )
        .await
}

/// Lets the next key sign; the one that signed so far stops and verifies only. `false` if the key is not `next`: then
/// somebody else was first and nothing changed.
pub async fn activate(tx: &mut Tx, kid: &KeyId, alg: SigningAlg, now: Timestamp) -> Result<bool, StoreError> {
    // Several nodes may want to; on SQLite they are in line already.
    let in_line = Sql {
        postgres: "SELECT count(*) FROM (SELECT id FROM tenants WHERE id = $1 FOR NO KEY UPDATE) AS one",
        sqlite: "SELECT count(*) FROM tenants WHERE id = $1",
    };
    tx.handle().number(in_line, ()).await?;
    let found = tx
        .handle()
        .number(
            "SELECT count(*) FROM signing_keys WHERE tenant_id = $1 AND kid = $2 AND alg = $3 AND state = 'next'",
            (kid, Word(alg)),
        )
        .await?;
    if found == 0 {
        return Ok(false);
    }
    tx.handle()
        .execute(
            "UPDATE signing_keys SET state = 'retiring', retiring_at = $3
             WHERE tenant_id = $1 AND alg = $2 AND state = 'active'",
            (Word(alg), now),
        )
        .await?;
    let activated = tx
        .handle()
        .execute(
            "UPDATE signing_keys SET state = 'active', activated_at = $3
             WHERE tenant_id = $1 AND kid = $2 AND state = 'next'",
            (kid, now),
        )
        .await?;
    Ok(activated == 1)
}

/// Takes a key out of use for good and destroys its private half; `false` if it was retired before.
pub async fn retire(tx: &mut Tx, kid: &KeyId, now: Timestamp) -> Result<bool, StoreError> {
    let retired = tx
        .handle()
        .execute(
            "UPDATE signing_keys SET state = 'retired', retired_at = $3, sealed_private = $4
             WHERE tenant_id = $1 AND kid = $2 AND state <> 'retired'",
            (kid, now, Vec::<u8>::new()),
        )
        .await?;
    Ok(retired == 1)
}
