//! A person who lost their second factor (MF10): the password and a link in a mail start a recovery, the owner is told and
//! can stop it, and after the tenant's delay the same two remove the factors, so that new ones can be set up.

use std::time::Duration;

use domain::{Actor, Event, EventKind, Events, LinkPurpose, Method, Timestamp, TokenHash, User, UserId};
use storage::factor_recoveries::{self, Recovery};
use storage::{factors, grants, links, passkeys, sessions};

use super::FactorRefused;
use crate::authorize::LiveFlow;
use crate::links::{LinkError, NewLink, Opened, Presented};
use crate::mail::{Template, language_of};
use crate::{App, Ctx, Fault, SignedIn};

/// How long a recovery can be finished once its time has come.
const READY_FOR: Duration = Duration::from_hours(7 * 24);

/// What a link of a recovery did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The factors are removed.
    Removed,
    /// A recovery was started; it can be finished from this moment on.
    Started(Timestamp),
    /// One is under way; it can be finished from this moment on.
    Waiting(Timestamp),
}

impl App {
    /// Whether people who lost their second factor can help themselves: the tenant has a delay for it, there is mail, and
    /// this person's address is known to be theirs.
    pub fn can_recover_factors(&self, ctx: &Ctx, user: &User) -> bool {
        delay(ctx).is_some() && self.has_mail() && user.email_verified
    }

    /// Sends whoever proved the password in a flow a link, to the address that is stored, usable in this browser (F6).
    pub async fn request_factor_recovery(
        &self,
        ctx: &Ctx,
        flow: &LiveFlow,
        browser: TokenHash,
    ) -> Result<(), FactorRefused> {
        let user = self.half_way(ctx, flow).await?.ok_or(FactorRefused::NotYet)?;
        if !flow.progress.proofs.contains(&Method::Password) || !self.can_recover_factors(ctx, &user) {
            return Err(FactorRefused::NotYet);
        }
        let ctx = &ctx.acting_as(Actor::User(user.id));
        let about = |event: Event| {
            event
                .user(user.id)
                .detail("template", Template::RecoverFactor.key())
        };
        if !self.admit_mail(ctx, user.email.as_str()).await? {
            let event = about(Event::failure(EventKind::LinkCreated, "too_many"));
            return Ok(self.append(ctx, event).await?);
        }
        let link = NewLink {
            browser: Some(browser),
            ..NewLink::of(LinkPurpose::RecoverFactor, user.id)
        };
        let to = (user.email.as_str(), language_of(&user));
        let mail = self.linked(ctx, Template::RecoverFactor, link, to).await?;
        let event = about(Event::success(EventKind::LinkCreated));
        Ok(self.append_with_mail(ctx, event, mail).await?)
    }

    /// Uses such a link: starts a recovery, or finishes the one whose time has come. Nobody is signed in by it.
    pub async fn recover_factors(&self, ctx: &Ctx, presented: Presented<'_>) -> Result<Lost, LinkError> {
        let opened = self.open_link(ctx, LinkPurpose::RecoverFactor, presented).await?;
        let user = opened.user.clone().ok_or(LinkError::Gone)?;
        let delay = delay(ctx).ok_or(LinkError::Gone)?;
        let ctx = &ctx.acting_as(Actor::User(user.id));
        let under_way =
            factor_recoveries::find(&mut self.db.read(ctx.tenant_id()).await?, user.id, ctx.now).await?;
        match under_way {
            Some(recovery) if recovery.ready_at > ctx.now => Ok(Lost::Waiting(recovery.ready_at)),
            Some(_) => self.finish_recovery(ctx, &opened, &user).await,
            None => self.start_recovery(ctx, &opened, &user, delay).await,
        }
    }

    async fn start_recovery(
        &self,
        ctx: &Ctx,
        opened: &Opened,
        user: &User,
        delay: Duration,
    ) -> Result<Lost, LinkError> {
        let ready_at = ctx.now.plus(delay);
        let recovery = Recovery {
            user_id: user.id,
            started_at: ctx.now,
            ready_at,
            expires_at: ready_at.plus(READY_FOR),
        };
        // Its notice goes to the owner in the same commit, with a link that stops it.
        let event = Event::warning(EventKind::FactorRecoveryStarted, "lost_factor").user(user.id);
        let events = self.record(ctx, event).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !links::consume(&mut tx, opened.shown(ctx.now)).await?
            || !factor_recoveries::start(&mut tx, &recovery).await?
        {
            tx.rollback().await?;
            return Err(LinkError::Gone);
        }
        tx.commit(events).await?;
        Ok(Lost::Started(ready_at))
    }

