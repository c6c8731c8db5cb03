//! Who is on the other end, behind the proxies we trust (CF7, J3).
//!
//! Only `X-Forwarded-For` is read, only from configured networks, and only as
//! far as every hop on the way is trusted. Host and scheme never come from a
//! header: the issuer is configuration.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The header a proxy appends the address of its own peer to.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Headers with which a proxy, or anybody, describes the original request.
/// They are removed before a handler can be tempted.
pub(crate) const FORWARDING: [&str; 8] = [
    "forwarded",
    FORWARDED_FOR,
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-original-url",
    "x-real-ip",
];

/// Takes those headers away. Most requests have none of them and few others, so looking at the names once is quicker
/// than asking for each.
pub(crate) fn forget(headers: &mut HeaderMap) {
    let described = headers.keys().any(|name| FORWARDING.contains(&name.as_str()));
    if described {
        for name in FORWARDING {
            headers.remove(name);
        }
    }
}

/// The client's address, in every request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientIp(pub IpAddr);

/// Networks whose `X-Forwarded-For` is believed. Empty: nobody's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether this is one of our proxies.
    pub(crate) fn trusts(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&ip))
    }

    /// The right-most address that is not one of our proxies.
    ///
    /// Reading stops at the first hop that is no address, with the last good
    /// one: what stands left of junk was not written by anybody we trust. Names
    /// are never resolved.
    #[must_use]
    pub fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> ClientIp {
        let mut client = peer.ip().to_canonical();
        let lines = headers.get_all(FORWARDED_FOR);
        // Several header lines are one list in order of appearance (RFC 9110 section 5.3).
        let mut hops = lines
            .iter()
            .rev()
            .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        while self.trusts(client) {
            let Some(hop) = hops.next().and_then(address) else {
                break;
            };
            client = hop;
        }
        ClientIp(client)
    }
}

/// `192.0.2.1`, `192.0.2.1:1234`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:1234`.
fn address(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?.trim_matches([' ', '\t']);
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    let ip = bare
        .parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()))
        .ok()?;
    Some(ip.to_canonical())
}

/// The network an address is grouped under when attempts are counted: /24 for
/// IPv4, /64 for IPv6, the usual sizes of one customer.
#[must_use]
pub fn source_network(ip: IpAddr) -> IpNet {
    match ip.to_canonical() {
        IpAddr::V4(ip) => IpNet::V4(Ipv4Net::new_assert(ip, 24).trunc()),
        IpAddr::V6(ip) => IpNet::V6(Ipv6Net::new_assert(ip, 64).trunc()),
    }
}

#[cfg(test)]
mod tests;
