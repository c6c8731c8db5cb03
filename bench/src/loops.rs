//! Requests as fast as answers come, and requests at a rate of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::sync::{Mutex, Semaphore};
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
    let line = Line {
        requests: requests.clone(),
        free: Arc::new(Semaphore::new(connections)),
        idle: Arc::default(),
    };
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut under_way = JoinSet::new();
    let mut ends = Vec::new();
    let start = Instant::now();
    let mut sent: u32 = 0;
    loop {
        tick.tick().await;
        while let Some(Ok(end)) = under_way.try_join_next() {
            ends.push(end);
        }
        while due(start, sent, rate) <= Instant::now() {
            let due = due(start, sent, rate);
            if due.duration_since(start) >= length {
                while let Some(end) = under_way.join_next().await {
                    ends.push(end?);
                }
                // Up to the last answer: who answers in twice the time does not answer twice as much.
                return Ok(Summary::of(&ends, start.elapsed().as_secs_f64()));
            }
            let line = line.clone();
            under_way.spawn(async move {
                let end = tokio::time::timeout_at(due + PATIENCE, line.ask()).await;
                (end.unwrap_or(End::Failed), due.elapsed())
            });
            sent += 1;
        }
    }
}

fn due(start: Instant, number: u32, rate: f64) -> Instant {
    start + Duration::from_secs_f64(f64::from(number) / rate)
}

/// Connections that many requests share.
#[derive(Clone)]
struct Line {
    requests: Requests,
    free: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Line {
    async fn ask(&self) -> End {
        let Ok(_place) = self.free.acquire().await else {
            return End::Failed;
        };
        let kept = self.idle.lock().await.pop();
        let mut connection = match kept {
            Some(connection) => connection,
            None => match Connection::open(self.requests.port).await {
                Ok(connection) => connection,
                Err(_) => return End::Failed,
            },
        };
        match connection.exchange(self.requests.next()).await {
            Ok(answer) => {
                let stays = !answer.headers("connection").any(|value| value == "close");
                if stays {
                    self.idle.lock().await.push(connection);
                }
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
