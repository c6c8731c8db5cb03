//! Signed-in browsers.

use std::net::IpAddr;
use std::time::Duration;

use domain::{
    Actor, Event, EventKind, Events, OpaqueToken, Session, SessionId, SessionLimits, TokenKind, User, UserId,
    UserStatus,
};
use serde::{Deserialize, Serialize};
use storage::sessions::Sealed;
use storage::{grants, sessions, users};

use crate::login::LoggedIn;
use crate::seal::{Place, Purpose, SealKey};
use crate::{App, Ctx, Fault};

/// A session and the person it belongs to.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// The person.
    pub user: User,
}

/// A session as its own person sees it.
#[derive(Debug)]
pub struct OwnSession {
    /// The session.
    pub session: Session,
    /// Where they last proved who they are in it; `None` if that was not kept or can no longer be read.
    pub address: Option<IpAddr>,
}

/// From where a person signed in: sealed beside the session.
#[derive(Serialize, Deserialize)]
struct Whereabouts {
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
}

/// Use is noted when the last note is at least this old.
const NOTE_USE_EVERY: Duration = Duration::from_mins(1);

impl App {
    /// Who is signed in with this session cookie. Unknown, ended and expired sessions and disabled people are nobody.
    pub async fn signed_in(&self, ctx: &Ctx, cookie: &str) -> Result<Option<SignedIn>, Fault> {
        let Some(hash) = OpaqueToken::parse(TokenKind::Session, cookie) else {
            return Ok(None);
        };
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let Some(session) = sessions::find_by_token(&mut read, &hash).await? else {
            return Ok(None);
        };
        if !session.is_live(ctx.now) {
            return Ok(None);
        }
        let Some(account) = users::find(&mut read, session.user_id).await? else {
            return Ok(None);
        };
        drop(read);
        if account.user.status != UserStatus::Active {
            return Ok(None);
        }
        if ctx.now.since(session.last_seen_at) >= NOTE_USE_EVERY {
            let idle_until = ctx.now.plus(SessionLimits::for_acr(session.acr).idle);
            let mut tx = self.db.begin(ctx.tenant_id()).await?;
            sessions::touch(&mut tx, session.id, ctx.now, idle_until).await?;
            tx.commit_unrecorded("the use of a session is noted").await?;
        }
        Ok(Some(SignedIn {
            session,
            user: account.user,
        }))
    }

    /// Ends a session and what was granted in it, except what was granted for offline use.
    pub async fn end_session(&self, ctx: &Ctx, session: &Session, kind: EventKind) -> Result<bool, Fault> {
        let event = Event::success(kind).user(session.user_id).session(session.id);
        let events: Events<_> = self.record(ctx, event).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !sessions::end(&mut tx, session.id, ctx.now).await? {
            tx.rollback().await?;
            return Ok(false);
        }
        grants::revoke_online_for_session(&mut tx, session.id, ctx.now).await?;
        tx.commit(events).await?;
        Ok(true)
    }

    /// Ends the oldest sessions of a person who has more than they may (SE12), never the one just begun.
    pub(crate) async fn end_surplus_sessions(&self, ctx: &Ctx, done: &LoggedIn) -> Result<(), Fault> {
        let ctx = &ctx.acting_as(Actor::System);
        let most = usize::try_from(self.throttle.sessions).unwrap_or(usize::MAX);
        let listed = {
            let mut read = self.db.read(ctx.tenant_id()).await?;
            sessions::list_for_user(&mut read, done.user.id, ctx.now).await?
        };
        let surplus = listed.len().saturating_sub(most);
        // By last use: who is there every day is not signed out for a browser nobody came back to.
        let mut others: Vec<Session> = listed
            .into_iter()
            .map(|(session, _)| session)
            .filter(|session| session.id != done.session.id)
            .collect();
        others.sort_by_key(|session| (session.last_seen_at, session.id));
        for session in others.iter().take(surplus) {
            self.end_session(ctx, session, EventKind::SessionEnded).await?;
        }
        Ok(())
    }

