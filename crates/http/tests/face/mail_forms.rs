//! What people type on the pages that links open, and accounts whose links mean nothing any more (G3, G5, G6, PW2, I3).

use testkit::Backend;
use testkit::app::TestApp;
use testkit::smtp::SmtpSink;

use super::mail::{ask, deliver, with_sink};
use super::mail_links::{NEW, can_sign_in, link, use_link};
use super::mail_twins::open_registration;
use super::watch::{is_signed_in, shows};

on_both_engines! {
    a_password_that_cannot_be_leaves_the_link_as_it_was
    an_address_that_looks_like_another_makes_no_account
    a_link_dies_with_the_account
}

async fn mailed(app: &TestApp, sink: &SmtpSink) -> Option<String> {
    deliver(app).await;
    sink.take().last().map(link)
}

async fn a_password_that_cannot_be_leaves_the_link_as_it_was(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    open_registration(&app).await;
    let long = "x y ".repeat(300);
    for (page, email) in [
        ("/recover", "alice@example.com"),
        ("/register", "newcomer@example.com"),
    ] {
        let mut browser = app.browser();
        ask(&mut browser, page, email).await;
        let path = mailed(&app, &sink).await.unwrap();
        for (wrong, why) in [
            ("1234567887654321", "list of common or leaked passwords"),
            ("my default passphrase of old", ""),
            (personal(email), ""),
        ] {
            let answer = use_link(&mut browser, &path, &[("password", wrong)]).await;
            assert_eq!(answer.status, 400, "{page} {wrong:?}");
            assert!(answer.text().contains(why), "{page} {wrong:?} {}", answer.text());
            assert!(!answer.text().contains(wrong), "it is not repeated");
        }
        for wrong in ["", "short", long.as_str()] {
            let answer = use_link(&mut browser, &path, &[("password", wrong)]).await;
            assert_eq!(answer.status, 400, "{page} {wrong:?}");
            assert!(shows(&answer, "link-form"));
            assert!(!is_signed_in(&browser, "").await);
        }
        assert_eq!(
            use_link(&mut browser, &path, &[("password", NEW)]).await.status,
            200
        );
        assert!(can_sign_in(&app, email, NEW).await);
        deliver(&app).await;
        sink.take();
    }
}

/// What everybody knows about this person.
fn personal(email: &str) -> &'static str {
    match email {
        "alice@example.com" => "alice lives at the lake",
        _ => "newcomer lives at the lake",
    }
}

async fn an_address_that_looks_like_another_makes_no_account(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    open_registration(&app).await;
    let mut answers = Vec::new();
    // Full-width letters, a Cyrillic one, a dotless one, an accent as a letter of its own.
    for email in [
        "\u{ff41}lice@example.com",
        "\u{430}lice@example.com",
        "al\u{131}ce@example.com",
        "alice\u{301}@example.com",
    ] {
        let answer = ask(&mut app.browser(), "/register", email).await;
        if answer.status == 200 {
            answers.push(answer.text().replace(answer.header("x-request-id"), "ID"));
        }
        assert_eq!(mailed(&app, &sink).await, None, "{email}");
    }
    // Her own address in other letters is hers: she is told, and no second account comes of it.
    let mut browser = app.browser();
    let answer = ask(&mut browser, "/register", "Alice@Example.COM").await;
    answers.push(answer.text().replace(answer.header("x-request-id"), "ID"));
    assert!(mailed(&app, &sink).await.unwrap().starts_with("/recover/set"));
    let answer = ask(&mut browser, "/register", "alicia@example.com").await;
    answers.push(answer.text().replace(answer.header("x-request-id"), "ID"));
    assert!(mailed(&app, &sink).await.unwrap().starts_with("/register/finish"));
    assert!(answers.iter().all(|text| *text == answers[0]));
}

async fn a_link_dies_with_the_account(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let ctx = app.ctx("default");
    let alice = app.user("default", "alice@example.com").await;
    let mut browser = app.browser();
    ask(&mut browser, "/recover", "alice@example.com").await;
    let path = mailed(&app, &sink).await.unwrap();
    app.app.disable_user(&ctx, alice.id).await.unwrap();
    assert_eq!(browser.open(&path).await.status, 410);
    ask(&mut browser, "/recover", "alice@example.com").await;
    assert_eq!(mailed(&app, &sink).await, None);
    // What was ended stays ended; a new one works.
    app.app.enable_user(&ctx, alice.id).await.unwrap();
    assert_eq!(browser.open(&path).await.status, 410);
    ask(&mut browser, "/recover", "alice@example.com").await;
    let path = mailed(&app, &sink).await.unwrap();
    assert_eq!(
        use_link(&mut browser, &path, &[("password", NEW)]).await.status,
        200
    );
}
