//! The metrics of password hashing.

use engine::PasswordEvent;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use super::{BUCKETS, Catalogue, Entry, Kind, ReasonLabels};

/// The metrics of password hashing.
#[derive(Debug, Clone)]
pub(super) struct Passwords {
    hashes: Counter,
    waits: Histogram,
    refused: Family<ReasonLabels, Counter>,
    waiting: Gauge,
    running: Gauge,
}

const HASHES: Entry = Entry {
    name: "rsp_password_hashes_total",
    kind: Kind::Counter,
    labels: &[],
    help: "Password hashes computed",
};
const PASSWORD_WAITS: Entry = Entry {
    name: "rsp_password_wait_seconds",
    kind: Kind::Histogram,
    labels: &[],
    help: "Time a password waited for its turn to be hashed, of those that had one",
};
const PASSWORDS_REFUSED: Entry = Entry {
    name: "rsp_password_refused_total",
    kind: Kind::Counter,
    labels: &["reason"],
    help: "Passwords not hashed: cancelled (the caller went away), deadline (its turn did not come in time), displaced \
           (gave its place to another tenant), full (no place to wait), late (its turn would not have come in time), \
           memory",
};
const PASSWORDS_WAITING: Entry = Entry {
    name: "rsp_password_waiting",
    kind: Kind::Gauge,
    labels: &[],
    help: "Passwords waiting to be hashed now",
};
const PASSWORDS_RUNNING: Entry = Entry {
    name: "rsp_password_in_progress",
    kind: Kind::Gauge,
    labels: &[],
    help: "Passwords being hashed now",
};

impl Passwords {
    pub(super) fn register(catalogue: &mut Catalogue) -> Self {
        let passwords = Self {
            hashes: Counter::default(),
            waits: Histogram::new(BUCKETS),
            refused: Family::default(),
            waiting: Gauge::default(),
            running: Gauge::default(),
        };
        catalogue.register(HASHES, passwords.hashes.clone());
        catalogue.register(PASSWORD_WAITS, passwords.waits.clone());
        catalogue.register(PASSWORDS_REFUSED, passwords.refused.clone());
        catalogue.register(PASSWORDS_WAITING, passwords.waiting.clone());
        catalogue.register(PASSWORDS_RUNNING, passwords.running.clone());
        passwords
    }

    pub(super) fn count(&self, event: PasswordEvent) {
        match event {
            PasswordEvent::Queued => {
                self.waiting.inc();
            }
            PasswordEvent::Left => {
                self.waiting.dec();
            }
            PasswordEvent::Started { waited } => {
                self.waiting.dec();
                self.running.inc();
                self.waits.observe(waited.as_secs_f64());
            }
            PasswordEvent::Finished { computed } => {
                self.running.dec();
                if computed {
                    self.hashes.inc();
                }
            }
            PasswordEvent::Refused(reason) => {
                let reason = reason.as_str();
                self.refused.get_or_create(&ReasonLabels { reason }).inc();
            }
        }
    }
}
