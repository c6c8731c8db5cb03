//! The end of a server: nobody who was welcome is lost, and nobody can hold it up.

use std::time::Duration;

use axum::http::StatusCode;
use tokio::io::AsyncWriteExt;

use super::http2::{connect as connect_http2, ended, get};
use super::{BOUND, Drained, GET, Limits, Running, end, until};

#[tokio::test]
async fn notice_is_given_in_the_next_answer_and_newcomers_are_served() {
    let server = Running::start(Limits::default()).await;
    let mut early = server.connect().await;
    early.write_all(GET.as_bytes()).await.unwrap();
    let answer = until(&mut early, "hello").await;
    assert!(!answer.contains("connection: close"), "{answer}");

    server.leave.cancel();
    early.write_all(GET.as_bytes()).await.unwrap();
    let answer = end(&mut early).await;
    assert!(
        answer.contains("connection: close") && answer.ends_with("hello"),
        "{answer}"
    );
    let mut late = server.connect().await;
    late.write_all(GET.as_bytes()).await.unwrap();
    assert!(end(&mut late).await.ends_with("hello"));
    assert!(!server.task.is_finished());
}

#[tokio::test]
async fn notice_on_http2_is_a_goodbye_after_which_its_streams_finish() {
    let server = Running::start(Limits::default()).await;
    let (send, connection) = connect_http2(&server).await;
    let busy = tokio::spawn({
        let send = send.clone();
        async move { get(&send, "/slow").await }
    });
    server.entered.notified().await;
    server.leave.cancel();
    server.release.notify_one();
    assert_eq!(busy.await.unwrap().unwrap(), (StatusCode::OK, "done".to_owned()));
    drop(send);
    ended(connection).await.unwrap();
    let (send, _connection) = connect_http2(&server).await;
    assert_eq!(get(&send, "/").await.unwrap().0, StatusCode::OK);
}

/// A connection that is said goodbye to before its first request loses that request.
#[tokio::test]
async fn a_newcomer_on_http2_is_served_first_and_dismissed_then() {
    let server = Running::start(Limits::default()).await;
    server.leave.cancel();
    let (send, mut connection) = h2::client::handshake(server.connect().await).await.unwrap();
    let mut pings = connection.ping_pong().unwrap();
    let connection = tokio::spawn(connection);
    // The server has seen the connection and had time to end it.
    for _ in 0..3 {
        pings.ping(h2::Ping::opaque()).await.unwrap();
    }
    assert_eq!(get(&send, "/").await.unwrap().0, StatusCode::OK);
    drop(send);
    ended(connection).await.unwrap();
}

#[tokio::test]
async fn who_has_connected_is_served_though_the_server_stops() {
    let server = Running::start(Limits::default()).await;
    let mut fresh = server.connect().await;
    let mut resting = server.connect().await;
    resting.write_all(GET.as_bytes()).await.unwrap();
    until(&mut resting, "hello").await;
    server.stop.cancel();
    for stream in [&mut fresh, &mut resting] {
        stream.write_all(GET.as_bytes()).await.unwrap();
        let answer = end(stream).await;
        assert!(answer.ends_with("hello"), "{answer}");
    }
    assert_eq!(server.task.await.unwrap(), Drained { cut: 0 });
}

#[tokio::test]
async fn silence_and_half_a_head_do_not_hold_the_end_up() {
    // Longer than the test waits: only the stop can end these.
    let patient = Limits {
        header_read_timeout: BOUND * 10,
        drain_timeout: BOUND * 10,
        ..Limits::default()
    };
    let server = Running::start(patient).await;
    let mut held = Vec::new();
    for start in ["", "GET / HT", "PRI * HTTP/2.0\r\n"] {
        let mut stream = server.connect().await;
        stream.write_all(start.as_bytes()).await.unwrap();
        held.push(stream);
    }
    server.stop.cancel();
    let drained = tokio::time::timeout(Duration::from_secs(10), server.task).await;
    assert_eq!(drained.expect("held up").unwrap(), Drained { cut: 0 });
}

#[tokio::test]
async fn a_body_that_does_not_come_does_not_hold_the_end_up_and_one_that_comes_is_answered() {
    const HALF: &str = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345";
    // Longer than the test waits: only the stop can end these.
    let patient = Limits {
        body_read_timeout: BOUND * 10,
        drain_timeout: BOUND * 10,
        ..Limits::default()
    };
    let server = Running::start(patient).await;
    let (mut never, mut late) = (server.connect().await, server.connect().await);
    for stream in [&mut never, &mut late] {
        stream.write_all(HALF.as_bytes()).await.unwrap();
    }
    server.stop.cancel();
    late.write_all(b"67890").await.unwrap();
    assert!(end(&mut late).await.ends_with("1234567890"));
    let drained = tokio::time::timeout(Duration::from_secs(15), server.task).await;
    assert_eq!(drained.expect("held up").unwrap(), Drained { cut: 0 });
    assert_eq!(end(&mut never).await, "");
}

#[tokio::test]
async fn requests_sent_ahead_are_all_answered() {
    let server = Running::start(Limits::default()).await;
    let mut stream = server.connect().await;
    let last = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream
        .write_all([GET.repeat(50).as_str(), last].concat().as_bytes())
        .await
        .unwrap();
    let answers = end(&mut stream).await;
    assert_eq!(answers.matches("hello").count(), 51, "{answers}");
}
