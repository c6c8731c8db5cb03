//! What a person sees of what happened to their account.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use domain::{Actor, Event, EventId, EventKind, Outcome, Profile, Timestamp};
use serde::Deserialize;
use storage::audit::AuditRow;
use storage::{activity, users};

use crate::seal::{Place, Purpose, SealKey};
use crate::{App, Ctx, Fault, SignedIn};

/// How far back.
pub(crate) const SHOWN: Duration = Duration::from_hours(90 * 24);
/// Events of one page at most. Failures that repeat are one entry of it.
const PAGE: u32 = 100;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Its id.
    pub id: EventId,
    /// What.
    pub kind: EventKind,
    /// How it ended.
    pub outcome: Outcome,
    /// When; the last time, if it happened more than once.
    pub at: Timestamp,
    /// How often it happened in a row.
    pub times: u64,
    /// The browser's family.
    pub browser: Option<String>,
    /// From where; nothing of others who acted on the account.
    pub address: Option<IpAddr>,
}

/// One page of what happened, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activities {
    /// What happened.
    pub items: Vec<Activity>,
    /// Where the next, older page begins, if there is one.
    pub older: Option<Mark>,
}

/// A place in the list: a page has what came before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    at: Timestamp,
    id: EventId,
}

impl Mark {
    /// The mark a text stands for.
    pub fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('_')?;
        Some(Self {
            at: Timestamp::from_micros(at.parse().ok()?),
            id: id.parse().ok()?,
        })
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.at.micros(), self.id)
    }
}

#[derive(Deserialize)]
struct Opened {
    #[serde(default)]
    ip: Option<IpAddr>,
}

impl App {
    /// What happened to the person's account in the last 90 days, the newest first, a page at a time.
    pub async fn own_activity(
        &self,
        ctx: &Ctx,
        who: &SignedIn,
        before: Option<Mark>,
    ) -> Result<Activities, Fault> {
        let mut rows = {
            let mut read = self.db.read(ctx.tenant_id()).await?;
            let since = ctx.now.minus(SHOWN);
            let before = before.map(|mark| (mark.at, mark.id));
            // One more tells whether there is another page.
            activity::list_for_user(&mut read, who.user.id, since, before, PAGE + 1).await?
        };
        let most = usize::try_from(PAGE).unwrap_or(usize::MAX);
        let is_more = rows.len() > most;
        rows.truncate(most);
        let older = rows.last().filter(|_| is_more).map(|row| Mark {
            at: row.occurred_at,
            id: row.id,
        });
        let purpose = Purpose::Person(who.user.id);
        let key = self
            .seals
            .sealing(&self.db, &self.world, ctx.tenant_id(), &purpose)
            .await?;
        let items = together(rows)
            .into_iter()
            .map(|(row, times)| shown(ctx, key.as_ref(), row, times))
            .collect();
        Ok(Activities { items, older })
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

/// Failures of one kind from one network, with nothing but failures between them, are one: whoever guesses does not fill
/// the page. The newest stands for all.
fn together(rows: Vec<AuditRow>) -> Vec<(AuditRow, u64)> {
    let mut shown: Vec<(AuditRow, u64)> = Vec::new();
    // Where the failures begin that nothing else has come between so far.
    let mut open = 0;
    for row in rows {
        let times = u64::try_from(row.count).unwrap_or(1);
        if row.outcome != Outcome::Failure {
            shown.push((row, times));
            open = shown.len();
            continue;
        }
        let same = shown
            .iter_mut()
            .skip(open)
            .find(|(first, _)| first.kind == row.kind && first.network_mac == row.network_mac);
        match same {
            Some((_, count)) => *count = count.saturating_add(times),
            None => shown.push((row, times)),
        }
    }
    shown
}

/// Where an operator or the product itself acted from is not the person's to know.
fn shown(ctx: &Ctx, key: Option<&(uuid::Uuid, SealKey)>, row: AuditRow, times: u64) -> Activity {
    let from_browser = matches!(row.actor_kind.as_str(), "anonymous" | "user");
    Activity {
        id: row.id,
        kind: row.kind,
        outcome: row.outcome,
        at: row.occurred_at,
        times,
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
