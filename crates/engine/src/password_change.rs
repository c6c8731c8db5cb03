//! A person changes their password; an operator says that it has to be changed.

use std::time::Duration;

use domain::{Actor, Event, EventKind, Events, Secret, User, UserId};
use storage::users::{self, Account};
use storage::{grants, sessions};

use crate::passwords::{NewPassword, PasswordRefused, Verdict};
use crate::throttle::{Admission, Attempt, Place, forget_devices};
use crate::users::UserError;
use crate::{App, Ctx, Fault, MAX_PASSWORD_BYTES, SignedIn};

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// Too many wrong ones were typed as the present one; worth another try after that.
    #[error("too many attempts")]
    Blocked(Duration),
    /// Too many passwords are being hashed.
    #[error("too many sign-ins at this moment")]
    Busy,
    /// Something else.
    #[error(transparent)]
    Fault(Fault),
    /// The new password cannot be set.
    #[error(transparent)]
    Refused(PasswordRefused),
    /// The last sign-in is too long ago.
    #[error("the sign-in is not fresh")]
    Stale,
    /// The present password is wrong.
    #[error("wrong password")]
    WrongCurrent,
}

impl From<Fault> for ChangeError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Busy(_) => Self::Busy,
            fault => Self::Fault(fault),
        }
    }
}

impl From<storage::StoreError> for ChangeError {
    fn from(cause: storage::StoreError) -> Self {
        Self::Fault(cause.into())
    }
}

/// What a person typed to change their password.
#[derive(Debug, Clone, Copy)]
pub struct PasswordChange<'a> {
    /// As the present one.
    pub current: &'a Secret<String>,
    /// As the new one.
    pub new: &'a Secret<String>,
    /// The cookie of a browser used before.
    pub device: Option<&'a str>,
}

/// A password was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// How many other sessions ended.
    pub ended: usize,
}

impl App {
    /// Whether the person has a password that would have to be typed.
    pub async fn has_password(&self, ctx: &Ctx, who: &SignedIn) -> Result<bool, Fault> {
        let found = users::find(&mut self.db.read(ctx.tenant_id()).await?, who.user.id).await?;
        Ok(found.is_some_and(|account| account.password_hash.is_some()))
    }

    /// Changes a person's own password: the present one is right, the sign-in fresh, the new one allowed. Every other
    /// session ends in the same commit (PW7), and every other browser is a stranger's again.
    pub async fn change_own_password(
        &self,
        ctx: &Ctx,
        who: &SignedIn,
        typed: &PasswordChange<'_>,
    ) -> Result<Changed, ChangeError> {
        let ctx = &ctx.acting_as(Actor::User(who.user.id));
        if !self.fresh_enough(ctx, who).await? {
            return Err(ChangeError::Stale);
        }
        self.passwords.admits(ctx.tenant_id())?;
        let found = users::find(&mut self.db.read(ctx.tenant_id()).await?, who.user.id).await?;
        let account = found.ok_or(Fault::Internal("who is signed in has no account"))?;
        if let Some(stored) = &account.password_hash {
            // Before the new one is looked at: whoever found an open session learns nothing and changes nothing.
            self.verify_current(ctx, who, typed, stored).await?;
        }
        let about = (&account.user.email, &account.user.profile);
        let new = match self.check_new_password(ctx, about, typed.new).await? {
            Ok(new) => new,
            Err(refused) => {
                self.change_refused(ctx, who, refused.as_str()).await?;
                return Err(ChangeError::Refused(refused));
            }
        };
        self.store_changed(ctx, who, &account, (&new, typed.device)).await
    }

