//! Token revocation (RFC 7009, OX7).

use domain::{AccessTokenFormat, Actor, Client, Event, EventKind, Events, OpaqueToken, TokenHash, TokenKind};
use storage::{access_tokens, grants, refresh_tokens, revoked_tokens};

use crate::{App, Ctx, Fault};

impl App {
    /// Revokes a token of `client`. A refresh token takes its whole grant with it, so that its access tokens die too;
    /// an access token dies alone. Unknown, foreign and dead tokens change nothing and get the same answer.
    pub async fn revoke_token(&self, ctx: &Ctx, client: &Client, token: &str) -> Result<(), Fault> {
        if let Some(hash) = OpaqueToken::parse(TokenKind::Refresh, token) {
            return self.revoke_refresh(ctx, client, &hash).await;
        }
        let Some(active) = self.active_access_token(ctx, token).await? else {
            return self.refuse_revocation(ctx, client, "unknown_token").await;
        };
        if active.client.client_id != client.client_id {
            return self.refuse_revocation(ctx, client, "foreign_token").await;
        }
        // Holding the token is proof enough of being its client.
        let ctx = &ctx.acting_as(Actor::Client(client.client_id.clone()));
        let mut event = Event::success(EventKind::TokenRevoked)
            .client(&client.client_id)
            .detail("token", "access_token")
            .detail("jti", active.claims.jti.clone());
        if let Some((user, grant)) = &active.on_behalf_of {
            event = event.user(user.id).grant(grant.id);
        }
        let events = self.record(ctx, event).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        match (active.format, &active.hash) {
            (AccessTokenFormat::Opaque, Some(hash)) => access_tokens::revoke(&mut tx, hash, ctx.now).await?,
            _ => revoked_tokens::insert(&mut tx, &active.claims.jti, active.claims.exp, ctx.now).await?,
        };
        tx.commit(events).await?;
        Ok(())
    }

    async fn revoke_refresh(&self, ctx: &Ctx, client: &Client, hash: &TokenHash) -> Result<(), Fault> {
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let Some(token) = refresh_tokens::find(&mut read, hash).await? else {
            drop(read);
            return self.refuse_revocation(ctx, client, "unknown_token").await;
        };
        let grant = grants::find(&mut read, token.grant_id).await?;
        drop(read);
        if token.client_id != client.client_id {
            return self.refuse_revocation(ctx, client, "foreign_token").await;
        }
        let Some(grant) = grant else {
            return Err(Fault::Internal("a refresh token without a grant"));
        };
        let ctx = &ctx.acting_as(Actor::Client(client.client_id.clone()));
        let event = Event::success(EventKind::TokenRevoked)
            .client(&client.client_id)
            .user(grant.user_id)
            .grant(grant.id)
            .detail("token", "refresh_token");
        let events: Events<_> = self.record(ctx, event).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if grants::revoke(&mut tx, grant.id, ctx.now).await? {
            tx.commit(events).await?;
        } else {
            // Dead already: nothing changes and nothing is recorded twice.
            tx.rollback().await?;
        }
        Ok(())
    }

    async fn refuse_revocation(&self, ctx: &Ctx, client: &Client, why: &'static str) -> Result<(), Fault> {
        self.refuse(
            &ctx.acting_as_client(client),
            Event::failure(EventKind::TokenRevoked, why).client(&client.client_id),
        )
        .await
    }
}
