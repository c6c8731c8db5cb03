//! Signing in with a password.

use domain::{
    Acr, Actor, Amr, Device, Email, Event, EventKind, OpaqueToken, Secret, Session, SessionId, SessionLimits,
    TokenKind, User, UserStatus,
};
use storage::sessions;
use storage::users::{self, Account};

use crate::authorize::LiveFlow;
use crate::passwords::Verdict;
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
    Fault(#[from] Fault),
    /// Unknown address, wrong password, no password, or an account that is switched off: nobody is told which.
    #[error("wrong address or password")]
    WrongCredentials,
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
    /// Signs a person in by password, in the browser of `flow`. A session the browser had before is renewed if it was
    /// the same person's and ended if it was somebody else's; its old cookie is dead either way (SE2, H1).
    pub async fn log_in(
        &self,
        ctx: &Ctx,
        flow: &LiveFlow,
        attempt: &PasswordAttempt,
        before: Option<&SignedIn>,
    ) -> Result<LoggedIn, LoginError> {
        let found = self.find_account(ctx, &attempt.email).await?;
        let stored = found
            .as_ref()
            .and_then(|account| account.password_hash.as_deref());
        // Too long to be anybody's: refused before any hashing, for known and unknown alike (PW2, PW12).
        let verdict = if attempt.password.expose().len() > MAX_PASSWORD_BYTES {
            Verdict::Wrong
        } else {
            self.passwords.verify(&attempt.password, stored).await?
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
        Ok(self.open_session(ctx, flow, account.user, before).await?)
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
        let hash = self.passwords.hash(&self.world, password).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        users::set_password(&mut tx, account.user.id, &hash, account.user.updated_at).await?;
        tx.commit_unrecorded("an outdated password hash is made anew")
            .await?;
        Ok(())
    }

    async fn open_session(
        &self,
        ctx: &Ctx,
        flow: &LiveFlow,
        user: User,
        before: Option<&SignedIn>,
    ) -> Result<LoggedIn, Fault> {
        let ctx = &ctx.acting_as(Actor::User(user.id));
        let cookie = OpaqueToken::generate(TokenKind::Session, &self.world);
        let same = before.filter(|b| b.user.id == user.id).map(|b| b.session.clone());
        let limits = SessionLimits::for_acr(Acr::Aal1);
        let fresh = Session {
            id: SessionId::generate(&self.world),
            user_id: user.id,
            acr: Acr::Aal1,
            amr: vec![Amr::Password],
            auth_time: ctx.now,
            device: ctx.agent.as_deref().map(Device::of),
            created_at: ctx.now,
            last_seen_at: ctx.now,
            idle_expires_at: ctx.now.plus(limits.idle),
            absolute_expires_at: ctx.now.plus(limits.absolute),
            ended_at: None,
        };
        let session = match &same {
            Some(old) => Session {
                id: old.id,
                created_at: old.created_at,
                ..fresh
            },
            None => fresh,
        };
        let event = for_client(Event::success(EventKind::Login), flow)
            .user(user.id)
            .session(session.id)
            .detail("method", "password")
            .detail("acr", session.acr.as_str());
        let events = self.record(ctx, event).await?;
        let sealed = self.seal_whereabouts(ctx, &session).await?;
        if let Some(other) = before.filter(|b| b.user.id != user.id) {
            self.end_session(ctx, &other.session, EventKind::SessionEnded)
                .await?;
        }
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        let renewed = match &same {
            Some(_) => sessions::renew(&mut tx, &session, &cookie.hash(), sealed.as_ref()).await?,
            None => false,
        };
        if !renewed {
            sessions::insert(&mut tx, &session, &cookie.hash(), sealed.as_ref()).await?;
        }
        users::record_login(&mut tx, user.id, ctx.now).await?;
        tx.commit(events).await?;
        Ok(LoggedIn {
            cookie,
            session,
            user,
        })
    }
}

/// With the client the person signs in for, if it is for one.
fn for_client(event: Event, flow: &LiveFlow) -> Event {
    match flow.login_view().client {
        Some(client) => event.client(&client.client_id),
        None => event,
    }
}
