//! Signing in with a password.

use domain::{Actor, Email, Event, EventKind, Method, OpaqueToken, Secret, Session, User, UserStatus};
use storage::users::{self, Account};

use crate::authorize::LiveFlow;
use crate::passwords::{NewPassword, PasswordRefused, Verdict};
use crate::sign_in::Proved;
use crate::throttle::{Admission, Attempt, Blocked, Place, Solution};
use crate::{App, Ctx, Fault, SignedIn};

/// What a person typed.
#[derive(Debug)]
pub struct PasswordAttempt {
    /// The address, as typed.
    pub email: String,
    /// The password, as typed.
    pub password: Secret<String>,
    /// What to use from now on instead: asked for where others know the present one.
    pub replacement: Option<Secret<String>>,
    /// The cookie of a browser used before.
    pub device: Option<String>,
    /// The answer to a challenge.
    pub solution: Option<Solution>,
}

/// Why a sign-in failed.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Something else.
    #[error(transparent)]
    Fault(Fault),
    /// Too many attempts failed: whether this one would have is not looked at.
    #[error("too many attempts")]
    Blocked(Blocked),
    /// Too many people sign in at this moment.
    #[error("too many sign-ins at this moment")]
    Busy,
    /// The password was right, but others know it: one to replace it has to come along (PW3).
    #[error("the password has to be changed")]
    ChangeRequired,
    /// The one to replace it cannot be set.
    #[error(transparent)]
    Replacement(PasswordRefused),
    /// Unknown address, wrong password, no password, or an account that is switched off: nobody is told which.
    #[error("wrong address or password")]
    WrongCredentials,
}

impl From<Fault> for LoginError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Busy(_) => Self::Busy,
            fault => Self::Fault(fault),
        }
    }
}

/// A person signed in.
#[derive(Debug)]
pub struct LoggedIn {
    /// The new session cookie's value.
    pub cookie: OpaqueToken,
    /// The session.
    pub session: Session,
    /// The person.
    pub user: User,
}

impl App {
    /// Verifies a password, in the browser of `flow`. Whether that is enough to be signed in is decided by `proved`.
    pub async fn log_in(
        &self,
        ctx: &Ctx,
        flow: &LiveFlow,
        attempt: &PasswordAttempt,
        before: Option<&SignedIn>,
    ) -> Result<Proved, LoginError> {
        // Whom the pool would refuse costs nothing else either.
        self.passwords.admits(ctx.tenant_id())?;
        let found = self.find_account(ctx, &attempt.email).await?;
        let asked = Attempt {
            typed: &attempt.email,
            user: found.as_ref().map(|account| account.user.id),
            device: attempt.device.as_deref(),
            solution: attempt.solution.as_ref(),
            place: Place::Flow(flow.id),
        };
        let admitted = match self.admit_attempt(ctx, &asked).await? {
            Admission::Admitted(admitted) => admitted,
            Admission::Refused(blocked) => return Err(LoginError::Blocked(blocked)),
        };
        let stored = found
            .as_ref()
            .and_then(|account| account.password_hash.as_deref());
        let verdict = self
            .verify_admitted(ctx, &admitted, (&attempt.password, stored))
            .await?;
        let account = match (verdict, found) {
            (Verdict::Right { outdated }, Some(account)) if account.user.status == UserStatus::Active => {
                self.attempt_succeeded(ctx, &admitted).await?;
                if account.password_compromised_at.is_some() {
                    // Where more has to be proved it is replaced after that: see `sign_in::replace`.
                    if self.opens_with_password(ctx, flow, &account.user).await? {
                        self.replace_password(ctx, &account, attempt).await?;
                    }
                } else if outdated {
                    self.rehash(ctx, &account, verdict, &attempt.password).await?;
                }
                account
            }
            (verdict, found) => {
                self.record_failed_login(ctx, flow, attempt, (verdict, found.as_ref()))
                    .await?;
                self.attempt_failed(ctx, &admitted).await?;
                return Err(LoginError::WrongCredentials);
            }
        };
        Ok(self
            .proved(ctx, flow, account.user, Method::Password, before)
            .await?)
    }

