//! A person who lost their second factor gets a new one by password and mail, after a delay in which the owner can stop it
//! (MF10, F6).

use std::time::Duration;

use domain::EventKind::{FactorRecoveryStarted, FactorRecoveryStopped, FactorRemoved, SessionEnded};
use domain::{EventKind, TenantSettings};
use engine::users::NewUser;
use testkit::Backend;
use testkit::app::{Answer, PASSWORD, TestApp};
use testkit::browser::Browser;
use testkit::smtp::SmtpSink;

use super::factors::{code_now, enrol, next_step};
use super::mail::{deliver, with_sink};
use super::mail_links::{link, use_link};
use super::watch::{Filled, Watch, is_account, is_signed_in, shows, signed_in};

const ALICE: &str = "alice@example.com";
const DELAY: Duration = Duration::from_hours(3 * 24);

on_both_engines! {
    factors_go_after_the_delay_and_new_ones_come
    the_owner_stops_it_by_its_link
    the_owner_stops_it_by_signing_in
    what_the_thief_does_meanwhile_leaves_the_link_that_stops_it
    a_link_is_of_one_use_one_browser_and_the_stored_address
    who_proved_nothing_gets_no_link
    it_is_the_tenants_to_offer
    a_recovery_that_nobody_finishes_ends
}

/// Somebody with a second factor: where they set it up, and its secret.
pub(crate) async fn owner<'a>(app: &'a TestApp, sink: &SmtpSink, email: &str) -> (Browser<'a>, String) {
    let (mut browser, _) = signed_in(app, "", email).await;
    let secret = enrol(app, &mut browser).await;
    next_step(app);
    deliver(app).await;
    sink.take();
    (browser, secret)
}

/// The question for the second factor, the password being proved.
async fn asked(browser: &mut Browser<'_>, email: &str) -> Answer {
    let page = browser.open("/account").await;
    let page = browser.sign_in(&page, email).await;
    assert!(shows(&page, "totp-form"), "{} {}", page.status, page.text());
    page
}

/// The newest link to a page that was mailed to somebody.
pub(crate) async fn mailed(app: &TestApp, sink: &SmtpSink, email: &str, path: &str) -> Option<String> {
    deliver(app).await;
    let mails = sink.take();
    assert!(mails.iter().all(|mail| mail.to == email), "{mails:?}");
    mails
        .iter()
        .map(link)
        .rfind(|link| link.starts_with(&format!("{path}?")))
}

/// Says in this browser that the second factor is lost; the link that is mailed.
pub(crate) async fn lost(app: &TestApp, sink: &SmtpSink, browser: &mut Browser<'_>, email: &str) -> String {
    let page = asked(browser, email).await;
    let sent = browser.submit(&page, "factor-lost", &[("lost", "1")]).await;
    assert_eq!(sent.status, 200);
    mailed(app, sink, email, "/recover/factor").await.unwrap()
}

/// Starts a recovery; the link that stops it.
pub(crate) async fn started(app: &TestApp, sink: &SmtpSink, browser: &mut Browser<'_>) -> String {
    let path = lost(app, sink, browser, ALICE).await;
    let mut watch = Watch::on(app, "default").await;
    assert_eq!(use_link(browser, &path, &[]).await.status, 200);
    let told = watch.told().await;
    assert_eq!(told, [(FactorRecoveryStarted, "lost_factor".to_owned())]);
    mailed(app, sink, ALICE, "/recover/factor/stop").await.unwrap()
}

async fn is_asked_for_the_factor(app: &TestApp, email: &str) -> bool {
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let page = browser.sign_in(&page, email).await;
    assert!(shows(&page, "totp-form") || is_account(&page, email));
    shows(&page, "totp-form")
}

/// Asks once more and uses the link: what of it is recorded.
async fn again(app: &TestApp, sink: &SmtpSink, browser: &mut Browser<'_>) -> Vec<EventKind> {
    let path = lost(app, sink, browser, ALICE).await;
    let mut watch = Watch::on(app, "default").await;
    assert_eq!(use_link(browser, &path, &[]).await.status, 200);
    watch.told().await.into_iter().map(|(kind, _)| kind).collect()
}

