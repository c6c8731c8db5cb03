//! Windows that several processes count in together: exact, bounded, and there when Redis is not.

use std::sync::Arc;
use std::time::Duration;

use domain::{Secret, Timestamp};
use storage::shared::{Away, Limit, Shared, SharedOptions};
use testkit::redis::{self, Redis};
use testkit::world::START;

const HUNDRED: Limit = Limit {
    most: 100,
    window: Duration::from_mins(1),
};

fn memory() -> Vec<Arc<Shared>> {
    let shared = Arc::new(Shared::open(&SharedOptions::default()).unwrap());
    vec![Arc::clone(&shared), shared]
}

fn at(url: String) -> Shared {
    Shared::open(&SharedOptions {
        url: Secret::new(url),
        // A machine busy with other tests is not a server that is away.
        timeout: Duration::from_secs(10),
        server_clock: false,
        ..SharedOptions::default()
    })
    .unwrap()
}

/// Two nodes, each with a connection of its own.
fn remote() -> Vec<Arc<Shared>> {
    let url = redis::server().url();
    vec![Arc::new(at(url.clone())), Arc::new(at(url))]
}

/// How many of `count` callers at once, spread over the nodes, are allowed at `now`.
async fn crowd(nodes: &[Arc<Shared>], key: &str, count: usize, now: Timestamp) -> usize {
    let asked: Vec<_> = nodes
        .iter()
        .cycle()
        .take(count)
        .map(|node| {
            let (node, key) = (Arc::clone(node), key.to_owned());
            tokio::spawn(async move { node.take(&key, HUNDRED, now).await.unwrap().allowed })
        })
        .collect();
    let mut allowed = 0;
    for asked in asked {
        allowed += usize::from(asked.await.unwrap());
    }
    allowed
}

async fn a_window_lets_exactly_its_limit_through(nodes: Vec<Arc<Shared>>, key: &str) {
    // Thirty early, seventy late in the minute, then the edge: the early ones leave, and not one sooner.
    assert_eq!(crowd(&nodes, key, 30, START).await, 30);
    let late = START.plus(Duration::from_secs(50));
    assert_eq!(crowd(&nodes, key, 500, late).await, 70);
    let edge = START.plus(Duration::from_micros(59_999_999));
    assert_eq!(crowd(&nodes, key, 500, edge).await, 0);
    let over = START.plus(Duration::from_mins(1));
    assert_eq!(crowd(&nodes, key, 500, over).await, 30);
    let later = late.plus(Duration::from_mins(1));
    assert_eq!(crowd(&nodes, key, 500, later).await, 70);
    // A clock that goes back opens nothing.
    assert_eq!(crowd(&nodes, key, 500, START).await, 0);
}

async fn a_window_says_what_is_left(nodes: Vec<Arc<Shared>>, key: &str) {
    let limit = Limit {
        most: 2,
        window: Duration::from_secs(10),
    };
    let node = nodes.first().unwrap();
    let look = node.look(key, limit, START).await.unwrap();
    assert_eq!((look.allowed, look.left), (true, 2));
    let first = node.take(key, limit, START).await.unwrap();
    assert_eq!((first.allowed, first.left, first.reset), (true, 1, limit.window));
    let later = START.plus(Duration::from_secs(4));
    let second = node.take(key, limit, later).await.unwrap();
    assert_eq!(
        (second.allowed, second.left, second.reset),
        (true, 0, Duration::from_secs(6))
    );
    let third = node.take(key, limit, later).await.unwrap();
    assert_eq!(
        (third.allowed, third.left, third.reset),
        (false, 0, Duration::from_secs(6))
    );
    // Another key is another window; a forgotten one is empty.
    assert!(
        node.take(&format!("{key}/other"), limit, later)
            .await
            .unwrap()
            .allowed
    );
    // What was not used is given back, one at a time, and what is not there is not.
    for left in [1, 2, 2] {
        node.give_back(key).await.unwrap();
        assert_eq!(node.look(key, limit, later).await.unwrap().left, left);
    }
    assert!(node.take(key, limit, later).await.unwrap().allowed);
    node.forget(key).await.unwrap();
    assert_eq!(node.look(key, limit, later).await.unwrap().left, 2);
}

