//! What people see and end of their own: sessions and connected applications.

use domain::{Actor, Client, ClientId, Event, EventKind, Scopes, SessionId, Timestamp};
use storage::{clients, grants, user_consents};

use crate::sessions::OwnSession;
use crate::{App, Ctx, Fault, SignedIn};

/// An application the person has allowed something.
#[derive(Debug)]
pub struct Connection {
    /// The application.
    pub client: Client,
    /// What it was allowed.
    pub scopes: Scopes,
    /// When that was last said.
    pub granted_at: Timestamp,
}

impl App {
    /// The person's live sessions, the newest first.
    pub async fn own_sessions(&self, ctx: &Ctx, who: &SignedIn) -> Result<Vec<OwnSession>, Fault> {
        let mut all = self.sessions_of(ctx, who).await?;
        all.sort_by_key(|own| std::cmp::Reverse(own.session.last_seen_at));
        Ok(all)
    }

    /// Ends one of the person's sessions; anybody else's does not exist for them.
    pub async fn end_own_session(&self, ctx: &Ctx, who: &SignedIn, id: SessionId) -> Result<bool, Fault> {
        match self.session(ctx, id).await? {
            Some(session) if session.user_id == who.user.id => {
                let ctx = ctx.acting_as(Actor::User(who.user.id));
                self.end_session(&ctx, &session, EventKind::SessionEnded).await
            }
            _ => Ok(false),
        }
    }

    /// Ends every session the person has, and everything granted in them. Browsers they are known in are forgotten, but
    /// for the one in hand, whose cookie this is.
    pub async fn end_all_own_sessions(
        &self,
        ctx: &Ctx,
        who: &SignedIn,
        device: Option<&str>,
    ) -> Result<(), Fault> {
        self.forget_browsers(ctx, who.user.id, device).await?;
        for own in self.own_sessions(ctx, who).await? {
            self.end_own_session(ctx, who, own.session.id).await?;
        }
        Ok(())
    }

    /// The applications the person has allowed something.
    pub async fn connections(&self, ctx: &Ctx, who: &SignedIn) -> Result<Vec<Connection>, Fault> {
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let mut connections = Vec::new();
        for consent in user_consents::list_for_user(&mut read, who.user.id).await? {
            if let Some(client) = clients::find(&mut read, &consent.client_id).await? {
                connections.push(Connection {
                    client,
                    scopes: consent.scopes,
                    granted_at: consent.granted_at,
                });
            }
        }
        Ok(connections)
    }

    /// Takes back what the person allowed an application: its grants die in the same commit.
    pub async fn disconnect(&self, ctx: &Ctx, who: &SignedIn, client: &ClientId) -> Result<bool, Fault> {
        let ctx = &ctx.acting_as(Actor::User(who.user.id));
        let event = Event::success(EventKind::ConsentRevoked)
            .user(who.user.id)
            .client(client);
        let events = self.record(ctx, event).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        let consents = user_consents::revoke(&mut tx, who.user.id, client, ctx.now).await?;
        let grants = grants::revoke_for_client_of_user(&mut tx, who.user.id, client, ctx.now).await?;
        if consents == 0 && grants == 0 {
            tx.rollback().await?;
            return Ok(false);
        }
        tx.commit(events).await?;
        Ok(true)
    }
}
