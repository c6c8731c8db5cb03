//! What people do with their own second factors. All of it needs a fresh proof of who they are, which the caller asks for
//! (`App::fresh_enough`, MF8), and is asked for here once more.

use std::time::Duration;

use domain::{Actor, Event, EventKind, Events, Method, OpaqueToken, Secret, TokenKind};
use storage::factors::{self, Totp};
use storage::{StoreError, factor_recoveries, sessions};

use super::factor::{recovery_hash, seed_place};
use super::{Proof, end, ended, totp};
use crate::login::LoggedIn;
use crate::seal::Purpose;
use crate::{App, Ctx, Fault, SignedIn};

/// How long a seed waits for its first code.
const SETUP_LIFETIME: Duration = Duration::from_mins(15);
/// How many recovery codes there are.
const CODES: usize = 10;

/// A seed that waits for its first code.
#[derive(Debug)]
pub struct TotpSetup {
    /// As text, for typing.
    pub secret: Secret<String>,
    /// As an `otpauth:` address, for the picture.
    pub address: Secret<String>,
}

/// Why a factor could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    /// Something else.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The person has to prove who they are first.
    #[error("the sign-in is not fresh or not strong enough")]
    NotFresh,
    /// There is nothing of that kind, or there is one already.
    #[error("nothing to change")]
    Nothing,
    /// The code does not belong to the seed and this moment.
    #[error("wrong code")]
    WrongCode,
}

impl From<StoreError> for ManageError {
    fn from(cause: StoreError) -> Self {
        Self::Fault(cause.into())
    }
}

impl App {
    async fn must_be_fresh(&self, ctx: &Ctx, who: &SignedIn) -> Result<Ctx, ManageError> {
        if self.fresh_enough(ctx, who).await? {
            Ok(ctx.acting_as(Actor::User(who.user.id)))
        } else {
            Err(ManageError::NotFresh)
        }
    }

    /// Whether the person's time-based factor was set aside.
    pub async fn is_totp_suspended(&self, ctx: &Ctx, who: &SignedIn) -> Result<bool, Fault> {
        let found = factors::totp(&mut self.db.read(ctx.tenant_id()).await?, who.user.id).await?;
        Ok(found.is_some_and(|totp| totp.suspended_at.is_some()))
    }

    /// Makes a seed. It counts for nothing until its first code was shown.
    pub async fn begin_totp(&self, ctx: &Ctx, who: &SignedIn) -> Result<(), ManageError> {
        let ctx = &self.must_be_fresh(ctx, who).await?;
        if !self.enrolled(ctx, who.user.id).await?.password {
            // Codes count beside a password only: alone, or with a key, they would make nothing stronger.
            return Err(ManageError::Nothing);
        }
        let id = self.world.uuid_v7();
        let purpose = Purpose::Person(who.user.id);
        let sealing = self
            .seals
            .sealing(&self.db, &self.world, ctx.tenant_id(), &purpose);
        let (seal_key, seal) = sealing.await?.ok_or(ManageError::Nothing)?;
        let seed: [u8; 20] = self.world.random();
        let totp = Totp {
            user_id: who.user.id,
            id,
            seed: seal.seal(&self.world, seed_place(ctx, &id.to_string()), &seed)?,
            seal_key,
            last_step: 0,
            created_at: ctx.now,
            confirmed_at: None,
            suspended_at: None,
        };
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        let begun = factors::begin_totp(&mut tx, &totp).await?;
        tx.commit_unrecorded("a seed waits for its first code").await?;
        if begun { Ok(()) } else { Err(ManageError::Nothing) }
    }

    /// The seed that waits for its first code.
    pub async fn totp_setup(&self, ctx: &Ctx, who: &SignedIn) -> Result<TotpSetup, ManageError> {
        let ctx = &self.must_be_fresh(ctx, who).await?;
        let found = factors::totp(&mut self.db.read(ctx.tenant_id()).await?, who.user.id).await?;
        let found = found
            .filter(|totp| totp.confirmed_at.is_none() && ctx.now.since(totp.created_at) <= SETUP_LIFETIME)
            .ok_or(ManageError::Nothing)?;
        let seed = self.open_seed(ctx, &found).await?;
        let (secret, address) = totp::shown(&seed, &ctx.tenant.tenant.name, who.user.email.as_str())?;
        Ok(TotpSetup { secret, address })
    }

