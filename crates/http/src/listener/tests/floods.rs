//! HTTP/2 peers that send frames for the work they make, byte by byte, because no client library would.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{BOUND, GET, Limits, Running, end, until};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
const PING: [u8; 17] = [0, 0, 8, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// HPACK, static table only: `:method: POST`, `:scheme: http`, `:path: /`, `:authority: localhost`.
const POST: &[u8] = b"\x83\x86\x84\x41\x09localhost";

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

async fn http2(server: &Running) -> TcpStream {
    let mut stream = server.connect().await;
    stream.write_all(PREFACE).await.unwrap();
    stream.write_all(&SETTINGS).await.unwrap();
    stream
}

/// Sends `again` until the server has ended the connection.
async fn flood(mut stream: TcpStream, start: &[u8], again: impl Fn(u32) -> Vec<u8>) {
    stream.write_all(start).await.unwrap();
    let sending = async {
        for number in 0.. {
            if stream.write_all(&again(number)).await.is_err() {
                break;
            }
            if number % 64 == 0 {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(BOUND, sending)
        .await
        .expect("the flood is never refused");
}

/// The frame with this number.
type Again = fn(u32) -> Vec<u8>;

#[tokio::test]
async fn floods_end_their_connection_and_nobody_elses() {
    let server = Running::start(Limits::default()).await;
    let mut good = server.connect().await;
    let post = frame(1, 4, 1, POST);
    let unfinished = frame(1, 0, 1, POST);
    let floods: [(&str, &[u8], Again); 6] = [
        ("PING", &[], |_| PING.to_vec()),
        ("SETTINGS", &[], |_| SETTINGS.to_vec()),
        ("empty DATA", &post, |_| frame(0, 0, 1, &[])),
        ("CONTINUATION", &unfinished, |_| frame(9, 0, 1, &[])),
        ("window", &[], |_| frame(8, 0, 0, &[0, 0, 0, 1])),
        ("rapid reset", &[], |number| {
            let stream = number * 2 + 1;
            let mut both = frame(1, 5, stream, POST);
            both.extend(frame(3, 0, stream, &[0, 0, 0, 8]));
            both
        }),
    ];
    for (what, start, again) in floods {
        flood(http2(&server).await, start, again).await;
        good.write_all(GET.as_bytes()).await.unwrap();
        assert!(until(&mut good, "hello").await.contains("200 OK"), "{what}");
    }
    let text = server.catalogue.exposition().unwrap();
    assert!(
        text.contains("rsp_connections_refused_total{reason=\"flood\"}"),
        "{text}"
    );
}

#[tokio::test]
async fn a_few_pings_and_settings_are_answered() {
    let server = Running::start(Limits {
        h2_max_control_frames: 20,
        header_read_timeout: super::SHORT,
        ..Limits::default()
    })
    .await;
    let mut stream = http2(&server).await;
    for _ in 0..9 {
        stream.write_all(&PING).await.unwrap();
        stream.write_all(&SETTINGS).await.unwrap();
    }
    // Ended because it asked for nothing, not because of what it sent.
    end(&mut stream).await;
    assert!(server.metric("rsp_connections_refused_total{reason=\"timeout\"} 1"));
    let text = server.catalogue.exposition().unwrap();
    assert!(!text.contains("reason=\"flood\""), "{text}");
}
