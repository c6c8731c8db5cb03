use std::time::Duration;

use crate::client_ip::TrustedProxies;

/// Bounds of one listener (CF3, J1, R26, R28). Every bound has a default and
/// is shown by `rsp config print`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at once over all sockets; more are accepted and closed.
    /// 10,000.
    pub max_connections: usize,
    /// Connections open at once from one IPv4 address or IPv6 /64; more are accepted and closed. 1,000.
    pub max_connections_per_source: usize,
    /// Peers with many people behind them, for whom only the cap of all connections holds.
    pub proxies: TrustedProxies,
    /// Time for the TLS handshake. 10 s.
    pub handshake_timeout: Duration,
    /// Time from the first possible byte to the end of the request head; also
    /// what a connection that says nothing gets. 10 s.
    pub header_read_timeout: Duration,
    /// Time a connection may rest between requests. 75 s.
    pub keep_alive_idle: Duration,
    /// Time for a whole request body, from the end of its head. 10 s.
    pub body_read_timeout: Duration,
    /// Time during which the peer may accept not a single byte of an answer; also of an HTTP/2 answer for which it
    /// opens no window. 10 s.
    pub write_timeout: Duration,
    /// Time a request may be open without any byte moving in either direction, and for an answer to be taken byte
    /// by byte; longer than handlers may take. 60 s.
    pub stall_timeout: Duration,
    /// Bytes of a request head (HTTP/1.1, at least 8 KiB) or header list (HTTP/2); more is 431. 32 KiB.
    pub max_header_bytes: usize,
    /// Header fields of one request; more is 431. 100.
    pub max_headers: usize,
    /// Requests under way at once on one HTTP/2 connection. 100.
    pub h2_max_concurrent_streams: u32,
    /// Streams a peer may reset before we accepted them; more ends the
    /// connection (CVE-2023-44487, "rapid reset"). 20.
    pub h2_max_pending_reset_streams: usize,
    /// Streams we may reset because of the peer's errors; more ends the
    /// connection (CVE-2025-8671, "made you reset"). 100.
    pub h2_max_local_reset_streams: usize,
    /// HTTP/2 frames of a second that ask for work and carry nothing: PING, SETTINGS, resets, priorities,
    /// continuations, data of a few bytes, unknown ones. More ends the connection, as do ten times as many window
    /// updates. 200.
    pub h2_max_control_frames: u32,
    /// Interval of HTTP/2 pings to a silent peer; a missing answer within
    /// [`Self::header_read_timeout`] ends the connection. 20 s.
    pub h2_ping_interval: Duration,
    /// Time for requests in flight when the server stops. 6 s.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            max_connections_per_source: 1_000,
            proxies: TrustedProxies::default(),
            handshake_timeout: Duration::from_secs(10),
            header_read_timeout: Duration::from_secs(10),
            keep_alive_idle: Duration::from_secs(75),
            body_read_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_mins(1),
            max_header_bytes: 32 * 1024,
            max_headers: 100,
            h2_max_concurrent_streams: 100,
            h2_max_pending_reset_streams: 20,
            h2_max_local_reset_streams: 100,
            h2_max_control_frames: 200,
            h2_ping_interval: Duration::from_secs(20),
            drain_timeout: Duration::from_secs(6),
        }
    }
}
