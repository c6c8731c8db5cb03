//! From an event to the row that is committed with its change (E6, LG1, LG2).
//!
//! Personal fields are sealed under the person's key, or the tenant's monthly key if nobody is known; beside them stand
//! coarse columns and pseudonyms that rules and searches use.

mod refusals;

use std::net::IpAddr;

use domain::{Actor, Device, Event, EventId, EventKind, Events, UserId, World};
use serde::Serialize;
use storage::access_tokens::AccessToken;
use storage::audit::AuditRow;
use storage::mail_outbox::Posted;

use crate::seal::{MacKey, Place, Purpose, SealKey};
use crate::{App, Ctx, Fault};

use refusals::Counted;

pub(crate) use refusals::Refusals;

/// The personal part of an event, as sealed.
#[derive(Serialize)]
struct Sealed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

impl<'a> Sealed<'a> {
    fn of(ctx: &'a Ctx, event: &'a Event) -> Option<Self> {
        let personal = Self {
            ip: ctx.client_ip,
            agent: ctx.agent.as_deref(),
            name: event.personal.name.as_deref(),
        };
        let is_empty = personal.ip.is_none() && personal.agent.is_none() && personal.name.is_none();
        (!is_empty).then_some(personal)
    }
}

impl App {
    /// Turns events into rows. Does its own reads, so it is called before a transaction begins.
    pub async fn record(&self, ctx: &Ctx, events: impl Into<Events>) -> Result<Events<AuditRow>, Fault> {
        let events = events.into();
        let mut rows: Option<Events<AuditRow>> = None;
        for event in events.iter() {
            let row = self.record_one(ctx, event).await?;
            rows = Some(match rows {
                None => Events::one(row),
                Some(rows) => rows.and(row),
            });
        }
        rows.ok_or(Fault::Internal("no event to record"))
    }

    async fn record_one(&self, ctx: &Ctx, event: &Event) -> Result<AuditRow, Fault> {
        self.notice(event.kind, event.outcome);
        self.beliefs.unsettle(ctx.tenant_id(), event);
        let personal = Sealed::of(ctx, event);
        let seal_key = match personal {
            None => None,
            Some(_) => self.seal_key(ctx, subject(ctx, event)).await?,
        };
        let pseudonyms = match (ctx.client_ip, &event.personal.name) {
            (None, None) => None,
            _ => Some(
                self.seals
                    .pseudonyms(&self.db, &self.world, ctx.tenant_id())
                    .await?,
            ),
        };
        let keys = RowKeys {
            seal: seal_key.as_ref(),
            pseudonyms: pseudonyms.as_ref(),
        };
        let mail = self.notice_of(ctx, event).await?;
        Ok(AuditRow {
            mail,
            ..keys.row(&self.world, ctx, event)?
        })
    }

    /// The row of an event with a mail that commits with it.
    pub(crate) async fn record_with_mail(
        &self,
        ctx: &Ctx,
        event: Event,
        mail: Option<Box<Posted>>,
    ) -> Result<Events<AuditRow>, Fault> {
        let row = self.record_one(ctx, &event).await?;
        Ok(Events::one(AuditRow {
            mail: mail.or(row.mail),
            ..row
        }))
    }

    /// Commits an event that changes no other row together with a mail.
    pub(crate) async fn append_with_mail(
        &self,
        ctx: &Ctx,
        event: Event,
        mail: Option<Box<Posted>>,
    ) -> Result<(), Fault> {
        let row = self.record_one(ctx, &event).await?;
        self.db
            .append(storage::Append {
                tenant: ctx.tenant_id(),
                event: AuditRow { mail, ..row },
                token: None,
            })
            .await?;
        Ok(())
    }
}

/// What the personal part of a row is kept under.
pub(crate) struct RowKeys<'a> {
    /// Id and key of whose data it is.
    pub(crate) seal: Option<&'a (uuid::Uuid, SealKey)>,
    /// The tenant's, for equal values to be grouped by.
    pub(crate) pseudonyms: Option<&'a MacKey>,
}

