use domain::{Secret, World};
use storage::Db;
use tokio::sync::Notify;

use crate::Fault;
use crate::audit::Refusals;
use crate::keys::KeyRing;
use crate::passwords::{PasswordPolicy, Passwords};
use crate::seal::DataKeys;
use crate::tenants::Directory;

/// What an application is made of, apart from its database.
#[derive(Debug)]
pub struct AppOptions {
    /// URL under which everything is reached, without a slash at its end: the default tenant's issuer.
    pub public_url: String,
    /// Key-encryption key.
    pub kek: Secret<[u8; 32]>,
    /// Cost and bounds of password hashing.
    pub passwords: PasswordPolicy,
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
    pub(crate) directory: Directory,
    pub(crate) passwords: Passwords,
    pub(crate) refusals: Refusals,
    pub(crate) ring: KeyRing,
    pub(crate) seals: DataKeys,
    pub(crate) wake_upkeep: Notify,
}

impl App {
    /// Puts the parts together and reads the tenants.
    pub async fn new(db: Db, world: World, options: AppOptions) -> Result<Self, Fault> {
        let app = Self {
            directory: Directory::new(&options.public_url),
            passwords: Passwords::new(options.passwords, &world)?,
            refusals: Refusals::default(),
            ring: KeyRing::default(),
            seals: DataKeys::new(&options.kek)?,
            wake_upkeep: Notify::new(),
            public_url: options.public_url,
            db,
            world,
        };
        app.reload_tenants().await?;
        Ok(app)
    }
}
