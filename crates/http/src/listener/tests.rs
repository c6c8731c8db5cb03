//! Real sockets with short limits. Nothing sleeps: every test waits for the
//! socket's own answer or end, within a bound far beyond the limit under test.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Extension;
use axum::routing::{get, post};
use futures_util::stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Backoff, Drained, Limits, Peer, Server};
use crate::management::{Catalogue, Metrics};

mod drain;
mod floods;
mod http2;
mod http2_bounds;
mod refused;
mod sources;

const SHORT: Duration = Duration::from_millis(200);
const BOUND: Duration = Duration::from_secs(20);
const CHUNK: Bytes = Bytes::from_static(&[b'x'; 1024]);
const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A running server, and the switches of its slow handler.
struct Running {
    address: SocketAddr,
    leave: CancellationToken,
    stop: CancellationToken,
    task: JoinHandle<Drained>,
    entered: Arc<Notify>,
    release: Arc<Notify>,
    catalogue: Catalogue,
}

impl Running {
    async fn start(limits: Limits) -> Self {
        let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (inside, go) = (Arc::clone(&entered), Arc::clone(&release));
        let router = Router::new()
            .route("/", get(|| async { "hello" }))
            .route(
                "/peer",
                get(|Extension(peer): Extension<Peer>| async move { peer.0.to_string() }),
            )
            .route("/echo", post(|body: String| async move { body }))
            .route(
                "/endless",
                get(|| async { Body::from_stream(stream::repeat(Ok::<_, Infallible>(CHUNK))) }),
            )
            .route("/big", get(|| async { vec![b'x'; 64 * 1024 * 1024] }))
            .route(
                "/slow",
                get(move || async move {
                    inside.notify_one();
                    go.notified().await;
                    "done"
                }),
            );
        let mut catalogue = Catalogue::default();
        let metrics = Metrics::register(&mut catalogue);
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let stop = CancellationToken::new();
        let leave = CancellationToken::new();
        let server = Server::new(router, limits, metrics)
            .on([socket])
            .with_notice(leave.clone());
        let task = tokio::spawn(server.run(stop.clone()));
        Self {
            address,
            leave,
            stop,
            task,
            entered,
            release,
            catalogue,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn ask(&self, text: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(text.as_bytes()).await.unwrap();
        until(&mut stream, "\r\n\r\n").await
    }

    fn metric(&self, line: &str) -> bool {
        self.catalogue
            .exposition()
            .unwrap()
            .lines()
            .any(|found| found == line)
    }
}

fn short() -> Limits {
    Limits {
        handshake_timeout: SHORT,
        header_read_timeout: SHORT,
        keep_alive_idle: SHORT,
        body_read_timeout: SHORT,
        write_timeout: SHORT,
        ..Limits::default()
    }
}

/// Reads until `mark` or the end.
async fn until(stream: &mut TcpStream, mark: &str) -> String {
    let mut text = Vec::new();
    let read = async {
        let mut buffer = [0; 4096];
        while !String::from_utf8_lossy(&text).contains(mark) {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(count) => text.extend_from_slice(&buffer[..count]),
            }
        }
    };
    tokio::time::timeout(BOUND, read)
        .await
        .expect("no answer and no end");
    String::from_utf8_lossy(&text).into_owned()
}

/// Everything up to the end the server makes; a reset counts as one.
async fn end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    tokio::time::timeout(BOUND, stream.read_to_end(&mut bytes))
        .await
        .expect("no end")
        .ok();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn a_silent_connection_is_cut() {
    let server = Running::start(short()).await;
    let mut silent = server.connect().await;
    assert_eq!(end(&mut silent).await, "");
    assert!(server.metric("rsp_connections_refused_total{reason=\"timeout\"} 1"));
    assert!(server.ask(GET).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_slow_head_is_cut() {
    let server = Running::start(short()).await;
    // The second could still become HTTP/2, so its protocol is undecided.
    for start in ["GET / HTTP/1.1\r\nHost: local", "PRI * HT", "P"] {
        let mut slow = server.connect().await;
        slow.write_all(start.as_bytes()).await.unwrap();
        assert!(!end(&mut slow).await.contains("200"), "{start}");
    }
    assert!(server.ask(GET).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_resting_connection_serves_again_and_is_then_retired() {
    let server = Running::start(short()).await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        stream.write_all(GET.as_bytes()).await.unwrap();
        assert!(until(&mut stream, "hello").await.starts_with("HTTP/1.1 200"));
    }
    assert_eq!(end(&mut stream).await, "");
    assert!(
        !server.metric("rsp_connections_refused_total{reason=\"timeout\"} 1"),
        "resting is no offence"
    );
}

#[tokio::test]
async fn a_slow_second_head_is_cut() {
    let limits = Limits {
        keep_alive_idle: BOUND * 10,
        ..short()
    };
    let server = Running::start(limits).await;
    let mut stream = server.connect().await;
    stream.write_all(GET.as_bytes()).await.unwrap();
    until(&mut stream, "hello").await;
    stream.write_all(b"GET / HT").await.unwrap();
    assert_eq!(end(&mut stream).await, "");
}

#[tokio::test]
async fn a_slow_body_ends_and_a_prompt_one_arrives() {
    let server = Running::start(short()).await;
    let mut slow = server.connect().await;
    slow.write_all(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab")
        .await
        .unwrap();
    let answer = end(&mut slow).await;
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    let mut prompt = server.connect().await;
    prompt
        .write_all(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nabcde")
        .await
        .unwrap();
    assert!(until(&mut prompt, "abcde").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_cut() {
    let server = Running::start(short()).await;
    let mut deaf = server.connect().await;
    deaf.write_all(b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    let cut = async {
        while !server.metric("rsp_connections_refused_total{reason=\"timeout\"} 1") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(BOUND, cut).await.expect("still open");
    let sent = end(&mut deaf).await;
    assert!(sent.starts_with("HTTP/1.1 200") && sent.len() < 64 * 1024 * 1024);
}

#[tokio::test]
async fn an_oversize_head_is_431() {
    let limits = Limits {
        max_header_bytes: 8 * 1024,
        max_headers: 10,
        ..Limits::default()
    };
    let server = Running::start(limits).await;
    let large = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n",
        "x".repeat(16 * 1024)
    );
    assert!(server.ask(&large).await.starts_with("HTTP/1.1 431"));
    let many = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n",
        "X: y\r\n".repeat(20)
    );
    assert!(server.ask(&many).await.starts_with("HTTP/1.1 431"));
    let fits = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n",
        "x".repeat(4 * 1024)
    );
    assert!(server.ask(&fits).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn connections_beyond_the_cap_are_closed_at_once() {
    let server = Running::start(Limits {
        max_connections: 1,
        ..Limits::default()
    })
    .await;
    let mut first = server.connect().await;
    first.write_all(GET.as_bytes()).await.unwrap();
    until(&mut first, "hello").await;
    let mut second = server.connect().await;
    assert_eq!(end(&mut second).await, "");
    assert!(server.metric("rsp_connections_refused_total{reason=\"capacity\"} 1"));
    // The first is not affected.
    first.write_all(GET.as_bytes()).await.unwrap();
    assert!(until(&mut first, "hello").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_stop_lets_the_request_in_flight_finish() {
    let server = Running::start(Limits::default()).await;
    let mut busy = server.connect().await;
    let mut idle = server.connect().await;
    idle.write_all(GET.as_bytes()).await.unwrap();
    until(&mut idle, "hello").await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    server.entered.notified().await;

    server.stop.cancel();
    // The idle connection ends soon, which also shows that the stop has been seen.
    assert_eq!(end(&mut idle).await, "");
    let refused = async { while TcpStream::connect(server.address).await.is_ok() {} };
    tokio::time::timeout(BOUND, refused)
        .await
        .expect("still accepting");

    server.release.notify_one();
    let answer = end(&mut busy).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("done"),
        "{answer}"
    );
    assert_eq!(server.task.await.unwrap(), Drained { cut: 0 });
}

#[tokio::test]
async fn a_stop_cuts_what_does_not_finish_in_time() {
    let server = Running::start(Limits {
        drain_timeout: SHORT,
        ..Limits::default()
    })
    .await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    server.entered.notified().await;
    server.stop.cancel();
    assert_eq!(
        tokio::time::timeout(BOUND, server.task).await.unwrap().unwrap(),
        Drained { cut: 1 }
    );
    assert_eq!(end(&mut busy).await, "");
}

#[tokio::test]
async fn handlers_see_the_peer() {
    let server = Running::start(Limits::default()).await;
    let mut stream = server.connect().await;
    let local = stream.local_addr().unwrap().to_string();
    stream
        .write_all(b"GET /peer HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    assert!(end(&mut stream).await.ends_with(&local));
}

#[tokio::test]
async fn a_loopback_address_is_bound_in_both_families() {
    let sockets = super::bind((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
    let ports: Vec<_> = sockets
        .iter()
        .map(|socket| socket.local_addr().unwrap().port())
        .collect();
    assert!(!ports.is_empty() && ports.iter().all(|port| *port == ports[0]));
    let taken = super::bind((Ipv4Addr::LOCALHOST, ports[0]).into()).await;
    assert_eq!(taken.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
}

#[test]
fn accept_errors_back_off_up_to_a_second() {
    let mut backoff = Backoff::default();
    let waits: Vec<_> = (0..40).map(|_| backoff.next()).collect();
    assert_eq!(waits[0], Duration::from_millis(10));
    assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]));
    assert_eq!(waits[39], Duration::from_secs(1));
}
