//! Making tokens. Signing happens before the transaction, so that nothing slow is done inside it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{AccessTokenFormat, Client, OpaqueToken, Resource, Scopes, Timestamp, TokenKind, User};
use protocol::access_token::AccessTokenClaims;
use protocol::authorize::ClaimsRequest;
use protocol::id_token::IdTokenClaims;
use protocol::resource::audience;
use protocol::userinfo::{self, Target};
use storage::access_tokens::AccessToken;
use storage::grants::Grant;
use storage::refresh_tokens::RefreshToken;

use crate::{App, Ctx, Fault};

/// A refresh token that is not used for this long is dead, however long its family may live (OA14).
const REFRESH_IDLE: Duration = Duration::from_hours(14 * 24);

/// An access token ready to be handed out, and the row to store if it is opaque.
pub(super) struct MintedAccess {
    pub text: String,
    pub jti: String,
    pub expires_in: u64,
    pub row: Option<AccessToken>,
}

/// A refresh token ready to be handed out, and its row.
pub(super) struct MintedRefresh {
    pub text: OpaqueToken,
    pub row: RefreshToken,
}

/// What an access token is to be good for.
pub(super) struct Wanted<'a> {
    pub client: &'a Client,
    pub grant: Option<&'a Grant>,
    pub scopes: &'a Scopes,
    pub resources: &'a [Resource],
}

/// Says how the person of `grant` was signed in.
pub(super) fn signed_in_claims(claims: &mut AccessTokenClaims, grant: &Grant) {
    claims.acr = Some(grant.acr);
    claims.amr = grant.amr.iter().map(|amr| amr.as_str().to_owned()).collect();
    claims.auth_time = Some(grant.auth_time);
}

impl App {
    pub(super) async fn mint_access(&self, ctx: &Ctx, wanted: &Wanted<'_>) -> Result<MintedAccess, Fault> {
        let Wanted {
            client,
            grant,
            scopes,
            resources,
        } = *wanted;
        let expires_in = u64::from(client.settings.access_token_secs);
        let sub = match grant {
            Some(grant) => self.subject_for(ctx, client, grant.user_id).await?.to_string(),
            None => client.client_id.to_string(),
        };
        let opaque = match client.settings.access_token_format {
            AccessTokenFormat::Jwt => None,
            AccessTokenFormat::Opaque => Some(OpaqueToken::generate(TokenKind::Access, &self.world)),
        };
        let mut claims = AccessTokenClaims {
            iss: ctx.issuer().clone(),
            sub,
            aud: audience(client, ctx.issuer(), scopes, resources),
            client_id: client.client_id.clone(),
            iat: ctx.now,
            exp: ctx.now.plus(Duration::from_secs(expires_in)),
            jti: match &opaque {
                None => URL_SAFE_NO_PAD.encode(self.world.random::<16>()),
                Some(token) => token.hash().public_id(),
            },
            scope: scopes.clone(),
            acr: None,
            amr: Vec::new(),
            auth_time: None,
            grant: grant.map(|grant| grant.id),
        };
        if let Some(grant) = grant {
            signed_in_claims(&mut claims, grant);
        }
        let jti = claims.jti.clone();
        match opaque {
            None => {
                let key = self
                    .signing_key(ctx.tenant_id(), client.settings.access_token_alg)
                    .await?;
                let text = claims
                    .sign(&key)
                    .map_err(|_| Fault::Internal("signing an access token failed"))?;
                Ok(MintedAccess {
                    text,
                    jti,
                    expires_in,
                    row: None,
                })
            }
            Some(token) => {
                let row = AccessToken {
                    hash: token.hash(),
                    jti: claims.jti,
                    grant_id: claims.grant,
                    client_id: claims.client_id,
                    scopes: claims.scope,
                    audience: claims.aud,
                    issued_at: claims.iat,
                    expires_at: claims.exp,
                    revoked_at: None,
                };
                Ok(MintedAccess {
                    text: token.expose().to_owned(),
                    jti,
                    expires_in,
                    row: Some(row),
                })
            }
        }
    }

    /// The ID token for `openid` requests (OIDC Core section 2).
    pub(super) async fn mint_id_token(
        &self,
        ctx: &Ctx,
        client: &Client,
        (user, grant, nonce): (&User, &Grant, Option<String>),
        access_token: &str,
    ) -> Result<String, Fault> {
        let wanted: Option<ClaimsRequest> = match &grant.claims {
            Some(stored) => Some(
                serde_json::from_value(stored.clone())
                    .map_err(|_| Fault::Internal("stored claims are broken"))?,
            ),
            None => None,
        };
        let subject = self.subject_for(ctx, client, user.id).await?;
        let claims = IdTokenClaims {
            issuer: ctx.issuer().clone(),
            subject,
            client_id: client.client_id.clone(),
            issued_at: ctx.now,
            expires_at: ctx
                .now
                .plus(Duration::from_secs(client.settings.access_token_secs.into())),
            auth_time: grant.auth_time,
            nonce,
            acr: grant.acr,
            amr: grant.amr.clone(),
            session: grant.session_id,
            person: userinfo::claims_for((user, subject), &grant.scopes, wanted.as_ref(), Target::IdToken),
        };
        let key = self
            .signing_key(ctx.tenant_id(), client.settings.id_token_alg)
            .await?;
        claims
            .sign(&key, Some(access_token))
            .map_err(|_| Fault::Internal("signing an ID token failed"))
    }

    pub(super) fn mint_refresh(&self, client: &Client, grant: &Grant, now: Timestamp) -> MintedRefresh {
        let text = OpaqueToken::generate(TokenKind::Refresh, &self.world);
        let family_ends = grant
            .created_at
            .plus(Duration::from_secs(client.settings.refresh_token_secs.into()));
        let row = RefreshToken {
            hash: text.hash(),
            grant_id: grant.id,
            client_id: client.client_id.clone(),
            consumed_at: None,
            created_at: now,
            expires_at: family_ends.min(now.plus(REFRESH_IDLE)),
        };
        MintedRefresh { text, row }
    }
}
