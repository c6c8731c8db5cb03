//! The table of all settings.

use Kind::{
    Address, Choice, Contacts, DatabaseUrl, File, Filter, MailAddress, MailServer, Networks, Secret,
    SecureUrl, SharedUrl, Text, Time, Variable, WebUrl,
};
use Preset::{InData, Is, Unset};

use super::{Key, Kind, Preset};

const fn key(path: &'static str, kind: Kind, preset: Preset, doc: &'static str) -> Key {
    Key {
        path,
        kind,
        preset,
        doc,
    }
}

const fn count(least: i64, most: i64) -> Kind {
    Kind::Count { least, most }
}

/// A number of things kept in memory at once.
const MANY: i64 = 1_000_000;
/// A number of bytes kept in memory per request.
const BYTES: i64 = 64 * 1024 * 1024;

/// Everything that can be set, in the order of the reference.
pub static KEYS: &[Key] = &[
    key(
        "server.public_url",
        WebUrl,
        Is("\"http://localhost:8080\""),
        "Address people and clients use; the issuer of the default tenant",
    ),
    key(
        "server.listen",
        Address,
        Is("\"127.0.0.1:8080\""),
        "Public listener",
    ),
    key(
        "server.management_listen",
        Address,
        Is("\"127.0.0.1:9090\""),
        "Listener of /livez, /readyz and /metrics",
    ),
    key(
        "server.management_token",
        Secret,
        Unset("none, which is refused on an address others can reach"),
        "Bearer token of the management listener",
    ),
    key(
        "server.trusted_proxies",
        Networks,
        Is("[]"),
        "Networks of proxies whose X-Forwarded-For is believed",
    ),
    key(
        "server.security_contact",
        Contacts,
        Is("[]"),
        "Where reports of weaknesses go, as /.well-known/security.txt tells; without any there is no such file",
    ),
    key(
        "server.security_policy",
        SecureUrl,
        Unset("none is named"),
        "Page about how reports of weaknesses are handled",
    ),
    key(
        "server.tls.cert",
        File,
        Unset("plain http"),
        "Certificate with its intermediates, PEM",
    ),
    key(
        "server.tls.key",
        File,
        Unset("plain http"),
        "Private key of the certificate, PEM",
    ),
    key(
        "server.tls.profile",
        Choice(&["strict", "compatible"]),
        Is("\"strict\""),
        "strict: TLS 1.3 only; compatible: also TLS 1.2 with AEAD suites",
    ),
    key(
        "server.limits.max_connections",
        count(1, MANY),
        Is("10000"),
        "Connections open at once; more are closed",
    ),
    key(
        "server.limits.max_connections_per_source",
        count(1, MANY),
        Is("1000"),
        "Connections open at once from one IPv4 address or IPv6 /64, trusted proxies aside; more are closed",
    ),
    key(
        "server.limits.handshake_timeout",
        Time,
        Is("\"10s\""),
        "Time for a TLS handshake",
    ),
    key(
        "server.limits.header_read_timeout",
        Time,
        Is("\"10s\""),
        "Time for a request head, and for a connection that says nothing",
    ),
    key(
        "server.limits.keep_alive_idle",
        Time,
        Is("\"75s\""),
        "Time a connection may rest between requests",
    ),
    key(
        "server.limits.body_read_timeout",
        Time,
        Is("\"10s\""),
        "Time for a whole request body",
    ),
    key(
        "server.limits.write_timeout",
        Time,
        Is("\"10s\""),
        "Time a peer may accept no byte of an answer, or open no HTTP/2 window for one",
    ),
    key(
        "server.limits.stall_timeout",
        Time,
        Is("\"60s\""),
        "Time a request may be open without any byte moving, or an answer be taken byte by byte; longer than request_timeout",
    ),
    key(
        "server.limits.max_header_bytes",
        count(8192, BYTES),
        Is("32768"),
        "Bytes of a request head; 431 beyond",
    ),
    key(
        "server.limits.max_headers",
        count(10, 10_000),
        Is("100"),
        "Header fields of a request; 431 beyond",
    ),
    key(
        "server.limits.h2_max_concurrent_streams",
        count(1, 10_000),
        Is("100"),
        "Requests at once on one HTTP/2 connection",
    ),
    key(
        "server.limits.h2_max_pending_reset_streams",
        count(1, 10_000),
        Is("20"),
        "Streams an HTTP/2 peer may reset before they were accepted",
    ),
    key(
        "server.limits.h2_max_local_reset_streams",
        count(1, 10_000),
        Is("100"),
        "Streams reset because of errors of an HTTP/2 peer",
    ),
    key(
        "server.limits.h2_max_control_frames",
        count(10, MANY),
        Is("200"),
        "Frames a second of an HTTP/2 peer that carry nothing (PING, SETTINGS, resets and the like); more ends the connection",
    ),
    key(
        "server.limits.h2_ping_interval",
        Time,
        Is("\"20s\""),
        "Interval of pings to a silent HTTP/2 peer",
    ),
    key(
        "server.limits.lame_duck",
        Time,
        Is("\"2s\""),
        "Time after SIGTERM in which readiness says no and everything is still served",
    ),
    key(
        "server.limits.drain_timeout",
        Time,
        Is("\"6s\""),
        "Time for requests in flight when the server stops",
    ),
    key(
        "server.limits.request_timeout",
        Time,
        Is("\"30s\""),
        "Time for a handler to begin its answer; 503 beyond",
    ),
    key(
        "server.limits.max_in_flight",
        count(1, MANY),
        Is("1024"),
        "Requests handled at once; 503 beyond",
    ),
    key(
        "server.limits.max_body_bytes",
        count(1024, BYTES),
        Is("65536"),
        "Bytes of a request body; 413 beyond",
    ),
    key(
        "server.limits.max_uri_bytes",
        count(1024, BYTES),
        Is("16384"),
        "Bytes of path and query; 414 beyond",
    ),
    key(
        "server.load.target",
        Time,
        Is("\"10ms\""),
        "Longest wait for a turn while the line of a class is standing; 503 at once beyond",
    ),
    key(
        "server.load.wait",
        Time,
        Is("\"250ms\""),
        "Longest wait for a turn in a burst",
    ),
    key(
        "server.load.interval",
        Time,
        Is("\"250ms\""),
        "A line that was not empty for this long is standing",
    ),
    key(
        "server.load.lag",
        Time,
        Is("\"5ms\""),
        "Longest wait of a task that is ready to run while more than 48 requests for each core wait; beyond, part of the \
         requests of the class that costs most get 503 before anything is spent on them",
    ),
    key(
        "server.load.body_bytes",
        count(65_536, 64 * BYTES),
        Is("67108864"),
        "Bytes of request bodies that are still arriving, all together; 503 beyond",
    ),
    key(
        "server.load.machine.in_progress",
        count(1, MANY),
        Unset("16 times the number of cores"),
        "Requests handled at once for tokens, introspection, userinfo and revocation",
    ),
    key(
        "server.load.machine.queue",
        count(0, MANY),
        Unset("64 times the number of cores"),
        "Requests of that class that may wait; 503 beyond",
    ),
    key(
        "server.load.pages.in_progress",
        count(1, MANY),
        Unset("64 times the number of cores"),
        "Requests handled at once for people and their browsers",
    ),
    key(
        "server.load.pages.queue",
        count(0, MANY),
        Unset("64 times the number of cores"),
        "Requests of that class that may wait; 503 beyond",
    ),
    key(
        "server.load.admin.in_progress",
        count(1, MANY),
        Unset("8 times the number of cores"),
        "Requests handled at once for the admin API",
    ),
    key(
        "server.load.admin.queue",
        count(0, MANY),
        Unset("64 times the number of cores"),
        "Requests of that class that may wait; 503 beyond",
    ),
    key(
        "database.url",
        DatabaseUrl,
        InData("rsp.db"),
        "sqlite:///PATH or postgres://ROLE:PASSWORD@HOST/DATABASE?sslmode=verify-full, as the application's role",
    ),
    key(
        "database.owner_url",
        DatabaseUrl,
        Unset("the same as url, right for SQLite only"),
        "The same database as the role that owns the tables; used by migrations only",
    ),
    key(
        "database.connections",
        count(1, 10_000),
        Is("16"),
        "Connections to PostgreSQL",
    ),
    key(
        "database.readers",
        count(1, 1_000),
        Is("4"),
        "Reading connections to SQLite, beside the one that writes",
    ),
    key(
        "database.wait",
        Time,
        Is("\"2s\""),
        "Time a request waits for a connection or its turn to write",
    ),
    key(
        "database.statement_timeout",
        Time,
        Is("\"10s\""),
        "Longest statement on PostgreSQL",
    ),
    key(
        "database.lock_timeout",
        Time,
        Is("\"5s\""),
        "Longest wait for a row lock on PostgreSQL",
    ),
    key(
        "database.idle_timeout",
        Time,
        Is("\"30s\""),
        "Longest pause inside a transaction on PostgreSQL",
    ),
    key(
        "database.commit.members",
        count(1, 10_000),
        Is("128"),
        "Transactions that share one commit on SQLite at most",
    ),
    key(
        "database.commit.member_time",
        Time,
        Is("\"500ms\""),
        "Time of one transaction in such a group",
    ),
    key(
        "database.commit.queue",
        count(1, MANY),
        Is("1024"),
        "Transactions that may wait for their turn",
    ),
    key(
        "database.commit.open_least",
        Time,
        Is("\"2ms\""),
        "Shortest time a group stays open",
    ),
    key(
        "database.commit.open_most",
        Time,
        Is("\"20ms\""),
        "Longest time a group stays open",
    ),
    key(
        "database.append.batch",
        count(1, 10_000),
        Is("256"),
        "Events in one commit of the appender at most",
    ),
    key(
        "database.append.queue",
        count(1, MANY),
        Is("4096"),
        "Events that may wait for the appender",
    ),
    key(
        "shared.url",
        SharedUrl,
        Is("\"memory\""),
        "Where attempts and requests are counted: memory for one process; for several redis://USER:PASSWORD@HOST on loopback, rediss:// elsewhere",
    ),
    key(
        "shared.ca_file",
        File,
        Unset("the public certificate authorities"),
        "Certificates of the authorities that Redis' own may come from, as PEM",
    ),
    key(
        "shared.timeout",
        Time,
        Is("\"100ms\""),
        "Longest wait for Redis; after three of them it is not asked until it answers again",
    ),
    key(
        "shared.keys",
        count(1_000, 10_000_000),
        Is("200000"),
        "Counters kept in memory at once",
    ),
    key(
        "throttle.mode",
        Choice(&["on", "off", "measure"]),
        Is("\"on\""),
        "off counts no requests, measure counts everything, and both refuse nobody: for measurements, refused unless public_url is loopback",
    ),
    key(
        "throttle.attempts",
        count(1, 1_000),
        Is("5"),
        "Failed sign-ins of one account from one source, or from one known browser, in the window",
    ),
    key(
        "throttle.window",
        Time,
        Is("\"15m\""),
        "Time in which failed sign-ins are counted",
    ),
    key(
        "throttle.lockout",
        Time,
        Is("\"1h\""),
        "How long a source cannot try that account after too many",
    ),
    key(
        "throttle.source",
        count(1, MANY),
        Is("50"),
        "Failed sign-ins of one address in the window, over all accounts",
    ),
    key(
        "throttle.network",
        count(1, MANY),
        Is("200"),
        "The same for a network: /24 of IPv4, /48 of IPv6",
    ),
    key(
        "throttle.tenant",
        count(1, MANY),
        Is("1000"),
        "Failed sign-ins of a tenant in the window, beyond which unknown browsers get challenges",
    ),
    key(
        "throttle.sessions",
        count(1, 1_000),
        Is("50"),
        "Sessions of one person at once; beyond, the one not used for longest ends",
    ),
    key(
        "throttle.requests.pages",
        count(0, 10_000_000),
        Is("1200"),
        "Requests of one source to pages in a minute; 429 beyond, 0 for no limit; a tenant may have its own (`rsp tenant update --limit`)",
    ),
    key(
        "throttle.requests.authorize",
        count(0, 10_000_000),
        Is("1200"),
        "Requests of one source for authorization in a minute",
    ),
    key(
        "throttle.requests.admin",
        count(0, 10_000_000),
        Is("1200"),
        "Requests of one source to the admin API in a minute",
    ),
    key(
        "throttle.requests.token",
        count(0, 10_000_000),
        Is("60000"),
        "Token requests of one client in a minute",
    ),
    key(
        "throttle.requests.introspection",
        count(0, 10_000_000),
        Is("60000"),
        "Introspection requests of one client in a minute",
    ),
    key(
        "throttle.requests.revocation",
        count(0, 10_000_000),
        Is("60000"),
        "Revocation requests of one client in a minute",
    ),
    key(
        "throttle.requests.userinfo",
        count(0, 10_000_000),
        Is("60000"),
        "Userinfo requests of one client in a minute",
    ),
    key(
        "throttle.requests.tenant",
        count(0, 10_000_000),
        Is("0"),
        "Requests of all clients of one tenant together in a minute, of those that proved who they are",
    ),
    key(
        "keys.kek.file",
        File,
        Unset("not from a file"),
        "File with the key-encryption key: 32 random bytes in base64 or hex, readable by the owner only",
    ),
    key(
        "keys.kek.env",
        Variable,
        Unset("not from the environment"),
        "Environment variable with the key-encryption key",
    ),
    key(
        "mail.smtp",
        MailServer,
        Unset("no mail: no notices, and nobody can ask for a new password"),
        "Mail server: smtps://HOST:465 (TLS), smtp://HOST:587 (STARTTLS, required), smtp+plain://127.0.0.1:25 (on this machine only)",
    ),
    key(
        "mail.from",
        MailAddress,
        Unset("required with mail.smtp"),
        "Address that mails come from",
    ),
    key(
        "mail.username",
        Text,
        Unset("the mail server asks for none"),
        "Name at the mail server",
    ),
    key(
        "mail.password",
        Secret,
        Unset("the mail server asks for none"),
        "Password at the mail server",
    ),
    key(
        "password.memory_kib",
        count(64, 262_144),
        Is("65536"),
        "Memory of one Argon2id hash, in KiB",
    ),
    key(
        "password.iterations",
        count(1, 16),
        Is("3"),
        "Passes over that memory",
    ),
    key("password.lanes", count(1, 16), Is("4"), "Lanes of that memory"),
    key(
        "password.max_concurrent",
        count(1, 1_024),
        Unset("as many as there are cores"),
        "Hashes computed at once; this times memory_kib bounds the memory, beside at most one stored hash that asks for more",
    ),
    key(
        "password.queue",
        count(1, 100_000),
        Unset("32 times the number of cores"),
        "Passwords that may wait for their hash; 503 beyond. Tenants are served in turn, and the longest line gives way",
    ),
    key(
        "password.wait",
        Time,
        Is("\"3s\""),
        "The longest a password waits for its turn; 503 at once where recent hashes say it would be more than half of that",
    ),
    key(
        "password.allocate",
        Choice(&["first_use", "start"]),
        Is("\"first_use\""),
        "When the memory is taken; it is kept from then on. At the start: the program does not start without it",
    ),
    key(
        "password.filter",
        File,
        Unset("the list that is part of the program"),
        "Filter of known passwords, made by rsp password-filter build; new passwords in it are refused",
    ),
    key(
        "log.level",
        Filter,
        Is("\"info\""),
        "Least severe level written, or directives such as info,access=warn",
    ),
    key(
        "log.format",
        Choice(&["auto", "json", "text"]),
        Is("\"auto\""),
        "auto: text on a terminal, JSON elsewhere",
    ),
];
