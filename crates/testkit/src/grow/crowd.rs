use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use domain::{
    Acr, Actor, Amr, Device, Email, Event, EventKind, GrantId, Profile, Resource, Scopes, Session, SessionId,
    SessionLimits, Timestamp, TokenKind, User, UserId, UserStatus, World,
};
use engine::Ctx;
use engine::growth::{PersonKey, Sealer};
use storage::bulk::{Agreement, Batch};
use storage::grants::Grant;

use super::tokens::{AccessSeed, RefreshSeed};
use super::{ALIVE, GrowError, Plan, token};
use crate::world::{ManualClock, SeededEntropy};

const GIVEN: [&str; 8] = ["Ada", "Bruno", "Chiara", "Dev", "Elif", "Farah", "Goran", "Hana"];
const FAMILY: [&str; 8] = [
    "Almeida", "Berger", "Costa", "Dvorak", "Eriksen", "Fischer", "Garcia", "Haddad",
];
const AGENTS: [&str; 3] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 \
     Mobile/15E148 Safari/604.1",
];
/// People came over a year and signed in over the last half day, in the order of their numbers, as rows do that are
/// added one after the other.
const JOINED: Duration = Duration::from_hours(365 * 24);
const SIGNED_IN: Duration = Duration::from_hours(12);
/// From the sign-in to the first token.
const CODE: Duration = Duration::from_secs(2);

/// Everything the rows of the crowd are made from.
pub(super) struct Crowd {
    pub(super) plan: Plan,
    pub(super) ctx: Ctx,
    pub(super) now: Timestamp,
    pub(super) sealer: Sealer,
    pub(super) password_hash: Arc<str>,
    pub(super) scopes: Scopes,
    pub(super) resources: Vec<Resource>,
    pub(super) audience: Vec<String>,
}

/// Some people with what belongs to them. Their tokens come apart, because they are written in another order.
#[derive(Default)]
pub(super) struct Chunk {
    pub(super) batch: Batch,
    pub(super) access: Vec<AccessSeed>,
    pub(super) refresh: Vec<RefreshSeed>,
    pub(super) told: Told,
}

/// Credentials that are told.
#[derive(Default)]
pub(super) struct Told {
    pub(super) logins: Vec<String>,
    pub(super) access: Vec<String>,
    pub(super) refresh: Vec<String>,
}

/// The address of one of the crowd.
pub(super) fn email(seed: u64, local: &str) -> Result<Email, GrowError> {
    format!("{local}@s{seed}.crowd.example")
        .parse()
        .map_err(|_| GrowError::Plan("an address of the crowd is malformed"))
}

/// A world whose clock the maker sets.
struct Maker {
    world: World,
    clock: Arc<ManualClock>,
}

impl Crowd {
    /// The people of these numbers. Each chunk has random bytes of its own, so that chunks do not depend on each other.
    pub(super) fn chunk(&self, numbers: Range<u64>) -> Result<Chunk, GrowError> {
        let clock = Arc::new(ManualClock::at(self.now));
        let seed = self.plan.seed.rotate_left(40) ^ numbers.start;
        let maker = Maker {
            world: World::new(clock.clone(), Arc::new(SeededEntropy::from_seed(seed))),
            clock,
        };
        let mut chunk = Chunk::default();
        for number in numbers {
            self.person(&maker, number, &mut chunk)?;
        }
        Ok(chunk)
    }

    fn person(&self, maker: &Maker, number: u64, chunk: &mut Chunk) -> Result<(), GrowError> {
        let Maker { world, clock } = maker;
        let joined = self.now.minus(JOINED).plus(self.share(JOINED, number));
        clock.set(joined);
        let id = UserId::generate(world);
        let key = self.sealer.person(world, &self.ctx, id)?;
        let grants = shared_out(self.grants(), self.plan.users, number);
        let signed_in = self.now.minus(SIGNED_IN).plus(self.share(SIGNED_IN, number));
        let user = User {
            id,
            email: email(self.plan.seed, &format!("u{number:08}"))?,
            email_verified: true,
            profile: profile(number),
            status: UserStatus::Active,
            created_at: joined,
            updated_at: joined,
            last_login_at: (!grants.is_empty()).then_some(signed_in),
        };
        if is_told(self.plan.users, self.plan.told, number) {
            chunk.told.logins.push(user.email.as_str().to_owned());
        }
        chunk
            .batch
            .users
            .push((user, Some(Arc::clone(&self.password_hash))));
        clock.set(signed_in);
        for grant in grants.clone() {
            self.grant(maker, (id, &key), grant, chunk)?;
        }
        if !grants.is_empty() {
            chunk.batch.consents.push(Agreement {
                user_id: id,
                client_id: self.plan.client.clone(),
                scopes: self.scopes.clone(),
                granted_at: signed_in,
            });
        }
        chunk.batch.data_keys.push(key.row);
        Ok(())
    }

