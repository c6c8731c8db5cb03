use std::time::Duration;

use domain::{
    Client, ClientKind, ConsentRule, FlowId, OpaqueToken, Subject, Timestamp, TokenHash, TokenKind,
};
use protocol::authorize::{AuthorizeRequest, Delivery};
use protocol::error::{ErrorCode, OAuthError};
use protocol::id_token::Hint;
use protocol::logout::LogoutRequest;
use serde::{Deserialize, Serialize};
use storage::flows::{self, Flow};
use storage::{clients, user_consents};

use super::complete::By;
use super::step::{self, Facts, Proof};
use super::{Asked, ConsentView, NewFlow, Step};
use crate::{App, Ctx, Fault, SignedIn};

/// How long a person may take from the first page to the last.
const FLOW_LIFETIME: Duration = Duration::from_mins(15);

/// Why somebody is asked to sign in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "lowercase")]
pub(crate) enum Purpose {
    /// To look at their own account.
    Account,
    /// For a client.
    Authorize(Box<AuthorizeRequest>),
    /// To sign out; the person is asked first.
    Logout(Box<LogoutRequest>),
}

/// A flow of this browser that is neither finished nor expired.
#[derive(Debug, Clone)]
pub struct LiveFlow {
    /// Its id.
    pub id: FlowId,
    pub(super) began: Timestamp,
    pub(super) purpose: Purpose,
    pub(super) client: Option<Client>,
}

/// What the sign-in page shows.
#[derive(Debug)]
pub struct LoginView {
    /// Who asks; `None` for the person's own account pages.
    pub client: Option<Client>,
    /// Address to fill in.
    pub login_hint: Option<String>,
    /// Somebody is signed in and has to prove it again.
    pub again: bool,
}

/// Where a flow stands.
#[derive(Debug)]
pub enum Continued {
    /// Done: on to the account pages.
    Account,
    /// The person is asked.
    Consent(ConsentView),
    /// The person signs in.
    Login(LoginView),
    /// Done: the answer to the client.
    Respond(Delivery),
}

/// A flow cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum FlowRefused {
    /// Something else.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Unknown, finished, expired, or of another browser: nobody is told which.
    #[error("this sign-in is over")]
    Gone,
}

impl LiveFlow {
    /// Languages the client asked the pages to be in.
    pub fn ui_locales(&self) -> &[String] {
        match &self.purpose {
            Purpose::Account => &[],
            Purpose::Authorize(request) => &request.ui_locales,
            Purpose::Logout(request) => &request.ui_locales,
        }
    }

    /// What the sign-in page shows.
    pub fn login_view(&self) -> LoginView {
        LoginView {
            client: self.client.clone(),
            login_hint: match &self.purpose {
                Purpose::Account | Purpose::Logout(_) => None,
                Purpose::Authorize(request) => request.login_hint.clone(),
            },
            again: false,
        }
    }

    /// The same, with who is signed in already.
    fn login_view_for(&self, signed_in: Option<&SignedIn>) -> LoginView {
        let view = self.login_view();
        let Some(who) = signed_in else { return view };
        let login_hint = view.login_hint.or_else(|| Some(who.user.email.to_string()));
        LoginView {
            login_hint,
            again: true,
            ..view
        }
    }

    /// Whether signing in leads anywhere from here.
    pub fn wants_sign_in(&self) -> bool {
        !matches!(self.purpose, Purpose::Logout(_))
    }

    /// The logout request this flow keeps, if it is one.
    pub fn logout_request(&self) -> Option<&LogoutRequest> {
        match &self.purpose {
            Purpose::Logout(request) => Some(request),
            Purpose::Account | Purpose::Authorize(_) => None,
        }
    }
}

impl App {
    /// Begins a sign-in that leads to the person's own account pages.
    pub async fn begin_account_login(&self, ctx: &Ctx) -> Result<NewFlow, Fault> {
        self.begin_flow(ctx, Purpose::Account).await
    }

