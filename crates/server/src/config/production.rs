//! Which configurations are refused in production (CF1). Each rule is one
//! function that looks at one thing and says what to do about it.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use domain::Secret;
use ipnet::IpNet;
use url::{Host, Url};

use super::{Config, Mode, Problem};

/// Shortest management token, in characters.
const TOKEN_CHARS: usize = 32;
/// Least cost of a password hash: 19 MiB and two passes.
const LEAST_MEMORY_KIB: u32 = 19 * 1024;
const LEAST_ITERATIONS: u32 = 2;

impl Config {
    /// Everything that makes this configuration unfit for production; empty when it is fit.
    #[must_use]
    pub fn validate_production(&self) -> Vec<Problem> {
        let rules: [fn(&Config) -> Vec<Problem>; 12] = [
            public_url, listeners, proxies, tls, limits, database, shared, throttle, kek, mail, password, log,
        ];
        rules.iter().flat_map(|rule| rule(self)).collect()
    }
}

fn public_url(config: &Config) -> Vec<Problem> {
    let url = &config.server.public_url;
    let mut problems = Vec::new();
    if url.scheme() == "http" && !is_loopback_host(url) {
        problems.push(Problem::new(
            "server.public_url.http",
            format!("server.public_url {url} is not https"),
            "use https; http is for loopback only",
        ));
    }
    let bare = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !bare || url.path().contains("//") || (url.path() != "/" && url.path().ends_with('/')) {
        problems.push(Problem::new(
            "server.public_url.form",
            "server.public_url carries more than scheme, host, port and path",
            "leave out user, query, fragment and the slash at the end (RFC 8414 section 2)",
        ));
    }
    problems
}

fn listeners(config: &Config) -> Vec<Problem> {
    let server = &config.server;
    let mut problems = Vec::new();
    if server.listen == server.management_listen {
        problems.push(Problem::new(
            "server.management_listen.same",
            "server.listen and server.management_listen are the same",
            "give the management listener a port of its own",
        ));
    }
    let encrypted = server.tls.files().is_some() || !server.trusted_proxies.is_empty();
    if !server.listen.ip().is_loopback() && !encrypted {
        problems.push(Problem::new(
            "server.listen.plain",
            format!("others can reach server.listen {} and it speaks plain http", server.listen),
            "set server.tls.cert and server.tls.key, or name the TLS proxy's network in server.trusted_proxies",
        ));
    }
    match &server.management_token {
        None if !server.management_listen.ip().is_loopback() => problems.push(Problem::new(
            "server.management_listen.open",
            format!(
                "others can reach server.management_listen {} without a token",
                server.management_listen
            ),
            "set server.management_token, or listen on 127.0.0.1",
        )),
        Some(token) if token.expose().chars().count() < TOKEN_CHARS => problems.push(Problem::new(
            "server.management_token.short",
            format!("server.management_token has fewer than {TOKEN_CHARS} characters"),
            "make one with `openssl rand -base64 32`",
        )),
        _ => {}
    }
    problems
}

fn proxies(config: &Config) -> Vec<Problem> {
    // Wider than any one operator's network: in effect "trust whatever a stranger writes".
    let too_wide = |network: &&IpNet| match network {
        IpNet::V4(network) => network.prefix_len() < 8,
        IpNet::V6(network) => network.prefix_len() < 7,
    };
    let refuse = |network: &IpNet| {
        Problem::new(
            "server.trusted_proxies.wide",
            format!(
                "server.trusted_proxies has {network}, so anybody could choose the address they come from"
            ),
            "name the networks of your proxies only",
        )
    };
    config
        .server
        .trusted_proxies
        .iter()
        .filter(too_wide)
        .map(refuse)
        .collect()
}

