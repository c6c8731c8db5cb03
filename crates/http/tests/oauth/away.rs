//! The database goes away and comes back (R7, OX7, D2, section 3b of the promises).

use std::time::Duration;

use domain::EventKind;
use storage::{DbOptions, GroupLimits};
use testkit::app::{Answer, Setup, TestApp};
use testkit::browser::authorize_path;
use testkit::postgres::{Options, Postgres};
use testkit::{Place, Store};
use tokio::time::{Instant, timeout};

use crate::ask::{
    ALICE, ALL, Tokens, client_credentials, introspect, refresh, request, revoke, successes, userinfo,
};

/// Longest anybody waits for a 503: the wait for a connection is a second, and a request may need two of them.
const BOUND: Duration = Duration::from_secs(5);

async fn bounded(what: &str, answer: impl Future<Output = Answer>) -> Answer {
    timeout(BOUND, answer)
        .await
        .unwrap_or_else(|_| panic!("{what} hangs"))
}

fn assert_away(what: &str, answer: &Answer) {
    assert_eq!(answer.status, 503, "{what}: {}", answer.text());
    assert!(
        !answer.header("retry-after").is_empty(),
        "{what} says when to come again"
    );
    for word in ["postgres", "sqlx", "socket", "connection refused"] {
        assert!(
            !answer.text().to_lowercase().contains(word),
            "{what} tells of the inside"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_database_it_says_so_and_recovers() {
    let mut server = Postgres::start(Options::default()).unwrap();
    let options = DbOptions {
        wait: Duration::from_secs(1),
        group: GroupLimits::default(),
        ..DbOptions::default()
    };
    let app = TestApp::on(Store::open(Place::on(&server), options).await, Setup::default()).await;
    let mut browser = app.browser();
    let tokens = Tokens::of(&browser.tokens(ALICE, ALL).await);
    let code = browser.code(ALICE, &[]).await;
    let discovery = app.get("/.well-known/openid-configuration").await.text();
    let keys = app.get("/oauth/jwks").await.text();

    server.stop().unwrap();
    let begun = Instant::now();
    let bearer = format!("Bearer {}", tokens.access);
    for (what, answer) in [
        ("code", bounded("code", app.redeem("web", &code)).await),
        (
            "refresh",
            bounded("refresh", refresh(&app, "web", &tokens.refresh)).await,
        ),
        (
            "client credentials",
            bounded("own", client_credentials(&app, "service", &[])).await,
        ),
        (
            "introspection",
            bounded("introspection", introspect(&app, "web", &tokens.access)).await,
        ),
        (
            "of a refresh token",
            bounded("introspection", introspect(&app, "web", &tokens.refresh)).await,
        ),
        (
            "revocation",
            bounded("revocation", revoke(&app, "web", &tokens.refresh)).await,
        ),
        (
            "of an access token",
            bounded("revocation", revoke(&app, "web", &tokens.access)).await,
        ),
        (
            "userinfo",
            bounded("userinfo", userinfo(&app, &tokens.access)).await,
        ),
        (
            "authorize",
            bounded("authorize", browser.get(&authorize_path(&[]))).await,
        ),
        ("logout", bounded("logout", browser.get("/oauth/logout")).await),
        (
            "administration",
            bounded(
                "administration",
                request(
                    &app,
                    ("GET", "/admin/v1/users"),
                    &[("authorization", &bearer)],
                    "",
                ),
            )
            .await,
        ),
    ] {
        assert_away(what, &answer);
    }
    assert!(begun.elapsed() < BOUND * 11);
    // From memory, for pages of other origins too, though nobody can say now whether they may read it.
    let none: &[(&str, &str)] = &[];
    for headers in [none, &[("origin", "http://127.0.0.1:4711")]] {
        for (path, text) in [
            ("/.well-known/openid-configuration", &discovery),
            ("/oauth/jwks", &keys),
        ] {
            let answer = bounded(path, request(&app, ("GET", path), headers, "")).await;
            assert_eq!((answer.status.as_u16(), &answer.text()), (200, text), "{path}");
        }
    }
    assert_eq!(app.get("/health").await.status, 200);
    assert!(
        browser.cookies.keys().any(|name| name.contains("session")),
        "the cookie is kept"
    );

    server.start_again().unwrap();
    // Nothing was half done: the code and both tokens are as they were.
    tokens.assert_alive(&app, "api").await;
    assert_eq!(app.redeem("web", &code).await.status, 200);
    assert_eq!(successes(&app, EventKind::TokenRevoked).await, 0);
    let next = Tokens::of(&refresh(&app, "web", &tokens.refresh).await);
    next.assert_alive(&app, "api").await;
    assert_eq!(revoke(&app, "web", &next.refresh).await.status, 200);
    next.assert_dead(&app, "web", "api").await;
    assert_eq!(client_credentials(&app, "service", &[]).await.status, 200);
    Tokens::of(&browser.tokens(ALICE, ALL).await)
        .assert_alive(&app, "api")
        .await;
}