    /// One sign-in and what came of it.
    fn grant(
        &self,
        Maker { world, clock }: &Maker,
        (user, key): (UserId, &PersonKey),
        number: u64,
        chunk: &mut Chunk,
    ) -> Result<(), GrowError> {
        let signed_in = world.now();
        let at_login = self.visit(Actor::User(user), signed_in, number);
        let limits = SessionLimits::for_acr(Acr::Aal1);
        let session = Session {
            id: SessionId::generate(world),
            user_id: user,
            acr: Acr::Aal1,
            amr: vec![Amr::Password],
            auth_time: signed_in,
            device: at_login.agent.as_deref().map(Device::of),
            created_at: signed_in,
            last_seen_at: signed_in,
            idle_expires_at: signed_in.plus(limits.idle),
            absolute_expires_at: signed_in.plus(limits.absolute),
            ended_at: None,
        };
        let grant = Grant {
            id: GrantId::generate(world),
            client_id: self.plan.client.clone(),
            user_id: user,
            session_id: Some(session.id),
            scopes: self.scopes.clone(),
            resources: self.resources.clone(),
            offline: self.scopes.contains("offline_access"),
            acr: session.acr,
            amr: session.amr.clone(),
            auth_time: signed_in,
            claims: None,
            created_at: signed_in,
            revoked_at: None,
        };
        let login = Event::success(EventKind::Login)
            .user(user)
            .session(session.id)
            .client(&self.plan.client)
            .detail("method", "password")
            .detail("acr", session.acr.as_str());
        chunk
            .batch
            .events
            .push(self.sealer.event(world, &at_login, key, &login)?);

        let issued = signed_in.plus(CODE);
        clock.set(issued);
        let refresh = token(TokenKind::Refresh, world);
        if is_told(self.grants(), self.plan.told, number) {
            chunk.told.refresh.push(refresh.expose().to_owned());
        }
        chunk.refresh.push(RefreshSeed {
            hash: refresh.hash(),
            grant: grant.id,
            created: issued,
        });
        for number in shared_out(self.plan.tokens, self.grants(), number) {
            let access = token(TokenKind::Access, world);
            if is_told(self.plan.tokens, self.plan.told, number) {
                chunk.told.access.push(access.expose().to_owned());
            }
            chunk.access.push(AccessSeed {
                hash: access.hash(),
                grant: grant.id,
                issued,
                expires: issued.plus(SIGNED_IN + ALIVE),
            });
        }
        let at_token = self.visit(Actor::Client(self.plan.client.clone()), issued, number);
        let token_issued = Event::success(EventKind::TokenIssued)
            .client(&self.plan.client)
            .user(user)
            .grant(grant.id)
            .session(session.id)
            .detail("grant_type", "authorization_code")
            .detail("scope", self.scopes.to_string());
        chunk
            .batch
            .events
            .push(self.sealer.event(world, &at_token, key, &token_issued)?);
        let cookie = token(TokenKind::Session, world).hash();
        chunk.batch.sessions.push((session, cookie));
        chunk.batch.grants.push(grant);
        clock.set(signed_in);
        Ok(())
    }

    /// A request as the edge would describe it.
    fn visit(&self, actor: Actor, now: Timestamp, number: u64) -> Ctx {
        let [.., a, b, c] = number.wrapping_mul(0x9e37_79b9).to_be_bytes();
        Ctx {
            actor,
            client_ip: Some(IpAddr::V4(Ipv4Addr::new(10, a, b, c))),
            agent: AGENTS
                .iter()
                .cycle()
                .nth(usize::from(c))
                .map(|&agent| agent.to_owned()),
            now,
            ..self.ctx.clone()
        }
    }

    /// Two access tokens for each.
    pub(super) const fn grants(&self) -> u64 {
        self.plan.tokens.div_ceil(2)
    }

    /// The part of `whole` that lies before person `number`.
    fn share(&self, whole: Duration, number: u64) -> Duration {
        let micros = whole.as_micros() * u128::from(number) / u128::from(self.plan.users.max(1));
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }
}

/// Which of `things` fall to holder `number` when they are shared out evenly among `holders`.
fn shared_out(things: u64, holders: u64, number: u64) -> Range<u64> {
    let before = |number: u64| {
        let share = u128::from(things) * u128::from(number) / u128::from(holders.max(1));
        u64::try_from(share).unwrap_or(u64::MAX)
    };
    before(number)..before(number + 1)
}

/// Whether thing `number` of `things` is among the evenly chosen `told`.
fn is_told(things: u64, told: u64, number: u64) -> bool {
    !shared_out(told.min(things), things, number).is_empty()
}

fn profile(number: u64) -> Profile {
    let pick = |names: &[&str; 8], number: u64| {
        let at = usize::try_from(number % 8).unwrap_or(0);
        names.get(at).copied().unwrap_or_default().to_owned()
    };
    let (given, family) = (pick(&GIVEN, number), pick(&FAMILY, number / 8));
    Profile {
        name: Some(format!("{given} {family}")),
        given_name: Some(given),
        family_name: Some(family),
        ..Profile::default()
    }
}
