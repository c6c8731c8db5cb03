//! Signing in with a password.

use domain::{Email, Event, EventKind, Method, OpaqueToken, Secret, Session, User, UserStatus};
use storage::users::{self, Account};

use crate::authorize::LiveFlow;
use crate::passwords::Verdict;
use crate::sign_in::Proved;
use crate::{App, Ctx, Fault, MAX_PASSWORD_BYTES, SignedIn};

/// What a person typed.
#[derive(Debug)]
pub struct PasswordAttempt {
    /// The address, as typed.
    pub email: String,
    /// The password, as typed.
    pub password: Secret<String>,
}

/// Why a sign-in failed.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Something else.
    #[error(transparent)]
    Fault(Fault),
    /// Too many people sign in at this moment.
    #[error("too many sign-ins at this moment")]
    Busy,
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
        let stored = found
            .as_ref()
            .and_then(|account| account.password_hash.as_deref());
        // Too long to be anybody's: refused before any hashing, for known and unknown alike (PW2, PW12).
        let verdict = if attempt.password.expose().len() > MAX_PASSWORD_BYTES {
            Verdict::Wrong
        } else {
            self.passwords
                .verify(ctx.tenant_id(), &attempt.password, stored)
                .await?
        };
        let account = match (verdict, found) {
            (Verdict::Right { outdated }, Some(account)) if account.user.status == UserStatus::Active => {
                if outdated {
                    self.rehash(ctx, &account, &attempt.password).await?;
                }
                account
            }
            (verdict, found) => {
                self.record_failed_login(ctx, flow, attempt, (verdict, found.as_ref()))
                    .await?;
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

    /// Parameters were raised since the password was set: store the hash anew (PW8).
    async fn rehash(&self, ctx: &Ctx, account: &Account, password: &Secret<String>) -> Result<(), Fault> {
        let made = self.passwords.hash(&self.world, ctx.tenant_id(), password).await;
        let hash = match made {
            // There are other times for it; nobody is kept out for that.
            Err(Fault::Busy(_)) => return Ok(()),
            made => made?,
        };
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        users::set_password(&mut tx, account.user.id, &hash, account.user.updated_at).await?;
        tx.commit_unrecorded("an outdated password hash is made anew")
            .await?;
        Ok(())
    }
}

/// With the client the person signs in for, if it is for one.
pub(crate) fn for_client(event: Event, flow: &LiveFlow) -> Event {
    match flow.login_view().client {
        Some(client) => event.client(&client.client_id),
        None => event,
    }
}
