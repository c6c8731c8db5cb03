//! A key's life: made and published as `next`, `active` one cache lifetime later at the earliest, `retiring` while what
//! it signed may still be presented, then `retired`. Each step is one conditional write, so that any number of nodes may
//! try the same step and one of them does it.

use std::sync::Arc;
use std::time::Duration;

use domain::{Event, EventKind, Events, KeyState, SigningAlg, Timestamp};
use protocol::jose::SigningKey;
use storage::signing_keys::{self, SigningKeyRow};

use super::key_place;
use crate::ctx::TenantView;
use crate::seal::Purpose;
use crate::{App, Ctx, Fault};

/// A key is published at least this long before it signs: far longer than any JWKS cache we allow (JW9).
pub const PUBLISH_AHEAD: Duration = Duration::from_hours(24);
/// A retiring key is published this long after it signed last: longer than any token it signed may be presented.
const KEEP_RETIRING: Duration = Duration::from_hours(48);

/// What a rotation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RotationReport {
    /// The published next key signs from now on.
    Activated {
        /// Its algorithm.
        alg: SigningAlg,
        /// Its id.
        kid: String,
    },
    /// A next key was made and published; it takes over when every cache can know it.
    Published {
        /// Its algorithm.
        alg: SigningAlg,
        /// Its id.
        kid: String,
        /// When it may sign.
        takes_over_at: Timestamp,
    },
    /// A next key is published already and not yet old enough.
    Waiting {
        /// Its algorithm.
        alg: SigningAlg,
        /// Its id.
        kid: String,
        /// When it may sign.
        takes_over_at: Timestamp,
    },
}

/// What a key ring needs now.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Due {
    Activate(SigningKeyRow),
    Make,
    Nothing,
}

impl App {
    /// Takes each step that is due for the tenant's keys; the first keys of an algorithm sign at once.
    pub async fn rotate_due_keys(&self, ctx: &Ctx) -> Result<(), Fault> {
        if !self.is_any_key_due(ctx).await? {
            return Ok(());
        }
        let mut changed = false;
        for alg in SigningAlg::ALL {
            let rows = signing_keys::list(&mut self.db.read(ctx.tenant_id()).await?).await?;
            match due(&rows, alg, ctx.now, ctx.tenant.tenant.settings.key_rotation()) {
                Due::Activate(row) => changed |= self.activate_key(ctx, &row).await?,
                Due::Make => {
                    let row = self.make_key(ctx, alg).await?;
                    changed = true;
                    // Nobody can have cached a set without this algorithm's first key and still need it.
                    if !rows.iter().any(|r| r.alg == alg && r.state == KeyState::Active) {
                        self.activate_key(ctx, &row).await?;
                    }
                }
                Due::Nothing => {}
            }
            if changed {
                // One algorithm at a time becomes usable: ES256 does not wait for RSA.
                self.reload_keys(ctx.tenant_id()).await?;
            }
        }
        if self.retire_due_keys(ctx).await? {
            self.reload_keys(ctx.tenant_id()).await?;
        }
        Ok(())
    }

    async fn is_any_key_due(&self, ctx: &Ctx) -> Result<bool, Fault> {
        let rows = signing_keys::list(&mut self.db.read(ctx.tenant_id()).await?).await?;
        let rotation = ctx.tenant.tenant.settings.key_rotation();
        let steps = SigningAlg::ALL
            .into_iter()
            .any(|alg| due(&rows, alg, ctx.now, rotation) != Due::Nothing);
        Ok(steps || rows.iter().any(|row| is_past_retiring(row, ctx.now)))
    }

    /// Rotation on demand: publishes a next key, or lets a published one take over. `at_once` skips the wait, at the
    /// price that verifiers with a cached set refuse new tokens until they fetch again.
    pub async fn rotate_key(
        &self,
        ctx: &Ctx,
        alg: SigningAlg,
        at_once: bool,
    ) -> Result<RotationReport, Fault> {
        let rows = signing_keys::list(&mut self.db.read(ctx.tenant_id()).await?).await?;
        let next = rows
            .into_iter()
            .find(|row| row.alg == alg && row.state == KeyState::Next);
        let (row, fresh) = match next {
            Some(row) => (row, false),
            None => (self.make_key(ctx, alg).await?, true),
        };
        let takes_over_at = row.created_at.plus(PUBLISH_AHEAD);
        let kid = row.kid.0.clone();
        let report = if at_once || takes_over_at <= ctx.now {
            self.activate_key(ctx, &row).await?;
            RotationReport::Activated { alg, kid }
        } else if fresh {
            RotationReport::Published {
                alg,
                kid,
                takes_over_at,
            }
        } else {
            RotationReport::Waiting {
                alg,
                kid,
                takes_over_at,
            }
        };
        self.reload_keys(ctx.tenant_id()).await?;
        Ok(report)
    }

