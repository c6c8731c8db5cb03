//! What is no request, or too large for one, ends with the standard answer and a reason in a metric; who asks properly
//! is served beside it.

use tokio::io::AsyncWriteExt;

use super::{BOUND, GET, Limits, Running, end, until};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The connection is counted when its task ends, which may be after the peer saw the end.
pub(super) async fn counted(server: &Running, reason: &str, count: u32) {
    let line = format!("rsp_connections_refused_total{{reason=\"{reason}\"}} {count}");
    let seen = async {
        while !server.metric(&line) {
            tokio::task::yield_now().await;
        }
    };
    let text = || server.catalogue.exposition().unwrap();
    assert!(
        tokio::time::timeout(BOUND, seen).await.is_ok(),
        "no {line} in {}",
        text()
    );
}

#[tokio::test]
async fn what_is_no_request_is_400_and_counted() {
    let server = Running::start(Limits::default()).await;
    let mut good = server.connect().await;
    let garbage: [&[u8]; 7] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
        b"no request at all\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nBad Name: x\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        // Nearly what an HTTP/2 client says first.
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
    ];
    for (bytes, count) in garbage.into_iter().zip(1..) {
        let mut stream = server.connect().await;
        stream.write_all(bytes).await.unwrap();
        let answer = end(&mut stream).await;
        assert!(
            answer.starts_with("HTTP/1.1 400"),
            "{}: {answer}",
            String::from_utf8_lossy(bytes)
        );
        counted(&server, "malformed", count).await;
        good.write_all(GET.as_bytes()).await.unwrap();
        assert!(until(&mut good, "hello").await.starts_with("HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn a_head_too_large_is_431_and_counted() {
    let limits = Limits {
        max_header_bytes: 8 * 1024,
        max_headers: 10,
        ..Limits::default()
    };
    let server = Running::start(limits).await;
    let with = |more: &str| format!("GET / HTTP/1.1\r\nHost: localhost\r\n{more}\r\n");
    // Read to its last byte before it is refused: what is left unread would take the answer with it.
    let (large, many) = (format!("X: {}\r\n", "x".repeat(9 * 1024)), "X: y\r\n".repeat(20));
    for (more, count) in [(large, 1), (many, 2)] {
        let answer = server.ask(&with(&more)).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
        counted(&server, "head_too_large", count).await;
    }
    let fits = with(&format!("X: {}\r\n", "x".repeat(4 * 1024)));
    assert!(server.ask(&fits).await.starts_with("HTTP/1.1 200"));
    let text = server.catalogue.exposition().unwrap();
    assert!(!text.contains("reason=\"malformed\""), "{text}");
}

#[tokio::test]
async fn frames_that_are_no_http2_end_the_connection_and_are_counted() {
    let server = Running::start(Limits::default()).await;
    // A request under an even number (RFC 9113 section 5.1.1), data of no stream (6.1), a PING that is too short (6.7), and a
    // frame larger than was agreed to (4.2).
    let settings: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
    let wrong: [&[u8]; 4] = [
        &[0, 0, 3, 1, 5, 0, 0, 0, 2, 0x82, 0x86, 0x84],
        &[0, 0, 1, 0, 0, 0, 0, 0, 0, b'x'],
        &[0, 0, 1, 6, 0, 0, 0, 0, 0, b'x'],
        &[0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1],
    ];
    for (frame, count) in wrong.into_iter().zip(1..) {
        let mut stream = server.connect().await;
        stream
            .write_all(&[PREFACE, settings, frame].concat())
            .await
            .unwrap();
        end(&mut stream).await;
        counted(&server, "protocol", count).await;
        let (send, _connection) = super::http2::connect(&server).await;
        assert_eq!(super::http2::get(&send, "/").await.unwrap().1, "hello");
    }
}

#[tokio::test]
async fn who_hangs_up_is_not_counted_as_refused() {
    let server = Running::start(Limits::default()).await;
    let starts: [&[u8]; 3] = [b"GET / HT", b"GET / HTTP/1.1\r\nHost: local", PREFACE];
    for start in starts {
        let mut stream = server.connect().await;
        stream.write_all(start).await.unwrap();
        stream.shutdown().await.unwrap();
        end(&mut stream).await;
    }
    assert!(server.ask(GET).await.starts_with("HTTP/1.1 200"));
    let text = server.catalogue.exposition().unwrap();
    assert!(!text.contains("rsp_connections_refused_total{"), "{text}");
}
