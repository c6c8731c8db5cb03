//! Slows down who guesses, and never the owner: whoever signs in from a browser they used before has a counter of their
//! own, so no stranger can lock them out (A6, PW9, PW10).
//!
//! Windows are counted in the shared state, or in the database at half their size while that is away. What must not be
//! forgotten stands in the database: the row of failures of an account, and lockouts. Accounts that do not exist are
//! counted like all others, under a keyed hash of what was typed.
//!
//! Every place that verifies a password asks here first. Second factors have a count of their own for each person
//! (`sign_in::factor`, MF3); what fails there counts here for the source alone.

mod challenge;
mod device;
mod requests;
mod rules;
mod told;
mod windows;

use std::net::IpAddr;
use std::time::Duration;

use domain::{Event, EventKind, FlowId, Secret, SessionId, TokenHash, User, UserId};
use storage::attempts;

use crate::mail::Guessed;
use crate::passwords::Verdict;
use crate::seal::MacKey;
use crate::{App, Ctx, Fault};

pub use challenge::{Challenge, Solution};
pub use device::DEVICE_KEPT;
pub(crate) use device::forget_devices;
pub use requests::{Limited, RequestClass, RequestLimits};
pub use rules::ThrottlePolicy;

use rules::{Facts, Judgement};

/// Somebody wants to prove who they are by something that can be guessed.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// The name that was typed.
    pub typed: &'a str,
    /// The account of that name, by whatever alias it was found.
    pub user: Option<UserId>,
    /// The cookie of a browser used before.
    pub device: Option<&'a str>,
    /// The answer to a challenge.
    pub solution: Option<&'a Solution>,
    /// What it is part of.
    pub place: Place,
}

/// Where a password is asked for. A challenge is good in one of them only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A sign-in.
    Flow(FlowId),
    /// A page of somebody who is signed in: they proved who they are, and are nobody's victim there.
    Session(SessionId),
}

impl Place {
    fn text(self) -> String {
        match self {
            Self::Flow(id) => id.to_string(),
            Self::Session(id) => format!("session {id}"),
        }
    }
}

/// What becomes of an attempt.
#[derive(Debug)]
pub enum Admission {
    /// It may be made; its outcome has to be told.
    Admitted(Admitted),
    /// It may not, whatever would have been right.
    Refused(Blocked),
}

/// An attempt that is counted already, as if it failed.
#[derive(Debug)]
pub struct Admitted {
    keys: Box<Keys>,
    /// The counter of the known device, or of the session, instead of all others.
    own: Option<TokenHash>,
    /// Which one in a row it is; for a known device, how many failed before.
    number: u32,
    user: Option<UserId>,
    /// The name that was typed.
    typed: String,
}

/// An attempt that was not made.
#[derive(Debug)]
pub struct Blocked {
    /// From a closed list of short words.
    pub reason: &'static str,
    /// Worth another try after that.
    pub wait: Duration,
    /// With the answer to this it can be made.
    pub challenge: Option<Challenge>,
}

/// Under what an attempt is counted.
#[derive(Debug)]
struct Keys {
    account: TokenHash,
    pair: TokenHash,
    lock: TokenHash,
    /// Failures in a row in all known browsers of the account together.
    known: TokenHash,
    places: Places,
}

/// Where it comes from.
#[derive(Debug)]
struct Places {
    source: TokenHash,
    network: TokenHash,
    tenant: TokenHash,
}

impl App {
    /// Whether an attempt may be made: asked before anything costs time, and counted in the same step, so that of many
    /// at once no more are made than may fail.
    pub async fn admit_attempt(&self, ctx: &Ctx, attempt: &Attempt<'_>) -> Result<Admission, Fault> {
        let mac = self
            .seals
            .pseudonyms(&self.db, &self.world, ctx.tenant_id())
            .await?;
        let keys = Keys::of(&mac, ctx, attempt);
        let own = self.own_counter(ctx, &keys, attempt).await?;
        let outcome = match &own {
            Some((own, failed)) => self.admit_known(ctx, own, *failed).await?,
            None => self.admit_stranger(ctx, &keys, attempt, &mac).await?,
        };
        match outcome {
            Ok(number) => Ok(Admission::Admitted(Admitted {
                keys: Box::new(keys),
                own: own.map(|(own, _)| own),
                number,
                user: attempt.user,
                typed: kept(attempt.typed),
            })),
            Err(blocked) => {
                self.limit_refused(blocked.reason);
                let event =
                    Event::failure(EventKind::ThrottleBlocked, blocked.reason).name(&kept(attempt.typed));
                // Not as the account's: refusals of those that exist would be kept one by one, and take longer.
                self.refuse(ctx, event).await?;
                Ok(Admission::Refused(blocked))
            }
        }
    }