impl RowKeys<'_> {
    /// The row of an event, with a new id.
    pub(crate) fn row(&self, world: &World, ctx: &Ctx, event: &Event) -> Result<AuditRow, Fault> {
        let id = EventId::generate(world);
        let (seal_key, sealed) = match Sealed::of(ctx, event) {
            None => (None, None),
            Some(personal) => self.seal(world, ctx, id, &personal)?,
        };
        let mac = |label: &str, value: Option<String>| Some(self.pseudonyms?.mac(label, &value?));
        Ok(AuditRow {
            id,
            occurred_at: ctx.now,
            kind: event.kind,
            outcome: event.outcome,
            reason: event.reason.map(str::to_owned),
            actor_kind: ctx.actor.kind().to_owned(),
            actor_id: ctx.actor.id(),
            user_id: event.user,
            session_id: event.session,
            client_id: event.client.clone(),
            grant_id: event.grant,
            target_kind: event.target.as_ref().map(|t| t.kind.to_owned()),
            target_id: event.target.as_ref().map(|t| t.id.clone()),
            request_id: Some(ctx.request_id),
            details: event.details.clone().into(),
            sealed,
            seal_key,
            address_mac: mac("address", ctx.client_ip.map(|ip| ip.to_string())),
            network_mac: mac("network", ctx.client_ip.map(network_of)),
            name_mac: mac("name", event.personal.name.as_deref().map(str::to_lowercase)),
            network_kind: ctx.client_ip.map(|ip| network_kind(ip).to_owned()),
            agent_family: ctx
                .agent
                .as_deref()
                .map(|agent| Device::of(agent).browser.as_str().to_owned()),
            count: 1,
            mail: None,
        })
    }

    fn seal(
        &self,
        world: &World,
        ctx: &Ctx,
        id: EventId,
        personal: &Sealed<'_>,
    ) -> Result<(Option<uuid::Uuid>, Option<Vec<u8>>), Fault> {
        let Some((key_id, key)) = self.seal else {
            return Err(Fault::Internal("no key for personal fields"));
        };
        let plain =
            serde_json::to_vec(personal).map_err(|_| Fault::Internal("personal fields do not serialize"))?;
        let row = id.to_string();
        let place = Place {
            tenant: ctx.tenant_id(),
            column: "audit_log.sealed",
            row: &row,
        };
        Ok((Some(*key_id), Some(key.seal(world, place, &plain)?)))
    }
}

