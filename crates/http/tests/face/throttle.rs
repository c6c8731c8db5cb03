//! Who guesses is slowed down, under every name an account has; its owner is not (A6, PW9, PW10, F7).

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use domain::EventKind::{AccountLocked, AccountUnlocked, LoginFailed, SessionEnded, ThrottleBlocked};
use domain::UserId;
use engine::Ctx;
use engine::throttle::{Admission, Attempt, Place, RequestLimits, ThrottlePolicy};
use futures_util::future::join_all;
use sha2::{Digest as _, Sha256};
use testkit::Backend;
use testkit::app::{Answer, Limits, PASSWORD, Setup, TestApp};
use testkit::browser::Browser;

use super::watch::{Filled, Watch, is_account, is_signed_in, signed_in};

on_both_engines! {
    an_account_bears_a_hundred_tries_under_all_its_names
    a_pair_is_locked_out_and_the_rest_of_the_world_is_not
    what_is_nobodys_is_refused_alike
    hostile_failures_keep_no_owner_out
    many_people_attacked_at_once_all_get_in
    a_challenge_counts_once_and_in_its_own_sign_in
    who_runs_no_script_waits
    success_does_not_clear_a_source
    a_network_bears_two_hundred_failures
    an_attempt_that_was_not_made_is_not_counted
    one_session_too_many_ends_the_oldest
    operators_see_and_end_sessions
    pages_are_served_to_the_limit_and_not_beyond
}

pub(crate) const WRONG: &str = "not the right password";

pub(crate) async fn start(backend: Backend, throttle: ThrottlePolicy) -> TestApp {
    let limits = Limits {
        throttle,
        ..Limits::default()
    };
    within(backend, limits).await
}

async fn within(backend: Backend, limits: Limits) -> TestApp {
    let setup = Setup {
        limits,
        ..Setup::default()
    };
    TestApp::start_with(backend, setup).await
}

/// An address in a network of its own.
pub(crate) fn place(number: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + (number << 8) + 7))
}

pub(crate) fn browser_at(app: &TestApp, number: u32) -> Browser<'_> {
    let mut browser = app.browser();
    browser.address = Some(place(number));
    browser
}

async fn form_of(browser: &mut Browser<'_>) -> Filled {
    Filled::of(&browser.open("/account").await, "login-form", &[])
}

pub(crate) async fn try_once(browser: &mut Browser<'_>, email: &str, password: &str) -> Answer {
    form_of(browser)
        .await
        .with("email", Some(email))
        .with("password", Some(password))
        .send(browser)
        .await
}

/// Only the row of the account slows down: no challenge, no source.
fn row_only() -> ThrottlePolicy {
    ThrottlePolicy {
        free: 5,
        most: 100,
        ..ThrottlePolicy::off()
    }
}

async fn an_account_bears_a_hundred_tries_under_all_its_names(backend: Backend) {
    let app = start(backend, row_only()).await;
    let (mut owner, _) = signed_in(&app, "", "alice@example.com").await;
    let mut watch = Watch::on(&app, "default").await;
    let names = ["alice@example.com", "ALICE@example.com", " Alice@Example.com "];
    let mut refused = 0;
    for number in 0..130 {
        app.clock.advance(Duration::from_secs(65));
        let mut stranger = browser_at(&app, number);
        let name = names[usize::try_from(number).unwrap() % names.len()];
        let answer = try_once(&mut stranger, name, WRONG).await;
        refused += usize::from(answer.status == 429);
    }
    let rows = watch.news().await;
    let count = |kind| rows.iter().filter(|row| row.kind == kind).count();
    assert_eq!((count(LoginFailed), refused), (100, 30), "hashes and refusals");
    assert_eq!(count(AccountLocked), 1);
    assert!(count(ThrottleBlocked) > 0);

    // Not even the right password opens it to a stranger; the owner's own browser is not asked to wait.
    let mut stranger = browser_at(&app, 1_000);
    let answer = try_once(&mut stranger, "alice@example.com", PASSWORD).await;
    assert_eq!(answer.status, 429);
    assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
    owner.cookies.retain(|name, _| name.contains("device"));
    let answer = try_once(&mut owner, "alice@example.com", PASSWORD).await;
    assert_eq!(answer.status, 303);

    let ctx = app.ctx("default");
    let alice = app.user("default", "alice@example.com").await;
    app.app.unlock(&ctx, &alice).await.unwrap();
    let rows = watch.news().await;
    assert!(rows.iter().any(|row| row.kind == AccountUnlocked));
    let answer = try_once(&mut stranger, "alice@example.com", PASSWORD).await;
    assert_eq!(answer.status, 303);
}

