use std::net::SocketAddr;

use axum::http::{HeaderMap, HeaderValue};

use super::{TrustedProxies, source_network};

const PROXY: &str = "10.0.0.1:443";
const STRANGER: &str = "203.0.113.9:5000";

fn client(peer: &str, lines: &[&str]) -> String {
    let proxies = ["10.0.0.0/8", "fd00::/8"].map(|net| net.parse().unwrap());
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(
            "x-forwarded-for",
            HeaderValue::from_bytes(line.as_bytes()).unwrap(),
        );
    }
    TrustedProxies::new(proxies.to_vec())
        .client(peer.parse::<SocketAddr>().unwrap(), &headers)
        .0
        .to_string()
}

#[test]
fn a_trusted_proxy_names_the_client() {
    let cases: [(&[&str], &str); 12] = [
        (&[], "10.0.0.1"),
        (&["198.51.100.7"], "198.51.100.7"),
        (&["198.51.100.7:41000"], "198.51.100.7"),
        (&["[2001:db8::7]:41000"], "2001:db8::7"),
        (&["[2001:db8::7]"], "2001:db8::7"),
        (&["2001:db8::7"], "2001:db8::7"),
        (&["::ffff:198.51.100.7"], "198.51.100.7"),
        // Two of our proxies in a row.
        (&["198.51.100.7, 10.1.2.3"], "198.51.100.7"),
        // The client wrote a list of its own in front: only what our proxy appended counts.
        (&["1.1.1.1, 198.51.100.7"], "198.51.100.7"),
        (&["1.1.1.1", "198.51.100.7", "10.9.9.9"], "198.51.100.7"),
        // Everybody on the way is ours: a request from inside.
        (&["10.4.4.4, 10.5.5.5"], "10.4.4.4"),
        (&["\t198.51.100.7 "], "198.51.100.7"),
    ];
    for (lines, expected) in cases {
        assert_eq!(client(PROXY, lines), expected, "{lines:?}");
    }
}

#[test]
fn a_stranger_names_nobody() {
    for lines in [
        &["1.1.1.1"][..],
        &["10.0.0.1"],
        &["1.1.1.1, 10.0.0.1"],
        &["localhost"],
        &["2.2.2.2", "3.3.3.3"],
    ] {
        assert_eq!(client(STRANGER, lines), "203.0.113.9", "{lines:?}");
    }
}

#[test]
fn reading_stops_at_junk_with_the_last_good_hop() {
    let cases: [(&[&str], &str); 8] = [
        (&["unknown"], "10.0.0.1"),
        (&[""], "10.0.0.1"),
        (&["198.51.100.7, "], "10.0.0.1"),
        (&["198.51.100.7, evil.example.com, 10.2.2.2"], "10.2.2.2"),
        (&["198.51.100.7, 10.2.2.2; for=x"], "10.0.0.1"),
        (&["198.51.100.7", "_hidden"], "10.0.0.1"),
        (&["198.51.100.7, 0x0a000001"], "10.0.0.1"),
        (&["198.51.100.7, fe80::1%eth0"], "10.0.0.1"),
    ];
    for (lines, expected) in cases {
        assert_eq!(client(PROXY, lines), expected, "{lines:?}");
    }
}

#[test]
fn a_mapped_peer_is_the_same_proxy() {
    assert_eq!(client("[::ffff:10.0.0.1]:443", &["198.51.100.7"]), "198.51.100.7");
    assert_eq!(client("[fd00::1]:443", &["198.51.100.7"]), "198.51.100.7");
    assert_eq!(client("[2001:db8::1]:443", &["198.51.100.7"]), "2001:db8::1");
}

#[test]
fn nobody_is_trusted_by_default() {
    let mut headers = HeaderMap::new();
    headers.insert("x-forwarded-for", HeaderValue::from_static("1.1.1.1"));
    let peer = "127.0.0.1:1".parse().unwrap();
    assert_eq!(
        TrustedProxies::default().client(peer, &headers).0.to_string(),
        "127.0.0.1"
    );
}

#[test]
fn sources_group_by_customer() {
    let network = |ip: &str| source_network(ip.parse().unwrap()).to_string();
    assert_eq!(network("198.51.100.7"), "198.51.100.0/24");
    assert_eq!(network("::ffff:198.51.100.250"), "198.51.100.0/24");
    assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
}
