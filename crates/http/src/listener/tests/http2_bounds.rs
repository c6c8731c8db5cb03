//! What a peer may have open, may make us reset, and has to answer on an HTTP/2 connection, frame by frame. Each test
//! fails when the line of [`super::super::connection`] that sets its bound is gone.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{BOUND, Limits, Running, SHORT, end};

const START: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// HPACK, static table only: `:method`, `:scheme: http`, `:authority: localhost`, then the path.
const GET: &[u8] = b"\x82\x86\x84\x41\x09localhost";
const POST: &[u8] = b"\x83\x86\x41\x09localhost\x04\x05/echo";
/// The same without a scheme, which no request may be (RFC 9113 section 8.3.1).
const SCHEMELESS: &[u8] = b"\x82\x84\x41\x09localhost";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const REFUSED_STREAM: u8 = 7;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

async fn start(server: &Running) -> TcpStream {
    let mut stream = server.connect().await;
    stream.write_all(START).await.unwrap();
    stream
}

/// Kind, flags and payload of the next frame of this stream.
async fn next(stream: &mut TcpStream, number: u32) -> (u8, u8, Vec<u8>) {
    let found = async {
        loop {
            let mut head = [0; 9];
            stream.read_exact(&mut head).await.unwrap();
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            stream.read_exact(&mut payload).await.unwrap();
            if u32::from_be_bytes([head[5], head[6], head[7], head[8]]) == number {
                break (head[3], head[4], payload);
            }
        }
    };
    tokio::time::timeout(BOUND, found)
        .await
        .expect("nothing on this stream")
}

/// The whole body of the answer on this stream.
async fn answer(stream: &mut TcpStream, number: u32) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let (kind, flags, payload) = next(stream, number).await;
        assert_ne!(kind, RST_STREAM, "stream {number}: {payload:?}");
        if kind == DATA {
            body.extend(payload);
        }
        if flags & END_STREAM != 0 {
            break body;
        }
    }
}

#[tokio::test]
async fn streams_beyond_the_bound_are_refused_until_others_end() {
    let server = Running::start(Limits {
        h2_max_concurrent_streams: 2,
        ..Limits::default()
    })
    .await;
    let mut stream = start(&server).await;
    for number in [1, 3, 5] {
        let head = frame(HEADERS, END_HEADERS, number, POST);
        stream.write_all(&head).await.unwrap();
    }
    let (kind, _, code) = next(&mut stream, 5).await;
    assert_eq!((kind, code), (RST_STREAM, vec![0, 0, 0, REFUSED_STREAM]));
    let rest = frame(DATA, END_STREAM, 1, b"good");
    stream.write_all(&rest).await.unwrap();
    assert_eq!(answer(&mut stream, 1).await, b"good");
    let next = frame(HEADERS, END_STREAM | END_HEADERS, 7, GET);
    stream.write_all(&next).await.unwrap();
    assert_eq!(answer(&mut stream, 7).await, b"hello");
}

#[tokio::test]
async fn a_peer_that_makes_us_reset_too_often_is_sent_away() {
    // CVE-2025-8671, "made you reset".
    let server = Running::start(Limits {
        h2_max_local_reset_streams: 5,
        ..Limits::default()
    })
    .await;
    let mut stream = start(&server).await;
    let bad = |number| frame(HEADERS, END_STREAM | END_HEADERS, number, SCHEMELESS);
    for number in [1, 3, 5] {
        stream.write_all(&bad(number)).await.unwrap();
        assert_eq!(next(&mut stream, number).await.0, RST_STREAM);
    }
    let good = frame(HEADERS, END_STREAM | END_HEADERS, 7, GET);
    stream.write_all(&good).await.unwrap();
    assert_eq!(answer(&mut stream, 7).await, b"hello", "a few are forgiven");
    for number in 0..10 {
        // Fails when the connection has ended already, which is what is waited for.
        stream.write_all(&bad(9 + 2 * number)).await.ok();
    }
    end(&mut stream).await;
    super::refused::counted(&server, "flood", 1).await;
}

#[tokio::test]
async fn who_does_not_answer_pings_is_cut_and_who_does_is_waited_for() {
    let server = Running::start(Limits {
        h2_ping_interval: SHORT,
        // Until a ping has to be answered.
        header_read_timeout: Duration::from_secs(2),
        body_read_timeout: BOUND * 10,
        stall_timeout: BOUND * 10,
        ..Limits::default()
    })
    .await;
    let (send, _connection) = super::http2::connect(&server).await;
    let waiting = tokio::spawn(async move { super::http2::get(&send, "/slow").await });
    server.entered.notified().await;
    let mut gone = start(&server).await;
    let head = frame(HEADERS, END_HEADERS, 1, POST);
    gone.write_all(&head).await.unwrap();
    end(&mut gone).await;
    super::refused::counted(&server, "timeout", 1).await;
    server.release.notify_one();
    assert_eq!(waiting.await.unwrap().unwrap().1, "done");
}
