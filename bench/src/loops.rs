//! Requests as fast as answers come, and requests at a rate of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use crate::connection::Connection;
use crate::summary::{End, Summary};

/// Nobody waits longer than this for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often requests that have become due are sent.
const TICK: Duration = Duration::from_millis(1);

/// The requests to send, one after the other and then again from the first.
#[derive(Clone, Debug)]
pub struct Requests {
    port: u16,
    all: Arc<[Vec<u8>]>,
    turn: Arc<AtomicUsize>,
}

impl Requests {
    /// Whole requests for a server on `port`.
    pub fn new(port: u16, all: Vec<Vec<u8>>) -> Result<Self> {
        if all.is_empty() {
            bail!("there is nothing to ask");
        }
        Ok(Self {
            port,
            all: all.into(),
            turn: Arc::default(),
        })
    }

    fn next(&self) -> &[u8] {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        self.all.get(turn % self.all.len()).map_or(&[], Vec::as_slice)
    }
}

/// As many requests as `connections` get answered in `length`. A failed one is an error.
pub async fn closed(requests: &Requests, connections: usize, length: Duration) -> Result<Summary> {
    let start = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..connections {
        let requests = requests.clone();
        workers.spawn(async move {
            let mut connection = Connection::open(requests.port).await?;
            let mut ends = Vec::new();
            while start.elapsed() < length {
                let begun = Instant::now();
                let answer = tokio::time::timeout(PATIENCE, connection.exchange(requests.next()));
                let status = answer.await.context("no answer came")??.status;
                let end = End::of(status);
                if end != End::Done {
                    bail!("an answer was {status}");
                }
                ends.push((end, begun.elapsed()));
            }
            Ok::<_, anyhow::Error>(ends)
        });
    }
    let mut ends = Vec::new();
    while let Some(worker) = workers.join_next().await {
        ends.extend(worker??);
    }
    Ok(Summary::of(&ends, start.elapsed().as_secs_f64()))
}

/// `rate` requests a second for `length`, over at most `connections`; who comes when all are busy waits in line, and
/// that time counts. So a server that is too slow is not spared by a client that waits for it.
pub async fn open(requests: &Requests, rate: f64, connections: usize, length: Duration) -> Result<Summary> {
    let line = Arc::new(Line {
        requests: requests.clone(),
        due: Semaphore::new(0),
        turn: AtomicU32::new(0),
    });
    let start = Instant::now();
    let mut senders = JoinSet::new();
    for _ in 0..connections {
        let line = Arc::clone(&line);
        senders.spawn(async move { line.serve(|number| due(start, number, rate)).await });
    }
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut sent: u32 = 0;
    loop {
        tick.tick().await;
        let (before, now) = (sent, Instant::now());
        let mut over = false;
        while !over && due(start, sent, rate) <= now {
            over = due(start, sent, rate).duration_since(start) >= length;
            sent += u32::from(!over);
        }
        line.due.add_permits(usize::try_from(sent - before)?);
        if over {
            break;
        }
    }
    // Senders that find nothing more to send end; the others go on until their requests have had their time.
    while line.due.available_permits() > 0 {
        tick.tick().await;
    }
    line.due.close();
    let mut ends = Vec::new();
    while let Some(sender) = senders.join_next().await {
        ends.extend(sender?);
    }
    // Up to the last answer: who answers in twice the time does not answer twice as much.
    Ok(Summary::of(&ends, start.elapsed().as_secs_f64()))
}

fn due(start: Instant, number: u32, rate: f64) -> Instant {
    start + Duration::from_secs_f64(f64::from(number) / rate)
}

/// Requests that are due, for whoever is free to send them.
struct Line {
    requests: Requests,
    /// One for each that is due and not yet taken.
    due: Semaphore,
    /// The number of the next.
    turn: AtomicU32,
}

impl Line {
    /// Sends on one connection whatever is due, as long as there is something. One task for many requests: one for each
    /// costs more than sending it.
    async fn serve(&self, due: impl Fn(u32) -> Instant) -> Vec<(End, Duration)> {
        let mut ends = Vec::new();
        let mut connection = None;
        while let Ok(place) = self.due.acquire().await {
            place.forget();
            let due = due(self.turn.fetch_add(1, Ordering::Relaxed));
            // Without an answer in time the connection is gone, too: the next answer on it would be that of this one.
            let end = tokio::time::timeout_at(due + PATIENCE, self.ask(&mut connection)).await;
            ends.push((end.unwrap_or(End::Failed), due.elapsed()));
        }
        ends
    }

    async fn ask(&self, kept: &mut Option<Connection>) -> End {
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => match Connection::open(self.requests.port).await {
                Ok(connection) => connection,
                Err(_) => return End::Failed,
            },
        };
        match connection.exchange(self.requests.next()).await {
            Ok(answer) => {
                let stays = !answer.headers("connection").any(|value| value == "close");
                *kept = stays.then_some(connection);
                End::of(answer.status)
            }
            Err(_) => End::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::Router;
    use axum::http::StatusCode;
    use axum::routing::get;
    use tokio::net::TcpListener;

    use super::{Requests, closed, open};
    use crate::connection::request;

    /// What each request takes on the slow route.
    const SERVICE: Duration = Duration::from_millis(10);

    async fn server() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let router = Router::new()
            .route("/good", get(|| async { "good" }))
            .route("/slow", get(|| tokio::time::sleep(SERVICE)))
            .route("/busy", get(|| async { StatusCode::SERVICE_UNAVAILABLE }));
        tokio::spawn(async move { axum::serve(listener, router).await });
        port
    }

    fn asking(port: u16, path: &str) -> Requests {
        Requests::new(port, vec![request(port, path, &[], None)]).unwrap()
    }

    #[tokio::test]
    async fn a_closed_loop_counts_what_was_answered_and_fails_on_a_refusal() {
        let port = server().await;
        let length = Duration::from_millis(50);
        let summary = closed(&asking(port, "/good"), 2, length).await.unwrap();
        assert!(summary.done > 0);
        assert_eq!((summary.offered, summary.failed), (summary.done, 0));
        assert!(closed(&asking(port, "/busy"), 1, length).await.is_err());
    }

    #[tokio::test]
    async fn a_server_is_not_credited_with_what_it_answers_too_late() {
        let port = server().await;
        let capacity = 1.0 / SERVICE.as_secs_f64();
        let length = Duration::from_millis(100);
        let over = open(&asking(port, "/slow"), 4.0 * capacity, 1, length)
            .await
            .unwrap();
        assert_eq!((over.offered, over.done), (40, 40));
        assert!(over.done_per_second <= capacity, "{over:?}");
    }

    #[tokio::test]
    async fn an_open_loop_sends_at_its_own_rate_and_tells_refused_from_done() {
        let port = server().await;
        let length = Duration::from_millis(200);
        let good = open(&asking(port, "/good"), 100.0, 4, length).await.unwrap();
        assert_eq!((good.offered, good.done), (20, 20));
        let busy = open(&asking(port, "/busy"), 100.0, 4, length).await.unwrap();
        assert_eq!((busy.offered, busy.refused, busy.failed), (20, 20, 0));
        assert!(Requests::new(port, Vec::new()).is_err());
    }
}
