//! What the server acknowledged, as its clients saw it: each entry is a promise the database has to keep.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use domain::{ClientId, EventKind, RequestId, TokenHash, UserId};
use tokio::time::Instant;

use crate::client::{Answer, HANG};
use crate::report::Report;

/// Something an answer said was done.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    AccessToken(TokenHash),
    Client(ClientId),
    Code(TokenHash),
    Consent(UserId, ClientId),
    /// Exactly one such event of this request.
    Event(RequestId, EventKind),
    Invitation(TokenHash),
    RefreshToken(TokenHash),
    User(UserId),
}

/// What became of a request.
#[derive(Debug)]
pub(crate) enum Fate {
    Answered(Answer),
    /// No answer: it may have been done or not.
    InDoubt,
}

/// The history of a drill.
#[derive(Debug)]
pub(crate) struct Journal {
    pages: Mutex<Pages>,
}

#[derive(Debug)]
struct Pages {
    kept: Vec<Kept>,
    by_status: BTreeMap<u16, u64>,
    in_doubt: u64,
    hung: u64,
    /// 503 without a `Retry-After`.
    rude: u64,
    longest: Duration,
    file: BufWriter<File>,
}

impl Journal {
    /// An empty journal that is also written to `file`.
    pub(crate) fn new(file: &Path) -> Result<Self> {
        let file = File::create(file).context("cannot make the journal")?;
        Ok(Self {
            pages: Mutex::new(Pages {
                kept: Vec::new(),
                by_status: BTreeMap::new(),
                in_doubt: 0,
                hung: 0,
                rude: 0,
                longest: Duration::ZERO,
                file: BufWriter::new(file),
            }),
        })
    }

    /// Waits for a request and notes how it ended, though not yet what it promised.
    pub(crate) async fn watch(&self, request: impl Future<Output = Result<Answer, reqwest::Error>>) -> Fate {
        let started = Instant::now();
        let outcome = request.await;
        let took = started.elapsed();
        let mut pages = self.pages();
        pages.longest = pages.longest.max(took);
        match outcome {
            Ok(answer) => {
                *pages.by_status.entry(answer.status).or_default() += 1;
                if answer.status == 503 && answer.header("retry-after").is_empty() {
                    pages.rude += 1;
                }
                Fate::Answered(answer)
            }
            Err(_) => {
                pages.in_doubt += 1;
                if took >= HANG {
                    pages.hung += 1;
                }
                Fate::InDoubt
            }
        }
    }

    /// Notes what an answer promised.
    pub(crate) fn promise(&self, kept: impl IntoIterator<Item = Kept>) {
        let mut pages = self.pages();
        for kept in kept {
            // The copy in memory is what counts; the file is for people.
            writeln!(pages.file, "{kept:?}").ok();
            pages.kept.push(kept);
        }
    }

    /// Everything promised so far.
    pub(crate) fn kept(&self) -> Vec<Kept> {
        let mut pages = self.pages();
        pages.file.flush().ok();
        pages.kept.clone()
    }

    /// Answers of this status.
    pub(crate) fn answers(&self, status: u16) -> u64 {
        self.pages().by_status.get(&status).copied().unwrap_or_default()
    }

    /// One line on how the requests ended.
    pub(crate) fn summary(&self) -> String {
        let pages = self.pages();
        let answers: Vec<String> = pages
            .by_status
            .iter()
            .map(|(status, count)| format!("{count} x {status}"))
            .collect();
        format!("{}, {} without an answer", answers.join(", "), pages.in_doubt)
    }

    /// What no drill forgives: hanging, faults nobody injected, 503 that do not say when to come again.
    pub(crate) fn judge(&self, report: &mut Report) {
        let summary = self.summary();
        let pages = self.pages();
        let internal = pages.by_status.get(&500).copied().unwrap_or_default();
        report.none("answers 500", internal, &format!("of: {summary}"));
        report.none("requests left hanging", pages.hung, "over 10 s");
        report.none("503 without Retry-After", pages.rude, "");
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
