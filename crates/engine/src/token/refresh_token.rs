use domain::{Actor, Client, Event, EventKind, OpaqueToken, Resource, Scopes, Secret, TokenKind, UserStatus};
use protocol::error::{ErrorCode, OAuthError};
use protocol::resource;
use protocol::token::{TokenResponse, narrow};
use storage::Rotation;
use storage::grants::Grant;
use storage::refresh_tokens::{self, Family};

use super::TokenError;
use super::mint::Wanted;
use crate::{App, Ctx, Fault};

const INVALID: OAuthError = OAuthError::new(ErrorCode::InvalidGrant, "the refresh token is not valid");

impl App {
    /// Exchanges a refresh token for a new pair (OAuth 2.1 section 4.3). Each is good once: presented again, its whole
    /// family dies, because one of the two who have it must not (OA14, D6).
    pub(super) async fn refresh(
        &self,
        ctx: &Ctx,
        client: &Client,
        token: &Secret<String>,
        (scope, resources): (Option<&Scopes>, &[Resource]),
    ) -> Result<TokenResponse, TokenError> {
        let Some(family) = self.find_refresh(ctx, token).await? else {
            return Err(self.refuse_token(ctx, client, INVALID).await);
        };
        let Family {
            token: stored,
            grant,
            user,
        } = family;
        if stored.client_id != client.client_id {
            return Err(self.refuse_token(ctx, client, INVALID).await);
        }
        let ctx = &ctx.acting_as(Actor::Client(client.client_id.clone()));
        if stored.consumed_at.is_some() && grant.revoked_at.is_none() {
            return Err(self.punish_refresh_reuse(ctx, client, &grant).await);
        }
        let dead = stored.consumed_at.is_some()
            || ctx.now >= stored.expires_at
            || grant.revoked_at.is_some()
            || !client.honours(stored.created_at);
        if dead || user.status != UserStatus::Active {
            return Err(self.refuse_token(ctx, client, INVALID).await);
        }
        let narrowed = narrow(&grant.scopes, scope)
            .and_then(|scopes| Ok((scopes, resource::narrow(&grant.resources, resources)?)));
        let (scopes, resources) = match narrowed {
            Ok(narrowed) => narrowed,
            Err(error) => return Err(self.refuse_token(ctx, client, error).await),
        };

        let wanted = Wanted {
            client,
            grant: Some(&grant),
            scopes: &scopes,
            resources: &resources,
        };
        let access = self.mint_access(ctx, &wanted).await?;
        let id_token = if scopes.contains("openid") {
            Some(
                self.mint_id_token(ctx, client, (&user, &grant, None), &access.text)
                    .await?,
            )
        } else {
            None
        };
        let next = self.mint_refresh(client, &grant, ctx.now);
        let event = Event::success(EventKind::TokenIssued)
            .client(&client.client_id)
            .user(user.id)
            .grant(grant.id)
            .detail("grant_type", "refresh_token")
            .detail("scope", scopes.to_string())
            .detail("jti", access.jti);
        let event = match grant.session_id {
            Some(session) => event.session(session),
            None => event,
        };
        let rotation = Rotation {
            used: stored.hash,
            at: ctx.now,
            next: next.row,
        };
        if !self.append_rotation(ctx, event, access.row, rotation).await? {
            // Another request was first with the same token.
            return Err(self.punish_refresh_reuse(ctx, client, &grant).await);
        }

        Ok(TokenResponse {
            refresh_token: Some(next.text.expose().to_owned()),
            id_token,
            ..TokenResponse::bearer(access.text, access.expires_in, scopes)
        })
    }

    async fn find_refresh(&self, ctx: &Ctx, token: &Secret<String>) -> Result<Option<Family>, Fault> {
        let Some(hash) = OpaqueToken::parse(TokenKind::Refresh, token.expose()) else {
            return Ok(None);
        };
        let mut read = self.db.read(ctx.tenant_id()).await?;
        Ok(refresh_tokens::find_family(&mut read, &hash).await?)
    }

    async fn punish_refresh_reuse(&self, ctx: &Ctx, client: &Client, grant: &Grant) -> TokenError {
        let event = Event::failure(EventKind::RefreshTokenReused, "refresh_token_reused")
            .client(&client.client_id)
            .user(grant.user_id)
            .grant(grant.id);
        match self.revoke_family(ctx, grant, event).await {
            Ok(()) => TokenError::Refused(INVALID),
            Err(fault) => TokenError::Fault(fault),
        }
    }
}