fn tls(config: &Config) -> Vec<Problem> {
    let tls = &config.server.tls;
    let Some(files) = tls.files() else {
        let half = tls.cert.is_some() || tls.key.is_some();
        return half
            .then(|| {
                Problem::new(
                    "server.tls.half",
                    "only one of server.tls.cert and server.tls.key is set",
                    "set both, or none",
                )
            })
            .into_iter()
            .collect();
    };
    let mut problems = Vec::new();
    if let Err(error) = files.load() {
        problems.push(Problem::new(
            "server.tls.unusable",
            error.to_string(),
            "name a PEM certificate and its PEM key",
        ));
    }
    if let Some(mode) = shared_mode(&files.key, 0o007) {
        problems.push(Problem::new(
            "server.tls.key_mode",
            format!("{} can be read by everybody (mode {mode:o})", files.key.display()),
            format!("chmod 600 {}", files.key.display()),
        ));
    }
    problems
}

fn limits(config: &Config) -> Vec<Problem> {
    let limits = &config.server.limits;
    (limits.stall_timeout <= limits.request_timeout)
        .then(|| {
            Problem::new(
                "server.limits.stall_timeout",
                "server.limits.stall_timeout is not longer than server.limits.request_timeout",
                "make it longer: a handler at work moves no bytes",
            )
        })
        .into_iter()
        .collect()
}

fn database(config: &Config) -> Vec<Problem> {
    let database = &config.database;
    let mut problems = Vec::new();
    if let Some(path) = sqlite_file(&database.url) {
        problems.extend(sqlite(&path));
        return problems;
    }
    let named = [
        ("database.url", Some(&database.url)),
        ("database.owner_url", database.owner_url.as_ref()),
    ];
    for (key, url) in named {
        let Some(url) = url.and_then(|url| Url::parse(url.expose()).ok()) else {
            continue;
        };
        problems.extend(transport(key, &url));
    }
    let role = |url: &Secret<String>| Url::parse(url.expose()).ok().map(|url| url.username().to_owned());
    let (app, owner) = (role(&database.url), database.owner_url.as_ref().and_then(role));
    if app.is_some() && app == owner {
        problems.push(Problem::new(
            "database.role.owner",
            "database.url and database.owner_url use the same role, so row-level security could be switched off",
            "let the application use a role that does not own the tables (auth_service_app)",
        ));
    }
    if app.as_deref() == Some("postgres") {
        problems.push(Problem::new(
            "database.role.superuser",
            "database.url uses the superuser postgres, whom row-level security does not bind",
            "use a role without special rights (auth_service_app)",
        ));
    }
    problems
}

/// `verify-full` outside this machine: anything less accepts a stranger's certificate (CR8, D3).
fn transport(key: &str, url: &Url) -> Option<Problem> {
    let option = |name: &str| {
        url.query_pairs()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.into_owned())
    };
    let host = option("host")
        .or_else(|| url.host_str().map(str::to_owned))
        .unwrap_or_default();
    let local =
        host.is_empty() || host.starts_with('/') || host.starts_with("%2F") || is_loopback_name(&host);
    let verified = option("sslmode").as_deref() == Some("verify-full");
    (!local && !verified).then(|| {
        Problem::new(
            "database.sslmode",
            format!("{key} reaches {host} without proof that it is {host}"),
            "add sslmode=verify-full (and sslrootcert=FILE for a private CA)",
        )
    })
}

fn sqlite_file(url: &Secret<String>) -> Option<PathBuf> {
    let rest = url.expose().strip_prefix("sqlite:")?;
    let path = rest.strip_prefix("//").unwrap_or(rest);
    path.split('?').next().map(PathBuf::from)
}

