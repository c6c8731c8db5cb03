use domain::{
    Actor, Client, Event, EventKind, GrantType, OpaqueToken, Resource, Secret, TokenKind, UserStatus,
};
use protocol::error::{ErrorCode, OAuthError};
use protocol::token::{TokenResponse, check_redirect_uri};
use protocol::{pkce, resource};
use storage::codes::{self, Code};
use storage::grants::{self, Grant};
use storage::{access_tokens, refresh_tokens, users};

use super::TokenError;
use super::mint::Wanted;
use crate::{App, Ctx, Fault};

/// What a client presents to redeem a code.
pub(super) struct Redemption {
    pub code: Secret<String>,
    pub redirect_uri: Option<String>,
    pub code_verifier: Option<Secret<String>>,
    pub resources: Vec<Resource>,
}

const INVALID: OAuthError = OAuthError::new(ErrorCode::InvalidGrant, "the code is not valid");

impl App {
    /// Redeems a code (OAuth 2.1 section 4.1.3).
    pub(super) async fn redeem_code(
        &self,
        ctx: &Ctx,
        client: &Client,
        redemption: Redemption,
    ) -> Result<TokenResponse, TokenError> {
        let Some(hash) = OpaqueToken::parse(TokenKind::Code, redemption.code.expose()) else {
            return Err(self.refuse_token(ctx, client, INVALID).await);
        };
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let Some(code) = codes::find(&mut read, &hash).await? else {
            drop(read);
            return Err(self.refuse_token(ctx, client, INVALID).await);
        };
        let grant = grants::find(&mut read, code.grant_id)
            .await?
            .ok_or(Fault::Internal("a code without a grant"))?;
        let account = users::find(&mut read, grant.user_id).await?;
        drop(read);
        let ctx = &ctx.acting_as(Actor::Client(client.client_id.clone()));

        let resources = match check(client, &code, &grant, &redemption) {
            Ok(resources) => resources,
            Err(error) => return Err(self.fail_code(ctx, client, &code, error).await),
        };
        // From here on the request is the client's own: a code that was redeemed before is being used again.
        if code.consumed_at.is_some() {
            return Err(self.punish_reuse(ctx, client, &grant).await);
        }
        let dead = ctx.now >= code.expires_at
            || code.failures >= codes::MAX_FAILURES
            || grant.revoked_at.is_some()
            || !client.honours(code.created_at);
        let user = match account {
            Some(account) if !dead && account.user.status == UserStatus::Active => account.user,
            _ => return Err(self.refuse_token(ctx, client, INVALID).await),
        };

        let wanted = Wanted {
            client,
            grant: Some(&grant),
            scopes: &grant.scopes,
            resources: &resources,
        };
        let access = self.mint_access(ctx, &wanted).await?;
        let id_token = if grant.scopes.contains("openid") {
            Some(
                self.mint_id_token(ctx, client, (&user, &grant, code.nonce.clone()), &access.text)
                    .await?,
            )
        } else {
            None
        };
        let gets_refresh =
            client.allows(GrantType::RefreshToken) && (grant.offline || client.settings.always_refresh);
        let refresh = gets_refresh.then(|| self.mint_refresh(client, &grant, ctx.now));
        let event = Event::success(EventKind::TokenIssued)
            .client(&client.client_id)
            .user(user.id)
            .grant(grant.id)
            .detail("grant_type", "authorization_code")
            .detail("scope", grant.scopes.to_string())
            .detail("jti", access.jti);
        let event = match grant.session_id {
            Some(session) => event.session(session),
            None => event,
        };
        let events = self.record(ctx, event).await?;

        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !codes::consume(&mut tx, &code.hash, ctx.now).await? {
            tx.rollback().await?;
            // Another request was first.
            return Err(self.punish_reuse(ctx, client, &grant).await);
        }
        if let Some(row) = &access.row {
            access_tokens::insert(&mut tx, row).await?;
        }
        if let Some(refresh) = &refresh {
            refresh_tokens::insert(&mut tx, &refresh.row).await?;
        }
        tx.commit(events).await?;

        Ok(TokenResponse {
            refresh_token: refresh.map(|refresh| refresh.text.expose().to_owned()),
            id_token,
            ..TokenResponse::bearer(access.text, access.expires_in, grant.scopes)
        })
    }

    /// A failed check does not burn the code, five do: the person's client can try again, a guesser cannot go on.
    async fn fail_code(&self, ctx: &Ctx, client: &Client, code: &Code, error: OAuthError) -> TokenError {
        let work = async {
            let event = Event::failure(EventKind::TokenRefused, error.code.as_str())
                .client(&client.client_id)
                .grant(code.grant_id);
            let events = self.record(ctx, event).await?;
            let mut tx = self.db.begin(ctx.tenant_id()).await?;
            codes::record_failure(&mut tx, &code.hash).await?;
            tx.commit(events).await?;
            Ok::<_, Fault>(())
        };
        match work.await {
            Ok(()) => TokenError::Refused(error),
            Err(fault) => TokenError::Fault(fault),
        }
    }

    /// A code came a second time: whoever has it, everything from its grant ends (OA7).
    async fn punish_reuse(&self, ctx: &Ctx, client: &Client, grant: &Grant) -> TokenError {
        let event = Event::failure(EventKind::CodeReused, "code_reused")
            .client(&client.client_id)
            .user(grant.user_id)
            .grant(grant.id);
        match self.revoke_family(ctx, grant, event).await {
            Ok(()) => TokenError::Refused(INVALID),
            Err(fault) => TokenError::Fault(fault),
        }
    }

    /// Ends a grant and everything from it, and says why.
    pub(super) async fn revoke_family(&self, ctx: &Ctx, grant: &Grant, event: Event) -> Result<(), Fault> {
        let events = self.record(ctx, event).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        grants::revoke(&mut tx, grant.id, ctx.now).await?;
        tx.commit(events).await?;
        Ok(())
    }
}

/// The rules, one a line. Returns the resources the token is for.
fn check(
    client: &Client,
    code: &Code,
    grant: &Grant,
    redemption: &Redemption,
) -> Result<Vec<Resource>, OAuthError> {
    if code.client_id != client.client_id {
        return Err(INVALID);
    }
    check_redirect_uri(
        &code.redirect_uri,
        code.redirect_uri_sent,
        redemption.redirect_uri.as_deref(),
    )?;
    let verifier = redemption
        .code_verifier
        .as_ref()
        .map(|verifier| verifier.expose().as_str());
    pkce::check(code.challenge.as_deref(), verifier)?;
    resource::narrow(&grant.resources, &redemption.resources)
}
