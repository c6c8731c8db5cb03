use std::time::Duration;

use domain::{Actor, Client, Event, EventKind, Scopes, Subject};
use protocol::authorize::{AuthorizeRequest, Delivery};
use protocol::error::{ErrorCode, OAuthError};
use protocol::userinfo;
use storage::flows;

use super::complete::By;
use super::flow::Purpose;
use super::{Asked, Continued, FlowRefused, LiveFlow};
use crate::sign_in::next::Step;
use crate::{App, Ctx, Fault, SignedIn};

/// What the consent page shows (OA18).
#[derive(Debug)]
pub struct ConsentView {
    /// Who asks.
    pub client: Client,
    /// What for.
    pub scopes: Scopes,
    /// The person's present values that the client would see, by claim.
    pub values: serde_json::Map<String, serde_json::Value>,
    /// The address the person is signed in with.
    pub email: String,
    /// Where the answer goes: host of the redirect URI, which an imposter cannot choose.
    pub return_host: String,
    /// How long the client keeps access without asking again.
    pub lifetime: Duration,
}

impl ConsentView {
    pub(super) fn of(
        client: &Client,
        request: &AuthorizeRequest,
        (signed_in, subject): (&SignedIn, Subject),
    ) -> Self {
        let values = userinfo::claims_for(
            (&signed_in.user, subject),
            &request.scopes,
            Some(&request.claims),
            userinfo::Target::UserInfo,
        );
        let secs = if super::complete::is_offline(client, &request.scopes) {
            client.settings.refresh_token_secs
        } else {
            client.settings.access_token_secs
        };
        Self {
            client: client.clone(),
            scopes: request.consent_scopes(),
            values,
            email: signed_in.user.email.to_string(),
            return_host: host_of(&request.redirect_uri).to_owned(),
            lifetime: Duration::from_secs(secs.into()),
        }
    }
}

impl App {
    /// The person's answer. Counts only if it is the answer the flow waits for.
    pub async fn answer_consent(
        &self,
        ctx: &Ctx,
        flow: &LiveFlow,
        signed_in: &SignedIn,
        accept: bool,
    ) -> Result<Continued, FlowRefused> {
        let (Purpose::Authorize(request), Some(client)) = (&flow.purpose, &flow.client) else {
            return Err(FlowRefused::Gone);
        };
        let asked = Asked { client, request };
        let step = self.next_step(ctx, asked, Some(signed_in), Some(flow)).await?;
        if step != Step::Consent {
            return self.continue_flow(ctx, flow, Some(signed_in)).await;
        }
        let ctx = &ctx.acting_as(Actor::User(signed_in.user.id));
        let delivery = if accept {
            self.complete(ctx, asked, signed_in, By::Consent(flow.id)).await?
        } else {
            self.deny(ctx, flow, asked, signed_in).await?
        };
        delivery.map(Continued::Respond).ok_or(FlowRefused::Gone)
    }

    async fn deny(
        &self,
        ctx: &Ctx,
        flow: &LiveFlow,
        Asked { client, request }: Asked<'_>,
        signed_in: &SignedIn,
    ) -> Result<Option<Delivery>, Fault> {
        let event = Event::failure(EventKind::ConsentDenied, "denied_by_user")
            .user(signed_in.user.id)
            .session(signed_in.session.id)
            .client(&client.client_id);
        let events = self.record(ctx, event).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !flows::finish(&mut tx, flow.id, ctx.now).await? {
            tx.rollback().await?;
            return Ok(None);
        }
        tx.commit(events).await?;
        let error = OAuthError::new(ErrorCode::AccessDenied, "the person said no");
        Ok(Some(super::complete::error_delivery(ctx, request, error)))
    }
}

/// Host and port of a redirect URI, or the scheme of a native application's own.
fn host_of(uri: &str) -> &str {
    match uri.split_once("://") {
        Some((_, rest)) => rest.split(['/', '?']).next().unwrap_or(rest),
        None => uri.split(':').next().unwrap_or(uri),
    }
}