fn sqlite(path: &Path) -> Vec<Problem> {
    let mut problems = Vec::new();
    if path.as_os_str().is_empty() || path.as_os_str() == ":memory:" {
        problems.push(Problem::new(
            "database.memory",
            "database.url keeps everything in memory only",
            "name a file: sqlite:///var/lib/rsp/rsp.db",
        ));
        return problems;
    }
    if let Some(mode) = shared_mode(path, 0o077) {
        problems.push(Problem::new(
            "database.sqlite.mode",
            format!("{} can be read by others (mode {mode:o})", path.display()),
            format!("chmod 600 {}", path.display()),
        ));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some((folder, mode)) = folder.and_then(|folder| Some((folder, shared_mode(folder, 0o002)?))) {
        problems.push(Problem::new(
            "database.sqlite.folder",
            format!(
                "everybody can replace files in {} (mode {mode:o})",
                folder.display()
            ),
            format!("chmod 700 {}", folder.display()),
        ));
    }
    problems
}

/// Counters say who was attacked from where: over a network only encrypted (CR8).
fn shared(config: &Config) -> Vec<Problem> {
    let plain = Url::parse(config.shared.url.expose())
        .ok()
        .filter(|url| url.scheme() == "redis" && !is_loopback_name(url.host_str().unwrap_or_default()));
    plain
        .map(|_| {
            Problem::new(
                "shared.url.plain",
                "shared.url reaches Redis on another machine without TLS",
                "use rediss://, with shared.ca_file if the certificate is of an authority of your own",
            )
        })
        .into_iter()
        .collect()
}

fn throttle(config: &Config) -> Vec<Problem> {
    (config.throttle.mode != Mode::On && !is_loopback_host(&config.server.public_url))
        .then(|| {
            Problem::new(
                "throttle.mode.off",
                "throttle.mode is not on: passwords can be guessed without bound",
                "leave it on; off and measure are for measurements",
            )
        })
        .into_iter()
        .collect()
}

fn kek(config: &Config) -> Vec<Problem> {
    config.keys.kek.load().err().into_iter().collect()
}

fn mail(config: &Config) -> Vec<Problem> {
    let mail = &config.mail;
    let mut problems = Vec::new();
    if mail.smtp.is_some() && mail.from.is_none() {
        problems.push(Problem::new(
            "mail.from.missing",
            "mail.smtp is set and mail.from is not",
            "set the address that mails come from",
        ));
    }
    if mail.username.is_some() != mail.password.is_some() {
        problems.push(Problem::new(
            "mail.password.half",
            "only one of mail.username and mail.password is set",
            "set both or none",
        ));
    }
    if let Some(url) = &mail.smtp
        && url.scheme() == "smtp+plain"
        && !matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
    {
        problems.push(Problem::new(
            "mail.smtp.plain",
            format!("mails to {url} would travel unprotected"),
            "use smtps:// or smtp://; smtp+plain:// is for this machine only",
        ));
    }
    problems
}

fn password(config: &Config) -> Vec<Problem> {
    let password = &config.password;
    (password.memory_kib < LEAST_MEMORY_KIB || password.iterations < LEAST_ITERATIONS)
        .then(|| {
            Problem::new(
                "password.weak",
                format!(
                    "password hashes cost {} KiB and {} passes, too little against guessing",
                    password.memory_kib, password.iterations
                ),
                format!(
                    "use at least memory_kib = {LEAST_MEMORY_KIB} and iterations = {LEAST_ITERATIONS}; 65536 and 3 \
                     are the defaults"
                ),
            )
        })
        .into_iter()
        .collect()
}

/// Debug output of libraries holds headers and statements.
fn log(config: &Config) -> Vec<Problem> {
    let level = config.log.level.to_ascii_lowercase();
    let verbose = level
        .split(',')
        .map(|directive| directive.rsplit('=').next().unwrap_or_default().trim());
    let verbose = verbose
        .filter(|level| matches!(*level, "debug" | "trace"))
        .count()
        > 0;
    verbose
        .then(|| {
            Problem::new(
                "log.level.debug",
                format!("log.level {} writes more than may be kept", config.log.level),
                "use info, warn or error",
            )
        })
        .into_iter()
        .collect()
}

fn is_loopback_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_loopback_name(name),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn is_loopback_name(name: &str) -> bool {
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The permission bits of `path` if any of `mask` is set; `None` where there is
/// no such file or no such bits.
pub(super) fn shared_mode(path: &Path, mask: u32) -> Option<u32> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o7777;
        // A sticky folder (like /tmp) lets nobody replace another's file.
        let sticky = mode & 0o1000 != 0 && path.is_dir();
        (mode & mask != 0 && !sticky).then_some(mode)
    }
    #[cfg(not(unix))]
    {
        let _ = (path, mask);
        None
    }
}
