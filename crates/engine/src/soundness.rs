//! Whether a tenant's data is sound: the invariants of the tables, and what only the keys can tell.

use std::collections::{HashMap, HashSet};

use domain::{EventId, EventKind, KeyState, Outcome, SessionId};
use protocol::jose::SigningKey;
use storage::audit::{self, AuditRow};
use storage::invariants::{self, Breach};
use storage::{Read, signing_keys};
use uuid::Uuid;

use crate::keys::key_place;
use crate::seal::{Place, SealKey};
use crate::sessions::whereabouts_place;
use crate::{App, Ctx, Fault};

/// Rows of the log looked at together.
const PAGE: u32 = 1_000;

/// What a look at a tenant's data found.
#[derive(Debug, Default)]
pub struct Soundness {
    /// Events in the log.
    pub events: u64,
    /// Events and sessions with sealed fields, each of which was opened.
    pub sealed: u64,
    /// What does not hold; empty when all does.
    pub breaches: Vec<Breach>,
}

/// What the walk through the log gathers.
#[derive(Default)]
struct Walk {
    found: Soundness,
    keys: HashMap<Uuid, Option<SealKey>>,
    token_ids: HashSet<String>,
    twice: u64,
    unopened: u64,
    malformed: u64,
}

impl App {
    /// Looks at everything the tenant has: the invariants of the tables, each event's form and seal, each session's seal,
    /// each token beside its event, each signing key's seal. Reads whole tables; changes nothing.
    pub async fn check_soundness(&self, ctx: &Ctx) -> Result<Soundness, Fault> {
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let broken = invariants::check(&mut read).await?;
        let mut walk = self.walk_log(ctx, &mut read).await?;
        self.walk_sessions(ctx, &mut read, &mut walk).await?;
        let tokens = invariants::access_token_ids(&mut read).await?;
        let untold = tokens.iter().filter(|jti| !walk.token_ids.contains(*jti)).count();
        let unusable = self.unusable_keys(ctx, &mut read).await?;
        walk.found.breaches = broken;
        let counted = [
            ("an access token has its event", count(untold)),
            ("a token is told of once", walk.twice),
            ("sealed fields open", walk.unopened),
            ("an event is well-formed", walk.malformed),
            ("a signing key opens and fits its public half", unusable),
        ];
        let broken = counted.into_iter().filter(|(_, rows)| *rows != 0);
        walk.found
            .breaches
            .extend(broken.map(|(rule, rows)| Breach { rule, rows }));
        Ok(walk.found)
    }

    async fn walk_log(&self, ctx: &Ctx, read: &mut Read) -> Result<Walk, Fault> {
        let mut walk = Walk::default();
        let mut after: Option<EventId> = None;
        loop {
            let rows = audit::list(read, after, PAGE).await?;
            let Some(last) = rows.last() else { return Ok(walk) };
            after = Some(last.id);
            for row in &rows {
                self.judge(ctx, read, &mut walk, row).await?;
            }
        }
    }

    async fn judge(&self, ctx: &Ctx, read: &mut Read, walk: &mut Walk, row: &AuditRow) -> Result<(), Fault> {
        walk.found.events += 1;
        if !is_well_formed(row) {
            walk.malformed += 1;
        }
        if row.kind == EventKind::TokenIssued
            && let Some(jti) = row.details.get("jti").and_then(serde_json::Value::as_str)
            && !walk.token_ids.insert(jti.to_owned())
        {
            walk.twice += 1;
        }
        let (Some(sealed), Some(id)) = (&row.sealed, row.seal_key) else {
            return Ok(());
        };
        let key = self.key_of(read, walk, id).await?;
        let event = row.id.to_string();
        let place = Place {
            tenant: ctx.tenant_id(),
            column: "audit_log.sealed",
            row: &event,
        };
        walk.open(key.as_ref(), place, sealed);
        Ok(())
    }

    async fn walk_sessions(&self, ctx: &Ctx, read: &mut Read, walk: &mut Walk) -> Result<(), Fault> {
        let mut after: Option<SessionId> = None;
        loop {
            let page = invariants::sealed_sessions(read, after, PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            after = Some(*last);
            for (session, sealed) in &page {
                let key = self.key_of(read, walk, sealed.key).await?;
                let row = session.to_string();
                walk.open(key.as_ref(), whereabouts_place(ctx, &row), &sealed.bytes);
            }
        }
    }

    async fn key_of(&self, read: &mut Read, walk: &mut Walk, id: Uuid) -> Result<Option<SealKey>, Fault> {
        if let Some(key) = walk.keys.get(&id) {
            return Ok(key.clone());
        }
        let key = self.seals.opening(read, id).await?;
        walk.keys.insert(id, key.clone());
        Ok(key)
    }

    async fn unusable_keys(&self, ctx: &Ctx, read: &mut Read) -> Result<u64, Fault> {
        let mut unusable = 0;
        for row in signing_keys::list(read).await? {
            if row.state == KeyState::Retired {
                continue;
            }
            let usable = match self.seals.key_of_purpose(read, "keys", "all").await? {
                Some(seal) => seal
                    .open(key_place(ctx.tenant_id(), &row.kid), &row.sealed_private)
                    .ok()
                    .and_then(|pkcs8| SigningKey::from_pkcs8(row.alg, pkcs8.expose()).ok())
                    .is_some_and(|key| *key.kid() == row.kid),
                None => false,
            };
            unusable += u64::from(!usable);
        }
        Ok(unusable)
    }
}

impl Walk {
    /// Whether what is sealed opens under this key, at this place, and is what we seal.
    fn open(&mut self, key: Option<&SealKey>, place: Place<'_>, sealed: &[u8]) {
        self.found.sealed += 1;
        let opens = key
            .and_then(|key| key.open(place, sealed).ok())
            .is_some_and(|plain| serde_json::from_slice::<serde_json::Value>(plain.expose()).is_ok());
        if !opens {
            self.unopened += 1;
        }
    }
}

/// What every event has, whichever kind it is of.
fn is_well_formed(row: &AuditRow) -> bool {
    let version = row.id.as_uuid().get_version_num();
    let has_reason = row.outcome != Outcome::Failure || row.reason.is_some();
    row.details.is_object() && version == 7 && row.count > 0 && has_reason && row.request_id.is_some()
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}
