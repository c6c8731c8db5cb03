use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use domain::{EventKind, Outcome, Secret, World};
use storage::Db;
use storage::shared::{Shared, SharedOptions, SharedRefused};
use tokio::sync::Notify;

use crate::audit::Refusals;
use crate::cache::Beliefs;
use crate::keys::KeyRing;
use crate::mail::Courier;
use crate::passwords::{BreachedFilter, PasswordEvent, PasswordLoad, PasswordPolicy, Passwords};
use crate::seal::DataKeys;
use crate::tenants::Directory;
use crate::throttle::{RequestLimits, ThrottlePolicy};
use crate::{Ctx, Fault};

/// What an application is made of, apart from its database.
#[derive(Debug)]
pub struct AppOptions {
    /// URL under which everything is reached, without a slash at its end: the default tenant's issuer.
    pub public_url: String,
    /// Key-encryption key.
    pub kek: Secret<[u8; 32]>,
    /// Cost and bounds of password hashing.
    pub passwords: PasswordPolicy,
    /// A filter of passwords that attackers know; the shipped one where there is none.
    pub password_filter: Option<PathBuf>,
    /// How much guessing and asking is borne.
    pub limits: LimitOptions,
}

/// How much guessing and asking is borne, and where it is counted.
#[derive(Debug)]
pub struct LimitOptions {
    /// Where it is counted.
    pub shared: Shared,
    /// Guessing.
    pub throttle: ThrottlePolicy,
    /// Asking.
    pub requests: RequestLimits,
}

impl LimitOptions {
    /// Counted where `shared` says.
    pub fn new(
        shared: &SharedOptions,
        throttle: ThrottlePolicy,
        requests: RequestLimits,
    ) -> Result<Self, SharedRefused> {
        Ok(Self {
            shared: Shared::open(shared)?,
            throttle,
            requests,
        })
    }
}

impl Default for LimitOptions {
    fn default() -> Self {
        Self {
            shared: Shared::memory(),
            throttle: ThrottlePolicy::default(),
            requests: RequestLimits::default(),
        }
    }
}

/// Everything the use cases share: one per process.
#[derive(Debug)]
pub struct App {
    /// The truth.
    pub db: Db,
    /// Time and randomness.
    pub world: World,
    /// URL of the default tenant.
    pub public_url: String,
    pub(crate) beliefs: Beliefs,
    /// Whether the present step of the clock is in the log.
    pub(crate) clock_told: AtomicBool,
    pub(crate) directory: Directory,
    pub(crate) known_passwords: Arc<BreachedFilter>,
    pub(crate) passwords: Passwords,
    pub(crate) refusals: Refusals,
    pub(crate) ring: KeyRing,
    pub(crate) requests: RequestLimits,
    pub(crate) seals: DataKeys,
    pub(crate) shared: Shared,
    pub(crate) throttle: ThrottlePolicy,
    pub(crate) wake_upkeep: Notify,
    pub(crate) courier: OnceLock<Courier>,
    /// Whether so many mails wait that requests for more are dropped.
    pub(crate) outbox_full: AtomicBool,
    observer: OnceLock<Observer>,
    limit_observer: OnceLock<LimitObserver>,
}

/// Told of each event as it is recorded.
struct Observer(Box<dyn Fn(EventKind, Outcome) + Send + Sync>);

impl std::fmt::Debug for Observer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Observer")
    }
}

/// Told of each attempt or request that a limit refuses, by the name of the limit.
struct LimitObserver(Box<dyn Fn(&'static str) + Send + Sync>);

impl std::fmt::Debug for LimitObserver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LimitObserver")
    }
}

impl App {
    /// Puts the parts together and reads the tenants.
    pub async fn new(db: Db, world: World, options: AppOptions) -> Result<Self, Fault> {
        let app = Self {
            beliefs: Beliefs::default(),
            clock_told: AtomicBool::new(false),
            directory: Directory::new(&options.public_url),
            known_passwords: Arc::new(open_filter(options.password_filter)?),
            passwords: Passwords::new(options.passwords, &world)?,
            refusals: Refusals::default(),
            ring: KeyRing::default(),
            requests: options.limits.requests,
            seals: DataKeys::new(&options.kek)?,
            shared: options.limits.shared,
            throttle: options.limits.throttle,
            wake_upkeep: Notify::new(),
            courier: OnceLock::new(),
            outbox_full: AtomicBool::new(false),
            observer: OnceLock::new(),
            limit_observer: OnceLock::new(),
            public_url: options.public_url,
            db,
            world,
        };
        app.reload_tenants().await?;
        app.begin_time().await?;
        Ok(app)
    }

    /// Lets a counter know of every event from now on; the first to ask is the one.
    pub fn observe(&self, observer: impl Fn(EventKind, Outcome) + Send + Sync + 'static) {
        self.observer.get_or_init(|| Observer(Box::new(observer)));
    }

    /// Lets a counter know of each attempt or request that a limit refuses from now on; the first to ask is the one.
    pub fn observe_limits(&self, observer: impl Fn(&'static str) + Send + Sync + 'static) {
        self.limit_observer
            .get_or_init(|| LimitObserver(Box::new(observer)));
    }

    /// A limit of this name refused something. The log bounds how many of these it keeps; here all are counted.
    pub(crate) fn limit_refused(&self, limit: &'static str) {
        if let Some(observer) = self.limit_observer.get() {
            (observer.0)(limit);
        }
    }

    /// Lets a counter know of everything about password hashing from now on; the first to ask is the one.
    pub fn observe_passwords(&self, observer: impl Fn(PasswordEvent) + Send + Sync + 'static) {
        self.passwords.observe(observer);
    }

    /// Refuses a sign-in that the password pool would refuse, before anything else is done for it.
    pub fn admits_password(&self, ctx: &Ctx) -> Result<(), Fault> {
        self.passwords.admits(ctx.tenant_id())
    }

    /// How much password hashing there is to do.
    pub fn password_load(&self) -> PasswordLoad {
        self.passwords.load()
    }

    /// Whether the state shared with other processes answers; always so where there is none.
    pub fn shared_is_here(&self) -> bool {
        self.shared.is_here()
    }

    pub(crate) fn notice(&self, kind: EventKind, outcome: Outcome) {
        if let Some(observer) = self.observer.get() {
            (observer.0)(kind, outcome);
        }
    }
}

fn open_filter(path: Option<PathBuf>) -> Result<BreachedFilter, Fault> {
    BreachedFilter::open(path.as_deref()).map_err(|error| {
        tracing::error!(%error, ?path, "the password filter cannot be used");
        Fault::Internal("the password filter cannot be read")
    })
}
