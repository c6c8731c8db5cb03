//! Connections of one source, on real sockets: all of 127.0.0.0/8 is this machine.

use std::net::Ipv4Addr;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

use super::{GET, Limits, Running, end, until};
use crate::client_ip::TrustedProxies;

async fn connect_from(server: &Running, last: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    let from = Ipv4Addr::new(127, 0, 0, last);
    socket.bind((from, 0).into()).unwrap();
    socket.connect(server.address).await.unwrap()
}

async fn is_served(stream: &mut TcpStream) -> bool {
    stream.write_all(GET.as_bytes()).await.ok();
    until(stream, "hello").await.starts_with("HTTP/1.1 200")
}

fn two_each() -> Limits {
    Limits {
        max_connections_per_source: 2,
        ..Limits::default()
    }
}

#[tokio::test]
async fn a_source_that_has_enough_is_closed_and_another_is_served() {
    let server = Running::start(two_each()).await;
    let mut first = connect_from(&server, 2).await;
    let mut second = connect_from(&server, 2).await;
    assert!(is_served(&mut first).await && is_served(&mut second).await);
    let mut third = connect_from(&server, 2).await;
    assert_eq!(end(&mut third).await, "");
    assert!(server.metric("rsp_connections_refused_total{reason=\"source\"} 1"));
    assert!(is_served(&mut connect_from(&server, 3).await).await);
    assert!(is_served(&mut first).await, "what it has stays");
}

#[tokio::test]
async fn a_trusted_proxy_has_as_many_as_there_are() {
    let server = Running::start(Limits {
        proxies: TrustedProxies::new(vec!["127.0.0.2/32".parse().unwrap()]),
        ..two_each()
    })
    .await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        let mut stream = connect_from(&server, 2).await;
        assert!(is_served(&mut stream).await);
        streams.push(stream);
    }
}
