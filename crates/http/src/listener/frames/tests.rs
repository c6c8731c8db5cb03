use std::time::Duration;

use tokio::time::Instant;

use super::{Inbound, PREFACE, Seen};

const MOST: u32 = 20;

fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags, 0, 0, 0, 1];
    bytes.extend_from_slice(payload);
    bytes
}

fn connected(now: Instant) -> Inbound {
    let mut inbound = Inbound::new(MOST, now);
    assert_eq!(inbound.read(PREFACE, now), Seen::default());
    assert!(inbound.is_http2());
    inbound
}

/// Whether so many of these frames in one second are a flood.
fn flood(frame: &[u8], count: u32) -> bool {
    let now = Instant::now();
    let mut inbound = connected(now);
    (0..count).any(|_| inbound.read(frame, now).flood)
}

#[test]
fn frames_that_ask_for_nothing_have_a_bound_each_second() {
    for (what, frame) in [
        ("PING", frame(6, 0, &[0; 8])),
        ("SETTINGS", frame(4, 0, &[])),
        ("empty DATA", frame(0, 0, &[])),
        ("padding only", frame(0, 8, &[200; 201])),
        ("crumbs", frame(0, 0, b"x")),
        ("RST_STREAM", frame(3, 0, &[0; 4])),
        ("PRIORITY", frame(2, 0, &[0; 5])),
        ("CONTINUATION", frame(9, 0, b"x")),
        ("unknown", frame(0xfa, 0, b"")),
    ] {
        assert!(!flood(&frame, MOST), "{what}");
        assert!(flood(&frame, MOST + 1), "{what}");
    }
    let update = frame(8, 0, &[0, 0, 0, 1]);
    assert!(!flood(&update, 10 * MOST));
    assert!(flood(&update, 10 * MOST + 1));
}

#[test]
fn requests_and_bodies_are_not_counted() {
    for frame in [
        frame(1, 4, &[0x82; 20]),
        frame(0, 0, &[b'x'; 1024]),
        // How many clients end a body.
        frame(0, 1, &[]),
    ] {
        assert!(!flood(&frame, 100 * MOST));
    }
}

#[test]
fn the_next_second_starts_anew() {
    let mut now = Instant::now();
    let mut inbound = connected(now);
    let ping = frame(6, 0, &[0; 8]);
    for _ in 0..5 {
        for _ in 0..MOST {
            assert!(!inbound.read(&ping, now).flood);
        }
        now += Duration::from_secs(1);
    }
}

#[test]
fn heads_are_found_wherever_the_bytes_are_cut() {
    let mut stream = PREFACE.to_vec();
    for _ in 0..=MOST {
        stream.extend(frame(1, 4, &[6; 100]));
        stream.extend(frame(6, 0, &[0; 8]));
    }
    stream.extend(frame(3, 0, &[0; 4]));
    for size in [1, 2, 3, 7, 9, 10, 64, stream.len()] {
        let now = Instant::now();
        let mut inbound = Inbound::new(MOST, now);
        let mut all = Seen::default();
        for part in stream.chunks(size) {
            let seen = inbound.read(part, now);
            all.flood |= seen.flood;
            all.reset |= seen.reset;
        }
        let wanted = Seen {
            flood: true,
            reset: true,
        };
        assert_eq!(all, wanted, "cut every {size}");
    }
}

#[test]
fn other_protocols_are_left_alone() {
    let now = Instant::now();
    for start in [
        "GET / HTTP/1.1\r\n\r\n",
        "PRI * HTTP/1.1\r\n",
        "P",
        "POST / HTTP/1.1\r\n",
    ] {
        let mut inbound = Inbound::new(0, now);
        inbound.read(start.as_bytes(), now);
        assert!(!inbound.is_http2(), "{start}");
    }
    let mut inbound = Inbound::new(0, now);
    assert_eq!(inbound.read(b"GET /", now), Seen::default());
    assert_eq!(inbound.read(PREFACE, now), Seen::default());
    assert!(!inbound.is_http2());
}