async fn a_note_is_left_once(nodes: Vec<Arc<Shared>>, key: &str) {
    let kept = Duration::from_secs(30);
    let [one, two] = nodes.as_slice() else {
        panic!("two nodes")
    };
    assert!(one.note(key, kept, START).await.unwrap());
    assert!(!two.note(key, kept, START).await.unwrap());
    assert!(two.note(key, kept, START.plus(kept)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_memory() {
    a_window_lets_exactly_its_limit_through(memory(), "exact").await;
    a_window_says_what_is_left(memory(), "left").await;
    a_note_is_left_once(memory(), "note").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_redis() {
    a_window_lets_exactly_its_limit_through(remote(), "exact").await;
    a_window_says_what_is_left(remote(), "left").await;
    a_note_is_left_once(remote(), "note").await;
}

#[tokio::test]
async fn memory_is_bounded_and_keeps_what_counts() {
    let shared = Shared::open(&SharedOptions {
        keys: 160,
        ..SharedOptions::default()
    })
    .unwrap();
    let five = Limit {
        most: 5,
        window: Duration::from_mins(15),
    };
    for _ in 0..5 {
        assert!(shared.take("victim", five, START).await.unwrap().allowed);
    }
    for number in 0..20_000 {
        shared
            .take(&format!("flood {number}"), five, START)
            .await
            .unwrap();
    }
    assert!(!shared.take("victim", five, START).await.unwrap().allowed);
}

/// The promise of the whole table for limits: away means half, never none (R4).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_that_goes_away_halves_limits_and_comes_back() {
    let mut server = Redis::start().unwrap();
    let quick = |url| {
        Shared::open(&SharedOptions {
            url: Secret::new(url),
            timeout: Duration::from_secs(1),
            server_clock: false,
            ..SharedOptions::default()
        })
        .unwrap()
    };
    let shared = quick(server.url());
    assert!(shared.take("r4", HUNDRED, START).await.unwrap().allowed);
    server.stop().unwrap();
    let mut allowed = 0;
    for _ in 0..200 {
        allowed += usize::from(shared.take_or_alone("r4", HUNDRED, START).await.allowed);
    }
    assert_eq!(allowed, 50);
    assert!(!shared.is_here());
    assert_eq!(shared.take("r4", HUNDRED, START).await, Err(Away));
    // A process that starts now counts alone, too.
    let late = quick(server.url());
    assert!(late.take_or_alone("r4", HUNDRED, START).await.allowed);

    server.start_again().unwrap();
    let began = tokio::time::Instant::now();
    while !shared.is_here() {
        assert!(
            began.elapsed() < Duration::from_mins(1),
            "Redis was not found again"
        );
        tokio::task::yield_now().await;
    }
    assert!(shared.take("r4", HUNDRED, START).await.unwrap().allowed);
}

/// A server that takes its time costs the first few callers one wait each, and nobody after them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_that_is_slow_is_not_waited_for() {
    // Takes connections and never answers: the slowest server there is.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let shared = at_with(
        format!("redis://{}", silent.local_addr().unwrap()),
        Duration::from_millis(50),
    );
    let began = tokio::time::Instant::now();
    for _ in 0..200 {
        shared.take_or_alone("slow", HUNDRED, START).await;
    }
    assert!(!shared.is_here());
    // Two hundred waits would be ten seconds.
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

fn at_with(url: String, timeout: Duration) -> Shared {
    Shared::open(&SharedOptions {
        url: Secret::new(url),
        timeout,
        server_clock: false,
        ..SharedOptions::default()
    })
    .unwrap()
}

#[test]
fn an_address_that_is_none_is_refused_without_its_text() {
    let refused = Shared::open(&SharedOptions {
        url: Secret::new("http://user:canary@host".to_owned()),
        ..SharedOptions::default()
    });
    let text = refused.unwrap_err().to_string();
    assert!(!text.contains("canary"), "{text}");
}
