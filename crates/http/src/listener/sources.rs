//! Who has how many connections: an address of IPv4, a /64 of IPv6, because that is what one customer gets.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::{IpNet, Ipv6Net};

use crate::client_ip::TrustedProxies;

/// Counts of all sources that have a connection. There are never more of them than connections.
#[derive(Debug)]
pub(super) struct Sources {
    most: usize,
    /// Behind these are many people; only the cap of all connections holds for them.
    proxies: TrustedProxies,
    open: Mutex<HashMap<IpNet, usize>>,
}

impl Sources {
    pub(super) fn new(most: usize, proxies: TrustedProxies) -> Self {
        Self {
            most,
            proxies,
            open: Mutex::default(),
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpNet, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more connection of this peer, until the guard is dropped; `None` if it has enough.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Guest> {
        let peer = peer.to_canonical();
        if self.proxies.trusts(peer) {
            return Some(Guest { place: None });
        }
        let source = source(peer);
        let mut open = self.open();
        let count = open.get(&source).copied().unwrap_or_default();
        if count >= self.most {
            return None;
        }
        open.insert(source, count + 1);
        Some(Guest {
            place: Some((Arc::clone(self), source)),
        })
    }

    fn leave(&self, source: IpNet) {
        let mut open = self.open();
        let Some(count) = open.get_mut(&source) else {
            return;
        };
        *count = count.saturating_sub(1);
        if *count == 0 {
            open.remove(&source);
        }
    }
}

fn source(peer: IpAddr) -> IpNet {
    match peer {
        IpAddr::V4(_) => IpNet::from(peer),
        IpAddr::V6(ip) => IpNet::V6(Ipv6Net::new_assert(ip, 64).trunc()),
    }
}

/// A connection that counts for its source.
#[derive(Debug)]
pub(super) struct Guest {
    place: Option<(Arc<Sources>, IpNet)>,
}

impl Drop for Guest {
    fn drop(&mut self) {
        if let Some((sources, source)) = self.place.take() {
            sources.leave(source);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Sources;
    use crate::client_ip::TrustedProxies;

    fn sources(most: usize) -> Arc<Sources> {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        Arc::new(Sources::new(most, proxies))
    }

    #[test]
    fn each_source_has_its_own_cap() {
        let sources = sources(2);
        let admit = |ip: &str| sources.admit(ip.parse().unwrap());
        let first = admit("192.0.2.1").unwrap();
        // The same address as a dual-stack socket shows it.
        let _second = admit("::ffff:192.0.2.1").unwrap();
        assert!(admit("192.0.2.1").is_none());
        let _neighbour = admit("192.0.2.2").expect("another address");
        drop(first);
        let _again = admit("192.0.2.1").expect("one of its connections ended");
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_together() {
        let sources = sources(1);
        let admit = |ip: &str| sources.admit(ip.parse().unwrap());
        let _first = admit("2001:db8::1").unwrap();
        assert!(admit("2001:db8::ffff:2").is_none());
        assert!(admit("2001:db8:0:1::1").is_some());
    }

    #[test]
    fn a_trusted_proxy_brings_many() {
        let sources = sources(1);
        let guests: Vec<_> = (0..5)
            .map(|_| sources.admit("10.1.2.3".parse().unwrap()))
            .collect();
        assert!(guests.iter().all(Option::is_some));
    }

    #[test]
    fn nothing_is_kept_of_who_left() {
        let sources = sources(0);
        assert!(sources.admit("192.0.2.1".parse().unwrap()).is_none());
        let sources = self::sources(1);
        drop(sources.admit("192.0.2.1".parse().unwrap()).unwrap());
        assert!(sources.open().is_empty());
    }
}
