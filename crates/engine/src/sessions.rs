//! Signed-in browsers.

use std::time::Duration;

use domain::{
    Event, EventKind, Events, OpaqueToken, Session, SessionId, SessionLimits, TokenKind, User, UserStatus,
};
use storage::{grants, sessions, users};

use crate::{App, Ctx, Fault};

/// A session and the person it belongs to.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// The person.
    pub user: User,
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

    /// One session of the tenant, ended or not.
    pub(crate) async fn session(&self, ctx: &Ctx, id: SessionId) -> Result<Option<Session>, Fault> {
        Ok(sessions::find(&mut self.db.read(ctx.tenant_id()).await?, id).await?)
    }
}