impl App {
    async fn seal_key(
        &self,
        ctx: &Ctx,
        subject: Option<UserId>,
    ) -> Result<Option<(uuid::Uuid, SealKey)>, Fault> {
        let tenant = ctx.tenant_id();
        if let Some(user) = subject {
            let found = self
                .seals
                .sealing(&self.db, &self.world, tenant, &Purpose::Person(user))
                .await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        self.seals
            .sealing(&self.db, &self.world, tenant, &Purpose::anonymous_at(ctx.now))
            .await
    }

    /// Records a refusal that changes nothing else. Anonymous ones are bounded: ten a minute for each kind and source
    /// network one by one, the rest as a count. Failures of a credential are always recorded one by one.
    pub async fn refuse(&self, ctx: &Ctx, event: Event) -> Result<(), Fault> {
        if ctx.actor == Actor::Anonymous && event.user.is_none() && !is_credential_failure(&event) {
            let network = ctx.client_ip.map(network_of).unwrap_or_default();
            if !self
                .refusals
                .admit(ctx.tenant_id(), event.kind, &network, ctx.now)
            {
                return Ok(());
            }
        }
        Box::pin(self.append(ctx, event)).await
    }

    /// Counts a request there was no room for. Nothing is written now: that would be more to do.
    pub fn count_shed(&self, ctx: &Ctx) {
        let network = ctx.client_ip.map(network_of).unwrap_or_default();
        self.refusals
            .admit(ctx.tenant_id(), EventKind::RequestsShed, &network, ctx.now);
    }

    /// Commits an event that changes no other row, together with those of other requests.
    pub async fn append(&self, ctx: &Ctx, event: Event) -> Result<(), Fault> {
        self.append_with_token(ctx, event, None).await
    }

    /// The same, together with the row of the opaque token the event tells of.
    pub(crate) async fn append_with_token(
        &self,
        ctx: &Ctx,
        event: Event,
        token: Option<AccessToken>,
    ) -> Result<(), Fault> {
        let event = self.record_one(ctx, &event).await?;
        self.db
            .append(storage::Append {
                tenant: ctx.tenant_id(),
                event,
                token,
            })
            .await?;
        Ok(())
    }

    /// Uses a refresh token for the next one, together with the event that tells of it and the row of an opaque token.
    /// `false`: it had been used, and nothing was written.
    pub(crate) async fn append_rotation(
        &self,
        ctx: &Ctx,
        event: Event,
        token: Option<AccessToken>,
        rotation: storage::Rotation,
    ) -> Result<bool, Fault> {
        let append = storage::Append {
            tenant: ctx.tenant_id(),
            event: self.record_one(ctx, &event).await?,
            token,
        };
        Ok(self.db.rotate(append, rotation).await?)
    }
}

impl App {
    /// Writes the refusals that were only counted (all of them with `everything`), one row for each kind and network.
    pub(crate) async fn write_refusal_counts(&self, everything: bool) -> Result<(), Fault> {
        for counted in self.refusals.take_due(self.world.now(), everything) {
            let Some(view) = self
                .tenants()
                .into_iter()
                .find(|view| view.tenant.id == counted.tenant)
            else {
                continue;
            };
            self.write_count(&Ctx::internal(view, Actor::System, &self.world), counted)
                .await?;
        }
        Ok(())
    }

    async fn write_count(&self, ctx: &Ctx, counted: Counted) -> Result<(), Fault> {
        let event = match counted.kind {
            EventKind::RequestsShed => Event::failure(counted.kind, "overload"),
            kind => Event::failure(EventKind::RefusalsCounted, "beyond_the_first_ten")
                .detail("kind", kind.as_str()),
        };
        let event = event.detail("count", counted.count);
        let pseudonyms = self
            .seals
            .pseudonyms(&self.db, &self.world, ctx.tenant_id())
            .await?;
        let row = AuditRow {
            network_mac: Some(pseudonyms.mac("network", &counted.network)),
            count: i64::try_from(counted.count).unwrap_or(i64::MAX),
            ..self.record_one(ctx, &event).await?
        };
        self.db
            .append(storage::Append {
                tenant: ctx.tenant_id(),
                event: row,
                token: None,
            })
            .await?;
        Ok(())
    }
}

/// Whose data the personal fields are.
fn subject(ctx: &Ctx, event: &Event) -> Option<UserId> {
    match (&ctx.actor, event.user) {
        (Actor::User(id), _) => Some(*id),
        // A client's or an operator's address is not the person's, but it may name them.
        (_, about) => about,
    }
}

fn is_credential_failure(event: &Event) -> bool {
    use domain::EventKind::{ClientAuthenticationFailed, CodeReused, LoginFailed, RefreshTokenReused};
    matches!(
        event.kind,
        ClientAuthenticationFailed | CodeReused | LoginFailed | RefreshTokenReused
    )
}

/// The network an address is counted under: /24 for IPv4, /64 for IPv6.
pub fn network_of(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

fn network_kind(ip: IpAddr) -> &'static str {
    match ip.to_canonical() {
        ip if ip.is_loopback() => "loopback",
        IpAddr::V4(v4) if v4.is_private() || v4.is_link_local() => "private",
        IpAddr::V6(v6) if v6.is_unique_local() || v6.is_unicast_link_local() => "private",
        _ => "public",
    }
}
