//! Token introspection (RFC 7662, OX6).

use bytes::Bytes;
use domain::{Client, Event, EventKind, OpaqueToken, TokenHash, TokenKind, UserStatus};
use protocol::access_token::AccessTokenClaims;
use protocol::introspection::{ActiveToken, IntrospectionResponse, may_see};
use storage::clients;
use storage::refresh_tokens::{self, Family};

use crate::{App, Ctx, Fault};

impl App {
    /// What `caller` may know of `token`: everything if it was issued to it, is meant for its resource, or it may
    /// introspect all; else exactly that it is not active, whether it exists or not. The JSON document, ready to send.
    pub async fn introspect(&self, ctx: &Ctx, caller: &Client, token: &str) -> Result<Bytes, Fault> {
        self.passwords.make_way();
        if let Some(hash) = OpaqueToken::parse(TokenKind::Refresh, token) {
            return written(&Box::pin(self.introspect_refresh(ctx, caller, &hash)).await?);
        }
        let Some(active) = self.active_access_token(ctx, token).await? else {
            return written(&IntrospectionResponse::Inactive);
        };
        if !may_see(caller, &active.client.client_id, &active.claims.aud) {
            self.record_foreign(ctx, caller).await?;
            return written(&IntrospectionResponse::Inactive);
        }
        if let Some(told) = active.told.get() {
            return Ok(told.clone());
        }
        let answer = ActiveToken::access(active.claims.clone());
        let told = written(&IntrospectionResponse::Active(Box::new(answer)))?;
        Ok(active.told.get_or_init(|| told).clone())
    }

    async fn introspect_refresh(
        &self,
        ctx: &Ctx,
        caller: &Client,
        hash: &TokenHash,
    ) -> Result<IntrospectionResponse, Fault> {
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let Some(family) = refresh_tokens::find_family(&mut read, hash).await? else {
            return Ok(IntrospectionResponse::Inactive);
        };
        let Family { token, grant, user } = family;
        let owner = clients::find(&mut read, &token.client_id).await?;
        drop(read);
        let Some(owner) = owner else {
            return Ok(IntrospectionResponse::Inactive);
        };
        let alive = token.consumed_at.is_none()
            && ctx.now < token.expires_at
            && grant.revoked_at.is_none()
            && owner.disabled_at.is_none()
            && owner.honours(token.created_at);
        if !alive || user.status != UserStatus::Active {
            return Ok(IntrospectionResponse::Inactive);
        }
        if caller.client_id != token.client_id && !caller.settings.may_introspect {
            self.record_foreign(ctx, caller).await?;
            return Ok(IntrospectionResponse::Inactive);
        }
        let subject = self.subject_for(ctx, &owner, grant.user_id).await?;
        Ok(IntrospectionResponse::Active(Box::new(ActiveToken::refresh(
            AccessTokenClaims {
                iss: ctx.issuer().clone(),
                sub: subject.to_string(),
                aud: vec![ctx.issuer().to_string()],
                client_id: token.client_id,
                iat: token.created_at,
                exp: token.expires_at,
                jti: grant.id.to_string(),
                scope: grant.scopes,
                acr: Some(grant.acr),
                amr: grant.amr.iter().map(|amr| amr.as_str().to_owned()).collect(),
                auth_time: Some(grant.auth_time),
                grant: Some(grant.id),
            },
        ))))
    }

    async fn record_foreign(&self, ctx: &Ctx, caller: &Client) -> Result<(), Fault> {
        let event =
            Event::failure(EventKind::IntrospectionRefused, "foreign_token").client(&caller.client_id);
        self.refuse(&ctx.acting_as_client(caller), event).await
    }
}

fn written(answer: &IntrospectionResponse) -> Result<Bytes, Fault> {
    serde_json::to_vec(answer)
        .map(Bytes::from)
        .map_err(|_| Fault::Internal("an introspection answer does not serialize"))
}
