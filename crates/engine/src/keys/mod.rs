//! The key ring: each tenant's signing keys, in memory as they sign and verify, in the database sealed (B1, B2, JW9, JW11).

mod rotation;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use domain::{KeyId, KeyState, SigningAlg, TenantId};
use protocol::jose::{Jwks, SigningKey, VerifyingKey};
use storage::signing_keys::{self, SigningKeyRow};
use tokio::sync::Notify;

use crate::seal::{Place, Purpose};
use crate::{App, Fault};

pub use rotation::{PUBLISH_AHEAD, RotationReport};

/// How long a request waits for a key that is being made (a new tenant's RSA pair) before it is told to come again.
const WAIT_FOR_KEY: Duration = Duration::from_secs(4);

/// One tenant's keys as loaded.
#[derive(Debug)]
pub struct TenantKeys {
    signing: HashMap<SigningAlg, Arc<SigningKey>>,
    verifying: HashMap<String, VerifyingKey>,
    jwks: Bytes,
    /// Which rows these were made of: as long as they are the same, nothing is opened again.
    made_of: Vec<(KeyId, KeyState)>,
}

impl TenantKeys {
    /// The JWKS document, ready to send.
    pub fn jwks(&self) -> Bytes {
        self.jwks.clone()
    }
}

impl protocol::jose::KeySet for TenantKeys {
    fn find(&self, kid: &str) -> Option<&VerifyingKey> {
        self.verifying.get(kid)
    }
}

/// The keys of all tenants in use.
#[derive(Debug, Default)]
pub(crate) struct KeyRing {
    tenants: RwLock<HashMap<TenantId, Arc<TenantKeys>>>,
    changed: Notify,
}

impl KeyRing {
    fn peek(&self, tenant: TenantId) -> Option<Arc<TenantKeys>> {
        self.tenants
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&tenant)
            .cloned()
    }

    fn put(&self, tenant: TenantId, keys: Arc<TenantKeys>) {
        self.tenants
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(tenant, keys);
        self.changed.notify_waiters();
    }
}

impl App {
    /// The tenant's keys; from memory, so that discovery and JWKS are served while the database is away.
    pub async fn keys(&self, tenant: TenantId) -> Result<Arc<TenantKeys>, Fault> {
        match self.ring.peek(tenant) {
            Some(keys) => Ok(keys),
            None => Box::pin(self.reload_keys(tenant)).await,
        }
    }

    /// Reads the tenant's keys from the database again.
    pub async fn reload_keys(&self, tenant: TenantId) -> Result<Arc<TenantKeys>, Fault> {
        let rows = signing_keys::list(&mut self.db.read(tenant).await?).await?;
        let made_of: Vec<_> = rows.iter().map(|row| (row.kid.clone(), row.state)).collect();
        if let Some(keys) = self.ring.peek(tenant).filter(|keys| keys.made_of == made_of) {
            return Ok(keys);
        }
        let mut keys = TenantKeys {
            signing: HashMap::new(),
            verifying: HashMap::new(),
            jwks: Bytes::new(),
            made_of,
        };
        let mut published = Vec::new();
        for row in rows.iter().filter(|row| row.state != KeyState::Retired) {
            let jwk: protocol::jose::Jwk = serde_json::from_value(row.public_jwk.clone())
                .map_err(|_| Fault::Internal("a stored JWK is broken"))?;
            let key = VerifyingKey::from_jwk(&jwk).map_err(|_| Fault::Internal("a stored JWK is broken"))?;
            keys.verifying.insert(row.kid.0.clone(), key);
            published.push(jwk);
            if row.state == KeyState::Active {
                keys.signing
                    .insert(row.alg, Arc::new(self.open_key(tenant, row).await?));
            }
        }
        keys.jwks = serde_json::to_vec(&Jwks { keys: published })
            .map_err(|_| Fault::Internal("JWKS"))?
            .into();
        let keys = Arc::new(keys);
        self.ring.put(tenant, Arc::clone(&keys));
        Ok(keys)
    }

    /// The key that signs with `alg` now. A new tenant's RSA pair takes a moment to make: waits for it some seconds.
    pub async fn signing_key(&self, tenant: TenantId, alg: SigningAlg) -> Result<Arc<SigningKey>, Fault> {
        if let Some(key) = self.keys(tenant).await?.signing.get(&alg) {
            return Ok(Arc::clone(key));
        }
        Box::pin(self.awaited_key(tenant, alg)).await
    }

    async fn awaited_key(&self, tenant: TenantId, alg: SigningAlg) -> Result<Arc<SigningKey>, Fault> {
        self.wake_upkeep.notify_one();
        let waiting = async {
            loop {
                let changed = self.ring.changed.notified();
                if let Some(key) = self.keys(tenant).await?.signing.get(&alg) {
                    return Ok(Arc::clone(key));
                }
                changed.await;
            }
        };
        tokio::time::timeout(WAIT_FOR_KEY, waiting)
            .await
            .map_err(|_| Fault::Busy("signing key not ready"))?
    }

    async fn open_key(&self, tenant: TenantId, row: &SigningKeyRow) -> Result<SigningKey, Fault> {
        let (_, seal) = self
            .seals
            .sealing(&self.db, &self.world, tenant, &Purpose::Keys)
            .await?
            .ok_or(Fault::Internal("no key for signing keys"))?;
        let pkcs8 = seal.open(key_place(tenant, &row.kid), &row.sealed_private)?;
        SigningKey::from_pkcs8(row.alg, pkcs8.expose())
            .map_err(|_| Fault::Seal("signing_keys.sealed_private"))
    }
}

pub(crate) fn key_place(tenant: TenantId, kid: &KeyId) -> Place<'_> {
    Place {
        tenant,
        column: "signing_keys.sealed_private",
        row: &kid.0,
    }
}
