//! The authorization endpoint: from a request to a code, by way of sign-in and consent.
//!
//! A request that needs a person becomes a *flow*: a row bound to one browser by a cookie of its own (B5, H1). What
//! comes next is decided by the pure function `sign_in::next::next`; nothing the browser carries has a say in it.

mod complete;
mod consent;
mod flow;

use domain::{Client, Event, EventKind, OpaqueToken};
use protocol::authorize::{
    AuthorizeRequest, AuthorizeResponse, Delivery, Envelope, Refusal, ResponseMode, deliver, resolve_redirect,
};
use protocol::error::{ErrorCode, OAuthError};
use protocol::params::Params;
use storage::clients;

use crate::sign_in::next::Step;
use crate::{App, Ctx, Fault, SignedIn};

pub use consent::ConsentView;
pub use flow::{Continued, FlowRefused, LiveFlow, LoginView};

/// Why an authorization request got no redirect.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizeError {
    /// Something else.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Client or redirect URI cannot be trusted: the person sees a page here, nobody is redirected (OA2).
    #[error(transparent)]
    Local(OAuthError),
}

/// What became of an authorization request.
#[derive(Debug)]
pub enum Begun {
    /// A person has to do something; the browser goes on with this flow.
    Interact(NewFlow),
    /// The answer to the client.
    Respond(Delivery),
}

/// A flow just begun.
#[derive(Debug)]
pub struct NewFlow {
    /// Its id, in the URL.
    pub id: domain::FlowId,
    /// The secret that binds it to this browser, in a cookie.
    pub browser: OpaqueToken,
}

/// Whether cookies of the browser can be seen in this request.
#[derive(Debug, Clone, Copy)]
pub enum Visitor<'a> {
    /// A request that carries this site's cookies: somebody is signed in, or nobody.
    Known(Option<&'a SignedIn>),
    /// A POST that may come from another site: `SameSite` cookies are missing, so nothing can be said.
    Unseen,
}

/// Who asks, and what for.
#[derive(Debug, Clone, Copy)]
struct Asked<'a> {
    client: &'a Client,
    request: &'a AuthorizeRequest,
}

impl App {
    /// Answers an authorization request, or begins a flow.
    pub async fn begin_authorization(
        &self,
        ctx: &Ctx,
        params: &Params,
        visitor: Visitor<'_>,
    ) -> Result<Begun, AuthorizeError> {
        let (client, redirect_uri) = match self.trusted_redirect(ctx, params).await? {
            Ok(trusted) => trusted,
            Err((error, client)) => {
                self.record_refusal(ctx, client.as_ref(), error).await?;
                return Err(AuthorizeError::Local(error));
            }
        };
        let request = match AuthorizeRequest::parse(params, &client) {
            Ok(request) => request,
            Err(Refusal {
                error,
                state,
                response_mode,
            }) => {
                let to = (response_mode, redirect_uri.as_str(), state.as_deref());
                return Ok(Begun::Respond(
                    self.refuse_authorization(ctx, &client, error, to).await?,
                ));
            }
        };
        let Visitor::Known(signed_in) = visitor else {
            return Ok(Begun::Interact(
                self.begin_flow(ctx, flow::Purpose::Authorize(Box::new(request)))
                    .await?,
            ));
        };
        let asked = Asked {
            client: &client,
            request: &request,
        };
        match self.next_step(ctx, asked, signed_in, None).await? {
            Step::Refuse(error) => {
                let to = (
                    request.response_mode,
                    request.redirect_uri.as_str(),
                    request.state.as_deref(),
                );
                Ok(Begun::Respond(
                    self.refuse_authorization(ctx, &client, error, to).await?,
                ))
            }
            Step::Done => {
                let signed_in = signed_in.ok_or(Fault::Internal("done without anybody signed in"))?;
                let delivery = self
                    .complete(ctx, asked, signed_in, complete::By::Session)
                    .await?;
                delivery
                    .map(Begun::Respond)
                    .ok_or_else(|| Fault::Internal("no flow to be used up").into())
            }
            Step::Consent | Step::Enrol | Step::Factor | Step::Login => Ok(Begun::Interact(
                self.begin_flow(ctx, flow::Purpose::Authorize(Box::new(request)))
                    .await?,
            )),
        }
    }

    /// Client and redirect URI, if both can be trusted.
    async fn trusted_redirect(
        &self,
        ctx: &Ctx,
        params: &Params,
    ) -> Result<Result<(Client, String), (OAuthError, Option<Client>)>, Fault> {
        let envelope = match Envelope::parse(params) {
            Ok(envelope) => envelope,
            Err(error) => return Ok(Err((error, None))),
        };
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let client = clients::find(&mut read, &envelope.client_id)
            .await?
            .filter(|c| c.disabled_at.is_none());
        let Some(client) = client else {
            return Ok(Err((
                OAuthError::new(ErrorCode::InvalidClient, "unknown client"),
                None,
            )));
        };
        Ok(
            match resolve_redirect(&client, envelope.redirect_uri.as_deref()) {
                Ok((uri, _)) => Ok((client, uri)),
                Err(error) => Err((error, Some(client))),
            },
        )
    }

    /// Records a refusal and builds the answer that tells the client.
    async fn refuse_authorization(
        &self,
        ctx: &Ctx,
        client: &Client,
        error: OAuthError,
        (mode, redirect_uri, state): (ResponseMode, &str, Option<&str>),
    ) -> Result<Delivery, Fault> {
        self.record_refusal(ctx, Some(client), error).await?;
        Ok(deliver(
            mode,
            redirect_uri,
            &AuthorizeResponse::error(&error, state, ctx.issuer()),
        ))
    }

    async fn record_refusal(
        &self,
        ctx: &Ctx,
        client: Option<&Client>,
        error: OAuthError,
    ) -> Result<(), Fault> {
        let mut event = Event::failure(EventKind::AuthorizationRefused, error.code.as_str());
        if let Some(client) = client {
            event = event.client(&client.client_id);
        }
        self.refuse(ctx, event).await
    }
}
