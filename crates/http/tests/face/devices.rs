//! A known browser is known no more once its person has a reason to doubt it; the one in hand stays (PW9, PW7, SE5).

use domain::{OpaqueToken, TokenKind};
use testkit::Backend;
use testkit::app::{PASSWORD, TestApp};
use testkit::browser::Browser;

use super::mail::{ask, deliver, with_sink};
use super::mail_links::{NEW, link, use_link};
use super::watch::signed_in;

const ALICE: &str = "alice@example.com";

on_both_engines! {
    a_new_password_leaves_the_browser_in_hand
    ending_all_sessions_leaves_the_browser_in_hand
    an_administrator_leaves_none
    a_link_leaves_none
}

/// Whether the browser counts as this person's own when somebody guesses in it.
async fn knows(app: &TestApp, browser: &Browser<'_>, email: &str) -> bool {
    let cookie = &browser.cookies["__Host-rsp_device_default"];
    let hash = OpaqueToken::parse(TokenKind::Device, cookie).unwrap();
    let user = app.user("default", email).await.id;
    let ctx = app.ctx("default");
    let mut read = app.store.db.read(ctx.tenant_id()).await.unwrap();
    storage::trusted_devices::contains(&mut read, &hash, user, ctx.now)
        .await
        .unwrap()
}

async fn both_known(app: &TestApp) -> (Browser<'_>, Browser<'_>) {
    let (other, _) = signed_in(app, "", ALICE).await;
    let (mine, _) = signed_in(app, "", ALICE).await;
    assert!(knows(app, &mine, ALICE).await && knows(app, &other, ALICE).await);
    (mine, other)
}

async fn a_new_password_leaves_the_browser_in_hand(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (mut mine, other) = both_known(&app).await;
    let (bobs, _) = signed_in(&app, "", "bob@example.com").await;
    let page = mine.open("/account/password").await;
    // What is refused changes nothing.
    let wrong = [("current", "not the right password"), ("password", NEW)];
    assert_eq!(mine.submit(&page, "password-form", &wrong).await.status, 400);
    assert!(knows(&app, &other, ALICE).await);
    let right = [("current", PASSWORD), ("password", NEW)];
    assert_eq!(mine.submit(&page, "password-form", &right).await.status, 200);
    assert!(knows(&app, &mine, ALICE).await, "the browser in hand");
    assert!(!knows(&app, &other, ALICE).await);
    assert!(knows(&app, &bobs, "bob@example.com").await);
}

async fn ending_all_sessions_leaves_the_browser_in_hand(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (mut mine, other) = both_known(&app).await;
    let (bobs, _) = signed_in(&app, "", "bob@example.com").await;
    let page = mine.open("/account").await;
    mine.submit(&page, "sessions-end-all", &[]).await;
    assert!(knows(&app, &mine, ALICE).await, "the browser in hand");
    assert!(!knows(&app, &other, ALICE).await);
    assert!(knows(&app, &bobs, "bob@example.com").await);
}

async fn an_administrator_leaves_none(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (mine, other) = both_known(&app).await;
    let (bobs, _) = signed_in(&app, "", "bob@example.com").await;
    let alice = app.user("default", ALICE).await.id;
    app.app.end_sessions_of(&app.ctx("default"), alice).await.unwrap();
    assert!(!knows(&app, &mine, ALICE).await && !knows(&app, &other, ALICE).await);
    assert!(knows(&app, &bobs, "bob@example.com").await);
}

/// By a reset, and by saying "that was not me": whoever uses the link is signed in nowhere.
async fn a_link_leaves_none(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let (bobs, _) = signed_in(&app, "", "bob@example.com").await;
    let (mine, other) = both_known(&app).await;
    deliver(&app).await;
    sink.take();
    let mut owner = app.browser();
    ask(&mut owner, "/recover", ALICE).await;
    deliver(&app).await;
    let path = link(&sink.take()[0]);
    owner.open(&path).await;
    assert!(knows(&app, &other, ALICE).await, "asking changes nothing");
    assert_eq!(
        use_link(&mut owner, &path, &[("password", NEW)]).await.status,
        200
    );
    assert!(!knows(&app, &mine, ALICE).await && !knows(&app, &other, ALICE).await);
    deliver(&app).await;
    let notice = sink.take().remove(0);

    // Whoever set it signs in; the owner says that it was not them.
    let mut thief = app.browser();
    let page = thief.open("/account").await;
    let typed = [("email", ALICE), ("password", NEW)];
    thief.submit(&page, "login-form", &typed).await;
    assert!(knows(&app, &thief, ALICE).await);
    let denied = use_link(&mut app.browser(), &link(&notice), &[]).await;
    assert_eq!(denied.status, 200);
    assert!(!knows(&app, &thief, ALICE).await);
    assert!(knows(&app, &bobs, "bob@example.com").await);
}
