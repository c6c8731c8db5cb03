use domain::{
    Acr, Actor, Amr, Device, Event, EventKind, Events, Method, OpaqueToken, Session, SessionId,
    SessionLimits, TokenKind, User, UserId, acr_of, amr_of,
};
use serde::{Deserialize, Serialize};
use storage::{factor_recoveries, factors, flows, sessions, users};

use super::next::{self, Enrolled};
use crate::authorize::LiveFlow;
use crate::login::{LoggedIn, for_client};
use crate::{App, Ctx, Fault, SignedIn};

/// What was proved in a flow and did not open a session yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Who proved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserId>,
    /// What, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) proofs: Vec<Method>,
}

impl Progress {
    /// With one proof more. Another person starts over: what one proved says nothing about another.
    pub(crate) fn with(&self, user: UserId, method: Method) -> Self {
        let mut proofs = if self.user == Some(user) {
            self.proofs.clone()
        } else {
            Vec::new()
        };
        if !proofs.contains(&method) {
            proofs.push(method);
        }
        Self {
            user: Some(user),
            proofs,
        }
    }
}

/// What a proof led to.
#[derive(Debug)]
pub enum Proved {
    /// More has to be proved, or the flow went on in another tab: its page knows.
    More,
    /// The person is signed in.
    SignedIn(Box<LoggedIn>),
}

impl App {
    /// What a person could prove.
    pub async fn enrolled(&self, ctx: &Ctx, user: UserId) -> Result<Enrolled, Fault> {
        let owned = factors::owned(&mut self.db.read(ctx.tenant_id()).await?, user).await?;
        Ok(Enrolled {
            password: owned.password > 0,
            totp: owned.totp > 0,
            recovery_codes: u32::try_from(owned.recovery_codes).unwrap_or(u32::MAX),
            passkey: self.passkey_level(ctx, user).await?,
        })
    }

