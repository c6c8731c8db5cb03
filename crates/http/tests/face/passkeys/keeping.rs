//! Passkeys in the hands of their people and of operators.

use std::time::Duration;

use domain::EventKind::{InvitationCreated, PasskeyRemoved, PasskeyRenamed, SessionEnded};
use domain::{EventKind, UserStatus};
use engine::sign_in::FactorsRemoved;
use testkit::Backend;
use testkit::app::TestApp;

use super::super::watch::{Watch, is_signed_in, shows, sign_in};
use super::authenticator::Says;
use super::{ALICE, alices, begun, forms, invited, made, removals, round, signed_in_with, use_it};

on_both_engines! {
    a_removed_passkey_opens_nothing
    the_only_way_in_stays
    a_passkey_has_the_name_its_person_gives
    what_is_not_ones_own_does_not_exist
    recovery_codes_go_with_the_last_factor
    an_operator_takes_everything_away_and_leaves_a_way_in
    every_request_once
}

async fn every_request_once(backend: Backend) {
    round(&TestApp::start(backend).await).await;
}

async fn kinds(watch: &mut Watch<'_>) -> Vec<EventKind> {
    watch.told().await.into_iter().map(|(kind, _)| kind).collect()
}

async fn a_removed_passkey_opens_nothing(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut passkey = alices(&app).await;
    let mut browser = signed_in_with(&app, &mut passkey).await;
    let removal = removals(&mut browser).await.remove(0);
    let mut watch = Watch::on(&app, "default").await;
    let gone = removal.send(&mut browser).await;
    assert_eq!(gone.header("location"), "/account/factors?done=passkey-removed");
    // The session it was made in ends with it.
    assert_eq!(kinds(&mut watch).await, [PasskeyRemoved, SessionEnded]);
    assert_eq!(removal.send(&mut browser).await.status, 404);
    // Dead at once, for everybody; the password is enough again.
    let refused = use_it(&mut app.browser(), &mut passkey, &Says::used()).await;
    assert_eq!(
        (refused.status.as_u16(), refused.member("error")),
        (400, "refused".to_owned())
    );
    sign_in(&mut app.browser(), "", ALICE).await;
}

async fn the_only_way_in_stays(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (_, mut passkey) = invited(&app).await;
    let mut browser = signed_in_with(&app, &mut passkey).await;
    let only = removals(&mut browser).await.remove(0);
    let mut watch = Watch::on(&app, "default").await;
    let kept = only.send(&mut browser).await;
    assert_eq!(kept.header("location"), "/account/factors?done=last-way-in");
    assert_eq!(watch.only().await.reason.as_deref(), Some("last_way_in"));
    let page = browser.follow(kept).await;
    assert!(page.text().contains("your only way in"), "{}", page.text());
    signed_in_with(&app, &mut passkey).await;
    // The twin: with a second one the first can go.
    app.clock.advance(Duration::from_secs(1));
    let mut second = made(&mut browser).await;
    let old = removals(&mut browser).await.remove(0);
    let gone = old.send(&mut browser).await;
    assert_eq!(gone.header("location"), "/account/factors?done=passkey-removed");
    signed_in_with(&app, &mut second).await;
}

async fn a_passkey_has_the_name_its_person_gives(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    sign_in(&mut browser, "", ALICE).await;
    made(&mut browser).await;
    let page = browser.open("/account/factors").await;
    let rename = forms(&page, "rename-").remove(0);
    let mut watch = Watch::on(&app, "default").await;
    for (typed, shown) in [
        ("  My <key>\u{7}  ", "My &#60;key&#62;"),
        (&"é".repeat(70), &*"é".repeat(64)),
        ("", "Passkey"),
    ] {
        let named = rename.with("name", Some(typed)).send(&mut browser).await;
        assert_eq!(named.header("location"), "/account/factors?done=passkey-renamed");
        assert_eq!(watch.only().await.kind, PasskeyRenamed);
        let page = browser.follow(named).await;
        assert!(page.text().contains(&format!("<h3>{shown}")), "{}", page.text());
    }
}

async fn what_is_not_ones_own_does_not_exist(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut alice = app.browser();
    sign_in(&mut alice, "", ALICE).await;
    let mut passkey = made(&mut alice).await;
    let page = alice.open("/account/factors").await;
    let mut bob = app.browser();
    sign_in(&mut bob, "", "bob@example.com").await;
    made(&mut bob).await;
    let own = removals(&mut bob).await.remove(0);
    for form in [
        forms(&page, "passkey-").remove(0),
        forms(&page, "rename-").remove(0),
    ] {
        let stolen = form
            .with("csrf", Some(own.field("csrf")))
            .with("name", Some("Bob's"));
        assert_eq!(stolen.send(&mut bob).await.status, 404);
        assert_eq!(form.with("csrf", None).send(&mut alice).await.status, 403);
    }
    signed_in_with(&app, &mut passkey).await;
    assert!(!alice.open("/account/factors").await.text().contains("Bob&#39;s"));
}

async fn recovery_codes_go_with_the_last_factor(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut passkey = alices(&app).await;
    let mut browser = signed_in_with(&app, &mut passkey).await;
    made(&mut browser).await;
    let page = browser.open("/account/factors").await;
    browser.submit(&page, "recovery-make", &[]).await;
    let id = app.user("default", ALICE).await.id;
    let ctx = app.ctx("default");
    for left in [10, 0] {
        removals(&mut browser).await.remove(0).send(&mut browser).await;
        let can = app.app.enrolled(&ctx, id).await.unwrap();
        assert_eq!(can.recovery_codes, left);
    }
}

async fn an_operator_takes_everything_away_and_leaves_a_way_in(backend: Backend) {
    let app = TestApp::start(backend).await;
    let ctx = app.ctx("default");
    // Somebody with a password signs in with it.
    let mut passkey = alices(&app).await;
    let alice = app.user("default", ALICE).await.id;
    let mut watch = Watch::on(&app, "default").await;
    let removed = app.app.remove_factors(&ctx, alice).await.unwrap();
    assert!(matches!(removed, FactorsRemoved::Removed), "{removed:?}");
    assert_eq!(kinds(&mut watch).await, [PasskeyRemoved, SessionEnded]);
    assert_eq!(
        use_it(&mut app.browser(), &mut passkey, &Says::used())
            .await
            .status,
        400
    );
    sign_in(&mut app.browser(), "", ALICE).await;
    let again = app.app.remove_factors(&ctx, alice).await.unwrap();
    assert!(matches!(again, FactorsRemoved::None), "{again:?}");
    // Somebody without one begins anew.
    let (email, mut lost) = invited(&app).await;
    let old = signed_in_with(&app, &mut lost).await;
    let user = app.user("default", &email).await.id;
    watch.news().await;
    let removed = app.app.remove_factors(&ctx, user).await.unwrap();
    let FactorsRemoved::Invited(token) = removed else {
        panic!("{removed:?}");
    };
    let told = kinds(&mut watch).await;
    assert_eq!(told, [InvitationCreated, PasskeyRemoved, SessionEnded]);
    assert_eq!(app.user("default", &email).await.status, UserStatus::Invited);
    assert!(!is_signed_in(&old, "").await);
    assert_eq!(
        use_it(&mut app.browser(), &mut lost, &Says::used()).await.status,
        400
    );
    let mut browser = app.browser();
    let page = browser.open(&format!("/invite?token={}", token.expose())).await;
    assert!(shows(&page, "invite-form"), "{}", page.text());
    let mut new = begun(&mut browser, &page).await;
    signed_in_with(&app, &mut new).await;
}
