//! The crowd that measurements fill a database with is one the product can work with.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{EventKind, Secret};
use testkit::Backend;
use testkit::app::TestApp;
use testkit::grow::{Grown, Plan, fill};

use crate::ask::{ALICE, Tokens, is_active, refresh, userinfo};

const USERS: u64 = 150;
const TOKENS: u64 = 101;

async fn grow(app: &TestApp, seed: u64) -> Grown {
    let plan = Plan {
        users: USERS,
        tokens: TOKENS,
        seed,
        tenant: "default".parse().unwrap(),
        client: "web".parse().unwrap(),
        told: 20,
    };
    let owner_url = Secret::new(app.store.owner_url().to_owned());
    fill(Arc::clone(&app.app), &owner_url, &plan).await.unwrap()
}

async fn every_credential_of_the_crowd_works(backend: Backend) {
    let app = TestApp::start(backend).await;
    let before = Tokens::fresh(&app).await;
    let grown = grow(&app, 1).await;
    let app = app.opened_again().await;
    for told in [&grown.logins, &grown.access_tokens, &grown.refresh_tokens] {
        assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), 20);
    }
    for token in &grown.access_tokens {
        assert!(is_active(&app, "web", token).await);
        assert!(!is_active(&app, "service", token).await, "nobody else's business");
    }
    assert_eq!(userinfo(&app, &grown.access_tokens[3]).await.status, 200);
    for token in &grown.refresh_tokens {
        let tokens = Tokens::of(&refresh(&app, "web", token).await);
        tokens.assert_alive(&app, "api").await;
    }
    for login in grown.logins.iter().take(3) {
        let answer = app.browser().authorize(login, &[("scope", "openid")]).await;
        assert!(answer.header("location").contains("code="), "{}", answer.text());
    }
    // What was there before is as it was.
    before.assert_alive(&app, "api").await;
    assert_eq!(app.user("default", ALICE).await.email.as_str(), ALICE);
}

async fn the_crowd_is_complete_and_sealed_like_everybody(backend: Backend) {
    let app = TestApp::start(backend).await;
    let people = users(&app).await;
    let grown = grow(&app, 1).await;
    let app = app.opened_again().await;
    // The first has the password that all share.
    assert_eq!(users(&app).await, people + USERS + 1);
    let rows = |name: &str| grown.tables.iter().find(|table| table.name == name).unwrap();
    assert_eq!(rows("access_tokens").rows, TOKENS);
    assert_eq!(rows("refresh_tokens").rows, TOKENS.div_ceil(2));
    assert!(rows("users").table_bytes > 0 && rows("users").index_bytes > 0);
    let (log, other) = (app.audit("default").await, app.audit("acme").await);
    assert_eq!(rows("audit_log").rows, (log.len() + other.len()) as u64);
    let of_crowd = log.iter().filter(|row| row.kind == EventKind::TokenIssued);
    assert_eq!(of_crowd.count() as u64, TOKENS.div_ceil(2));
    for row in log.iter().filter(|row| row.kind == EventKind::Login) {
        assert!(row.sealed.is_some() && row.seal_key.is_some() && row.address_mac.is_some());
    }
}

async fn users(app: &TestApp) -> u64 {
    let mut read = app.store.db.read(app.ctx("default").tenant_id()).await.unwrap();
    storage::users::count(&mut read).await.unwrap()
}

async fn the_same_seed_makes_the_same_crowd_once(backend: Backend) {
    let (one, two) = (TestApp::start(backend).await, TestApp::start(backend).await);
    let (first, second) = (grow(&one, 7).await, grow(&two, 7).await);
    assert_eq!(first.access_tokens, second.access_tokens);
    assert_eq!(first.refresh_tokens, second.refresh_tokens);
    let again = one.opened_again().await;
    let other = grow(&again, 8).await;
    assert_ne!(first.access_tokens, other.access_tokens);
}

on_both_engines! {
    every_credential_of_the_crowd_works
    the_crowd_is_complete_and_sealed_like_everybody
    the_same_seed_makes_the_same_crowd_once
}