    async fn make_key(&self, ctx: &Ctx, alg: SigningAlg) -> Result<SigningKeyRow, Fault> {
        let tenant = ctx.tenant_id();
        let bits = ctx.tenant.tenant.settings.rsa_bits;
        // An RSA pair takes up to seconds: never on the async threads.
        let key = tokio::task::spawn_blocking(move || SigningKey::generate(alg, bits))
            .await
            .map_err(|_| Fault::Internal("key generation panicked"))?
            .map_err(|_| Fault::Internal("key generation failed"))?;
        let (_, seal) = self
            .seals
            .sealing(&self.db, &self.world, tenant, &Purpose::Keys)
            .await?
            .ok_or(Fault::Internal("no key for signing keys"))?;
        let kid = key.kid().clone();
        let pkcs8 = key
            .to_pkcs8()
            .map_err(|_| Fault::Internal("key does not serialize"))?;
        let row = SigningKeyRow {
            sealed_private: seal.seal(&self.world, key_place(tenant, &kid), pkcs8.expose())?,
            public_jwk: serde_json::to_value(key.public_jwk()).map_err(|_| Fault::Internal("JWK"))?,
            bits: matches!(alg, SigningAlg::RS256 | SigningAlg::PS256).then_some(i64::from(bits)),
            kid,
            alg,
            state: KeyState::Next,
            created_at: ctx.now,
            activated_at: None,
            retiring_at: None,
            retired_at: None,
        };
        let event = Event::success(EventKind::KeyCreated)
            .target("key", &row.kid)
            .detail("alg", alg.as_str());
        let events = self.record(ctx, event).await?;
        let mut tx = self.db.begin(tenant).await?;
        if !signing_keys::insert(&mut tx, &row).await? {
            // Another node published a next key meanwhile; that one is as good.
            tx.rollback().await?;
            let rows = signing_keys::list(&mut self.db.read(tenant).await?).await?;
            return rows
                .into_iter()
                .filter(|r| r.alg == alg && r.state != KeyState::Retired)
                .max_by_key(|r| r.created_at)
                .ok_or(Fault::Internal("key was neither stored nor found"));
        }
        tx.commit(events).await?;
        Ok(row)
    }

    async fn activate_key(&self, ctx: &Ctx, row: &SigningKeyRow) -> Result<bool, Fault> {
        let event = Event::success(EventKind::KeyActivated)
            .target("key", &row.kid)
            .detail("alg", row.alg.as_str());
        let events = self.record(ctx, event).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if signing_keys::activate(&mut tx, &row.kid, row.alg, ctx.now).await? {
            tx.commit(events).await?;
            Ok(true)
        } else {
            tx.rollback().await?;
            Ok(false)
        }
    }

    async fn retire_due_keys(&self, ctx: &Ctx) -> Result<bool, Fault> {
        let rows = signing_keys::list(&mut self.db.read(ctx.tenant_id()).await?).await?;
        let due = rows.iter().filter(|row| is_past_retiring(row, ctx.now));
        let mut changed = false;
        for row in due {
            let event = Event::success(EventKind::KeyRetired).target("key", &row.kid);
            let events: Events<_> = self.record(ctx, event).await?;
            let mut tx = self.db.begin(ctx.tenant_id()).await?;
            if signing_keys::retire(&mut tx, &row.kid, ctx.now).await? {
                tx.commit(events).await?;
                changed = true;
            } else {
                tx.rollback().await?;
            }
        }
        Ok(changed)
    }

    /// The tenant's keys in every state, newest first.
    pub async fn list_keys(&self, tenant: &Arc<TenantView>) -> Result<Vec<SigningKeyRow>, Fault> {
        let mut rows = signing_keys::list(&mut self.db.read(tenant.tenant.id).await?).await?;
        rows.sort_by_key(|row| std::cmp::Reverse(row.created_at));
        Ok(rows)
    }
}

/// Whether nothing a retiring key signed can still be presented.
fn is_past_retiring(row: &SigningKeyRow, now: Timestamp) -> bool {
    row.state == KeyState::Retiring
        && row
            .retiring_at
            .is_some_and(|since| since.plus(KEEP_RETIRING) <= now)
}

fn due(rows: &[SigningKeyRow], alg: SigningAlg, now: Timestamp, rotation: Duration) -> Due {
    let find = |state| rows.iter().find(|row| row.alg == alg && row.state == state);
    let next = find(KeyState::Next);
    let Some(active) = find(KeyState::Active) else {
        return next.map_or(Due::Make, |row| Due::Activate(row.clone()));
    };
    let since = active.activated_at.unwrap_or(active.created_at);
    match next {
        Some(row) if since.plus(rotation) <= now && row.created_at.plus(PUBLISH_AHEAD) <= now => {
            Due::Activate(row.clone())
        }
        None if since.plus(rotation) <= now.plus(PUBLISH_AHEAD) => Due::Make,
        _ => Due::Nothing,
    }
}

#[cfg(test)]
mod tests;
