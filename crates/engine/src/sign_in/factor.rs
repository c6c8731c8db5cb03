use std::time::Duration;

use domain::{Actor, Event, EventKind, Events, Method, Secret, TokenHash, User, UserId, UserStatus};
use storage::factors::{self, Limit, Totp};
use storage::passkeys::{self, Stored};
use storage::{StoreError, users};

use super::{Proved, totp};
use crate::authorize::LiveFlow;
use crate::login::for_client;
use crate::seal::Place;
use crate::{App, Ctx, Fault, SignedIn};

/// So many codes are looked at, then the factor is closed: 15 minutes, then twice as long each time, up to a day (MF3).
const LIMIT: Limit = Limit {
    attempts: 5,
    first_block: micros(Duration::from_mins(15)),
    longest_block: micros(Duration::from_hours(24)),
};

const fn micros(span: Duration) -> i64 {
    // Exact: none of the spans above comes near the end of the type.
    span.as_secs().cast_signed() * 1_000_000
}

/// What could be a person's second factor in a flow.
#[derive(Debug, Clone, Copy)]
pub struct FactorsLeft {
    /// One of their passkeys.
    pub passkey: bool,
    /// Their password, after a passkey that shows only that somebody is there.
    pub password: bool,
    /// What their application shows.
    pub totp: bool,
    /// One of their recovery codes.
    pub recovery: bool,
}

/// What a person typed as their second factor.
#[derive(Debug)]
pub enum FactorCode {
    /// One of their recovery codes.
    Recovery(Secret<String>),
    /// What their application shows.
    Totp(Secret<String>),
}

impl FactorCode {
    const fn method(&self) -> Method {
        match self {
            Self::Recovery(_) => Method::RecoveryCode,
            Self::Totp(_) => Method::Totp,
        }
    }
}

/// Why a code did not count.
#[derive(Debug, thiserror::Error)]
pub enum FactorRefused {
    /// Too many were wrong; this factor is closed for a while. The others are not.
    #[error("this factor is closed for a while")]
    Blocked,
    /// Something else.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// Nobody proved anything in this flow yet.
    #[error("the first factor comes first")]
    NotYet,
    /// Wrong, used before, of a factor that is not there: nobody is told which.
    #[error("wrong code")]
    Wrong,
}

impl From<StoreError> for FactorRefused {
    fn from(cause: StoreError) -> Self {
        Self::Fault(cause.into())
    }
}

/// The form in which a recovery code is hashed: people write them in small letters and with other separators.
pub(crate) fn recovery_hash(user: UserId, code: &str) -> TokenHash {
    let plain: String = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .take(64)
        .collect();
    TokenHash::of(&format!("recovery|{user}|{plain}"))
}

impl App {
    /// Whose second factor a flow waits for.
    pub async fn half_way(&self, ctx: &Ctx, flow: &LiveFlow) -> Result<Option<User>, Fault> {
        let (Some(id), false) = (flow.progress.user, flow.progress.proofs.is_empty()) else {
            return Ok(None);
        };
        let account = users::find(&mut self.db.read(ctx.tenant_id()).await?, id).await?;
        Ok(account
            .map(|account| account.user)
            .filter(|user| user.status == UserStatus::Active))
    }

    /// What could stand beside what a flow knows of its person already.
    pub async fn factors_left(&self, ctx: &Ctx, flow: &LiveFlow, user: UserId) -> Result<FactorsLeft, Fault> {
        let can = self.enrolled(ctx, user).await?;
        let proofs = &flow.progress.proofs;
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let passkeys = passkeys::list_for_user(&mut read, user).await?;
        let totp = factors::totp(&mut read, user).await?;
        drop(read);
        // What is set aside makes the question no easier, and is no answer to it.
        let counts = |stored: &Stored| stored.passkey.suspended_at.is_none();
        let showed_passkey = proofs.iter().any(|proof| matches!(proof, Method::Passkey { .. }));
        Ok(FactorsLeft {
            // One that asks for its user has done enough: this was one that does not.
            passkey: passkeys.iter().any(counts) && !showed_passkey,
            password: can.password && !proofs.contains(&Method::Password),
            totp: can.totp && totp.is_some_and(|totp| totp.suspended_at.is_none()),
            recovery: can.recovery_codes > 0,
        })
    }

    /// Verifies a second factor in a flow whose first one is proved.
    pub async fn verify_factor(
        &self,
        ctx: &Ctx,
        flow: &LiveFlow,
        code: &FactorCode,
        before: Option<&SignedIn>,
    ) -> Result<Proved, FactorRefused> {
        let user = self.half_way(ctx, flow).await?.ok_or(FactorRefused::NotYet)?;
        let about = |event| for_client(event, flow);
        self.spend_code(ctx, user.id, code, about).await?;
        Ok(self.proved(ctx, flow, user, code.method(), before).await?)
    }