async fn a_pair_is_locked_out_and_the_rest_of_the_world_is_not(backend: Backend) {
    let policy = ThrottlePolicy {
        free: 1_000,
        ..ThrottlePolicy::default()
    };
    let app = start(backend, policy).await;
    let mut stranger = browser_at(&app, 1);
    for _ in 0..5 {
        assert_eq!(
            try_once(&mut stranger, "alice@example.com", WRONG).await.status,
            401
        );
    }
    let answer = try_once(&mut stranger, "alice@example.com", PASSWORD).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("retry-after")),
        (429, "3600")
    );
    // The window is over, the lock is not.
    app.clock.advance(Duration::from_secs(3_599));
    assert_eq!(
        try_once(&mut stranger, "alice@example.com", PASSWORD)
            .await
            .status,
        429
    );
    // The same place for another account, and the same account from another place.
    assert_eq!(
        try_once(&mut stranger.clone(), "bob@example.com", PASSWORD)
            .await
            .status,
        303
    );
    let mut elsewhere = browser_at(&app, 2);
    assert_eq!(
        try_once(&mut elsewhere, "alice@example.com", PASSWORD)
            .await
            .status,
        303
    );
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(
        try_once(&mut stranger, "alice@example.com", PASSWORD)
            .await
            .status,
        303
    );
}

/// Status, waiting time and page, without what differs from request to request.
fn told(answer: &Answer, email: &str) -> (u16, String, String) {
    let page = answer.text();
    let said = page.split("id=\"login-form\"").next().unwrap().to_owned();
    let id = answer.header("x-request-id");
    (
        answer.status.as_u16(),
        answer.header("retry-after").to_owned(),
        said.replace(id, "ID").replace(email, "EMAIL"),
    )
}

async fn what_is_nobodys_is_refused_alike(backend: Backend) {
    let app = start(backend, ThrottlePolicy::default()).await;
    let mut seen = Vec::new();
    for email in ["alice@example.com", "nobod@example.com"] {
        let mut answers = Vec::new();
        for number in 0..14 {
            let mut stranger = browser_at(&app, number);
            answers.push(told(&try_once(&mut stranger, email, WRONG).await, email));
            app.clock.advance(Duration::from_secs(3));
        }
        assert!(answers.iter().any(|(status, ..)| *status == 429));
        seen.push(answers);
    }
    assert_eq!(seen[0], seen[1]);
}

/// Failed attempts that never reach a page: as many as a botnet makes.
pub(crate) async fn attack(app: &TestApp, user: UserId, email: &str, from: u32, count: u32) -> u32 {
    let mut tried = 0;
    for number in from..from + count {
        let ctx = Ctx {
            client_ip: Some(place(number)),
            actor: domain::Actor::Anonymous,
            now: app.app.world.now(),
            ..app.ctx("default")
        };
        let attempt = Attempt {
            typed: email,
            user: Some(user),
            device: None,
            solution: None,
            place: Place::Flow(domain::FlowId::generate(&app.app.world)),
        };
        if let Admission::Admitted(admitted) = app.app.admit_attempt(&ctx, &attempt).await.unwrap() {
            tried += 1;
            app.app.attempt_failed(&ctx, &admitted).await.unwrap();
        }
    }
    tried
}

async fn an_attempt_that_was_not_made_is_not_counted(backend: Backend) {
    let app = start(backend, ThrottlePolicy::default()).await;
    let alice = app.user("default", "alice@example.com").await.id;
    let ctx = Ctx {
        client_ip: Some(place(1)),
        actor: domain::Actor::Anonymous,
        ..app.ctx("default")
    };
    let attempt = || Attempt {
        typed: "alice@example.com",
        user: Some(alice),
        device: None,
        solution: None,
        place: Place::Flow(domain::FlowId::generate(&app.app.world)),
    };
    for tried in 0..20 {
        match app.app.admit_attempt(&ctx, &attempt()).await.unwrap() {
            Admission::Admitted(admitted) => app.app.attempt_withdrawn(&ctx, &admitted).await.unwrap(),
            Admission::Refused(blocked) => panic!("{tried}: {}", blocked.reason),
        }
    }
    // Those that are made still are: five of them, and no more.
    let tried = attack(&app, alice, "alice@example.com", 1, 1).await;
    assert_eq!(tried, 1);
    let mut made = 1;
    while let Admission::Admitted(admitted) = app.app.admit_attempt(&ctx, &attempt()).await.unwrap() {
        app.app.attempt_failed(&ctx, &admitted).await.unwrap();
        made += 1;
    }
    assert_eq!(made, 5);
}

