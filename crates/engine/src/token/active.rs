use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use domain::{AccessTokenFormat, Client, OpaqueToken, Timestamp, TokenHash, TokenKind, User, UserStatus};
use protocol::access_token::AccessTokenClaims;
use protocol::jose::claims::MAX_LEEWAY;
use storage::grants::{self, Grant};
use storage::{access_tokens, revoked_tokens, users};
use tokio::time::Instant;

use super::mint::signed_in_claims;
use crate::{App, Ctx, Fault, cache};

/// An access token that counts now.
#[derive(Debug)]
pub struct ActiveToken {
    /// Its form.
    pub format: AccessTokenFormat,
    /// What it says; the same for both forms.
    pub claims: AccessTokenClaims,
    /// Under what it is stored, if it is opaque.
    pub hash: Option<TokenHash>,
    /// The client it was issued to.
    pub client: Arc<Client>,
    /// The person it acts for, and what they allowed; `None` for a client acting for itself.
    pub on_behalf_of: Option<(User, Grant)>,
    /// What is told of it at introspection, made once.
    pub(crate) told: OnceLock<Bytes>,
}

impl ActiveToken {
    /// Whether it counts at `now`. Our own clock set the end, so nothing is forgiven there; another node's clock may be
    /// ahead of ours (A1).
    fn is_of_now(&self, now: Timestamp) -> bool {
        let leeway = Duration::from_secs(self.client.settings.leeway_secs.into());
        now < self.claims.exp && self.claims.iat <= now.plus(leeway)
    }
}

impl App {
    /// The access token, if it counts: known or rightly signed, not expired, not revoked, its client and its person
    /// switched on, its grant alive. That it does is believed for a moment ([`crate::cache`]).
    pub async fn active_access_token(
        &self,
        ctx: &Ctx,
        token: &str,
    ) -> Result<Option<Arc<ActiveToken>>, Fault> {
        let presented = cache::presented(token);
        if let Some(active) = self.beliefs.token(ctx.tenant_id(), presented) {
            return Ok(Some(active).filter(|active| active.is_of_now(ctx.now)));
        }
        let asked = Instant::now();
        let found = Box::pin(self.find_active(ctx, token)).await?.map(Arc::new);
        if let Some(active) = &found {
            self.beliefs
                .believe_token(ctx.tenant_id(), presented, active, asked);
        }
        Ok(found)
    }

    async fn find_active(&self, ctx: &Ctx, token: &str) -> Result<Option<ActiveToken>, Fault> {
        let hash = OpaqueToken::parse(TokenKind::Access, token);
        let (format, claims) = match &hash {
            Some(hash) => (AccessTokenFormat::Opaque, self.read_opaque(ctx, hash).await?),
            None => (AccessTokenFormat::Jwt, self.read_jwt(ctx, token).await?),
        };
        let Some(mut claims) = claims else { return Ok(None) };
        let Some(client) = self.known_client(ctx, &claims.client_id).await? else {
            return Ok(None);
        };
        if client.disabled_at.is_some() || !client.honours(claims.iat) {
            return Ok(None);
        }
        let mut read = self.db.read(ctx.tenant_id()).await?;
        if format == AccessTokenFormat::Jwt && revoked_tokens::contains(&mut read, &claims.jti).await? {
            return Ok(None);
        }
        let on_behalf_of = match claims.grant {
            None => None,
            Some(id) => {
                let Some(grant) = grants::find(&mut read, id).await? else {
                    return Ok(None);
                };
                let Some(account) = users::find(&mut read, grant.user_id).await? else {
                    return Ok(None);
                };
                if grant.revoked_at.is_some() || account.user.status != UserStatus::Active {
                    return Ok(None);
                }
                signed_in_claims(&mut claims, &grant);
                if format == AccessTokenFormat::Opaque {
                    let subject = self.subject_for(ctx, &client, grant.user_id).await?;
                    claims.sub = subject.to_string();
                }
                Some((account.user, grant))
            }
        };
        let active = ActiveToken {
            format,
            claims,
            hash,
            client,
            on_behalf_of,
            told: OnceLock::new(),
        };
        Ok(Some(active).filter(|active| active.is_of_now(ctx.now)))
    }

    async fn read_opaque(&self, ctx: &Ctx, hash: &TokenHash) -> Result<Option<AccessTokenClaims>, Fault> {
        let found = access_tokens::find(&mut self.db.read(ctx.tenant_id()).await?, hash).await?;
        Ok(found
            .filter(|row| row.revoked_at.is_none())
            .map(|row| AccessTokenClaims {
                iss: ctx.issuer().clone(),
                // Of a person's token the client decides, who is found later.
                sub: row.client_id.to_string(),
                aud: row.audience,
                client_id: row.client_id,
                iat: row.issued_at,
                exp: row.expires_at,
                jti: row.jti,
                scope: row.scopes,
                acr: None,
                amr: Vec::new(),
                auth_time: None,
                grant: row.grant_id,
            }))
    }

    async fn read_jwt(&self, ctx: &Ctx, token: &str) -> Result<Option<AccessTokenClaims>, Fault> {
        let keys = self.keys(ctx.tenant_id()).await?;
        Ok(AccessTokenClaims::verify(token, ctx.issuer(), keys.as_ref(), ctx.now, MAX_LEEWAY).ok())
    }
}
