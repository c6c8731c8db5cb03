//! The same bounds on HTTP/2 connections, driven frame by frame.

use axum::http::{Request, StatusCode};
use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Reason, client};
use tokio::task::JoinHandle;

use super::{BOUND, Drained, Limits, Running, SHORT, short};

pub(super) type Connection = JoinHandle<Result<(), h2::Error>>;

pub(super) async fn connect(server: &Running) -> (SendRequest<Bytes>, Connection) {
    let (send, connection) = client::handshake(server.connect().await).await.unwrap();
    (send, tokio::spawn(connection))
}

fn request(path: &str) -> Request<()> {
    Request::get(format!("http://localhost{path}")).body(()).unwrap()
}

pub(super) async fn get(send: &SendRequest<Bytes>, path: &str) -> Result<(StatusCode, String), h2::Error> {
    let (response, _) = send.clone().ready().await?.send_request(request(path), true)?;
    let response = response.await?;
    let status = response.status();
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    while let Some(chunk) = body.data().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
}

pub(super) async fn ended(connection: Connection) -> Result<(), h2::Error> {
    tokio::time::timeout(BOUND, connection)
        .await
        .expect("still open")
        .unwrap()
}

#[tokio::test]
async fn requests_share_a_connection_that_is_retired_when_it_rests() {
    let server = Running::start(short()).await;
    let (send, connection) = connect(&server).await;
    let (one, two) = tokio::join!(get(&send, "/"), get(&send, "/"));
    assert_eq!(one.unwrap(), (StatusCode::OK, "hello".to_owned()));
    assert_eq!(two.unwrap().0, StatusCode::OK);
    assert!(ended(connection).await.is_ok(), "a goodbye, not a cut");
}

#[tokio::test]
async fn a_connection_without_requests_is_cut() {
    let server = Running::start(short()).await;
    let (_send, connection) = connect(&server).await;
    ended(connection).await.ok();
    assert!(server.metric("rsp_connections_refused_total{reason=\"timeout\"} 1"));
}

#[tokio::test]
async fn a_stop_lets_streams_in_flight_finish() {
    let server = Running::start(Limits::default()).await;
    let (send, connection) = connect(&server).await;
    let busy = tokio::spawn({
        let send = send.clone();
        async move { get(&send, "/slow").await }
    });
    server.entered.notified().await;
    server.stop.cancel();
    server.release.notify_one();
    assert_eq!(busy.await.unwrap().unwrap(), (StatusCode::OK, "done".to_owned()));
    drop(send);
    ended(connection).await.unwrap();
    assert_eq!(server.task.await.unwrap(), Drained { cut: 0 });
}

#[tokio::test]
async fn a_flood_of_resets_ends_the_connection_and_only_it() {
    let server = Running::start(Limits {
        h2_max_pending_reset_streams: 5,
        ..Limits::default()
    })
    .await;
    let (send, connection) = connect(&server).await;
    let reset = async || -> Result<(), h2::Error> {
        let mut ready = send.clone().ready().await?;
        let (_, mut stream) = ready.send_request(request("/slow"), true)?;
        stream.send_reset(Reason::CANCEL);
        // The frames leave only when the connection's task runs.
        tokio::task::yield_now().await;
        Ok(())
    };
    for _ in 0..3 {
        reset().await.unwrap();
    }
    assert_eq!(
        get(&send, "/").await.unwrap().0,
        StatusCode::OK,
        "a few resets are no flood"
    );
    let flood = async { while reset().await.is_ok() {} };
    tokio::time::timeout(BOUND, flood).await.expect("never refused");
    // The server's reason may be lost under what was still being written to it.
    ended(connection).await.unwrap_err();
    let (other, _connection) = connect(&server).await;
    assert_eq!(get(&other, "/").await.unwrap().0, StatusCode::OK);
}

#[tokio::test]
async fn an_oversize_header_list_is_431() {
    let server = Running::start(Limits {
        max_header_bytes: 8 * 1024,
        ..Limits::default()
    })
    .await;
    let (send, _connection) = connect(&server).await;
    let ask = async |bytes: usize| {
        let mut request = request("/");
        request
            .headers_mut()
            .insert("x", "x".repeat(bytes).parse().unwrap());
        let (response, _) = send
            .clone()
            .ready()
            .await
            .unwrap()
            .send_request(request, true)
            .unwrap();
        response.await.map(|response| response.status())
    };
    assert_eq!(ask(4 * 1024).await.unwrap(), StatusCode::OK);
    assert_eq!(
        ask(12 * 1024).await.unwrap(),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
    );
}

#[tokio::test]
async fn a_peer_that_opens_no_window_is_cut() {
    // Whether the handler still produces, or all of it waits inside the protocol's buffers.
    let limits = Limits {
        write_timeout: SHORT,
        ..Limits::default()
    };
    let server = Running::start(limits).await;
    for (path, cut) in [("/endless", 1), ("/big", 2)] {
        let (send, connection) = connect(&server).await;
        let (response, _) = send
            .clone()
            .ready()
            .await
            .unwrap()
            .send_request(request(path), true)
            .unwrap();
        // Never read: the stream's window stays used up.
        let _unread = response.await.unwrap().into_body();
        ended(connection).await.ok();
        assert!(
            server.metric(&format!(
                "rsp_connections_refused_total{{reason=\"timeout\"}} {cut}"
            )),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_peer_that_opens_its_window_byte_by_byte_has_some_time_altogether() {
    let limits = Limits {
        stall_timeout: SHORT,
        // On a quick machine it would be a flood first.
        h2_max_control_frames: 1_000_000,
        ..Limits::default()
    };
    let server = Running::start(limits).await;
    let (send, connection) = connect(&server).await;
    let (response, _) = send
        .clone()
        .ready()
        .await
        .unwrap()
        .send_request(request("/big"), true)
        .unwrap();
    let mut body = response.await.unwrap().into_body();
    let trickle = async {
        while let Some(Ok(chunk)) = body.data().await {
            body.flow_control().release_capacity(chunk.len().min(1)).ok();
        }
    };
    let (ended, ()) = tokio::join!(ended(connection), trickle);
    ended.ok();
    assert!(server.metric("rsp_connections_refused_total{reason=\"timeout\"} 1"));
    let (other, _connection) = connect(&server).await;
    assert_eq!(get(&other, "/").await.unwrap().0, StatusCode::OK);
}