async fn hostile_failures_keep_no_owner_out(backend: Backend) {
    let app = start(backend, ThrottlePolicy::default()).await;
    let (mut owner, _) = signed_in(&app, "", "alice@example.com").await;
    let alice = app.user("default", "alice@example.com").await;
    let count = if backend == Backend::Sqlite { 10_000 } else { 1_000 };
    let tried = attack(&app, alice.id, "alice@example.com", 0, count).await;
    assert!(tried <= 10, "{tried} of {count}");
    owner.cookies.retain(|name, _| name.contains("device"));
    let answer = try_once(&mut owner, "alice@example.com", PASSWORD).await;
    assert_eq!(answer.status, 303, "a known browser");
    // Its cookie opens nothing for anybody else, and a browser without it waits.
    let mut thief = owner.clone();
    thief.cookies.retain(|name, _| name.contains("device"));
    assert_eq!(try_once(&mut thief, "bob@example.com", WRONG).await.status, 401);
    owner.cookies.clear();
    assert_eq!(
        try_once(&mut owner, "alice@example.com", PASSWORD).await.status,
        429
    );
}

/// A thousand accounts under attack from a network of thousands, at once (F7).
async fn many_people_attacked_at_once_all_get_in(backend: Backend) {
    const PEOPLE: u32 = 1_000;
    let policy = ThrottlePolicy {
        most: 3,
        ..ThrottlePolicy::default()
    };
    let app = start(backend, policy).await;
    let come = async |number: u32| {
        let email = format!("person{number}@example.com");
        let user = app.add_user("default", &email).await;
        let mut browser = browser_at(&app, 100_000 + number);
        assert_eq!(try_once(&mut browser, &email, PASSWORD).await.status, 303);
        browser.cookies.retain(|name, _| name.contains("device"));
        (user.id, email, browser)
    };
    let numbers: Vec<u32> = (0..PEOPLE).collect();
    let mut owners = Vec::new();
    for some in numbers.chunks(25) {
        owners.extend(join_all(some.iter().map(|number| come(*number))).await);
    }
    let attacked = async |number: u32, (user, email): (UserId, &str)| {
        assert!(attack(&app, user, email, number * 5, 5).await <= 3);
    };
    let mut victims = (0_u32..).zip(&owners).peekable();
    while victims.peek().is_some() {
        let some = victims.by_ref().take(25);
        join_all(some.map(|(number, (user, email, _))| attacked(number, (*user, email)))).await;
    }
    // The attack was one: a stranger is refused even with the right password.
    let (_, email, _) = owners.first().unwrap();
    let answer = try_once(&mut browser_at(&app, 200_000), email, PASSWORD).await;
    assert_eq!(answer.status, 429);

    let mut kept_out = 0;
    for some in owners.chunks_mut(25) {
        let back = some.iter_mut().map(async |(_, email, browser)| {
            let answer = try_once(browser, email, PASSWORD).await;
            usize::from(answer.status != 303)
        });
        kept_out += join_all(back).await.into_iter().sum::<usize>();
    }
    assert_eq!(kept_out, 0, "of {PEOPLE}");
}

/// From the second failure on there is a challenge, with little work.
pub(crate) fn challenging() -> ThrottlePolicy {
    ThrottlePolicy {
        challenge_from: 1,
        challenge_bits: 6,
        most: 100,
        ..ThrottlePolicy::off()
    }
}

pub(crate) fn solve(text: &str, bits: u32) -> String {
    let zeros = |number: &u32| {
        let digest: [u8; 32] = Sha256::digest(format!("{text}.{number}")).into();
        digest[0].leading_zeros() >= bits
    };
    (0..1_000_000).find(|number| zeros(number)).unwrap().to_string()
}

