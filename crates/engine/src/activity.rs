//! What a person sees of what happened to their account.

use std::net::IpAddr;
use std::time::Duration;

use domain::{Actor, Event, EventKind, Outcome, Profile, Timestamp};
use serde::Deserialize;
use storage::audit::AuditRow;
use storage::{activity, users};

use crate::seal::{Place, Purpose, SealKey};
use crate::{App, Ctx, Fault, SignedIn};

/// How far back.
const SHOWN: Duration = Duration::from_hours(90 * 24);
/// Entries shown at most.
const MOST: u32 = 200;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// What.
    pub kind: EventKind,
    /// How it ended.
    pub outcome: Outcome,
    /// When.
    pub at: Timestamp,
    /// The browser's family.
    pub browser: Option<String>,
    /// From where; nothing of others who acted on the account.
    pub address: Option<IpAddr>,
}

#[derive(Deserialize)]
struct Opened {
    #[serde(default)]
    ip: Option<IpAddr>,
}

impl App {
    /// What happened to the person's account in the last 90 days, the newest first.
    pub async fn own_activity(&self, ctx: &Ctx, who: &SignedIn) -> Result<Vec<Activity>, Fault> {
        let rows = {
            let mut read = self.db.read(ctx.tenant_id()).await?;
            let since = ctx.now.minus(SHOWN);
            activity::list_for_user(&mut read, who.user.id, since, MOST).await?
        };
        let purpose = Purpose::Person(who.user.id);
        let key = self
            .seals
            .sealing(&self.db, &self.world, ctx.tenant_id(), &purpose)
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| shown(ctx, key.as_ref(), row))
            .collect())
    }

    /// Changes what is known about the person, as they say it.
    pub async fn change_own_profile(
        &self,
        ctx: &Ctx,
        who: &SignedIn,
        profile: &Profile,
    ) -> Result<(), Fault> {
        let ctx = &ctx.acting_as(Actor::User(who.user.id));
        let event = Event::success(EventKind::ProfileChanged)
            .user(who.user.id)
            .session(who.session.id);
        let events = self.record(ctx, event).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !users::update_profile(&mut tx, who.user.id, profile, ctx.now).await? {
            tx.rollback().await?;
            return Err(Fault::Internal("who is signed in has no account"));
        }
        tx.commit(events).await?;
        Ok(())
    }
}

/// Where an operator or the product itself acted from is not the person's to know.
fn shown(ctx: &Ctx, key: Option<&(uuid::Uuid, SealKey)>, row: AuditRow) -> Activity {
    let from_browser = matches!(row.actor_kind.as_str(), "anonymous" | "user");
    Activity {
        kind: row.kind,
        outcome: row.outcome,
        at: row.occurred_at,
        address: key
            .filter(|_| from_browser)
            .and_then(|key| address(ctx, key, &row)),
        browser: row.agent_family.filter(|_| from_browser),
    }
}

/// What does not open is not shown.
fn address(ctx: &Ctx, (id, key): &(uuid::Uuid, SealKey), row: &AuditRow) -> Option<IpAddr> {
    let sealed = row.sealed.as_deref().filter(|_| row.seal_key == Some(*id))?;
    let name = row.id.to_string();
    let place = Place {
        tenant: ctx.tenant_id(),
        column: "audit_log.sealed",
        row: &name,
    };
    let plain = key.open(place, sealed).ok()?;
    serde_json::from_slice::<Opened>(plain.expose()).ok()?.ip
}
