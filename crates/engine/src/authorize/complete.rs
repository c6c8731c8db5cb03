use std::time::Duration;

use domain::{
    Actor, Client, Event, EventKind, Events, FlowId, GrantId, GrantType, OpaqueToken, Scopes, TokenKind,
};
use protocol::authorize::{AuthorizeRequest, AuthorizeResponse, Delivery, deliver};
use protocol::error::OAuthError;
use storage::codes::{self, Code};
use storage::grants::{self, Grant};
use storage::{flows, user_consents};

use super::Asked;
use crate::{App, Ctx, Fault, SignedIn};

/// How long a code can be redeemed (OA6).
const CODE_LIFETIME: Duration = Duration::from_mins(1);

/// What makes a request complete.
#[derive(Debug, Clone, Copy)]
pub(super) enum By {
    /// The person just said yes on the consent page of this flow.
    Consent(FlowId),
    /// The last step of this flow.
    Flow(FlowId),
    /// A session that was there already: no page was shown, there is no flow.
    Session,
}

/// Whether the client gets a refresh token that outlives the session.
pub(super) fn is_offline(client: &Client, scopes: &Scopes) -> bool {
    client.allows(GrantType::RefreshToken) && scopes.contains("offline_access")
}

pub(super) fn error_delivery(ctx: &Ctx, request: &AuthorizeRequest, error: OAuthError) -> Delivery {
    let response = AuthorizeResponse::error(&error, request.state.as_deref(), ctx.issuer());
    deliver(request.response_mode, &request.redirect_uri, &response)
}

impl App {
    /// Issues the code: grant, code, consent and the end of the flow in one commit. `None` if the flow was used up by
    /// somebody else meanwhile.
    pub(super) async fn complete(
        &self,
        ctx: &Ctx,
        Asked { client, request }: Asked<'_>,
        signed_in: &SignedIn,
        by: By,
    ) -> Result<Option<Delivery>, Fault> {
        let ctx = &ctx.acting_as(Actor::User(signed_in.user.id));
        let (user, session) = (&signed_in.user, &signed_in.session);
        let grant = Grant {
            id: GrantId::generate(&self.world),
            client_id: client.client_id.clone(),
            user_id: user.id,
            session_id: Some(session.id),
            scopes: request.scopes.clone(),
            resources: request.resources.clone(),
            offline: is_offline(client, &request.scopes),
            acr: session.acr,
            amr: session.amr.clone(),
            auth_time: session.auth_time,
            claims: serde_json::to_value(&request.claims).ok(),
            created_at: ctx.now,
            revoked_at: None,
        };
        let code = OpaqueToken::generate(TokenKind::Code, &self.world);
        let row = Code {
            hash: code.hash(),
            grant_id: grant.id,
            client_id: client.client_id.clone(),
            redirect_uri: request.redirect_uri.clone(),
            redirect_uri_sent: request.redirect_uri_sent,
            challenge: request.code_challenge.as_ref().map(|c| c.as_str().to_owned()),
            nonce: request.nonce.clone(),
            failures: 0,
            consumed_at: None,
            created_at: ctx.now,
            expires_at: ctx.now.plus(CODE_LIFETIME),
        };
        let about = |kind| {
            Event::success(kind)
                .user(user.id)
                .session(session.id)
                .client(&client.client_id)
        };
        let granted = about(EventKind::AuthorizationGranted)
            .grant(grant.id)
            .detail("scope", request.scopes.to_string());
        let consented = matches!(by, By::Consent(_))
            .then(|| about(EventKind::ConsentGranted).detail("scope", request.consent_scopes().to_string()));
        let events = self
            .record(ctx, Events::one(granted).and_maybe(consented))
            .await?;

        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if let By::Flow(flow) | By::Consent(flow) = by
            && !flows::finish(&mut tx, flow, ctx.now).await?
        {
            tx.rollback().await?;
            return Ok(None);
        }
        if matches!(by, By::Consent(_)) {
            let scopes = request.consent_scopes();
            user_consents::grant(&mut tx, user.id, &client.client_id, &scopes, ctx.now).await?;
        }
        grants::insert(&mut tx, &grant).await?;
        codes::insert(&mut tx, &row).await?;
        tx.commit(events).await?;

        let response = AuthorizeResponse::success(code.expose(), request.state.as_deref(), ctx.issuer());
        Ok(Some(deliver(
            request.response_mode,
            &request.redirect_uri,
            &response,
        )))
    }
}