    /// The attempt failed. The one from which on strangers have to work, and the one after which none of them may try any
    /// more, are events of their own, and the owner is told.
    pub async fn attempt_failed(&self, ctx: &Ctx, admitted: &Admitted) -> Result<(), Fault> {
        let policy = &self.throttle;
        let number = if admitted.own.is_some() {
            self.count_known(ctx, &admitted.keys).await?
        } else {
            self.count_places(ctx, &admitted.keys.places).await?;
            Some(admitted.number)
        };
        let is_stranger = admitted.own.is_none();
        match number {
            Some(number) if number == policy.most => {
                self.tell_of_guessing(ctx, admitted, Guessed::Locked).await
            }
            Some(number) if is_stranger && number == policy.challenge_from => {
                self.tell_of_guessing(ctx, admitted, Guessed::Slowed).await
            }
            _ => Ok(()),
        }
    }

    /// The attempt was not made after all: there was no time to look at the password. It does not count, or an overload
    /// would lock people out.
    pub async fn attempt_withdrawn(&self, ctx: &Ctx, admitted: &Admitted) -> Result<(), Fault> {
        let keys = &admitted.keys;
        if let Some(own) = &admitted.own {
            return self.give_back_window(ctx, own).await;
        }
        self.give_back_window(ctx, &keys.pair).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        attempts::give_back(&mut tx, &keys.account).await?;
        tx.commit_unrecorded("an attempt that was not made is not counted")
            .await?;
        Ok(())
    }

    /// Verifies the password of an admitted attempt.
    pub(crate) async fn verify_admitted(
        &self,
        ctx: &Ctx,
        admitted: &Admitted,
        (password, stored): (&Secret<String>, Option<&str>),
    ) -> Result<Verdict, Fault> {
        match self.verify_password(ctx, password, stored).await {
            Ok(verdict) => Ok(verdict),
            Err(cause) => {
                self.attempt_withdrawn(ctx, admitted).await?;
                Err(cause)
            }
        }
    }

    /// The attempt succeeded: what was counted for the account ends, what was counted for the source does not.
    pub async fn attempt_succeeded(&self, ctx: &Ctx, admitted: &Admitted) -> Result<(), Fault> {
        let keys = &admitted.keys;
        if let Some(own) = &admitted.own {
            self.forget_window(ctx, own).await?;
            if admitted.number == 0 {
                return Ok(());
            }
            let mut tx = self.db.begin(ctx.tenant_id()).await?;
            attempts::clear(&mut tx, &keys.known).await?;
            tx.commit_unrecorded("counts of attempts end with the sign-in that is recorded")
                .await?;
            return Ok(());
        }
        self.forget_window(ctx, &keys.pair).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        attempts::clear(&mut tx, &keys.account).await?;
        attempts::clear(&mut tx, &keys.lock).await?;
        tx.commit_unrecorded("counts of attempts end with the sign-in that is recorded")
            .await?;
        Ok(())
    }

    /// Ends what was counted for a person, because an operator says so. Sources locked out one by one stay so.
    pub async fn unlock(&self, ctx: &Ctx, user: &User) -> Result<(), Fault> {
        let counted = self.counted_for(ctx, user.id).await?;
        let event = Event::success(EventKind::AccountUnlocked).user(user.id);
        let events = self.record(ctx, event).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        counted.clear(&mut tx).await?;
        tx.commit(events).await?;
        Ok(())
    }

    /// What is counted for a person, to be cleared in a transaction.
    pub(crate) async fn counted_for(&self, ctx: &Ctx, user: UserId) -> Result<Counted, Fault> {
        let mac = self
            .seals
            .pseudonyms(&self.db, &self.world, ctx.tenant_id())
            .await?;
        let account = account_key(&mac, Some(user), "");
        let known = known_key(&mac, &account);
        Ok(Counted([account, known]))
    }

