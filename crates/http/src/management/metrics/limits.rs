//! The metrics of limits.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use super::{Catalogue, Entry, Kind};

const REFUSED: Entry = Entry {
    name: "rsp_limited_total",
    kind: Kind::Counter,
    labels: &["limit"],
    help: "Attempts and requests refused by a limit. Attempts: account, challenge, challenge_failed, challenge_used, \
           challenge_waits, device, factor, known, network, pace, pair, source. Requests: admin, authorize, \
           introspection, pages, revocation, tenant, token, userinfo",
};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabels {
    limit: &'static str,
}

/// The metrics of limits.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    refused: Family<LimitLabels, Counter>,
}

impl Limits {
    pub(super) fn register(catalogue: &mut Catalogue) -> Self {
        let limits = Self {
            refused: Family::default(),
        };
        catalogue.register(REFUSED, limits.refused.clone());
        limits
    }

    pub(super) fn refused(&self, limit: &'static str) {
        self.refused.get_or_create(&LimitLabels { limit }).inc();
    }
}