async fn factors_go_after_the_delay_and_new_ones_come(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let (signed_in_before, _) = owner(&app, &sink, ALICE).await;
    let mut browser = app.browser();
    started(&app, &sink, &mut browser).await;
    // Nothing is any weaker before its time, however often it is asked.
    app.clock.advance(Duration::from_mins(3 * 24 * 60 - 1));
    assert_eq!(again(&app, &sink, &mut browser).await, []);
    assert!(is_asked_for_the_factor(&app, ALICE).await);
    app.clock.advance(Duration::from_secs(61));
    assert!(
        is_asked_for_the_factor(&app, ALICE).await,
        "time alone removes nothing"
    );
    assert_eq!(
        again(&app, &sink, &mut browser).await,
        [FactorRemoved, SessionEnded]
    );
    assert!(!is_signed_in(&signed_in_before, "").await);
    assert!(!is_signed_in(&browser, "").await, "a link signs nobody in");
    let notice = mailed(&app, &sink, ALICE, "/recover/deny").await;
    assert!(notice.is_some(), "the owner is told");
    assert!(!is_asked_for_the_factor(&app, ALICE).await);
    let (mut browser, _) = signed_in(&app, "", ALICE).await;
    enrol(&app, &mut browser).await;
    assert!(is_asked_for_the_factor(&app, ALICE).await);
}

async fn the_owner_stops_it_by_its_link(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    owner(&app, &sink, ALICE).await;
    let mut browser = app.browser();
    let stop = started(&app, &sink, &mut browser).await;
    app.clock.advance(DELAY);
    let mut owner = app.browser();
    assert!(
        shows(&owner.open(&stop).await, "link-form"),
        "looking stops nothing"
    );
    let mut watch = Watch::on(&app, "default").await;
    assert_eq!(use_link(&mut owner, &stop, &[]).await.status, 200);
    assert_eq!(watch.told().await, [(FactorRecoveryStopped, String::new())]);
    assert_eq!(owner.open(&stop).await.status, 410);
    // Whoever goes on begins anew, and the owner is told anew.
    assert_eq!(again(&app, &sink, &mut browser).await, [FactorRecoveryStarted]);
    assert!(mailed(&app, &sink, ALICE, "/recover/factor/stop").await.is_some());
    assert!(is_asked_for_the_factor(&app, ALICE).await);
}

async fn the_owner_stops_it_by_signing_in(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let (_, secret) = owner(&app, &sink, ALICE).await;
    let mut browser = app.browser();
    let stop = started(&app, &sink, &mut browser).await;
    app.clock.advance(DELAY);
    let mut owner = app.browser();
    let page = asked(&mut owner, ALICE).await;
    let code = code_now(&app, &secret);
    let page = owner.submit(&page, "totp-form", &[("code", &code)]).await;
    assert!(is_account(&page, ALICE), "{} {}", page.status, page.text());
    assert_eq!(use_link(&mut app.browser(), &stop, &[]).await.status, 410);
    assert_eq!(again(&app, &sink, &mut browser).await, [FactorRecoveryStarted]);
    assert!(is_asked_for_the_factor(&app, ALICE).await);
}

async fn what_the_thief_does_meanwhile_leaves_the_link_that_stops_it(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    owner(&app, &sink, ALICE).await;
    let mut thief = app.browser();
    let stop = started(&app, &sink, &mut thief).await;
    super::mail::ask(&mut thief, "/recover", ALICE).await;
    let reset = mailed(&app, &sink, ALICE, "/recover/set").await.unwrap();
    let same = [("password", PASSWORD)];
    assert_eq!(use_link(&mut thief, &reset, &same).await.status, 200);
    app.clock.advance(DELAY);
    assert_eq!(use_link(&mut app.browser(), &stop, &[]).await.status, 200);
    assert_eq!(again(&app, &sink, &mut thief).await, [FactorRecoveryStarted]);
}

async fn a_link_is_of_one_use_one_browser_and_the_stored_address(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    owner(&app, &sink, ALICE).await;
    let mut browser = app.browser();
    let page = asked(&mut browser, ALICE).await;
    // An address in the request counts for nothing; `mailed` looks at where the mails went.
    let fields = [("lost", "1"), ("email", "thief@evil.example")];
    browser.submit(&page, "factor-lost", &fields).await;
    let path = mailed(&app, &sink, ALICE, "/recover/factor").await.unwrap();
    assert_eq!(app.browser().open(&path).await.status, 410, "another browser");
    let form = Filled::of(&browser.open(&path).await, "link-form", &[]);
    assert_eq!(form.send(&mut app.browser()).await.status, 410);
    let token = path.split('=').nth(1).unwrap();
    for other in ["/recover/set", "/recover/deny", "/recover/factor/stop"] {
        let answer = browser.open(&format!("{other}?token={token}")).await;
        assert_eq!(answer.status, 410, "{other}");
    }
    assert_eq!(form.send(&mut browser).await.status, 200);
    assert_eq!(form.send(&mut browser).await.status, 410, "a second use");
    // When its time has come, one of many is first.
    app.clock.advance(DELAY);
    let path = lost(&app, &sink, &mut browser, ALICE).await;
    let form = Filled::of(&browser.open(&path).await, "link-form", &[]);
    let posts = (0..10).map(|_| {
        let (form, mut browser) = (&form, browser.clone());
        async move { form.send(&mut browser).await.status.as_u16() }
    });
    let mut done = futures_util::future::join_all(posts).await;
    done.sort_unstable();
    assert_eq!(done[0], 200);
    assert!(done[1..].iter().all(|status| *status == 410), "{done:?}");
}

