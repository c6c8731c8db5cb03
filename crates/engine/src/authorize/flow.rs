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
use super::{Asked, ConsentView, NewFlow};
use crate::sign_in::next::{self, Asks, Facts, Proof, Step};
use crate::sign_in::{Back, Progress};
use crate::{App, Ctx, Fault, SignedIn};

/// How long a person may take from the first page to the last.
const FLOW_LIFETIME: Duration = Duration::from_mins(15);

/// Why somebody is asked to sign in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "lowercase")]
pub(crate) enum Purpose {
    /// To look at their own account.
    Account {
        /// Where to.
        #[serde(default)]
        back: Back,
        /// Only with a proof given in this very flow (MF8).
        #[serde(default)]
        fresh: bool,
    },
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
    pub(crate) progress: Progress,
    pub(crate) version: i64,
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
    Account(Back),
    /// The person is asked.
    Consent(ConsentView),
    /// The person sets up a second factor first.
    Enrol,
    /// The person proves a second factor.
    Factor,
    /// The person signs in.
    Login(LoginView),
    /// All is proved, but others know the password: the person chooses another one.
    Replace,
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
            Purpose::Account { .. } => &[],
            Purpose::Authorize(request) => &request.ui_locales,
            Purpose::Logout(request) => &request.ui_locales,
        }
    }

    /// What the sign-in page shows.
    pub fn login_view(&self) -> LoginView {
        LoginView {
            client: self.client.clone(),
            login_hint: match &self.purpose {
                Purpose::Account { .. } | Purpose::Logout(_) => None,
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

    /// Where a sign-in to one's own account stands.
    fn own_account(&self, signed_in: Option<&SignedIn>) -> Continued {
        let (back, fresh) = match &self.purpose {
            Purpose::Account { back, fresh } => (*back, *fresh),
            Purpose::Authorize(_) | Purpose::Logout(_) => (Back::Overview, false),
        };
        if !self.progress.proofs.is_empty() {
            return Continued::Factor;
        }
        match signed_in {
            Some(who) if !fresh || who.session.auth_time >= self.began => Continued::Account(back),
            who => Continued::Login(self.login_view_for(who)),
        }
    }

    /// Whether signing in leads anywhere from here.
    pub fn wants_sign_in(&self) -> bool {
        !matches!(self.purpose, Purpose::Logout(_))
    }

    /// What is asked of the sign-in.
    pub(crate) fn asks(&self) -> Asks {
        match &self.purpose {
            Purpose::Account { .. } | Purpose::Logout(_) => Asks::default(),
            Purpose::Authorize(request) => Asks::of(request),
        }
    }

    /// The logout request this flow keeps, if it is one.
    pub fn logout_request(&self) -> Option<&LogoutRequest> {
        match &self.purpose {
            Purpose::Logout(request) => Some(request),
            Purpose::Account { .. } | Purpose::Authorize(_) => None,
        }
    }
}

impl App {
    /// Begins a sign-in that leads to the person's own account pages.
    pub async fn begin_account_login(&self, ctx: &Ctx) -> Result<NewFlow, Fault> {
        let (back, fresh) = (Back::Overview, false);
        self.begin_flow(ctx, Purpose::Account { back, fresh }).await
    }

    /// Begins a sign-in that ends with a fresh proof of who somebody is, and then leads back (MF8).
    pub async fn begin_step_up(&self, ctx: &Ctx, back: Back) -> Result<NewFlow, Fault> {
        self.begin_flow(ctx, Purpose::Account { back, fresh: true }).await
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
            progress: serde_json::Value::Object(serde_json::Map::new()),
            version: 0,
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
            Purpose::Account { .. } | Purpose::Logout(_) => None,
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
        let progress = serde_json::from_value(row.progress)
            .map_err(|_| Fault::Internal("the progress of a stored flow is broken"))?;
        Ok(Some(LiveFlow {
            id,
            began: row.created_at,
            progress,
            version: row.version,
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
        if self.to_replace(ctx, flow).await?.is_some() {
            return Ok(Continued::Replace);
        }
        let (Purpose::Authorize(request), Some(client)) = (&flow.purpose, &flow.client) else {
            if !flow.wants_sign_in() {
                return Err(FlowRefused::Gone);
            }
            return Ok(flow.own_account(signed_in));
        };
        let asked = Asked { client, request };
        match (
            self.next_step(ctx, asked, signed_in, Some(flow)).await?,
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
            (Step::Enrol, _) => Ok(Continued::Enrol),
            (Step::Factor, _) => Ok(Continued::Factor),
            (Step::Login | Step::Consent | Step::Done, _) => {
                Ok(Continued::Login(flow.login_view_for(signed_in)))
            }
        }
    }

    /// Whether nothing is missing for an application but a second factor that the person sets up.
    pub async fn waits_for_factor(&self, ctx: &Ctx, flow: &LiveFlow, who: &SignedIn) -> Result<bool, Fault> {
        let (Purpose::Authorize(request), Some(client)) = (&flow.purpose, &flow.client) else {
            return Ok(false);
        };
        let asked = Asked { client, request };
        let step = self.next_step(ctx, asked, Some(who), Some(flow)).await?;
        Ok(matches!(step, Step::Enrol))
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
        flow: Option<&LiveFlow>,
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
        let pending = flow
            .map(|flow| flow.progress.proofs.as_slice())
            .unwrap_or_default();
        let can = match signed_in {
            Some(who) => self.enrolled(ctx, who.user.id).await?,
            None => next::Enrolled::default(),
        };
        Ok(next::next(&Facts {
            request,
            rule: ctx.tenant.tenant.settings.sign_in.second_factor.rule,
            pending,
            can,
            signed_in: signed_in.map(|s| Proof {
                auth_time: s.session.auth_time,
                acr: s.session.acr,
            }),
            flow_began: flow.map(|flow| flow.began),
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
