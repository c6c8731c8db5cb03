//! Requests at fixed times, whether or not the last one was answered: who is slow does not slow the asking down.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

use crate::client::{Answer, HANG, Http};
use crate::report::percentile;
use crate::site::Credential;

/// What is asked, again and again.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    Get(&'static str),
    Form(&'static str, Credential, Vec<(&'static str, String)>),
}

impl Question {
    pub(crate) const DISCOVERY: Self = Self::Get("/.well-known/openid-configuration");
    pub(crate) const JWKS: Self = Self::Get("/oauth/jwks");

    /// A token for the client itself: a write, an event.
    pub(crate) fn token(client: &Credential) -> Self {
        let form = vec![("grant_type", "client_credentials".to_owned())];
        Self::Form("/oauth/token", client.clone(), form)
    }

    /// Whether a token counts: a read.
    pub(crate) fn introspection(client: &Credential, token: &str) -> Self {
        Self::Form(
            "/oauth/introspect",
            client.clone(),
            vec![("token", token.to_owned())],
        )
    }

    async fn ask(&self, http: &Http) -> Result<Answer, reqwest::Error> {
        match self {
            Self::Get(path) => http.get(path).await,
            Self::Form(path, client, form) => {
                let form: Vec<(&str, &str)> =
                    form.iter().map(|(name, value)| (*name, value.as_str())).collect();
                http.form(path, client, &form).await
            }
        }
    }
}

/// One request of a load.
#[derive(Clone, Debug)]
pub(crate) struct Shot {
    /// When it was to be sent.
    pub(crate) due: Instant,
    /// From then to the whole answer, or to giving up.
    pub(crate) took: Duration,
    /// `None` without an answer.
    pub(crate) status: Option<u16>,
    /// Why there was none.
    pub(crate) broke: Option<String>,
    pub(crate) says_when: bool,
    /// Whether an introspection answer said `active`.
    pub(crate) active: bool,
}

impl Shot {
    pub(crate) fn is_ok(&self) -> bool {
        self.status == Some(200)
    }

    pub(crate) fn hung(&self) -> bool {
        self.took >= HANG
    }

    /// Refused for now, and told when to come again.
    pub(crate) fn is_politely_refused(&self) -> bool {
        self.status == Some(503) && self.says_when
    }
}

/// A load that runs until it is stopped.
#[derive(Debug)]
pub(crate) struct Load {
    stop: watch::Sender<bool>,
    shots: JoinHandle<Vec<Shot>>,
}

impl Load {
    /// Asks `per_second` times a second.
    pub(crate) fn start(http: &Http, question: Question, per_second: u32) -> Self {
        let (stop, mut stopped) = watch::channel(false);
        let (http, question) = (http.clone(), Arc::new(question));
        let shots = tokio::spawn(async move {
            let gap = Duration::from_secs(1) / per_second.max(1);
            let mut due = Instant::now();
            let mut under_way = JoinSet::new();
            let mut shots = Vec::new();
            loop {
                tokio::select! {
                    () = sleep_until(due) => {}
                    _ = stopped.changed() => break,
                }
                let (http, question) = (http.clone(), Arc::clone(&question));
                under_way.spawn(async move { fire(&http, &question, due).await });
                while let Some(done) = under_way.try_join_next() {
                    shots.extend(done);
                }
                due += gap;
            }
            while let Some(done) = under_way.join_next().await {
                shots.extend(done);
            }
            shots
        });
        Self { stop, shots }
    }

    /// Sends no more and waits for the answers.
    pub(crate) async fn stop(self) -> Shots {
        self.stop.send_replace(true);
        let mut shots = self.shots.await.unwrap_or_default();
        shots.sort_by_key(|shot| shot.due);
        Shots(shots)
    }
}

async fn fire(http: &Http, question: &Question, due: Instant) -> Shot {
    let outcome = question.ask(http).await;
    let answer = outcome.as_ref().ok();
    Shot {
        due,
        took: due.elapsed(),
        status: answer.map(|answer| answer.status),
        broke: outcome.as_ref().err().map(|error| format!("{error:?}")),
        says_when: answer.is_some_and(|answer| !answer.header("retry-after").is_empty()),
        active: answer.is_some_and(|answer| answer.body.contains("\"active\":true")),
    }
}

/// What a load saw, in the order of asking.
#[derive(Clone, Debug)]
pub(crate) struct Shots(pub(crate) Vec<Shot>);

impl Shots {
    /// Those that were to be sent in this time.
    pub(crate) fn within(&self, from: Instant, to: Instant) -> Self {
        let within = |shot: &&Shot| shot.due >= from && shot.due < to;
        Self(self.0.iter().filter(within).cloned().collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many are not as wanted.
    pub(crate) fn not(&self, wanted: impl Fn(&Shot) -> bool) -> u64 {
        let count = self.0.iter().filter(|shot| !wanted(shot)).count();
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// Those that are not answered 200, with their time around `moment`, for a person to read.
    pub(crate) fn failures(&self, what: &str, moment: Instant) -> Vec<String> {
        let failed = self.0.iter().filter(|shot| !shot.is_ok());
        let line = |shot: &Shot| {
            let after = shot.due.saturating_duration_since(moment);
            let before = moment.saturating_duration_since(shot.due);
            let how = match (&shot.status, &shot.broke) {
                (Some(status), _) => status.to_string(),
                (None, broke) => broke.clone().unwrap_or_default(),
            };
            format!(
                "{what} {before:?} before, {after:?} after, took {:?}: {how}",
                shot.took
            )
        };
        failed.map(line).collect()
    }

    /// What happened in each second since `from`: answers by status, and the slowest.
    pub(crate) fn timeline(&self, what: &str, from: Instant) -> String {
        let mut seconds: BTreeMap<u64, (BTreeMap<u16, u64>, Duration)> = BTreeMap::new();
        for shot in &self.0 {
            let (by_status, slowest) = seconds.entry((shot.due - from).as_secs()).or_default();
            *by_status.entry(shot.status.unwrap_or_default()).or_default() += 1;
            *slowest = shot.took.max(*slowest);
        }
        let line = |(second, (by_status, slowest)): (&u64, &(BTreeMap<u16, u64>, Duration))| {
            let counts: Vec<String> = by_status
                .iter()
                .map(|(status, count)| format!("{count} x {status}"))
                .collect();
            format!(
                "{what} second {second}: {}; slowest {slowest:?}\n",
                counts.join(", ")
            )
        };
        seconds.iter().map(line).collect()
    }

    pub(crate) fn percentile(&self, share: usize) -> Duration {
        let mut took: Vec<Duration> = self.0.iter().map(|shot| shot.took).collect();
        percentile(&mut took, share)
    }

    pub(crate) fn longest(&self) -> Duration {
        self.0.iter().map(|shot| shot.took).max().unwrap_or_default()
    }
}