    /// Ends every session of a person, one event for each; how many there were. No browser is known to be theirs after it.
    pub async fn end_sessions_of(&self, ctx: &Ctx, user: UserId) -> Result<usize, Fault> {
        self.forget_browsers(ctx, user, None).await?;
        let listed = {
            let mut read = self.db.read(ctx.tenant_id()).await?;
            sessions::list_for_user(&mut read, user, ctx.now).await?
        };
        let mut ended = 0;
        for (session, _) in &listed {
            ended += usize::from(self.end_session(ctx, session, EventKind::SessionEnded).await?);
        }
        Ok(ended)
    }

    /// A person's live sessions, as an operator sees them.
    pub async fn live_sessions_of(&self, ctx: &Ctx, user: UserId) -> Result<Vec<Session>, Fault> {
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let listed = sessions::list_for_user(&mut read, user, ctx.now).await?;
        Ok(listed.into_iter().map(|(session, _)| session).collect())
    }

    /// Ends one session of a person; false if they have no such one.
    pub async fn end_session_of(&self, ctx: &Ctx, user: UserId, id: SessionId) -> Result<bool, Fault> {
        match self.session(ctx, id).await? {
            Some(session) if session.user_id == user => {
                self.end_session(ctx, &session, EventKind::SessionEnded).await
            }
            _ => Ok(false),
        }
    }

    /// One session of the tenant, ended or not.
    pub(crate) async fn session(&self, ctx: &Ctx, id: SessionId) -> Result<Option<Session>, Fault> {
        Ok(sessions::find(&mut self.db.read(ctx.tenant_id()).await?, id).await?)
    }
}

impl App {
    /// Seals where a person signs in from under their own key. Nothing is kept of somebody without a key, who was
    /// erased.
    pub(crate) async fn seal_whereabouts(
        &self,
        ctx: &Ctx,
        session: &Session,
    ) -> Result<Option<Sealed>, Fault> {
        if ctx.client_ip.is_none() && ctx.agent.is_none() {
            return Ok(None);
        }
        let Some((key, seal)) = self.person_key(ctx, session).await? else {
            return Ok(None);
        };
        let plain = serde_json::to_vec(&Whereabouts {
            ip: ctx.client_ip,
            agent: ctx.agent.clone(),
        })
        .map_err(|_| Fault::Internal("whereabouts do not serialize"))?;
        let row = session.id.to_string();
        let bytes = seal.seal(&self.world, whereabouts_place(ctx, &row), &plain)?;
        Ok(Some(Sealed { key, bytes }))
    }

    /// The person's live sessions, each with what can still be read of where it is from.
    pub(crate) async fn sessions_of(&self, ctx: &Ctx, who: &SignedIn) -> Result<Vec<OwnSession>, Fault> {
        let listed = {
            let mut read = self.db.read(ctx.tenant_id()).await?;
            sessions::list_for_user(&mut read, who.user.id, ctx.now).await?
        };
        let key = self.person_key(ctx, &who.session).await?;
        Ok(listed
            .into_iter()
            .map(|(session, sealed)| OwnSession {
                address: sealed.and_then(|sealed| address(ctx, key.as_ref(), &session, &sealed)),
                session,
            })
            .collect())
    }

    async fn person_key(&self, ctx: &Ctx, session: &Session) -> Result<Option<(uuid::Uuid, SealKey)>, Fault> {
        self.seals
            .sealing(
                &self.db,
                &self.world,
                ctx.tenant_id(),
                &Purpose::Person(session.user_id),
            )
            .await
    }
}

/// What does not open is not shown; people can still end the session.
fn address(
    ctx: &Ctx,
    key: Option<&(uuid::Uuid, SealKey)>,
    session: &Session,
    sealed: &Sealed,
) -> Option<IpAddr> {
    let (_, key) = key.filter(|(id, _)| *id == sealed.key)?;
    let row = session.id.to_string();
    let plain = key.open(whereabouts_place(ctx, &row), &sealed.bytes).ok()?;
    serde_json::from_slice::<Whereabouts>(plain.expose()).ok()?.ip
}

/// Where the whereabouts of the session `row` are sealed.
pub(crate) fn whereabouts_place<'a>(ctx: &Ctx, row: &'a str) -> Place<'a> {
    Place {
        tenant: ctx.tenant_id(),
        column: "sessions.sealed",
        row,
    }
}