    async fn find_account(&self, ctx: &Ctx, typed: &str) -> Result<Option<Account>, Fault> {
        // A text that is no address still costs a look-up, so that its form makes no difference in time.
        let folded = typed
            .trim()
            .parse::<Email>()
            .map_or_else(|_| String::new(), |email| email.folded());
        Ok(users::find_by_email(&mut self.db.read(ctx.tenant_id()).await?, &folded).await?)
    }

    async fn record_failed_login(
        &self,
        ctx: &Ctx,
        flow: &LiveFlow,
        attempt: &PasswordAttempt,
        (verdict, found): (Verdict, Option<&Account>),
    ) -> Result<(), Fault> {
        let reason = match (verdict, found) {
            (_, None) => "unknown_user",
            (Verdict::Right { .. }, Some(_)) => "not_active",
            (Verdict::Wrong, Some(account)) if account.password_hash.is_none() => "no_password",
            (Verdict::Wrong, Some(_)) => "wrong_password",
        };
        let typed: String = attempt.email.chars().take(Email::MAX_LENGTH).collect();
        let mut event = for_client(Event::failure(EventKind::LoginFailed, reason), flow).name(&typed);
        if let Some(account) = found {
            event = event.user(account.user.id);
        }
        self.refuse(ctx, event).await
    }

    /// Parameters were raised since the password was set, or another product made the hash: store it anew (PW8).
    async fn rehash(
        &self,
        ctx: &Ctx,
        account: &Account,
        verdict: Verdict,
        typed: &Secret<String>,
    ) -> Result<(), Fault> {
        let old = account.password_hash.as_deref();
        let Some((password, old)) = NewPassword::proven(verdict, typed).zip(old) else {
            return Ok(());
        };
        let made = self.passwords.hash(&self.world, ctx.tenant_id(), &password).await;
        let hash = match made {
            // There are other times for it; nobody is kept out for that.
            Err(Fault::Busy(_)) => return Ok(()),
            made => made?,
        };
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        users::rewrite_password(&mut tx, account.user.id, old, &hash).await?;
        tx.commit_unrecorded("an outdated password hash is made anew")
            .await?;
        Ok(())
    }

    /// Others know the password that was typed: it opens nothing but the way to another one (PW3).
    async fn replace_password(
        &self,
        ctx: &Ctx,
        account: &Account,
        attempt: &PasswordAttempt,
    ) -> Result<(), LoginError> {
        let user = &account.user;
        let refused = Event::failure(EventKind::PasswordChangeRefused, "required").user(user.id);
        let Some(typed) = &attempt.replacement else {
            self.refuse(ctx, refused).await?;
            return Err(LoginError::ChangeRequired);
        };
        let about = (&user.email, &user.profile);
        let checked = match self.check_new_password(ctx, about, typed).await? {
            // The same again would change nothing.
            Ok(_) if typed.expose() == attempt.password.expose() => Err(PasswordRefused::Common),
            checked => checked,
        };
        let new = match checked {
            Ok(new) => new,
            Err(reason) => {
                let refused = Event::failure(EventKind::PasswordChangeRefused, reason.as_str()).user(user.id);
                self.refuse(ctx, refused).await?;
                return Err(LoginError::Replacement(reason));
            }
        };
        let hash = self.passwords.hash(&self.world, ctx.tenant_id(), &new).await?;
        if self.store_replaced(ctx, account, &hash).await? {
            Ok(())
        } else {
            // Somebody else changed it a moment ago.
            Err(LoginError::WrongCredentials)
        }
    }

    pub(crate) async fn store_replaced(
        &self,
        ctx: &Ctx,
        account: &Account,
        hash: &str,
    ) -> Result<bool, Fault> {
        let id = account.user.id;
        let ctx = &ctx.acting_as(Actor::User(id));
        let events = self
            .record(ctx, Event::success(EventKind::PasswordChanged).user(id))
            .await?;
        let old = account.password_hash.as_deref();
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !users::change_password(&mut tx, id, old, hash, ctx.now).await? {
            tx.rollback().await?;
            return Ok(false);
        }
        tx.commit(events).await?;
        Ok(true)
    }
}

/// With the client the person signs in for, if it is for one.
pub(crate) fn for_client(event: Event, flow: &LiveFlow) -> Event {
    match flow.login_view().client {
        Some(client) => event.client(&client.client_id),
        None => event,
    }
}