    /// Somebody guessed wrong what is counted for its person elsewhere: the place they did it from bears so many.
    pub(crate) async fn guess_failed(&self, ctx: &Ctx) -> Result<(), Fault> {
        let mac = self
            .seals
            .pseudonyms(&self.db, &self.world, ctx.tenant_id())
            .await?;
        self.count_places(ctx, &Places::of(&mac, ctx)).await
    }

    async fn count_places(&self, ctx: &Ctx, places: &Places) -> Result<(), Fault> {
        let policy = &self.throttle;
        for (key, most) in [
            (&places.source, policy.source),
            (&places.network, policy.network),
            (&places.tenant, policy.tenant),
        ] {
            self.take_window(ctx, key, policy.over(most)).await?;
        }
        Ok(())
    }

    /// The counter of whoever makes the attempt, if it is known that they are the account's own, and how many failed in
    /// all of these before. After `most` of them a known browser is known no more: one may have been stolen (PW9).
    async fn own_counter(
        &self,
        ctx: &Ctx,
        keys: &Keys,
        attempt: &Attempt<'_>,
    ) -> Result<Option<(TokenHash, u32)>, Fault> {
        let device = self.known_device(ctx, attempt).await?;
        let own = match (&device, attempt.place) {
            (Some(device), _) => device_key(device),
            (None, Place::Session(id)) => TokenHash::of(&format!("throttle.session {id}")),
            (None, Place::Flow(_)) => return Ok(None),
        };
        let before = attempts::find(&mut self.db.read(ctx.tenant_id()).await?, &keys.known, ctx.now).await?;
        let failed = before.map_or(0, |before| u32::try_from(before.failures).unwrap_or(u32::MAX));
        let ends = failed >= self.throttle.most && matches!(attempt.place, Place::Flow(_));
        Ok((!ends).then_some((own, failed)))
    }

    /// A browser of the owner's: its own window, and nothing a stranger did.
    async fn admit_known(
        &self,
        ctx: &Ctx,
        own: &TokenHash,
        failed: u32,
    ) -> Result<Result<u32, Blocked>, Fault> {
        if failed >= self.throttle.most {
            return Ok(Err(Blocked::new("known", self.throttle.lockout)));
        }
        Ok(match self.take_window(ctx, own, self.throttle.pair()).await? {
            None => Ok(failed),
            Some(wait) => Err(Blocked::new("device", wait)),
        })
    }

    /// Counts a failure in a known browser; which one in a row it was.
    async fn count_known(&self, ctx: &Ctx, keys: &Keys) -> Result<Option<u32>, Fault> {
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        let number = attempts::begin(&mut tx, &keys.known, self.throttle.without_wait(), ctx.now).await?;
        tx.commit_unrecorded("a failure in a known browser is counted; it is recorded as what it was")
            .await?;
        Ok(number)
    }

    async fn admit_stranger(
        &self,
        ctx: &Ctx,
        keys: &Keys,
        attempt: &Attempt<'_>,
        mac: &MacKey,
    ) -> Result<Result<u32, Blocked>, Fault> {
        let policy = &self.throttle;
        for (key, most, reason) in [
            (&keys.places.source, policy.source, "source"),
            (&keys.places.network, policy.network, "network"),
        ] {
            if let Some(wait) = self.look_window(ctx, key, policy.over(most)).await? {
                return Ok(Err(Blocked::new(reason, wait)));
            }
        }
        let tenant_attacked = self
            .look_window(ctx, &keys.places.tenant, policy.over(policy.tenant))
            .await?
            .is_some();
        let facts = {
            let mut read = self.db.read(ctx.tenant_id()).await?;
            let locked = attempts::find(&mut read, &keys.lock, ctx.now).await?;
            Facts {
                account: attempts::find(&mut read, &keys.account, ctx.now).await?,
                locked_until: locked.map(|lock| lock.next_at),
                tenant_attacked,
            }
        };
        match policy.judge(&facts, ctx.now) {
            Judgement::Admitted => {}
            Judgement::Refused(reason, wait) => return Ok(Err(Blocked::new(reason, wait))),
            Judgement::Challenged => {
                if let Some(blocked) = self.check_challenge(ctx, keys, attempt, mac).await? {
                    return Ok(Err(blocked));
                }
            }
        }
        if self.take_window(ctx, &keys.pair, policy.pair()).await?.is_some() {
            self.lock_out(ctx, keys).await?;
            return Ok(Err(Blocked::new("pair", policy.lockout)));
        }
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        let number = attempts::begin(&mut tx, &keys.account, policy.pace(), ctx.now).await?;
        tx.commit_unrecorded("an attempt is counted before it is made; its outcome is recorded")
            .await?;
        // Somebody else was faster, and the next one has to wait.
        Ok(number.ok_or_else(|| Blocked::new("pace", policy.first_wait)))
    }

