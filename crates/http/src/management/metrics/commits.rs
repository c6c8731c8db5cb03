//! Metrics of shared commits. The numbers are kept where they arise and read when somebody asks.

use std::fmt;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use super::{Catalogue, Entry, Kind};

/// How changes shared commits; SQLite only.
#[derive(Debug, Clone, Copy, Default)]
pub struct SharedCommits {
    /// Commits.
    pub commits: u64,
    /// Transactions they carried.
    pub members: u64,
    /// Transactions in the largest.
    pub most: u64,
    /// Time spent in them.
    pub time: Duration,
    /// Time transactions waited for their turn.
    pub waited: Duration,
    /// Transactions that took too long.
    pub expired: u64,
    /// Transactions lost with a commit that failed.
    pub lost: u64,
    /// Transactions whose turn did not come in time.
    pub refused: u64,
}

/// How events that change nothing else shared batches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Batches {
    /// Batches.
    pub batches: u64,
    /// Events they carried.
    pub events: u64,
    /// Events in the largest.
    pub most: u64,
    /// Time from an event's arrival to the end of its batch.
    pub waited: Duration,
    /// Events for which there was no place in time.
    pub refused: u64,
}

/// Everything told here, at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Commits {
    /// None where the database shares no commits.
    pub shared: Option<SharedCommits>,
    /// On both engines.
    pub batches: Batches,
}

/// How a metric is read; none if this database has no such thing.
type Read = fn(&Commits) -> Option<f64>;

/// Exposes what `source` says whenever metrics are asked for.
pub fn register(catalogue: &mut Catalogue, source: impl Fn() -> Commits + Send + Sync + 'static) {
    let source = Source(Box::new(source));
    catalogue.registry.register_collector(Box::new(source));
    catalogue.entries.extend(TABLE.map(|(entry, _)| entry));
}

struct Source(Box<dyn Fn() -> Commits + Send + Sync>);

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}

impl Collector for Source {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let now = (self.0)();
        for (entry, read) in &TABLE {
            let Some(value) = read(&now) else { continue };
            let (counter, gauge) = (ConstCounter::new(value), ConstGauge::new(value));
            let kind = match entry.kind {
                Kind::Counter => counter.metric_type(),
                Kind::Gauge | Kind::Histogram => gauge.metric_type(),
            };
            let place = encoder.encode_descriptor(entry.bare_name(), entry.help, None, kind)?;
            match entry.kind {
                Kind::Counter => counter.encode(place)?,
                Kind::Gauge | Kind::Histogram => gauge.encode(place)?,
            }
        }
        Ok(())
    }
}

const fn counter(name: &'static str, help: &'static str) -> Entry {
    Entry {
        name,
        kind: Kind::Counter,
        labels: &[],
        help,
    }
}

const fn gauge(name: &'static str, help: &'static str) -> Entry {
    Entry {
        name,
        kind: Kind::Gauge,
        labels: &[],
        help,
    }
}

#[expect(clippy::cast_precision_loss, reason = "metrics are floating point numbers")]
const fn number(count: u64) -> f64 {
    count as f64
}

const TABLE: [(Entry, Read); 13] = [
    (
        counter(
            "rsp_append_batches_total",
            "Batches of events that change nothing else",
        ),
        |now| Some(number(now.batches.batches)),
    ),
    (
        counter("rsp_append_events_total", "Events in those batches"),
        |now| Some(number(now.batches.events)),
    ),
    (
        gauge(
            "rsp_append_batch_most",
            "Events in the largest batch since the start",
        ),
        |now| Some(number(now.batches.most)),
    ),
    (
        counter(
            "rsp_append_wait_seconds_total",
            "Time from the arrival of such events to the end of their batches, added up over events",
        ),
        |now| Some(now.batches.waited.as_secs_f64()),
    ),
    (
        counter(
            "rsp_append_refused_total",
            "Such events for which no place was free in time",
        ),
        |now| Some(number(now.batches.refused)),
    ),
    (
        counter(
            "rsp_sqlite_commits_total",
            "Commits, each shared by the transactions that waited (SQLite)",
        ),
        |now| now.shared.map(|shared| number(shared.commits)),
    ),
    (
        counter(
            "rsp_sqlite_commit_members_total",
            "Transactions in those commits (SQLite)",
        ),
        |now| now.shared.map(|shared| number(shared.members)),
    ),
    (
        gauge(
            "rsp_sqlite_commit_members_most",
            "Transactions in the largest commit since the start (SQLite)",
        ),
        |now| now.shared.map(|shared| number(shared.most)),
    ),
    (
        counter(
            "rsp_sqlite_commit_seconds_total",
            "Time spent in commits (SQLite)",
        ),
        |now| now.shared.map(|shared| shared.time.as_secs_f64()),
    ),
    (
        counter(
            "rsp_sqlite_wait_seconds_total",
            "Time transactions waited for their turn to write, added up over those that had one (SQLite)",
        ),
        |now| now.shared.map(|shared| shared.waited.as_secs_f64()),
    ),
    (
        counter(
            "rsp_sqlite_expired_total",
            "Transactions rolled back because they took too long (SQLite)",
        ),
        |now| now.shared.map(|shared| number(shared.expired)),
    ),
    (
        counter(
            "rsp_sqlite_lost_total",
            "Transactions lost with a shared commit that failed (SQLite)",
        ),
        |now| now.shared.map(|shared| number(shared.lost)),
    ),
    (
        counter(
            "rsp_sqlite_refused_total",
            "Transactions whose turn to write did not come in time (SQLite)",
        ),
        |now| now.shared.map(|shared| number(shared.refused)),
    ),
];