    /// Keeps a logout request until the person has answered.
    pub async fn begin_logout(&self, ctx: &Ctx, request: LogoutRequest) -> Result<NewFlow, Fault> {
        self.begin_flow(ctx, Purpose::Logout(Box::new(request))).await
    }

    /// Uses up a logout flow; false if that was done before.
    pub async fn finish_logout(&self, ctx: &Ctx, flow: &LiveFlow) -> Result<bool, Fault> {
        self.finish_flow(ctx, flow.id).await
    }

    pub(super) async fn begin_flow(&self, ctx: &Ctx, purpose: Purpose) -> Result<NewFlow, Fault> {
        let browser = OpaqueToken::generate(TokenKind::Browser, &self.world);
        let flow = Flow {
            id: FlowId::generate(&self.world),
            browser_hash: browser.hash(),
            request: serde_json::to_value(&purpose)
                .map_err(|_| Fault::Internal("flow does not serialize"))?,
            created_at: ctx.now,
            expires_at: ctx.now.plus(FLOW_LIFETIME),
        };
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        flows::insert(&mut tx, &flow).await?;
        tx.commit_unrecorded("a sign-in begins; what comes of it is recorded")
            .await?;
        Ok(NewFlow { id: flow.id, browser })
    }

    /// The flow with this id, if it is this browser's and still live.
    pub async fn flow(&self, ctx: &Ctx, id: &str, browser: Option<&str>) -> Result<LiveFlow, FlowRefused> {
        let hash = browser.and_then(|cookie| OpaqueToken::parse(TokenKind::Browser, cookie));
        let (Ok(id), Some(hash)) = (id.parse::<FlowId>(), hash) else {
            return Err(FlowRefused::Gone);
        };
        self.find_flow(ctx, id, &hash).await?.ok_or(FlowRefused::Gone)
    }

    async fn find_flow(&self, ctx: &Ctx, id: FlowId, browser: &TokenHash) -> Result<Option<LiveFlow>, Fault> {
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let Some(row) = flows::find(&mut read, id, browser, ctx.now).await? else {
            return Ok(None);
        };
        let purpose: Purpose =
            serde_json::from_value(row.request).map_err(|_| Fault::Internal("a stored flow is broken"))?;
        let client = match &purpose {
            Purpose::Account | Purpose::Logout(_) => None,
            Purpose::Authorize(request) => {
                match clients::find(&mut read, &request.client_id)
                    .await?
                    .filter(|c| c.disabled_at.is_none())
                {
                    Some(client) => Some(client),
                    None => return Ok(None),
                }
            }
        };
        Ok(Some(LiveFlow {
            id,
            began: row.created_at,
            purpose,
            client,
        }))
    }

    /// Takes a flow one step on: what to show, or where to go.
    pub async fn continue_flow(
        &self,
        ctx: &Ctx,
        flow: &LiveFlow,
        signed_in: Option<&SignedIn>,
    ) -> Result<Continued, FlowRefused> {
        let (Purpose::Authorize(request), Some(client)) = (&flow.purpose, &flow.client) else {
            if !flow.wants_sign_in() {
                return Err(FlowRefused::Gone);
            }
            return Ok(match signed_in {
                Some(_) => Continued::Account,
                None => Continued::Login(flow.login_view()),
            });
        };
        let asked = Asked { client, request };
        match (
            self.next_step(ctx, asked, signed_in, Some(flow.began)).await?,
            signed_in,
        ) {
            (Step::Consent, Some(signed_in)) => {
                let subject = self.subject_for(ctx, client, signed_in.user.id).await?;
                let person = (signed_in, subject);
                Ok(Continued::Consent(ConsentView::of(client, request, person)))
            }
            (Step::Done, Some(signed_in)) => {
                let delivery = self.complete(ctx, asked, signed_in, By::Flow(flow.id)).await?;
                delivery.map(Continued::Respond).ok_or(FlowRefused::Gone)
            }
            (Step::Refuse(error), _) => {
                if !self.finish_flow(ctx, flow.id).await? {
                    return Err(FlowRefused::Gone);
                }
                let to = (
                    request.response_mode,
                    request.redirect_uri.as_str(),
                    request.state.as_deref(),
                );
                Ok(Continued::Respond(
                    self.refuse_authorization(ctx, client, error, to).await?,
                ))
            }
            (Step::Login | Step::Consent | Step::Done, _) => {
                Ok(Continued::Login(flow.login_view_for(signed_in)))
            }
        }
    }

