//! The use cases. Each opens its own transaction, decides with the pure rules of `protocol`, and commits its change
//! together with the events that tell of it. No HTTP, no SQL text.

mod app;
mod audit;
mod cache;
mod clock;
mod ctx;
mod fault;
#[cfg(feature = "grow")]
pub mod growth;
mod keys;
mod passwords;
mod seal;
mod sessions;
mod soundness;
mod subject;
mod upkeep;

pub mod account;
pub mod activity;
pub mod authorize;
pub mod clients;
pub mod emails;
pub mod introspection;
pub mod invitations;
pub mod links;
pub mod login;
pub mod logout;
pub mod mail;
pub mod next_step;
pub mod not_me;
pub mod passkeys;
pub mod password_change;
pub mod recovery;
pub mod registration;
pub mod revocation;
pub mod sign_in;
pub mod tenants;
pub mod throttle;
pub mod token;
pub mod userinfo;
pub mod users;

pub use app::{App, AppOptions, LimitOptions};
pub use audit::network_of;
pub use ctx::{Ctx, TenantView};
pub use fault::Fault;
pub use keys::{PUBLISH_AHEAD, RotationReport, TenantKeys};
pub use passwords::{
    FilterError, FilterWriter, ImportRefused, ImportedHash, MAX_PASSWORD_BYTES, PasswordEvent, PasswordKey,
    PasswordLoad, PasswordPolicy, PasswordRefusal, PasswordRefused, Strength,
};
pub use sessions::{OwnSession, SignedIn};
pub use soundness::Soundness;
#[cfg(feature = "failpoints")]
pub use storage::failpoint;
pub use storage::shared::{SharedOptions, SharedRefused};
