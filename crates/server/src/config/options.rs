//! From settings to what the other crates take.

use domain::Secret;
use engine::mail::{SmtpOptions, SmtpSecurity};
use engine::throttle::{RequestLimits, ThrottlePolicy};
use engine::{LimitOptions, PasswordPolicy, SharedOptions, SharedRefused};
use http_face::SecurityContact;
use http_face::client_ip::TrustedProxies;
use http_face::layers::{Bounds, EdgeSettings, LoadSettings};
use http_face::listener;
use http_face::pressure::PressureSettings;
use storage::{AppendLimits, DbOptions, GroupLimits};
use url::Url;

use super::{Allocate, Class, Config, Database, Load, Mail, Mode, Password, Requests, Server};

impl Config {
    /// The issuer of the default tenant: the public URL without a slash at its end.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.server.public_url.as_str().trim_end_matches('/').to_owned()
    }

    /// How much guessing and asking is borne, and where it is counted.
    pub fn limits(&self) -> Result<LimitOptions, SharedRefused> {
        let throttle = &self.throttle;
        let shared = SharedOptions {
            url: self.shared.url.clone(),
            ca_file: self.shared.ca_file.clone(),
            timeout: self.shared.timeout,
            keys: self.shared.keys,
            server_clock: true,
        };
        let (guessing, asking) = match throttle.mode {
            Mode::Off => (ThrottlePolicy::off(), RequestLimits::off()),
            // Its attempts are counted, too; their limits are out of reach.
            Mode::Measure => (
                ThrottlePolicy::off(),
                throttle.requests.limits().refusing_nobody(),
            ),
            Mode::On => (
                ThrottlePolicy {
                    pair: throttle.attempts,
                    window: throttle.window,
                    lockout: throttle.lockout,
                    source: throttle.source,
                    network: throttle.network,
                    tenant: throttle.tenant,
                    sessions: throttle.sessions,
                    ..ThrottlePolicy::default()
                },
                throttle.requests.limits(),
            ),
        };
        LimitOptions::new(&shared, guessing, asking)
    }
}

impl Requests {
    const fn limits(&self) -> RequestLimits {
        RequestLimits {
            admin: self.admin,
            authorize: self.authorize,
            introspection: self.introspection,
            pages: self.pages,
            revocation: self.revocation,
            tenant: self.tenant,
            token: self.token,
            userinfo: self.userinfo,
        }
    }
}

impl Server {
    /// Bounds of the public listener.
    #[must_use]
    pub fn listener_limits(&self) -> listener::Limits {
        let limits = &self.limits;
        listener::Limits {
            max_connections: limits.max_connections,
            max_connections_per_source: limits.max_connections_per_source,
            proxies: TrustedProxies::new(self.trusted_proxies.clone()),
            handshake_timeout: limits.handshake_timeout,
            header_read_timeout: limits.header_read_timeout,
            keep_alive_idle: limits.keep_alive_idle,
            body_read_timeout: limits.body_read_timeout,
            write_timeout: limits.write_timeout,
            stall_timeout: limits.stall_timeout,
            max_header_bytes: limits.max_header_bytes,
            max_headers: limits.max_headers,
            h2_max_concurrent_streams: limits.h2_max_concurrent_streams,
            h2_max_pending_reset_streams: limits.h2_max_pending_reset_streams,
            h2_max_local_reset_streams: limits.h2_max_local_reset_streams,
            h2_max_control_frames: limits.h2_max_control_frames,
            h2_ping_interval: limits.h2_ping_interval,
            drain_timeout: limits.drain_timeout,
        }
    }

    /// Where reports of weaknesses go.
    #[must_use]
    pub fn security(&self) -> SecurityContact {
        SecurityContact {
            contacts: self.security_contact.clone(),
            policy: self.security_policy.as_ref().map(Url::to_string),
        }
    }

    /// The edge in front of the public routes.
    #[must_use]
    pub fn edge(&self) -> EdgeSettings {
        EdgeSettings {
            request_timeout: self.limits.request_timeout,
            max_in_flight: self.limits.max_in_flight,
            load: self.load.settings(),
            max_body_bytes: self.limits.max_body_bytes,
            body_bytes_by_route: Vec::new(),
            max_uri_bytes: self.limits.max_uri_bytes,
            // A promise of https made for `localhost` would hold for every other program on the machine.
            https: self.public_url.scheme() == "https" && self.public_url.host_str() != Some("localhost"),
            trusted_proxies: TrustedProxies::new(self.trusted_proxies.clone()),
        }
    }
}

impl Load {
    /// When the listener refuses before anything is spent on a request.
    #[must_use]
    pub fn pressure(&self) -> PressureSettings {
        PressureSettings {
            target: self.lag,
            ..PressureSettings::default()
        }
    }

    fn settings(&self) -> LoadSettings {
        let usual = LoadSettings::default();
        let bounds = |class: &Class, usual: Bounds| Bounds {
            in_progress: class.in_progress.unwrap_or(usual.in_progress),
            queue: class.queue.unwrap_or(usual.queue),
        };
        LoadSettings {
            machine: bounds(&self.machine, usual.machine),
            pages: bounds(&self.pages, usual.pages),
            admin: bounds(&self.admin, usual.admin),
            target: self.target,
            wait: self.wait,
            interval: self.interval,
            body_bytes: self.body_bytes,
        }
    }
}

impl Database {
    /// The application's connection to its database.
    #[must_use]
    pub fn options(&self) -> DbOptions {
        DbOptions {
            url: self.url.clone(),
            connections: self.connections,
            readers: self.readers,
            wait: self.wait,
            statement_timeout: self.statement_timeout,
            lock_timeout: self.lock_timeout,
            idle_timeout: self.idle_timeout,
            group: GroupLimits {
                members: self.commit.members,
                member: self.commit.member_time,
                queue: self.commit.queue,
                open_least: self.commit.open_least,
                open_most: self.commit.open_most,
            },
            append: AppendLimits {
                batch: self.append.batch,
                queue: self.append.queue,
            },
        }
    }

    /// The URL migrations use: the owner's, else the application's.
    #[must_use]
    pub fn migration_url(&self) -> &Secret<String> {
        self.owner_url.as_ref().unwrap_or(&self.url)
    }
}

impl Mail {
    /// The mail server; `None` if there is none.
    #[must_use]
    pub fn options(&self) -> Option<SmtpOptions> {
        let (url, from) = (self.smtp.as_ref()?, self.from.clone()?);
        let (security, port) = match url.scheme() {
            "smtps" => (SmtpSecurity::Tls, 465),
            "smtp" => (SmtpSecurity::StartTls, 587),
            _ => (SmtpSecurity::None, 25),
        };
        let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']');
        Some(SmtpOptions {
            host: host.to_owned(),
            port: url.port().unwrap_or(port),
            security,
            credentials: self.username.clone().zip(self.password.clone()),
            from,
        })
    }
}

impl Password {
    /// Cost and bounds of password hashing; what is unset follows the number of cores.
    #[must_use]
    pub fn policy(&self) -> PasswordPolicy {
        let usual = PasswordPolicy::default();
        PasswordPolicy {
            memory_kib: self.memory_kib,
            iterations: self.iterations,
            lanes: self.lanes,
            concurrent: self.max_concurrent.unwrap_or(usual.concurrent),
            queue: self.queue.unwrap_or(usual.queue),
            wait: self.wait,
            allocate_at_start: self.allocate == Allocate::Start,
        }
    }
}
