//! What goes on while the shared state is away, slow or empty: a real Redis, stopped, paused and flushed (R4; the table
//! of promises of `docs/throttling.md`). Every function serves, no limit fails open.

use std::time::Duration;

use domain::EventKind::{Login, LoginFailed, Logout, ThrottleBlocked, TokenIssued, TokenRevoked};
use domain::Secret;
use engine::SharedOptions;
use engine::throttle::{RequestClass, RequestLimits, ThrottlePolicy};
use testkit::Backend;
use testkit::app::{Limits, Setup, TestApp};
use testkit::redis::Redis;

use super::throttle::{WRONG, browser_at, place, try_once};
use super::watch::{Watch, is_account, is_signed_in};

on_both_engines! {
    everything_serves_while_redis_is_stopped
    everything_serves_while_redis_is_slow
    what_a_flush_forgets_is_one_window
}

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";
/// Requests of one source to the administration in a minute.
const ADMIN: u32 = 20;

async fn start(backend: Backend, redis: &Redis, timeout: Duration) -> TestApp {
    let limits = Limits {
        shared: SharedOptions {
            url: Secret::new(redis.url()),
            timeout,
            ..Limits::default().shared
        },
        throttle: ThrottlePolicy {
            // Each place of the test is one source; what slows down the account is tested elsewhere.
            free: 1_000,
            challenge_from: 1_000,
            ..ThrottlePolicy::default()
        },
        requests: RequestLimits {
            admin: ADMIN,
            ..RequestLimits::default()
        },
    };
    let setup = Setup {
        limits,
        ..Setup::default()
    };
    TestApp::start_with(backend, setup).await
}

/// Each function once, as its users meet it.
async fn everything_serves(app: &TestApp, place: u32) {
    let mut watch = Watch::on(app, "default").await;
    for path in ["/.well-known/openid-configuration", "/oauth/jwks"] {
        assert_eq!(app.get(path).await.status, 200, "{path}");
    }
    let mut browser = browser_at(app, place);
    let page = browser.open("/account").await;
    let page = browser.sign_in(&page, ALICE).await;
    assert!(is_account(&page, ALICE), "{} {}", page.status, page.text());
    let issued = browser.tokens(ALICE, "openid offline_access").await;
    assert_eq!(issued.status, 200, "{}", issued.text());
    let (access, first) = (issued.member("access_token"), issued.member("refresh_token"));
    let bearer = format!("Bearer {access}");
    let told = app
        .call("GET", "/oauth/userinfo", &[("authorization", &bearer)], "")
        .await;
    assert_eq!(told.status, 200, "{}", told.text());
    let refresh = |token: String| async move {
        let form = [("grant_type", "refresh_token"), ("refresh_token", &token)];
        app.token("web", &form).await
    };
    let refreshed = refresh(first).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.text());
    let live = refreshed.member("refresh_token");
    let web = app.basic("web");
    let active = async |token: &str| {
        let answer = app
            .post("/oauth/introspect", Some(&web), &[("token", token)])
            .await;
        assert_eq!(answer.status, 200);
        answer.json()["active"].as_bool().unwrap()
    };
    assert!(active(&live).await);
    let revoked = app.post("/oauth/revoke", Some(&web), &[("token", &live)]).await;
    assert_eq!(revoked.status, 200);
    assert!(!active(&live).await, "what is revoked counts nowhere");
    assert_eq!(refresh(live.clone()).await.status, 400);
    let hint = format!("/oauth/logout?id_token_hint={}", issued.member("id_token"));
    browser.open(&hint).await;
    assert!(!is_signed_in(&browser, "").await);
    let rows = watch.news().await;
    for kind in [Login, TokenIssued, TokenRevoked, Logout] {
        assert!(rows.iter().any(|row| row.kind == kind), "{kind:?} is in the log");
    }
}