    async fn finish_flow(&self, ctx: &Ctx, id: FlowId) -> Result<bool, Fault> {
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        let ours = flows::finish(&mut tx, id, ctx.now).await?;
        tx.commit_unrecorded("a flow ends; what comes of it is recorded on its own")
            .await?;
        Ok(ours)
    }

    /// Gathers the facts and decides.
    pub(super) async fn next_step(
        &self,
        ctx: &Ctx,
        Asked { client, request }: Asked<'_>,
        signed_in: Option<&SignedIn>,
        flow_began: Option<Timestamp>,
    ) -> Result<Step, Fault> {
        let expected = match self.expected_subject(ctx, request).await? {
            Ok(expected) => expected,
            Err(error) => return Ok(Step::Refuse(error)),
        };
        let other_person_expected = match (expected, signed_in) {
            (Some(expected), Some(who)) => expected != self.subject_for(ctx, client, who.user.id).await?,
            _ => false,
        };
        let consented = match signed_in {
            Some(who) => self.has_consented(ctx, Asked { client, request }, who).await?,
            None => false,
        };
        Ok(step::next(&Facts {
            request,
            signed_in: signed_in.map(|s| Proof {
                auth_time: s.session.auth_time,
                acr: s.session.acr,
            }),
            flow_began,
            other_person_expected,
            consented,
            now: ctx.now,
        }))
    }

    /// Whether the person need not be asked. What calls itself a native client may be any program on the device, so it
    /// never gets past the person unseen (OA18, RFC 8252 section 8.6).
    async fn has_consented(
        &self,
        ctx: &Ctx,
        Asked { client, request }: Asked<'_>,
        who: &SignedIn,
    ) -> Result<bool, Fault> {
        match (client.kind, client.settings.consent) {
            (ClientKind::Native, _) => Ok(false),
            (ClientKind::Confidential, ConsentRule::Implied) => Ok(true),
            (ClientKind::Confidential | ClientKind::Spa, _) => {
                let mut read = self.db.read(ctx.tenant_id()).await?;
                let granted = user_consents::granted(&mut read, who.user.id, &client.client_id).await?;
                Ok(granted.is_some_and(|granted| request.consent_scopes().is_subset_of(&granted)))
            }
        }
    }

    /// The person the client expects: from the hint it sent, or from the `sub` it asked for (OIDC Core section 5.5.1).
    async fn expected_subject(
        &self,
        ctx: &Ctx,
        request: &AuthorizeRequest,
    ) -> Result<Result<Option<Subject>, OAuthError>, Fault> {
        if let Some(sub) = request.claims.required_sub() {
            return Ok(sub.parse().map(Some).map_err(|_| {
                OAuthError::new(ErrorCode::LoginRequired, "the person asked for is not known")
            }));
        }
        let Some(token) = &request.id_token_hint else {
            return Ok(Ok(None));
        };
        let keys = self.keys(ctx.tenant_id()).await?;
        Ok(match Hint::verify(token, ctx.issuer(), keys.as_ref()) {
            Ok(hint) if hint.client_id == request.client_id => Ok(Some(hint.subject)),
            _ => Err(OAuthError::invalid_request(
                "id_token_hint is not one of this client's ID tokens",
            )),
        })
    }
}
