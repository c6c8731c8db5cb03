//! Configuration: defaults, then the TOML file, then the environment.
//!
//! [`keys::KEYS`] is the one table of everything that can be set. The reference,
//! the defaults, the checks of single values and the suggestions for misspelt
//! keys all come from it; the structs here only give the values their types.
//! Whether a configuration is fit for production is decided in `production`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use domain::Secret;
use http_face::tls::{TlsFiles, TlsProfile};
use ipnet::IpNet;
use serde::Deserialize;
use serde::de::Deserializer;
use url::Url;

pub mod keys;
pub mod schema;
pub mod sources;

mod kek;
mod kinds;
mod options;
mod problem;
mod production;

pub(crate) use kinds::parse_duration;
pub use problem::Problem;
pub use sources::{Loaded, Sources};

/// Every setting of this server, checked one by one; see [`Config::validate_production`] for the whole.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub server: Server,
    pub database: Database,
    pub shared: Shared,
    pub throttle: Throttle,
    pub keys: Keys,
    #[serde(default)]
    pub mail: Mail,
    pub password: Password,
    pub log: Log,
}

/// `[server]`: addresses and the HTTP edge.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// The issuer of the default tenant; ends without a slash where it has no path.
    pub public_url: Url,
    pub listen: SocketAddr,
    pub management_listen: SocketAddr,
    #[serde(default, deserialize_with = "secret")]
    pub management_token: Option<Secret<String>>,
    pub trusted_proxies: Vec<IpNet>,
    /// `mailto:` and `https:` addresses.
    pub security_contact: Vec<String>,
    pub security_policy: Option<Url>,
    pub tls: Tls,
    pub limits: Limits,
    pub load: Load,
}

/// `[server.tls]`: both files, or none of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    pub cert: Option<PathBuf>,
    pub key: Option<PathBuf>,
    pub profile: TlsProfile,
}

impl Tls {
    /// The files to serve https with, when both are named.
    #[must_use]
    pub fn files(&self) -> Option<TlsFiles> {
        let (cert, key) = (self.cert.clone()?, self.key.clone()?);
        Some(TlsFiles {
            cert,
            key,
            profile: self.profile,
        })
    }
}

/// `[server.limits]`: see [`http_face::listener::Limits`] and [`http_face::layers::EdgeSettings`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub max_connections: usize,
    pub max_connections_per_source: usize,
    #[serde(deserialize_with = "duration")]
    pub handshake_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub header_read_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub keep_alive_idle: Duration,
    #[serde(deserialize_with = "duration")]
    pub body_read_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub write_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub stall_timeout: Duration,
    pub max_header_bytes: usize,
    pub max_headers: usize,
    pub h2_max_concurrent_streams: u32,
    pub h2_max_pending_reset_streams: usize,
    pub h2_max_local_reset_streams: usize,
    pub h2_max_control_frames: u32,
    #[serde(deserialize_with = "duration")]
    pub h2_ping_interval: Duration,
    #[serde(deserialize_with = "duration")]
    pub lame_duck: Duration,
    #[serde(deserialize_with = "duration")]
    pub drain_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub request_timeout: Duration,
    pub max_in_flight: usize,
    pub max_body_bytes: usize,
    pub max_uri_bytes: usize,
}

/// `[server.load]`: see [`http_face::layers::LoadSettings`]. What is unset follows the number of cores.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    #[serde(deserialize_with = "duration")]
    pub target: Duration,
    #[serde(deserialize_with = "duration")]
    pub wait: Duration,
    #[serde(deserialize_with = "duration")]
    pub interval: Duration,
    #[serde(deserialize_with = "duration")]
    pub lag: Duration,
    pub body_bytes: usize,
    #[serde(default)]
    pub machine: Class,
    #[serde(default)]
    pub pages: Class,
    #[serde(default)]
    pub admin: Class,
}

/// `[server.load.CLASS]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    pub in_progress: Option<usize>,
    pub queue: Option<usize>,
}

/// `[database]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Connection of the application's role.
    #[serde(deserialize_with = "required_secret")]
    pub url: Secret<String>,
    /// Connection of the role that owns the tables; only migrations use it.
    #[serde(default, deserialize_with = "secret")]
    pub owner_url: Option<Secret<String>>,
    pub connections: u32,
    pub readers: u32,
    #[serde(deserialize_with = "duration")]
    pub wait: Duration,
    #[serde(deserialize_with = "duration")]
    pub statement_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub lock_timeout: Duration,
    #[serde(deserialize_with = "duration")]
    pub idle_timeout: Duration,
    pub commit: Commit,
    pub append: Append,
}

/// `[database.commit]`: requests that share one durable commit on SQLite.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    pub members: usize,
    #[serde(deserialize_with = "duration")]
    pub member_time: Duration,
    pub queue: usize,
    #[serde(deserialize_with = "duration")]
    pub open_least: Duration,
    #[serde(deserialize_with = "duration")]
    pub open_most: Duration,
}

/// `[database.append]`: events that change nothing else.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Append {
    pub batch: usize,
    pub queue: usize,
}

/// `[shared]`: limits and caches that several processes would share.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shared {
    #[serde(deserialize_with = "required_secret")]
    pub url: Secret<String>,
    pub ca_file: Option<PathBuf>,
    #[serde(deserialize_with = "duration")]
    pub timeout: Duration,
    pub keys: usize,
}

/// `[throttle]`: see [`engine::throttle::ThrottlePolicy`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    pub mode: Mode,
    pub attempts: u32,
    #[serde(deserialize_with = "duration")]
    pub window: Duration,
    #[serde(deserialize_with = "duration")]
    pub lockout: Duration,
    pub source: u32,
    pub network: u32,
    pub tenant: u32,
    pub sessions: u32,
    pub requests: Requests,
}

/// Whether anything is counted, and whether anybody is refused for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    On,
    Off,
    Measure,
}

/// `[throttle.requests]`: see [`engine::throttle::RequestLimits`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    pub pages: u32,
    pub authorize: u32,
    pub admin: u32,
    pub token: u32,
    pub introspection: u32,
    pub revocation: u32,
    pub userinfo: u32,
    pub tenant: u32,
}

/// `[keys]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    pub kek: Kek,
}

/// `[keys.kek]`: where the key-encryption key is; exactly one place.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kek {
    pub file: Option<PathBuf>,
    pub env: Option<String>,
    /// What stood in that variable when the configuration was read.
    #[serde(skip)]
    variable: Option<Secret<String>>,
}

/// `[mail]`: where mails go.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    pub smtp: Option<Url>,
    pub from: Option<String>,
    pub username: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    pub password: Option<Secret<String>>,
}

/// `[password]`: cost and bounds of password hashing (A4, R29).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Password {
    pub memory_kib: u32,
    pub iterations: u32,
    pub lanes: u32,
    pub max_concurrent: Option<usize>,
    pub queue: Option<usize>,
    #[serde(deserialize_with = "duration")]
    pub wait: Duration,
    pub allocate: Allocate,
    pub filter: Option<PathBuf>,
}

/// When the memory for password hashing is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allocate {
    FirstUse,
    Start,
}

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Filter directives as understood by [`crate::telemetry`].
    pub level: String,
    pub format: LogFormat,
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    Json,
    Text,
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_duration(&text).map_err(serde::de::Error::custom)
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret<String>>, D::Error> {
    required_secret(deserializer).map(Some)
}

fn required_secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret<String>, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

#[cfg(test)]
mod tests;
