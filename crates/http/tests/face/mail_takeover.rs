//! Somebody who is signed in as another person moves the account to an address of their own. The mails to the earlier
//! address lead back there, whatever was done meanwhile (PW13, F6).

use std::time::Duration;

use testkit::Backend;
use testkit::app::{PASSWORD, TestApp};
use testkit::browser::Browser;
use testkit::smtp::{Caught, SmtpSink};

use super::mail::{ask, deliver, with_sink};
use super::mail_links::{NEW, can_sign_in, link, use_link};
use super::watch::{is_account, is_signed_in, shows, signed_in};

const OWNER: &str = "bob@example.com";
const THIEF: &str = "thief@evil.example";
const OWN: &str = "the owner's own passphrase";

on_both_engines! {
    the_first_notice_leads_back_to_the_old_address
    the_second_notice_leads_back_to_the_old_address
    a_change_that_nobody_denies_stays
    an_address_that_somebody_else_has_by_now_closes_the_account
    a_change_needs_a_fresh_sign_in
}

async fn mails(app: &TestApp, sink: &SmtpSink) -> Vec<Caught> {
    deliver(app).await;
    sink.take()
}

async fn mail_to(app: &TestApp, sink: &SmtpSink, to: &str) -> Caught {
    let mut mails = mails(app, sink).await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    let mail = mails.remove(0);
    assert_eq!(mail.to, to);
    mail
}

/// Moves the account; the notices the old address got, the one of the wish and the one of the deed.
async fn moved<'a>(app: &'a TestApp, sink: &SmtpSink) -> (Browser<'a>, [String; 2]) {
    let (mut browser, page) = signed_in(app, "", OWNER).await;
    let wish = [("email", THIEF)];
    assert_eq!(browser.submit(&page, "email-change", &wish).await.status, 200);
    let wished = link(&mail_to(app, sink, OWNER).await);
    app.clock.advance(Duration::from_hours(1));
    let proof = link(&mail_to(app, sink, THIEF).await);
    assert_eq!(use_link(&mut browser, &proof, &[]).await.status, 200);
    let done = link(&mail_to(app, sink, OWNER).await);
    (browser, [wished, done])
}

/// The thief does what a thief can: a password of their own, and whatever notices of it to their own address open.
async fn dug_in<'a>(app: &'a TestApp, sink: &SmtpSink) -> (Browser<'a>, String) {
    app.clock.advance(Duration::from_mins(1));
    let mut browser = app.browser();
    ask(&mut browser, "/recover", THIEF).await;
    let reset = link(&mail_to(app, sink, THIEF).await);
    assert_eq!(
        use_link(&mut browser, &reset, &[("password", NEW)]).await.status,
        200
    );
    let first = link(&mail_to(app, sink, THIEF).await);
    assert_eq!(use_link(&mut browser, &first, &[]).await.status, 200, "even that");
    let reset = link(&mail_to(app, sink, THIEF).await);
    assert_eq!(
        use_link(&mut browser, &reset, &[("password", NEW)]).await.status,
        200
    );
    let kept = link(&mail_to(app, sink, THIEF).await);
    let page = browser.open("/account").await;
    let fields = [("email", THIEF), ("password", NEW)];
    let page = browser.submit(&page, "login-form", &fields).await;
    assert!(is_account(&page, THIEF));
    (browser, kept)
}

async fn the_first_notice_leads_back_to_the_old_address(backend: Backend) {
    leads_back(backend, 0).await;
}

async fn the_second_notice_leads_back_to_the_old_address(backend: Backend) {
    leads_back(backend, 1).await;
}

async fn leads_back(backend: Backend, which: usize) {
    let (app, sink) = with_sink(backend).await;
    let id = app.user("default", OWNER).await.id;
    let (_, notices) = moved(&app, &sink).await;
    let (thief, kept) = dug_in(&app, &sink).await;
    sink.take();

    let mut owner = app.browser();
    let page = owner.open(&notices[which]).await;
    assert!(shows(&page, "link-form"), "{} {}", page.status, page.text());
    assert!(page.text().contains(OWNER) && !page.text().contains(THIEF));
    assert!(is_signed_in(&thief, "").await, "opening changes nothing");
    assert_eq!(use_link(&mut owner, &notices[which], &[]).await.status, 200);

    assert!(!is_signed_in(&thief, "").await);
    let account = app.user("default", OWNER).await;
    assert!(account.id == id && account.email_verified);
    let mails = mails(&app, &sink).await;
    let to_thief: Vec<_> = mails.iter().filter(|mail| mail.to == THIEF).collect();
    assert_eq!(to_thief.len(), 1, "{mails:?}");
    assert!(!to_thief[0].raw.contains("token="), "{}", to_thief[0].raw);
    let reset = mails.iter().find(|mail| mail.to == OWNER).unwrap();
    for gone in [&kept, &notices[0], &notices[1]] {
        assert_eq!(app.browser().open(gone).await.status, 410, "{gone}");
    }
    ask(&mut app.browser(), "/recover", THIEF).await;
    assert_eq!(deliver(&app).await, 0, "nobody has that address any more");

    let done = use_link(&mut owner, &link(reset), &[("password", OWN)]).await;
    assert_eq!(done.status, 200);
    assert!(can_sign_in(&app, OWNER, OWN).await);
    assert!(!can_sign_in(&app, THIEF, NEW).await);
}

async fn a_change_that_nobody_denies_stays(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let (_, notices) = moved(&app, &sink).await;
    assert!(can_sign_in(&app, THIEF, PASSWORD).await);
    // A new password by the new address ends nothing that the old one has; its time does.
    let (_, kept) = dug_in(&app, &sink).await;
    for path in &notices {
        assert!(shows(&app.browser().open(path).await, "link-form"));
    }
    app.clock.advance(Duration::from_hours(7 * 24));
    for path in notices.iter().chain([&kept]) {
        assert_eq!(app.browser().open(path).await.status, 410);
    }
    assert!(can_sign_in(&app, THIEF, NEW).await);
}

async fn an_address_that_somebody_else_has_by_now_closes_the_account(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let (thief, notices) = moved(&app, &sink).await;
    let other = app.add_user("default", OWNER).await;
    let page = app.browser().open(&notices[1]).await;
    assert!(shows(&page, "link-form"));
    assert_eq!(use_link(&mut app.browser(), &notices[1], &[]).await.status, 200);
    assert!(!is_signed_in(&thief, "").await);
    assert!(!can_sign_in(&app, THIEF, PASSWORD).await);
    assert_eq!(deliver(&app).await, 0);
    ask(&mut app.browser(), "/recover", THIEF).await;
    assert_eq!(deliver(&app).await, 0, "there is no way back in");
    // The other account is what it was.
    assert_eq!(app.user("default", OWNER).await.id, other.id);
    assert!(can_sign_in(&app, OWNER, PASSWORD).await);
}

async fn a_change_needs_a_fresh_sign_in(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let (mut browser, page) = signed_in(&app, "", OWNER).await;
    app.clock.advance(Duration::from_mins(6));
    let wish = [("email", THIEF)];
    let answer = browser.submit(&page, "email-change", &wish).await;
    assert!(answer.text().contains("too long ago"), "{}", answer.text());
    assert_eq!(deliver(&app).await, 0);
    let (mut browser, page) = signed_in(&app, "", OWNER).await;
    assert_eq!(browser.submit(&page, "email-change", &wish).await.status, 200);
    mail_to(&app, &sink, OWNER).await;
}