    /// Counted where sign-ins in this browser are (PW9): an open session is no place to guess its password.
    async fn verify_current(
        &self,
        ctx: &Ctx,
        who: &SignedIn,
        typed: &PasswordChange<'_>,
        stored: &str,
    ) -> Result<(), ChangeError> {
        let attempt = Attempt {
            typed: who.user.email.as_str(),
            user: Some(who.user.id),
            device: typed.device,
            solution: None,
            place: Place::Session(who.session.id),
        };
        let admitted = match self.admit_attempt(ctx, &attempt).await? {
            Admission::Admitted(admitted) => admitted,
            Admission::Refused(blocked) => return Err(ChangeError::Blocked(blocked.wait)),
        };
        let verdict = self
            .verify_admitted(ctx, &admitted, (typed.current, Some(stored)))
            .await?;
        if verdict == Verdict::Wrong {
            self.change_refused(ctx, who, "wrong_password").await?;
            self.attempt_failed(ctx, &admitted).await?;
            return Err(ChangeError::WrongCurrent);
        }
        Ok(self.attempt_succeeded(ctx, &admitted).await?)
    }

    async fn store_changed(
        &self,
        ctx: &Ctx,
        who: &SignedIn,
        account: &Account,
        (new, device): (&NewPassword, Option<&str>),
    ) -> Result<Changed, ChangeError> {
        let hash = self.passwords.hash(&self.world, ctx.tenant_id(), new).await?;
        let (user, kept) = (who.user.id, who.session.id);
        let others: Vec<_> = {
            let mut read = self.db.read(ctx.tenant_id()).await?;
            let live = sessions::list_for_user(&mut read, user, ctx.now).await?;
            live.into_iter()
                .map(|(session, _)| session.id)
                .filter(|id| *id != kept)
                .collect()
        };
        let changed = Event::success(EventKind::PasswordChanged)
            .user(user)
            .session(kept)
            .detail("sessions_ended", others.len());
        let events = others.iter().fold(Events::one(changed), |events, id| {
            events.and(Event::success(EventKind::SessionEnded).user(user).session(*id))
        });
        let events = self.record(ctx, events).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        let old = account.password_hash.as_deref();
        if !users::change_password(&mut tx, user, old, &hash, ctx.now).await? {
            tx.rollback().await?;
            // Somebody else changed it a moment ago: what was typed as the present one is so no more.
            return Err(ChangeError::WrongCurrent);
        }
        forget_devices(&mut tx, user, device).await?;
        for ended in sessions::end_others_for_user(&mut tx, user, kept, ctx.now).await? {
            grants::revoke_online_for_session(&mut tx, ended, ctx.now).await?;
        }
        tx.commit(events).await?;
        Ok(Changed { ended: others.len() })
    }

    async fn change_refused(&self, ctx: &Ctx, who: &SignedIn, reason: &'static str) -> Result<(), Fault> {
        let event = Event::failure(EventKind::PasswordChangeRefused, reason)
            .user(who.user.id)
            .session(who.session.id);
        self.refuse(ctx, event).await
    }

    /// Checks what was typed as somebody's password. Too long to be anybody's: wrong before any hashing, for known and
    /// unknown alike (PW2, PW12).
    pub(crate) async fn verify_password(
        &self,
        ctx: &Ctx,
        typed: &Secret<String>,
        stored: Option<&str>,
    ) -> Result<Verdict, Fault> {
        if typed.expose().len() > MAX_PASSWORD_BYTES {
            return Ok(Verdict::Wrong);
        }
        self.passwords.verify(ctx.tenant_id(), typed, stored).await
    }

    /// Says that others know a person's password: it is to be changed at the next sign-in, and every session ends now
    /// (PW3). `NotFound` also where there is no password.
    pub async fn mark_password_compromised(&self, ctx: &Ctx, id: UserId) -> Result<User, UserError> {
        let marked = Event::success(EventKind::PasswordCompromised).user(id);
        let ended = Event::success(EventKind::SessionEnded).user(id);
        let events = self.record(ctx, Events::one(marked).and(ended)).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !users::mark_compromised(&mut tx, id, ctx.now).await? {
            tx.rollback().await?;
            return Err(UserError::NotFound);
        }
        // Who knew the password may have signed in with it.
        forget_devices(&mut tx, id, None).await?;
        for session in sessions::end_for_user(&mut tx, id, ctx.now).await? {
            grants::revoke_online_for_session(&mut tx, session, ctx.now).await?;
        }
        tx.commit(events).await?;
        self.user(ctx, id).await
    }
}