async fn who_proved_nothing_gets_no_link(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    owner(&app, &sink, ALICE).await;
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let form = Filled::of(&page, "login-form", &[("lost", "1"), ("email", ALICE)]);
    let early = Filled {
        action: "/login/factor".to_owned(),
        fields: form.fields,
    };
    assert_eq!(early.send(&mut browser).await.status, 303);
    assert_eq!(deliver(&app).await, 0);
    let page = browser.open("/account").await;
    let wrong = [("email", ALICE), ("password", "not the right one")];
    browser.submit(&page, "login-form", &wrong).await;
    assert_eq!(early.send(&mut browser).await.status, 303);
    assert_eq!(deliver(&app).await, 0);
    lost(&app, &sink, &mut app.browser(), ALICE).await;
}

async fn it_is_the_tenants_to_offer(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    owner(&app, &sink, ALICE).await;
    let mut browser = app.browser();
    let page = asked(&mut browser, ALICE).await;
    let form = Filled::of(&page, "factor-lost", &[("lost", "1")]);
    let path = lost(&app, &sink, &mut app.browser(), ALICE).await;
    with_delay(&app, None).await;
    let page = browser
        .open(&format!("/login/factor?flow={}", form.field("flow")))
        .await;
    assert!(shows(&page, "totp-form") && !shows(&page, "factor-lost"));
    assert_eq!(form.send(&mut browser).await.status, 303);
    assert_eq!(deliver(&app).await, 0);
    assert_eq!(browser.open(&path).await.status, 410);
    // The twin, with another delay.
    with_delay(&app, Some(3_600)).await;
    let mut browser = app.browser();
    started(&app, &sink, &mut browser).await;
    app.clock.advance(Duration::from_hours(1));
    assert_eq!(
        again(&app, &sink, &mut browser).await,
        [FactorRemoved, SessionEnded]
    );
    // Where nobody knows whose the address is, no mail to it proves anything.
    let new = NewUser {
        email: "carol@example.com".parse().unwrap(),
        email_verified: false,
        profile: domain::Profile::default(),
        password: Some(domain::Secret::new(PASSWORD.to_owned())),
    };
    app.app.create_user(&app.ctx("default"), new).await.unwrap();
    deliver(&app).await;
    sink.take();
    owner(&app, &sink, "carol@example.com").await;
    let page = asked(&mut app.browser(), "carol@example.com").await;
    assert!(!shows(&page, "factor-lost"));
}

async fn with_delay(app: &TestApp, secs: Option<u64>) {
    let ctx = app.ctx("default");
    let mut settings: TenantSettings = ctx.tenant.tenant.settings.clone();
    settings.sign_in.second_factor.recovery_delay_secs = secs;
    let name = ctx.tenant.tenant.name.clone();
    app.app.update_tenant(&ctx, &name, settings).await.unwrap();
}

async fn a_recovery_that_nobody_finishes_ends(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    owner(&app, &sink, ALICE).await;
    let mut browser = app.browser();
    started(&app, &sink, &mut browser).await;
    app.clock.advance(DELAY + Duration::from_hours(7 * 24));
    assert_eq!(again(&app, &sink, &mut browser).await, [FactorRecoveryStarted]);
    assert!(is_asked_for_the_factor(&app, ALICE).await);
}

/// Legitimate requests of both pages, by a person of their own.
pub(crate) async fn twin(app: &TestApp, sink: &SmtpSink, method: &str, path: &str, email: &str) -> Answer {
    app.add_user("default", email).await;
    owner(app, sink, email).await;
    let mut browser = app.browser();
    let mut link = lost(app, sink, &mut browser, email).await;
    if path.ends_with("/stop") {
        use_link(&mut browser, &link, &[]).await;
        link = mailed(app, sink, email, path).await.unwrap();
    }
    match method {
        "GET" => browser.open(&link).await,
        _ => use_link(&mut browser, &link, &[]).await,
    }
}
