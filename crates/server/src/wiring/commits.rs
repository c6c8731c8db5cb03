//! What the database says of its commits, in the words of the metrics.

use http_face::management::metrics::commits::{Batches, Commits, SharedCommits};
use storage::Db;

/// The numbers at this moment.
pub(super) fn of(db: &Db) -> Commits {
    let batches = db.append_stats();
    Commits {
        shared: db.writer_stats().map(|stats| SharedCommits {
            commits: stats.groups,
            members: stats.members,
            most: stats.largest,
            time: stats.commit_time,
            waited: stats.wait_time,
            expired: stats.expired,
            lost: stats.lost,
            refused: stats.refused,
        }),
        batches: Batches {
            batches: batches.batches,
            events: batches.events,
            most: batches.largest,
            waited: batches.wait_time,
            refused: batches.refused,
        },
    }
}