    /// A person proved something in `flow`. All of it together opens a session as soon as it is enough; until then the
    /// flow remembers it. Every way to prove something ends here.
    ///
    /// A session the browser had before is renewed if it was the same person's and ended if it was somebody else's; its
    /// old cookie is dead either way (SE2, H1).
    #[expect(
        clippy::too_many_arguments,
        reason = "whose proof it is, of what, and where: each is a thing of its own"
    )]
    pub async fn proved(
        &self,
        ctx: &Ctx,
        flow: &LiveFlow,
        user: User,
        method: Method,
        before: Option<&SignedIn>,
    ) -> Result<Proved, Fault> {
        let ctx = &ctx.acting_as(Actor::User(user.id));
        let progress = flow.progress.with(user.id, method);
        let can = self.enrolled(ctx, user.id).await?;
        let rule = ctx.tenant.tenant.settings.sign_in.second_factor.rule;
        let need = next::needed(rule, &flow.asks(), can);
        if next::opens(&progress.proofs, need, can) {
            if self.must_replace(ctx, user.id, &progress).await? {
                self.hold(ctx, flow, (user.id, method), &progress).await?;
                return Ok(Proved::More);
            }
            let opened = self.open_session(ctx, (flow, &progress), user, before).await?;
            let Some(done) = opened else {
                return Ok(Proved::More);
            };
            self.end_surplus_sessions(ctx, &done).await?;
            return Ok(Proved::SignedIn(Box::new(done)));
        }
        self.hold(ctx, flow, (user.id, method), &progress).await?;
        Ok(Proved::More)
    }

    /// The flow remembers what was proved, because something is missing.
    async fn hold(
        &self,
        ctx: &Ctx,
        flow: &LiveFlow,
        (user, method): (UserId, Method),
        progress: &Progress,
    ) -> Result<(), Fault> {
        let event = for_client(Event::success(EventKind::FactorVerified), flow)
            .user(user)
            .detail("method", method.as_str());
        let events = self.record(ctx, event).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if flows::advance(&mut tx, (flow.id, flow.version), &stored(progress)?, ctx.now).await? {
            tx.commit(events).await?;
        } else {
            tx.rollback().await?;
        }
        Ok(())
    }

    /// Forgets what was proved in a flow, so that somebody else can sign in.
    pub async fn start_over(&self, ctx: &Ctx, flow: &LiveFlow) -> Result<(), Fault> {
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        let nothing = stored(&Progress::default())?;
        flows::advance(&mut tx, (flow.id, flow.version), &nothing, ctx.now).await?;
        tx.commit_unrecorded("what was proved in a sign-in is forgotten")
            .await
            .map_err(Fault::from)
    }

    /// Opens the session; nothing if the flow went on elsewhere meanwhile.
    async fn open_session(
        &self,
        ctx: &Ctx,
        (flow, progress): (&LiveFlow, &Progress),
        user: User,
        before: Option<&SignedIn>,
    ) -> Result<Option<LoggedIn>, Fault> {
        let cookie = OpaqueToken::generate(TokenKind::Session, &self.world);
        let same = before.filter(|b| b.user.id == user.id).map(|b| &b.session);
        let session = self.new_session(ctx, user.id, &progress.proofs, same);
        let methods: Vec<&str> = progress.proofs.iter().map(|proof| proof.as_str()).collect();
        let event = for_client(Event::success(EventKind::Login), flow)
            .user(user.id)
            .session(session.id)
            .detail("method", methods.join("+"))
            .detail("acr", session.acr.as_str());
        let unfamiliar = self
            .unfamiliar(ctx, &user)
            .await?
            .map(|event| event.session(session.id));
        let stopped = self.recovery_stopped(ctx, user.id, &progress.proofs).await?;
        let stops = stopped.is_some();
        let events = Events::one(event).and_maybe(unfamiliar).and_maybe(stopped);
        let events = self.record(ctx, events).await?;
        let sealed = self.seal_whereabouts(ctx, &session).await?;
        if let Some(other) = before.filter(|b| b.user.id != user.id) {
            self.end_session(ctx, &other.session, EventKind::SessionEnded)
                .await?;
        }
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        let nothing = stored(&Progress::default())?;
        if !flows::advance(&mut tx, (flow.id, flow.version), &nothing, ctx.now).await? {
            tx.rollback().await?;
            return Ok(None);
        }
        let renewed = match same {
            Some(_) => sessions::renew(&mut tx, &session, &cookie.hash(), sealed.as_ref()).await?,
            None => false,
        };
        if !renewed {
            sessions::insert(&mut tx, &session, &cookie.hash(), sealed.as_ref()).await?;
        }
        if stops {
            factor_recoveries::stop(&mut tx, user.id).await?;
        }
        users::record_login(&mut tx, user.id, ctx.now).await?;
        tx.commit(events).await?;
        Ok(Some(LoggedIn {
            cookie,
            session,
            user,
        }))
    }

    /// The session with one proof more, as old as its oldest proof (MF7).
    pub(crate) fn raised_session(&self, ctx: &Ctx, old: &Session, method: Method) -> Session {
        let raised = self.new_session(ctx, old.user_id, &[Method::Password, method], Some(old));
        if old.amr.contains(&Amr::Password) && raised.acr >= old.acr {
            Session {
                auth_time: old.auth_time,
                ..raised
            }
        } else {
            old.clone()
        }
    }

    /// A session of what was proved, in place of the one the same person had in this browser.
    fn new_session(&self, ctx: &Ctx, user: UserId, proofs: &[Method], same: Option<&Session>) -> Session {
        let acr = acr_of(proofs).unwrap_or(Acr::Aal1);
        let limits = SessionLimits::for_acr(acr);
        Session {
            id: same.map_or_else(|| SessionId::generate(&self.world), |old| old.id),
            user_id: user,
            acr,
            amr: amr_of(proofs),
            auth_time: ctx.now,
            device: ctx.agent.as_deref().map(Device::of),
            created_at: same.map_or(ctx.now, |old| old.created_at),
            last_seen_at: ctx.now,
            idle_expires_at: ctx.now.plus(limits.idle),
            absolute_expires_at: ctx.now.plus(limits.absolute),
            ended_at: None,
        }
    }
}

fn stored(progress: &Progress) -> Result<serde_json::Value, Fault> {
    serde_json::to_value(progress).map_err(|_| Fault::Internal("progress does not serialize"))
}
