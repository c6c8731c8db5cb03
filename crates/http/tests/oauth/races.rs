//! The same thing at once: one code, one refresh token, a refresh and a revocation (R14, D2, A7 of the reuse rule).

use std::sync::Arc;

use domain::EventKind;
use testkit::Backend;
use testkit::app::{Answer, TestApp};

use crate::ask::{ALICE, ALL, Tokens, refresh, refusals, revoke};

/// How many send the same request.
const RACERS: usize = 100;

/// Sends one request by many tasks at once.
async fn race<F>(app: &Arc<TestApp>, racers: usize, request: impl Fn(Arc<TestApp>) -> F) -> Vec<Answer>
where
    F: Future<Output = Answer> + Send + 'static,
{
    let tasks: Vec<_> = (0..racers)
        .map(|_| tokio::spawn(request(Arc::clone(app))))
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

/// The one answer that won; all others must be `invalid_grant`.
fn winner(answers: &[Answer]) -> Tokens {
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    for answer in lost {
        assert_eq!(
            (answer.status.as_u16(), answer.error()),
            (400, "invalid_grant".into()),
            "{}",
            answer.text()
        );
    }
    assert_eq!(won.len(), 1, "exactly one wins");
    Tokens::of(won[0])
}

async fn one_code_a_hundred_times_at_once(backend: Backend) {
    let app = Arc::new(TestApp::start(backend).await);
    let code = app.browser().code(ALICE, &[("scope", ALL)]).await;
    let answers = race(&app, RACERS, |app| {
        let code = code.clone();
        async move { app.redeem("web", &code).await }
    })
    .await;
    winner(&answers).assert_dead(&app, "web", "api").await;
    assert!(refusals(&app, "default", EventKind::CodeReused).await > 0);
    Tokens::fresh(&app).await.assert_alive(&app, "api").await;
}

async fn one_refresh_token_a_hundred_times_at_once(backend: Backend) {
    let app = Arc::new(TestApp::start(backend).await);
    for _ in 0..3 {
        let first = Tokens::fresh(&app).await;
        let answers = race(&app, RACERS, |app| {
            let token = first.refresh.clone();
            async move { refresh(&app, "web", &token).await }
        })
        .await;
        let next = winner(&answers);
        next.assert_dead(&app, "web", "api").await;
        first.assert_dead(&app, "web", "api").await;
    }
    assert!(refusals(&app, "default", EventKind::RefreshTokenReused).await >= 3);
    Tokens::fresh(&app).await.assert_alive(&app, "api").await;
}

/// Once a revocation was answered with 200 nothing lives, whichever came first (D2).
async fn a_revocation_beats_every_refresh(backend: Backend) {
    let app = Arc::new(TestApp::start(backend).await);
    for round in 0..20 {
        let first = Tokens::fresh(&app).await;
        let refreshing = {
            let (app, token) = (Arc::clone(&app), first.refresh.clone());
            tokio::spawn(async move { refresh(&app, "web", &token).await })
        };
        let revoking = {
            let (app, token) = (Arc::clone(&app), first.refresh.clone());
            tokio::spawn(async move {
                for _ in 0..round {
                    tokio::task::yield_now().await;
                }
                revoke(&app, "web", &token).await
            })
        };
        let (refreshed, revoked) = (refreshing.await.unwrap(), revoking.await.unwrap());
        assert_eq!(revoked.status, 200, "{}", revoked.text());
        first.assert_dead(&app, "web", "api").await;
        if refreshed.status == 200 {
            Tokens::of(&refreshed).assert_dead(&app, "web", "api").await;
        } else {
            assert_eq!(refreshed.error(), "invalid_grant");
        }
    }
}

/// Switching a person off while their tokens are refreshed leaves nothing alive (I3).
async fn switching_off_beats_every_refresh(backend: Backend) {
    let app = Arc::new(TestApp::start(backend).await);
    let alice = app.user("default", ALICE).await.id;
    for _ in 0..10 {
        let first = Tokens::fresh(&app).await;
        let refreshing = {
            let (app, token) = (Arc::clone(&app), first.refresh.clone());
            tokio::spawn(async move { refresh(&app, "web", &token).await })
        };
        app.app.disable_user(&app.ctx("default"), alice).await.unwrap();
        let refreshed = refreshing.await.unwrap();
        app.app.enable_user(&app.ctx("default"), alice).await.unwrap();
        // Even now that the person may sign in again.
        first.assert_dead(&app, "web", "api").await;
        if refreshed.status == 200 {
            Tokens::of(&refreshed).assert_dead(&app, "web", "api").await;
        }
    }
}

/// Races need threads.
macro_rules! on_threads {
    ($($name:ident)+) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() { super::$name(testkit::Backend::Sqlite).await; })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() { super::$name(testkit::Backend::Postgres).await; })+
        }
    };
}

on_threads! {
    a_revocation_beats_every_refresh
    one_code_a_hundred_times_at_once
    one_refresh_token_a_hundred_times_at_once
    switching_off_beats_every_refresh
}
