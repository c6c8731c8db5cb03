//! Several processes count as one through Redis; without it they count half, each for itself and in the database (R4,
//! R17).

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use domain::{Client, FlowId, Secret};
use engine::throttle::{Admission, Attempt, Limited, Place, RequestClass, RequestLimits, ThrottlePolicy};
use engine::{App, Ctx, SharedOptions};
use futures_util::future::join_all;
use testkit::Backend;
use testkit::app::{Answer, Limits, PASSWORD, Setup, TestApp};
use testkit::redis::Redis;

use super::watch::Filled;

on_both_engines! {
    two_processes_count_as_one
    one_process_counts_in_memory
    sign_ins_go_on_without_redis_and_locks_outlive_it
}

fn hundred() -> RequestLimits {
    RequestLimits {
        admin: 100,
        token: 100,
        ..RequestLimits::off()
    }
}

/// With a server of its own: its contents are of this test alone.
async fn start(backend: Backend, redis: &Redis, throttle: ThrottlePolicy) -> TestApp {
    let limits = Limits {
        shared: SharedOptions {
            url: Secret::new(redis.url()),
            timeout: Duration::from_secs(2),
            ..Limits::default().shared
        },
        throttle,
        requests: hundred(),
    };
    TestApp::start_with(
        backend,
        Setup {
            limits,
            ..Setup::default()
        },
    )
    .await
}

/// Callers at once, spread over the nodes.
const CROWD: usize = 500;

/// How many of the crowd may: requests of one source, of one client.
async fn requests_allowed(nodes: &[Arc<App>], ctx: &Ctx, client: &Client) -> (usize, usize) {
    let asked = (0..CROWD).map(|number| {
        let node = &nodes[number % nodes.len()];
        async move {
            let pages = node.count_request(ctx, RequestClass::Admin, None).await;
            let token = node.count_client(ctx, RequestClass::Token, client).await.unwrap();
            let allowed = |counted: Option<Limited>| usize::from(counted.unwrap().taken.allowed);
            (allowed(pages), allowed(token))
        }
    });
    let allowed = join_all(asked).await;
    let sum = |of: fn(&(usize, usize)) -> usize| allowed.iter().map(of).sum();
    (sum(|one| one.0), sum(|one| one.1))
}

/// Exactly a hundred in any minute, not one more and not one less, on one node and on two (R17).
async fn exactly_the_limit(app: &TestApp, nodes: &[Arc<App>]) {
    let client = app
        .app
        .client(&app.ctx("default"), &"service".parse().unwrap())
        .await
        .unwrap();
    let now = || Ctx {
        client_ip: Some(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1))),
        ..app.ctx("default")
    };
    assert_eq!(requests_allowed(nodes, &now(), &client).await, (100, 100));
    app.clock.advance(Duration::from_micros(59_999_999));
    assert_eq!(requests_allowed(nodes, &now(), &client).await, (0, 0));
    app.clock.advance(Duration::from_micros(1));
    assert_eq!(requests_allowed(nodes, &now(), &client).await, (100, 100));
}

/// How many of a crowd of guesses at one account are let through to the password.
async fn guesses_admitted(nodes: &[Arc<App>], app: &TestApp, place: fn(usize) -> IpAddr) -> usize {
    let user = app.user("default", "bob@example.com").await.id;
    let guesses = (0..CROWD).map(|number| {
        let node = Arc::clone(&nodes[number % nodes.len()]);
        let ctx = Ctx {
            client_ip: Some(place(number)),
            ..app.ctx("default")
        };
        tokio::spawn(async move {
            let attempt = Attempt {
                typed: "bob@example.com",
                user: Some(user),
                device: None,
                solution: None,
                place: Place::Flow(FlowId::generate(&node.world)),
            };
            match node.admit_attempt(&ctx, &attempt).await.unwrap() {
                Admission::Admitted(admitted) => {
                    node.attempt_failed(&ctx, &admitted).await.unwrap();
                    1
                }
                Admission::Refused(_) => 0,
            }
        })
    });
    join_all(guesses).await.into_iter().map(Result::unwrap).sum()
}

fn one_place(_: usize) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(198, 51, 100, 9))
}

fn many_places(number: usize) -> IpAddr {
    super::throttle::place(u32::try_from(number).unwrap())
}

/// Of guesses at once from one source five are looked at, of those from everywhere as many as the account bears.
async fn exactly_so_many_guesses(app: &TestApp, nodes: &[Arc<App>]) {
    assert_eq!(guesses_admitted(nodes, app, one_place).await, 5);
    let user = app.user("default", "bob@example.com").await;
    app.app.unlock(&app.ctx("default"), &user).await.unwrap();
    assert_eq!(guesses_admitted(nodes, app, many_places).await, 40);
}

/// The row of the account alone ends what comes from everywhere.
fn forty() -> ThrottlePolicy {
    ThrottlePolicy {
        pair: 5,
        most: 40,
        ..ThrottlePolicy::off()
    }
}

async fn two_processes_count_as_one(backend: Backend) {
    let redis = Redis::start().unwrap();
    let app = start(backend, &redis, forty()).await;
    let nodes = [Arc::clone(&app.app), app.another_node(1).await];
    exactly_the_limit(&app, &nodes).await;
    exactly_so_many_guesses(&app, &nodes).await;
}

async fn one_process_counts_in_memory(backend: Backend) {
    let setup = Setup {
        limits: Limits {
            throttle: forty(),
            requests: hundred(),
            ..Limits::default()
        },
        ..Setup::default()
    };
    let app = TestApp::start_with(backend, setup).await;
    let nodes = [Arc::clone(&app.app)];
    exactly_the_limit(&app, &nodes).await;
    exactly_so_many_guesses(&app, &nodes).await;
}

async fn try_once(app: &TestApp, last: u8, password: &str) -> Answer {
    let mut browser = app.browser();
    browser.address = Some(IpAddr::V4(Ipv4Addr::new(198, 51, 100, last)));
    Filled::of(&browser.open("/account").await, "login-form", &[])
        .with("email", Some("alice@example.com"))
        .with("password", Some(password))
        .send(&mut browser)
        .await
}

async fn sign_ins_go_on_without_redis_and_locks_outlive_it(backend: Backend) {
    let mut redis = Redis::start().unwrap();
    let policy = ThrottlePolicy {
        free: 1_000,
        challenge_from: 1_000,
        ..ThrottlePolicy::default()
    };
    let app = start(backend, &redis, policy).await;
    assert_eq!(try_once(&app, 1, PASSWORD).await.status, 303);
    redis.stop().unwrap();
    // Three of five, counted in the database.
    for _ in 0..3 {
        assert_eq!(try_once(&app, 2, "wrong").await.status, 401);
    }
    assert_eq!(try_once(&app, 2, PASSWORD).await.status, 429);
    assert_eq!(try_once(&app, 1, PASSWORD).await.status, 303, "others go on");
    // It comes back with nothing in it, as after a flush: the lock stands in the database.
    redis.start_again().unwrap();
    let began = tokio::time::Instant::now();
    while !app.app.shared_is_here() {
        assert!(
            began.elapsed() < Duration::from_mins(1),
            "Redis was not found again"
        );
        tokio::task::yield_now().await;
    }
    assert_eq!(try_once(&app, 2, PASSWORD).await.status, 429);
    assert_eq!(try_once(&app, 3, PASSWORD).await.status, 303);
    app.clock.advance(policy.lockout);
    assert_eq!(try_once(&app, 2, PASSWORD).await.status, 303);
}