/// How many wrong passwords of one source are looked at, of ten; the refusals are in the log.
async fn guesses(app: &TestApp, place: u32) -> usize {
    let mut watch = Watch::on(app, "default").await;
    let mut looked = 0;
    for _ in 0..10 {
        let mut stranger = browser_at(app, place);
        looked += usize::from(try_once(&mut stranger, BOB, WRONG).await.status == 401);
    }
    let rows = watch.news().await;
    let of = |kind| rows.iter().filter(|row| row.kind == kind).count();
    assert_eq!(of(LoginFailed), looked);
    assert!(of(ThrottleBlocked) > 0);
    looked
}

/// How many requests of one source the administration counts as allowed, of a hundred.
async fn admitted(app: &TestApp, number: u32) -> u32 {
    let ctx = engine::Ctx {
        client_ip: Some(place(number)),
        ..app.ctx("default")
    };
    let mut allowed = 0;
    for _ in 0..100 {
        let counted = app.app.count_request(&ctx, RequestClass::Admin, None).await;
        allowed += u32::from(counted.unwrap().taken.allowed);
    }
    allowed
}

async fn until_it_is_back(app: &TestApp) {
    let began = tokio::time::Instant::now();
    while !app.app.shared_is_here() {
        assert!(
            began.elapsed() < Duration::from_mins(1),
            "Redis was not found again"
        );
        tokio::task::yield_now().await;
    }
}

async fn everything_serves_while_redis_is_stopped(backend: Backend) {
    let mut redis = Redis::start().unwrap();
    redis.stop().unwrap();
    // Away from the start on.
    let app = start(backend, &redis, Duration::from_secs(1)).await;
    everything_serves(&app, 1).await;
    assert!(!app.app.shared_is_here());
    assert_eq!(guesses(&app, 50).await, 3, "half of five, in the database");
    assert_eq!(admitted(&app, 60).await, ADMIN / 2, "half, in this process");
    // It comes, and goes again under load.
    redis.start_again().unwrap();
    until_it_is_back(&app).await;
    everything_serves(&app, 2).await;
    assert_eq!(guesses(&app, 51).await, 5);
    assert_eq!(admitted(&app, 61).await, ADMIN);
    redis.stop().unwrap();
    everything_serves(&app, 3).await;
    assert_eq!(guesses(&app, 52).await, 3);
    assert_eq!(guesses(&app, 51).await, 0, "who was locked out stays so");
}

async fn everything_serves_while_redis_is_slow(backend: Backend) {
    let redis = Redis::start().unwrap();
    let app = start(backend, &redis, Duration::from_millis(100)).await;
    everything_serves(&app, 1).await;
    until_it_is_back(&app).await;
    // Every command waits for a minute now: connections are taken, and nothing is answered.
    let began = tokio::time::Instant::now();
    assert_eq!(redis.say(&["CLIENT", "PAUSE", "60000", "ALL"]).unwrap(), "+OK");
    everything_serves(&app, 2).await;
    assert!(!app.app.shared_is_here());
    assert_eq!(guesses(&app, 50).await, 3);
    assert_eq!(admitted(&app, 60).await, ADMIN / 2);
    assert!(
        began.elapsed() < Duration::from_secs(45),
        "nobody waited for it to answer: {:?}",
        began.elapsed()
    );
}

async fn what_a_flush_forgets_is_one_window(backend: Backend) {
    let redis = Redis::start().unwrap();
    let app = start(backend, &redis, Duration::from_secs(10)).await;
    assert_eq!(guesses(&app, 50).await, 5);
    for _ in 0..4 {
        let mut stranger = browser_at(&app, 51);
        assert_eq!(try_once(&mut stranger, BOB, WRONG).await.status, 401);
    }
    assert_eq!(redis.say(&["FLUSHALL"]).unwrap(), "+OK");
    everything_serves(&app, 1).await;
    // The lock stands in the database. The window of the other source begins again, and that is all.
    assert_eq!(guesses(&app, 50).await, 0);
    assert_eq!(guesses(&app, 51).await, 5);
    assert_eq!(guesses(&app, 51).await, 0);
}
