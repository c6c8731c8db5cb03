//! The words of the business: ids, time, secrets, tenants, people, clients, sessions, events.
//!
//! Nothing here does I/O, waits, or knows SQL. Every other crate speaks in these types.

mod client;
mod device;
mod event;
mod id;
mod keys;
mod link;
mod passkey;
mod passwords;
mod proof;
mod request_limits;
mod scope;
mod secret;
mod session;
mod sign_in;
#[cfg(feature = "sql")]
mod sql;
mod steady;
mod subject;
mod tenant;
mod timestamp;
mod token;
mod uri;
mod user;
mod world;

pub use client::{
    AccessTokenFormat, AudienceProfile, AuthMethod, Client, ClientId, ClientIdRefused, ClientKind,
    ClientSettings, ConsentRule, GrantType, PkceRule,
};
pub use device::{Browser, Device, System};
pub use event::{Actor, Event, EventKind, Events, Outcome, Personal, Target};
pub use id::{
    CeremonyId, CorrelationId, EventId, FlowId, GrantId, IdRefused, InvitationId, LinkId, MailId, PasskeyId,
    RequestId, SessionId, TenantId, UserId,
};
pub use keys::{KeyId, KeyState, SigningAlg};
pub use link::LinkPurpose;
pub use passkey::{AttestationAuthority, Passkey, PasskeySettings, UserVerification};
pub use passwords::{PasswordProfile, PasswordRules, PasswordSettings};
pub use proof::{Method, acr_of, amr_of};
pub use request_limits::RequestSettings;
pub use scope::{Scope, ScopeRefused, Scopes};
pub use secret::{Secret, constant_time_eq};
pub use session::{Acr, Amr, Session, SessionLimits};
pub use sign_in::{SecondFactorRule, SecondFactorSettings, SignInSettings};
pub use steady::{CLOCK_LEEWAY, SteadyClock};
pub use subject::{Subject, SubjectType};
pub use tenant::{Brand, Issuer, RegistrationSettings, Slug, SlugRefused, Tenant, TenantSettings};
pub use timestamp::Timestamp;
pub use token::{OpaqueToken, TokenHash, TokenKind};
pub use uri::{Origin, RedirectUri, Resource, UriRefused};
pub use user::{Address, Email, EmailRefused, Profile, User, UserStatus};
pub use world::{Clock, Entropy, SystemClock, SystemEntropy, World};