    async fn lock_out(&self, ctx: &Ctx, keys: &Keys) -> Result<(), Fault> {
        let until = ctx.now.plus(self.throttle.lockout);
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        attempts::lock(&mut tx, &keys.lock, until, ctx.now).await?;
        tx.commit_unrecorded("a source is locked out of an account; the refusal is recorded")
            .await?;
        Ok(())
    }
}

impl Blocked {
    const fn new(reason: &'static str, wait: Duration) -> Self {
        Self {
            reason,
            wait,
            challenge: None,
        }
    }
}

impl Keys {
    fn of(mac: &MacKey, ctx: &Ctx, attempt: &Attempt<'_>) -> Self {
        let folded = folded(attempt.typed);
        let account = account_key(mac, attempt.user, &folded);
        let pair = format!("{} {}", hex(&account), places(ctx.client_ip).0);
        Self {
            known: known_key(mac, &account),
            account,
            pair: keyed(mac, "throttle.pair", &pair),
            lock: keyed(mac, "throttle.lock", &pair),
            places: Places::of(mac, ctx),
        }
    }
}

impl Places {
    fn of(mac: &MacKey, ctx: &Ctx) -> Self {
        let (source, network) = places(ctx.client_ip);
        Self {
            source: keyed(mac, "throttle.source", &source),
            network: keyed(mac, "throttle.network", &network),
            tenant: keyed(mac, "throttle.tenant", ""),
        }
    }
}

/// The counters of one person.
pub(crate) struct Counted([TokenHash; 2]);

impl Counted {
    /// The account can be tried from everywhere again once the transaction is committed.
    pub(crate) async fn clear(&self, tx: &mut storage::Tx) -> Result<(), storage::StoreError> {
        for key in &self.0 {
            attempts::clear(tx, key).await?;
        }
        Ok(())
    }
}

/// One counter for an account under whatever name it was found, and one for each name that is nobody's.
fn account_key(mac: &MacKey, user: Option<UserId>, folded: &str) -> TokenHash {
    match user {
        Some(user) => keyed(mac, "throttle.account", &user.to_string()),
        None => keyed(mac, "throttle.name", folded),
    }
}

fn known_key(mac: &MacKey, account: &TokenHash) -> TokenHash {
    keyed(mac, "throttle.known", &hex(account))
}

/// A typed name of a bounded length.
fn kept(typed: &str) -> String {
    typed.chars().take(domain::Email::MAX_LENGTH).collect()
}

/// As accounts are looked up: what is found under one name counts under one name.
fn folded(typed: &str) -> String {
    let typed = typed.trim();
    typed
        .parse::<domain::Email>()
        .map_or_else(|_| typed.to_lowercase(), |email| email.folded())
}

/// Where an attempt came from, and the network around it: an IPv6 customer has at least a /64.
fn places(ip: Option<IpAddr>) -> (String, String) {
    match ip.map(|ip| ip.to_canonical()) {
        None => ("nowhere".to_owned(), "nowhere".to_owned()),
        Some(ip @ IpAddr::V4(_)) => (ip.to_string(), crate::network_of(ip)),
        Some(IpAddr::V6(v6)) => {
            let [a, b, c, ..] = v6.segments();
            (
                crate::network_of(IpAddr::V6(v6)),
                format!("{a:x}:{b:x}:{c:x}::/48"),
            )
        }
    }
}

fn device_key(device: &TokenHash) -> TokenHash {
    TokenHash::of(&format!("throttle.device {}", hex(device)))
}

fn keyed(mac: &MacKey, label: &str, value: &str) -> TokenHash {
    TokenHash::from_bytes(array(&mac.mac(label, value)))
}

fn array(bytes: &[u8]) -> [u8; 32] {
    let mut array = [0; 32];
    array.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    array
}

fn hex(key: &TokenHash) -> String {
    use std::fmt::Write as _;
    key.as_bytes()
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            // Writing into a String cannot fail.
            write!(text, "{byte:02x}").ok();
            text
        })
}