    /// Removes every second factor. Sessions and grants end with them, as they do with a new password.
    async fn finish_recovery(&self, ctx: &Ctx, opened: &Opened, user: &User) -> Result<Lost, LinkError> {
        let removed = Event::success(EventKind::FactorRemoved)
            .user(user.id)
            .detail("method", "all")
            .detail("by", "recovery");
        let ended = Event::success(EventKind::SessionEnded)
            .user(user.id)
            .detail("all", true);
        let events = self.record(ctx, Events::one(removed).and(ended)).await?;
        let mac = self.address_mac(ctx, &user.email).await?;
        let spared = links::Spared {
            address_mac: &mac,
            before: None,
        };
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !links::consume(&mut tx, opened.shown(ctx.now)).await?
            || !factor_recoveries::finish(&mut tx, user.id, ctx.now).await?
        {
            tx.rollback().await?;
            return Err(LinkError::Gone);
        }
        factors::remove_totp(&mut tx, user.id).await?;
        passkeys::delete_all(&mut tx, user.id).await?;
        factors::remove_recovery_codes(&mut tx, user.id).await?;
        for kind in [Method::Totp, Method::RecoveryCode] {
            factors::forgive(&mut tx, user.id, kind.as_str()).await?;
        }
        sessions::end_for_user(&mut tx, user.id, ctx.now).await?;
        grants::revoke_for_user(&mut tx, user.id, ctx.now).await?;
        links::revoke_for_user(&mut tx, user.id, spared, ctx.now).await?;
        tx.commit(events).await?;
        Ok(Lost::Removed)
    }

    /// Stops a recovery by the link in its notice.
    pub async fn stop_recovery(&self, ctx: &Ctx, presented: Presented<'_>) -> Result<(), LinkError> {
        let opened = self.open_link(ctx, LinkPurpose::StopRecovery, presented).await?;
        let user = opened.user.as_ref().map(|user| user.id).ok_or(LinkError::Gone)?;
        let ctx = &ctx.acting_as(Actor::User(user));
        let events = self.record(ctx, stopped(user, "link")).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !links::consume(&mut tx, opened.shown(ctx.now)).await?
            || !factor_recoveries::stop(&mut tx, user).await?
        {
            tx.rollback().await?;
            return Err(LinkError::Gone);
        }
        tx.commit(events).await?;
        Ok(())
    }

    /// When the recovery that is under way can remove the person's own factors; nothing if there is none.
    pub async fn own_recovery(&self, ctx: &Ctx, who: &SignedIn) -> Result<Option<Timestamp>, Fault> {
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let found = factor_recoveries::find(&mut read, who.user.id, ctx.now).await?;
        Ok(found.map(|recovery| recovery.ready_at))
    }

    /// Stops it, as its person says who is signed in; false if there is none. It makes the account safer, so no fresh
    /// proof is asked for.
    pub async fn stop_own_recovery(&self, ctx: &Ctx, who: &SignedIn) -> Result<bool, Fault> {
        let (ctx, user) = (&ctx.acting_as(Actor::User(who.user.id)), who.user.id);
        let event = stopped(user, "account").session(who.session.id);
        let events = self.record(ctx, event).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !factor_recoveries::stop(&mut tx, user).await? {
            tx.rollback().await?;
            return Ok(false);
        }
        tx.commit(events).await?;
        Ok(true)
    }

    /// The event of a recovery that a sign-in stops: whoever shows a second factor did not lose it.
    pub(super) async fn recovery_stopped(
        &self,
        ctx: &Ctx,
        user: UserId,
        proofs: &[Method],
    ) -> Result<Option<Event>, Fault> {
        if proofs.iter().all(|proof| *proof == Method::Password) {
            return Ok(None);
        }
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let found = factor_recoveries::find(&mut read, user, ctx.now).await?;
        Ok(found.map(|_| stopped(user, "sign_in")))
    }
}

fn stopped(user: UserId, by: &'static str) -> Event {
    Event::success(EventKind::FactorRecoveryStopped)
        .user(user)
        .detail("by", by)
}

fn delay(ctx: &Ctx) -> Option<Duration> {
    ctx.tenant
        .tenant
        .settings
        .sign_in
        .second_factor
        .recovery_delay_secs
        .map(Duration::from_secs)
}
