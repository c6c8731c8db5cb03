//! The server at connection level: accepts, caps, cuts, drains.
//!
//! One [`Server`] serves one `Router` on any number of bound sockets, in
//! HTTP/1.1 and HTTP/2, with or without TLS. What belongs to one request
//! (ids, headers, deadlines of handlers) is in [`crate::layers`].

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::management::Metrics;
use crate::management::metrics::Refusal;
use crate::pressure::Pressure;
use crate::tls::TlsHandle;

mod activity;
mod body;
mod connection;
mod frames;
mod limits;
mod sources;

pub use body::{BodyTimedOut, RequestBody};
pub use limits::Limits;

use sources::{Guest, Sources};

/// Time for connections that were made but not yet accepted when the server stops.
const LAST_CALL: Duration = Duration::from_millis(20);

/// The address of the other end of the connection, put into every request's
/// extensions. Behind a proxy this is the proxy; see [`crate::client_ip`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were still busy when the drain time was over.
    pub cut: usize,
}

/// A router on its sockets, ready to run.
#[derive(Debug)]
pub struct Server {
    sockets: Vec<TcpListener>,
    shared: Shared,
}

/// What every connection needs.
#[derive(Debug, Clone)]
struct Shared {
    router: Router,
    limits: Arc<Limits>,
    tls: Option<TlsHandle>,
    pressure: Option<Pressure>,
    metrics: Metrics,
    slots: Arc<Semaphore>,
    sources: Arc<Sources>,
    /// Answers are the last on their connection; new connections are still welcome.
    leaving: CancellationToken,
    /// Ends accepting and waits for requests in flight.
    draining: CancellationToken,
    /// Ends everything.
    cut: CancellationToken,
}

/// A place among all connections and one among those of its source, until it is dropped.
type Admitted = (OwnedSemaphorePermit, Guest);

impl Shared {
    fn admit(&self, peer: SocketAddr) -> Result<Admitted, Refusal> {
        let guest = self.sources.admit(peer.ip()).ok_or(Refusal::Source)?;
        let slot = Arc::clone(&self.slots).try_acquire_owned();
        Ok((slot.map_err(|_| Refusal::Capacity)?, guest))
    }
}

impl Server {
    /// A server without sockets yet.
    #[must_use]
    pub fn new(router: Router, limits: Limits, metrics: Metrics) -> Self {
        let slots = Arc::new(Semaphore::new(limits.max_connections.min(Semaphore::MAX_PERMITS)));
        let sources = Sources::new(limits.max_connections_per_source, limits.proxies.clone());
        Self {
            sockets: Vec::new(),
            shared: Shared {
                router,
                limits: Arc::new(limits),
                tls: None,
                pressure: None,
                metrics,
                slots,
                sources: Arc::new(sources),
                leaving: CancellationToken::new(),
                draining: CancellationToken::new(),
                cut: CancellationToken::new(),
            },
        }
    }

    /// Also accepts on these sockets.
    #[must_use]
    pub fn on(mut self, sockets: impl IntoIterator<Item = TcpListener>) -> Self {
        self.sockets.extend(sockets);
        self
    }

    /// Speaks TLS; the certificate may be replaced while running.
    #[must_use]
    pub fn with_tls(mut self, tls: Option<TlsHandle>) -> Self {
        self.shared.tls = tls;
        self
    }

    /// Refuses what `pressure` says before anything is spent on it.
    #[must_use]
    pub fn with_pressure(mut self, pressure: Pressure) -> Self {
        self.shared.pressure = Some(pressure);
        self
    }

    /// From `leaving` on, answers are the last on their connection, so that clients go elsewhere before the end.
    #[must_use]
    pub fn with_notice(mut self, leaving: CancellationToken) -> Self {
        self.shared.leaving = leaving;
        self
    }