async fn a_challenge_counts_once_and_in_its_own_sign_in(backend: Backend) {
    let app = start(backend, challenging()).await;
    let mut stranger = app.browser();
    assert_eq!(
        try_once(&mut stranger, "alice@example.com", WRONG).await.status,
        401
    );
    let page = try_once(&mut stranger, "alice@example.com", PASSWORD).await;
    assert_eq!(page.status, 429);
    assert!(page.text().contains("challenge.") && page.text().contains("data-bits=\"6\""));
    let form = Filled::of(&page, "login-form", &[("email", "alice@example.com")]);
    let solution = solve(form.field("challenge"), 6);
    let answered = form.with("solution", Some(&solution));
    // In another sign-in it proves nothing.
    let mut other = app.browser();
    let elsewhere = form_of(&mut other)
        .await
        .with("challenge", Some(form.field("challenge")))
        .with("solution", Some(&solution))
        .with("email", Some("alice@example.com"))
        .with("password", Some(PASSWORD))
        .send(&mut other)
        .await;
    assert_eq!(elsewhere.status, 429);
    let wrong = form
        .with("solution", Some("no number"))
        .with("password", Some(PASSWORD))
        .send(&mut stranger)
        .await;
    assert_eq!(wrong.status, 429);
    // It is good for one attempt, not for a second.
    let failed = answered.with("password", Some(WRONG)).send(&mut stranger).await;
    assert_eq!(failed.status, 401);
    let again = answered
        .with("password", Some(PASSWORD))
        .send(&mut stranger)
        .await;
    assert_eq!(again.status, 429);
    let form = Filled::of(&again, "login-form", &[("email", "alice@example.com")]);
    let solution = solve(form.field("challenge"), 6);
    let done = form
        .with("solution", Some(&solution))
        .with("password", Some(PASSWORD))
        .send(&mut stranger)
        .await;
    assert_eq!(done.status, 303);
}

async fn who_runs_no_script_waits(backend: Backend) {
    let app = start(backend, challenging()).await;
    let mut stranger = app.browser();
    try_once(&mut stranger, "alice@example.com", WRONG).await;
    let page = try_once(&mut stranger, "alice@example.com", PASSWORD).await;
    assert_eq!(page.header("retry-after"), "30");
    let form =
        Filled::of(&page, "login-form", &[("email", "alice@example.com")]).with("password", Some(PASSWORD));
    app.clock.advance(Duration::from_secs(29));
    assert_eq!(form.send(&mut stranger).await.status, 429);
    app.clock.advance(Duration::from_secs(1));
    let done = form.send(&mut stranger).await;
    assert_eq!(done.status, 303);
}

async fn success_does_not_clear_a_source(backend: Backend) {
    let policy = ThrottlePolicy {
        source: 4,
        ..ThrottlePolicy::off()
    };
    let app = start(backend, policy).await;
    let mut attacker = browser_at(&app, 1);
    for number in 0..4 {
        let victim = format!("victim{number}@example.com");
        assert_eq!(try_once(&mut attacker, &victim, WRONG).await.status, 401);
        if number == 1 {
            let own = try_once(&mut attacker.clone(), "bob@example.com", PASSWORD).await;
            assert_eq!(own.status, 303);
        }
    }
    let refused = try_once(&mut attacker, "victim9@example.com", WRONG).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("retry-after")),
        (429, "900")
    );
    let mut elsewhere = browser_at(&app, 2);
    assert_eq!(
        try_once(&mut elsewhere, "alice@example.com", PASSWORD)
            .await
            .status,
        303
    );
    app.clock.advance(Duration::from_mins(15));
    assert_eq!(
        try_once(&mut attacker, "alice@example.com", PASSWORD)
            .await
            .status,
        303
    );
}

/// Each from another address and at another name: nothing but their network is counted often.
async fn a_network_bears_two_hundred_failures(backend: Backend) {
    let policy = ThrottlePolicy {
        network: ThrottlePolicy::default().network,
        ..ThrottlePolicy::off()
    };
    let app = start(backend, policy).await;
    let address = |last: u32| Some(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0100 + last)));
    let mut made = 0;
    for number in 0..210 {
        let ctx = Ctx {
            client_ip: address(number),
            actor: domain::Actor::Anonymous,
            ..app.ctx("default")
        };
        let name = format!("victim{number}@example.com");
        let attempt = Attempt {
            typed: &name,
            user: None,
            device: None,
            solution: None,
            place: Place::Flow(domain::FlowId::generate(&app.app.world)),
        };
        match app.app.admit_attempt(&ctx, &attempt).await.unwrap() {
            Admission::Admitted(admitted) => {
                made += 1;
                app.app.attempt_failed(&ctx, &admitted).await.unwrap();
            }
            Admission::Refused(blocked) => assert_eq!(blocked.reason, "network"),
        }
    }
    assert_eq!(made, 200);
    let mut inside = app.browser();
    inside.address = address(250);
    let refused = try_once(&mut inside, "alice@example.com", PASSWORD).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("retry-after")),
        (429, "900")
    );
    let mut beside = app.browser();
    beside.address = address(256);
    let answer = try_once(&mut beside, "alice@example.com", PASSWORD).await;
    assert_eq!(answer.status, 303, "the neighbouring network");
    app.clock.advance(Duration::from_mins(15));
    let answer = try_once(&mut inside, "alice@example.com", PASSWORD).await;
    assert_eq!(answer.status, 303, "the window is over");
}