    /// Makes the seed count, once its person shows a code of it. The session rises with it where it began with a
    /// password: both were proved within the last minutes. Its old cookie is dead then.
    pub async fn confirm_totp(
        &self,
        ctx: &Ctx,
        who: &SignedIn,
        code: &Secret<String>,
    ) -> Result<LoggedIn, ManageError> {
        let ctx = &self.must_be_fresh(ctx, who).await?;
        let user = who.user.id;
        let found = self.matching_step(ctx, user, code, false).await?;
        let (totp, step) = found
            .filter(|(totp, _)| ctx.now.since(totp.created_at) <= SETUP_LIFETIME)
            .ok_or(ManageError::WrongCode)?;
        let cookie = OpaqueToken::generate(TokenKind::Session, &self.world);
        let session = self.raised_session(ctx, &who.session, Method::Totp);
        let event = Event::success(EventKind::FactorEnrolled)
            .user(user)
            .session(session.id)
            .detail("method", "totp");
        let events = self.record(ctx, event).await?;
        let sealed = self.seal_whereabouts(ctx, &session).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        let confirmed = factors::confirm_totp(&mut tx, (user, totp.id), step, ctx.now).await?;
        let renewed = sessions::renew(&mut tx, &session, &cookie.hash(), sealed.as_ref()).await?;
        if !(confirmed && renewed) {
            tx.rollback().await?;
            return Err(ManageError::Nothing);
        }
        tx.commit(events).await?;
        Ok(LoggedIn {
            cookie,
            session,
            user: who.user.clone(),
        })
    }

    /// Removes the person's own time-based factor, and their recovery codes if these stand in for nothing any more. It
    /// counts nowhere from this commit on (MF13), nor do their other sessions that codes opened.
    pub async fn remove_own_totp(&self, ctx: &Ctx, who: &SignedIn) -> Result<(), ManageError> {
        let (ctx, user) = (&self.must_be_fresh(ctx, who).await?, who.user.id);
        let keeps_codes = self.enrolled(ctx, user).await?.passkey.is_some();
        let opened = self
            .opened_by(ctx, (user, Some(who.session.id)), &[Proof::CODES])
            .await?;
        let removed = Event::success(EventKind::FactorRemoved)
            .user(user)
            .detail("method", "totp");
        let events = opened.iter().map(|session| ended(user, *session));
        let events = self
            .record(ctx, events.fold(Events::one(removed), Events::and))
            .await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !factors::remove_totp(&mut tx, user).await? {
            tx.rollback().await?;
            return Err(ManageError::Nothing);
        }
        if !keeps_codes {
            factors::remove_recovery_codes(&mut tx, user).await?;
        }
        // What is set up from now on was not lost.
        factor_recoveries::stop(&mut tx, user).await?;
        end(&mut tx, &opened, ctx.now).await?;
        tx.commit(events).await?;
        Ok(())
    }

    /// Makes ten recovery codes of 120 bits, in place of all there were (MF5). They are shown now and never again.
    pub async fn make_recovery_codes(
        &self,
        ctx: &Ctx,
        who: &SignedIn,
    ) -> Result<Vec<Secret<String>>, ManageError> {
        let ctx = &self.must_be_fresh(ctx, who).await?;
        let user = who.user.id;
        let can = self.enrolled(ctx, user).await?;
        // They stand in beside a password; alone they open nothing.
        if !(can.password && can.has_second_factor()) {
            return Err(ManageError::Nothing);
        }
        let codes: Vec<Secret<String>> = (0..CODES).map(|_| self.new_recovery_code()).collect();
        let event = Event::success(EventKind::RecoveryCodesMade)
            .user(user)
            .detail("count", CODES);
        let events = self.record(ctx, event).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        factors::remove_recovery_codes(&mut tx, user).await?;
        for code in &codes {
            let hash = recovery_hash(user, code.expose());
            factors::insert_recovery_code(&mut tx, user, &hash, ctx.now).await?;
        }
        tx.commit(events).await?;
        Ok(codes)
    }

    /// Four groups of six characters, without those that look alike: 5 bits each.
    fn new_recovery_code(&self) -> Secret<String> {
        const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
        let random: [u8; 24] = self.world.random();
        let mut code = String::with_capacity(27);
        for (place, byte) in random.iter().enumerate() {
            if place > 0 && place % 6 == 0 {
                code.push('-');
            }
            let letter = LETTERS.get(usize::from(byte % 32)).copied().unwrap_or(b'2');
            code.push(char::from(letter));
        }
        Secret::new(code)
    }
}