    /// Counts the attempt, looks at the code and uses it up.
    async fn spend_code(
        &self,
        ctx: &Ctx,
        user: UserId,
        code: &FactorCode,
        about: impl Fn(Event) -> Event,
    ) -> Result<(), FactorRefused> {
        let kind = code.method().as_str();
        let failed = |reason| {
            about(Event::failure(EventKind::FactorFailed, reason))
                .user(user)
                .detail("method", kind)
        };
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        let admitted = factors::admit(&mut tx, (user, kind), LIMIT, ctx.now).await?;
        tx.commit_unrecorded("an attempt is counted before it is looked at")
            .await?;
        let Some(attempts) = admitted else {
            self.limit_refused("factor");
            self.refuse(ctx, failed("blocked")).await?;
            return Err(FactorRefused::Blocked);
        };
        if self.use_up(ctx, user, code).await? {
            return Ok(());
        }
        self.refuse(ctx, failed("wrong_code")).await?;
        // Of the person they are counted above, so that it holds from everywhere; of the source here.
        self.guess_failed(ctx).await?;
        if attempts == 0 {
            let closed = about(Event::warning(EventKind::FactorBlocked, "wrong_codes"));
            self.append(ctx, closed.user(user).detail("method", kind)).await?;
        }
        Err(FactorRefused::Wrong)
    }

    /// Uses a code up by one conditional write, on whichever node it comes first; false if it does not count.
    async fn use_up(&self, ctx: &Ctx, user: UserId, code: &FactorCode) -> Result<bool, Fault> {
        let ctx = &ctx.acting_as(Actor::User(user));
        let kind = code.method().as_str();
        match code {
            FactorCode::Totp(code) => {
                let Some((totp, step)) = self.matching_step(ctx, user, code, true).await? else {
                    return Ok(false);
                };
                let mut tx = self.db.begin(ctx.tenant_id()).await?;
                let used = factors::use_totp(&mut tx, (user, totp.id), step).await?;
                if used {
                    factors::forgive(&mut tx, user, kind).await?;
                }
                tx.commit_unrecorded("a time-based code is used up; the sign-in it leads to is recorded")
                    .await?;
                Ok(used)
            }
            FactorCode::Recovery(code) => {
                let event = Event::success(EventKind::RecoveryCodeUsed).user(user);
                let events = self.record(ctx, Events::one(event)).await?;
                let hash = recovery_hash(user, code.expose());
                let mut tx = self.db.begin(ctx.tenant_id()).await?;
                if !factors::use_recovery_code(&mut tx, user, &hash, ctx.now).await? {
                    tx.rollback().await?;
                    return Ok(false);
                }
                factors::forgive(&mut tx, user, kind).await?;
                tx.commit(events).await?;
                Ok(true)
            }
        }
    }

    /// The person's time-based factor and the step that `code` belongs to, if it belongs to one.
    pub(crate) async fn matching_step(
        &self,
        ctx: &Ctx,
        user: UserId,
        code: &Secret<String>,
        confirmed: bool,
    ) -> Result<Option<(Totp, i64)>, Fault> {
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let found = factors::totp(&mut read, user).await?;
        drop(read);
        let counts = |totp: &Totp| totp.confirmed_at.is_some() == confirmed && totp.suspended_at.is_none();
        let Some(found) = found.filter(counts) else {
            return Ok(None);
        };
        let seed = self.open_seed(ctx, &found).await?;
        let neighbours = ctx.tenant.tenant.settings.sign_in.second_factor.totp_neighbours;
        let step = totp::step_of(&seed, code.expose(), neighbours, ctx.now)?;
        Ok(step.map(|step| (found, step)))
    }

    pub(crate) async fn open_seed(&self, ctx: &Ctx, totp: &Totp) -> Result<Secret<Vec<u8>>, Fault> {
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let key = self.seals.opening(&mut read, totp.seal_key).await?;
        drop(read);
        let row = totp.id.to_string();
        key.ok_or(Fault::Seal(SEED))?
            .open(seed_place(ctx, &row), &totp.seed)
    }
}

const SEED: &str = "totp_factors.seed";

pub(crate) fn seed_place<'a>(ctx: &Ctx, row: &'a str) -> Place<'a> {
    Place {
        tenant: ctx.tenant_id(),
        column: SEED,
        row,
    }
}
