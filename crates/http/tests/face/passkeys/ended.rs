//! Sessions end with what opened them (SE5, MF13).

use std::time::Duration;

use domain::EventKind::{FactorRemoved, PasskeyRemoved, SessionEnded};
use testkit::Backend;
use testkit::app::{Answer, TestApp};
use testkit::browser::Browser;

use super::super::factors::{code_now, enrol, next_step};
use super::super::watch::{Watch, is_account, is_signed_in, shows, sign_in};
use super::{ALICE, alices, made, removals, signed_in_with};

on_both_engines! {
    sessions_end_with_the_passkey_that_opened_them
    sessions_end_with_the_application_whose_codes_opened_them
    an_operator_ends_what_was_opened_by_what_is_taken_away
}

/// A browser in which Alice is signed in with password and code.
async fn with_code<'a>(app: &'a TestApp, secret: &str) -> (Browser<'a>, Answer) {
    next_step(app);
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let page = browser.sign_in(&page, ALICE).await;
    assert!(shows(&page, "totp-form"), "{} {}", page.status, page.text());
    let page = browser
        .submit(&page, "totp-form", &[("code", &code_now(app, secret))])
        .await;
    assert!(is_account(&page, ALICE), "{} {}", page.status, page.text());
    (browser, page)
}

async fn sessions_end_with_the_passkey_that_opened_them(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut lost = alices(&app).await;
    app.clock.advance(Duration::from_secs(1));
    let mut maker = signed_in_with(&app, &mut lost).await;
    let mut kept = made(&mut maker).await;
    let by_lost = signed_in_with(&app, &mut lost).await;
    app.clock.advance(Duration::from_secs(1));
    let by_kept = signed_in_with(&app, &mut kept).await;
    let mut current = signed_in_with(&app, &mut kept).await;
    let mut watch = Watch::on(&app, "default").await;
    let gone = removals(&mut current).await.remove(0).send(&mut current).await;
    assert_eq!(gone.header("location"), "/account/factors?done=passkey-removed");
    let rows = watch.news().await;
    let count = |kind| rows.iter().filter(|row| row.kind == kind).count();
    // The one it was made in, the one the other was made in, and the last one it opened.
    assert_eq!(
        (count(PasskeyRemoved), count(SessionEnded), rows.len()),
        (1, 3, 4)
    );
    assert!(!is_signed_in(&by_lost, "").await && !is_signed_in(&maker, "").await);
    assert!(is_signed_in(&by_kept, "").await, "another passkey opened it");
    assert!(is_signed_in(&current, "").await, "where it was done");
    signed_in_with(&app, &mut kept).await;
}

async fn sessions_end_with_the_application_whose_codes_opened_them(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut passkey = alices(&app).await;
    let mut owner = signed_in_with(&app, &mut passkey).await;
    let secret = enrol(&app, &mut owner).await;
    let (by_code, _) = with_code(&app, &secret).await;
    let by_passkey = signed_in_with(&app, &mut passkey).await;
    let (mut current, _) = with_code(&app, &secret).await;
    let list = current.open("/account/factors").await;
    let mut watch = Watch::on(&app, "default").await;
    let page = current.submit(&list, "totp-remove", &[]).await;
    assert!(shows(&page, "totp-begin"), "{} {}", page.status, page.text());
    let rows = watch.news().await;
    let ended: Vec<_> = rows.iter().filter(|row| row.kind == SessionEnded).collect();
    assert!(rows.iter().any(|row| row.kind == FactorRemoved));
    assert_eq!(ended.len(), 1, "{rows:?}");
    assert!(!is_signed_in(&by_code, "").await);
    assert!(is_signed_in(&by_passkey, "").await);
    assert!(is_signed_in(&current, "").await, "where it was done");
}

async fn an_operator_ends_what_was_opened_by_what_is_taken_away(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut passkey = alices(&app).await;
    let by_passkey = signed_in_with(&app, &mut passkey).await;
    let alice = app.user("default", ALICE).await;
    app.app
        .remove_factors(&app.ctx("default"), alice.id)
        .await
        .unwrap();
    assert!(!is_signed_in(&by_passkey, "").await);
    // Nothing is taken away from somebody who has nothing, and their sessions stay.
    let mut bob = app.browser();
    sign_in(&mut bob, "", "bob@example.com").await;
    let id = app.user("default", "bob@example.com").await.id;
    app.app.remove_factors(&app.ctx("default"), id).await.unwrap();
    assert!(is_signed_in(&bob, "").await);
}