async fn one_session_too_many_ends_the_oldest(backend: Backend) {
    let policy = ThrottlePolicy {
        sessions: 3,
        ..ThrottlePolicy::off()
    };
    let app = start(backend, policy).await;
    let mut browsers = Vec::new();
    for _ in 0..3 {
        browsers.push(signed_in(&app, "", "alice@example.com").await.0);
        app.clock.advance(Duration::from_secs(1));
    }
    let mut watch = Watch::on(&app, "default").await;
    let (newest, page) = signed_in(&app, "", "alice@example.com").await;
    assert!(is_account(&page, "alice@example.com"));
    let ended: Vec<_> = watch
        .news()
        .await
        .into_iter()
        .filter(|row| row.kind == SessionEnded)
        .collect();
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].actor_kind, "system");
    let mut live = Vec::new();
    for browser in browsers.iter().chain([&newest]) {
        live.push(is_signed_in(browser, "").await);
    }
    assert_eq!(live, [false, true, true, true]);
}

async fn operators_see_and_end_sessions(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (first, _) = signed_in(&app, "", "alice@example.com").await;
    let (second, _) = signed_in(&app, "", "alice@example.com").await;
    let token = app
        .token(
            "admin",
            &[("grant_type", "client_credentials"), ("scope", "rsp.admin")],
        )
        .await
        .member("access_token");
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let alice = app.user("default", "alice@example.com").await.id;
    let bob = app.user("default", "bob@example.com").await.id;
    let listed = app
        .call("GET", &format!("/admin/v1/users/{alice}/sessions"), &headers, "")
        .await;
    assert_eq!(listed.status, 200);
    let items = listed.json()["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), 2);
    let one = items[0]["id"].as_str().unwrap();
    // Nobody else's session under a person's name.
    let path = format!("/admin/v1/users/{bob}/sessions/{one}/end");
    assert_eq!(app.call("POST", &path, &headers, "").await.status, 404);
    let path = format!("/admin/v1/users/{alice}/sessions/{one}/end");
    assert_eq!(app.call("POST", &path, &headers, "").await.status, 200);
    assert_eq!(app.call("POST", &path, &headers, "").await.status, 404);
    let live = [is_signed_in(&first, "").await, is_signed_in(&second, "").await];
    assert_eq!(live.iter().filter(|live| **live).count(), 1);
    let path = format!("/admin/v1/users/{alice}/sessions/end-all");
    let answer = app.call("POST", &path, &headers, "").await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()["ended"].as_u64()),
        (200, Some(1))
    );
    assert!(!is_signed_in(&first, "").await && !is_signed_in(&second, "").await);
    let path = format!("/admin/v1/users/{alice}/unlock");
    assert_eq!(app.call("POST", &path, &headers, "").await.status, 200);
    assert_eq!(app.call("POST", &path, &[], "").await.status, 401);
}

pub(crate) async fn limited(backend: Backend, requests: RequestLimits) -> TestApp {
    let limits = Limits {
        requests,
        ..Limits::default()
    };
    within(backend, limits).await
}

async fn pages_are_served_to_the_limit_and_not_beyond(backend: Backend) {
    let app = limited(
        backend,
        RequestLimits {
            pages: 100,
            ..RequestLimits::off()
        },
    )
    .await;
    let asked = (0..500).map(|_| app.get("/account"));
    let answers = join_all(asked).await;
    let served = answers.iter().filter(|answer| answer.status == 303).count();
    assert_eq!(served, 100);
    let refused = answers.iter().find(|answer| answer.status == 429).unwrap();
    assert_eq!(refused.header("ratelimit-policy"), "\"pages\";q=100;w=60");
    assert_eq!(refused.header("ratelimit"), "\"pages\";r=0;t=60");
    assert_eq!(refused.header("retry-after"), "60");
    assert_eq!(refused.header("content-type"), "application/problem+json");
    let mut elsewhere = browser_at(&app, 9);
    assert_eq!(elsewhere.get("/account").await.status, 303);
    assert_eq!(app.get("/.well-known/openid-configuration").await.status, 200);
    app.clock.advance(Duration::from_micros(59_999_999));
    assert_eq!(app.get("/account").await.status, 429);
    app.clock.advance(Duration::from_micros(1));
    assert_eq!(app.get("/account").await.status, 303);
}
