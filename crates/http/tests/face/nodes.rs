//! What ends or counts on one node does so on the other (SE5, MF13).

use domain::Secret;
use engine::sign_in::{FactorCode, FactorRefused};
use testkit::Backend;
use testkit::app::{TestApp, use_smtp};
use testkit::smtp::SmtpSink;

use super::factors::{code_now, enrol, half_way, next_step, wrong};
use super::mail::{ask, deliver, with_sink};
use super::mail_links::{NEW, link, use_link};
use super::watch::{Filled, is_signed_in, sign_in, signed_in};

const ALICE: &str = "alice@example.com";
const SESSION: &str = "__Host-rsp_session_default";

on_both_engines! {
    a_reset_a_denial_and_an_administrator_end_sessions_on_every_node
    guesses_at_a_second_factor_count_on_every_node
}

async fn newest_link(app: &TestApp, sink: &SmtpSink) -> String {
    deliver(app).await;
    link(sink.take().last().unwrap())
}

async fn a_reset_a_denial_and_an_administrator_end_sessions_on_every_node(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let node = app.another_node(3).await;
    use_smtp(&node, &sink);
    let ctx = app.ctx("default");
    let alice = app.user("default", ALICE).await.id;
    let (bob, _) = signed_in(&app, "", "bob@example.com").await;
    let lives = async |cookie: &str| node.signed_in(&ctx, cookie).await.unwrap().is_some();

    let (browser, _) = signed_in(&app, "", ALICE).await;
    assert!(lives(&browser.cookies[SESSION]).await);
    app.app.end_sessions_of(&ctx, alice).await.unwrap();
    assert!(!lives(&browser.cookies[SESSION]).await, "by an administrator");

    let (browser, _) = signed_in(&app, "", ALICE).await;
    let mut owner = app.browser();
    ask(&mut owner, "/recover", ALICE).await;
    let path = newest_link(&app, &sink).await;
    assert!(lives(&browser.cookies[SESSION]).await);
    let same = [("password", NEW)];
    assert_eq!(use_link(&mut owner, &path, &same).await.status, 200);
    assert!(!lives(&browser.cookies[SESSION]).await, "by a reset");

    let notice = newest_link(&app, &sink).await;
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let typed = [("email", ALICE), ("password", NEW)];
    browser.submit(&page, "login-form", &typed).await;
    assert!(lives(&browser.cookies[SESSION]).await);
    assert_eq!(use_link(&mut app.browser(), &notice, &[]).await.status, 200);
    assert!(!lives(&browser.cookies[SESSION]).await, "by a denial");
    assert!(lives(&bob.cookies[SESSION]).await, "nobody else's");
    assert!(is_signed_in(&bob, "").await);
}

/// One guess here, the next there: together they are five.
async fn guesses_at_a_second_factor_count_on_every_node(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut owner = app.browser();
    sign_in(&mut owner, "", ALICE).await;
    let secret = enrol(&app, &mut owner).await;
    next_step(&app);
    let (browser, page) = half_way(&app).await;
    let id = Filled::of(&page, "totp-form", &[]).field("flow").to_owned();
    let cookie = browser.cookies[&format!("__Host-rsp_flow_{id}")].clone();
    let nodes = [std::sync::Arc::clone(&app.app), app.another_node(4).await];
    let try_at = async |number: usize, code: String| {
        let (node, ctx) = (&nodes[number % 2], app.ctx("default"));
        let flow = node.flow(&ctx, &id, Some(&cookie)).await.unwrap();
        let code = FactorCode::Totp(Secret::new(code));
        node.verify_factor(&ctx, &flow, &code, None).await.map(drop)
    };
    for number in 0..5 {
        let refused = try_at(number, wrong(&app, &secret)).await;
        assert!(matches!(refused, Err(FactorRefused::Wrong)), "{number}");
    }
    for number in 5..7 {
        let refused = try_at(number, code_now(&app, &secret)).await;
        assert!(matches!(refused, Err(FactorRefused::Blocked)), "{number}");
    }
    app.clock.advance(std::time::Duration::from_mins(16));
    let (mut browser, page) = half_way(&app).await;
    let code = code_now(&app, &secret);
    browser.submit(&page, "totp-form", &[("code", &code)]).await;
    assert!(is_signed_in(&browser, "").await, "after the block it counts");
}