    /// Serves until `shutdown`, then stops accepting, lets requests in flight
    /// finish within [`Limits::drain_timeout`], cuts the rest and returns.
    pub async fn run(self, shutdown: CancellationToken) -> Drained {
        let Self { sockets, mut shared } = self;
        shared.draining = shutdown.clone();
        let acceptors = TaskTracker::new();
        let connections = TaskTracker::new();
        for socket in sockets {
            acceptors.spawn(accept(socket, shared.clone(), connections.clone()));
        }
        acceptors.close();
        shutdown.cancelled().await;
        // Waiting for the acceptors closes the sockets, so newcomers are refused from here on.
        acceptors.wait().await;
        connections.close();
        let finished = tokio::time::timeout(shared.limits.drain_timeout, connections.wait()).await;
        let cut = if finished.is_err() { connections.len() } else { 0 };
        shared.cut.cancel();
        connections.wait().await;
        Drained { cut }
    }
}

/// Binds an address. A loopback address is bound in both families, because
/// `localhost` may resolve to either; a machine without IPv6 gets one socket.
pub async fn bind(address: SocketAddr) -> io::Result<Vec<TcpListener>> {
    if !address.ip().is_loopback() {
        return Ok(vec![TcpListener::bind(address).await?]);
    }
    let first = TcpListener::bind(address).await?;
    let other: IpAddr = if address.is_ipv4() {
        Ipv6Addr::LOCALHOST.into()
    } else {
        Ipv4Addr::LOCALHOST.into()
    };
    match TcpListener::bind(SocketAddr::new(other, first.local_addr()?.port())).await {
        Ok(second) => Ok(vec![first, second]),
        // Somebody else behind the same name would receive half of our visitors.
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
        Err(_) => Ok(vec![first]),
    }
}

async fn accept(socket: TcpListener, shared: Shared, connections: TaskTracker) {
    let mut backoff = Backoff::default();
    loop {
        let accepted = tokio::select! {
            biased;
            () = shared.draining.cancelled() => break,
            accepted = socket.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                backoff = Backoff::default();
                welcome(stream, peer, &shared, &connections);
            }
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                shared.metrics.refuse(Refusal::AcceptError);
                tracing::warn!(%error, "cannot accept connections");
                tokio::select! {
                    () = shared.draining.cancelled() => break,
                    () = tokio::time::sleep(backoff.next()) => {}
                }
            }
        }
    }
    // Who is connected as far as the kernel is concerned would see a reset when the socket closes.
    let last = async {
        while let Ok((stream, peer)) = socket.accept().await {
            welcome(stream, peer, &shared, &connections);
        }
    };
    tokio::time::timeout(LAST_CALL, last).await.ok();
}

/// Serves a connection, or closes it at once: the cheapest answer there is.
fn welcome(stream: TcpStream, peer: SocketAddr, shared: &Shared, connections: &TaskTracker) {
    match shared.admit(peer) {
        Ok(admitted) => {
            connections.spawn(serve(stream, peer, shared.clone(), admitted));
        }
        Err(refusal) => shared.metrics.refuse(refusal),
    }
}

/// The peer gave up between its SYN and our accept; the next one is not affected.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

/// Waiting times after an accept error such as "too many open files": the
/// error stays until a descriptor is free, so an immediate retry would spin.
#[derive(Debug, Default)]
struct Backoff {
    failures: u32,
}

impl Backoff {
    fn next(&mut self) -> Duration {
        let wait = Duration::from_millis(10 << self.failures.min(7));
        self.failures = self.failures.saturating_add(1);
        wait.min(Duration::from_secs(1))
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, shared: Shared, admitted: Admitted) {
    let _open = shared.metrics.connection_opened();
    // A failure only means that small answers may wait for an acknowledgement.
    stream.set_nodelay(true).ok();
    match shared.tls.clone() {
        None => connection::serve(stream, peer, &shared).await,
        Some(tls) => {
            let handshake = tls.accept(stream);
            let too_late = async {
                shared.draining.cancelled().await;
                tokio::time::sleep(activity::GOODBYE).await;
            };
            tokio::select! {
                () = too_late => {}
                outcome = tokio::time::timeout(shared.limits.handshake_timeout, handshake) => match outcome {
                    Ok(Ok(stream)) => connection::serve(stream, peer, &shared).await,
                    Ok(Err(error)) => {
                        shared.metrics.refuse(Refusal::Handshake);
                        tracing::debug!(%error, "TLS handshake failed");
                    }
                    Err(_) => shared.metrics.refuse(Refusal::Timeout),
                },
            }
        }
    }
    drop(admitted);
}

#[cfg(test)]
mod tests;
