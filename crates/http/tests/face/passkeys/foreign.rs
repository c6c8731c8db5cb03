//! "That was not me" also ends what somebody else added to the account, and nothing that was there before (MF10, MF13).

use std::time::Duration;

use domain::EventKind::{
    AccountDenied, FactorSuspended, Login, PasskeyRemoved, PasswordCompromised, SessionEnded,
};
use domain::{EventId, EventKind};
use testkit::Backend;
use testkit::app::TestApp;
use testkit::browser::Browser;
use testkit::smtp::{Caught, SmtpSink};

use super::super::factors::{code_now, enrol, next_step};
use super::super::mail::{deliver, with_sink};
use super::super::mail_links::{NEW, link, use_link};
use super::super::watch::{Filled, Watch, is_account, is_signed_in, shows, sign_in};
use super::authenticator::{Authenticator, Says};
use super::{ALICE, alices, forms, made, signed_in_with, use_it};

on_both_engines! {
    what_a_thief_added_opens_nothing_once_it_is_denied
    what_was_there_before_opens_the_account_again
    the_activity_page_ends_what_was_added_since
    only_ones_own_and_only_by_a_fresh_sign_in
}

async fn mails(app: &TestApp, sink: &SmtpSink) -> Vec<Caught> {
    deliver(app).await;
    sink.take()
}

fn path_of(mails: &[Caught], path: &str) -> String {
    let with_link = |mail: &&Caught| mail.links().iter().any(|link| link.contains(path));
    link(
        mails
            .iter()
            .rfind(with_link)
            .unwrap_or_else(|| panic!("{path}: {mails:?}")),
    )
}

/// Somebody who knows the password makes a passkey; the link in the notice of it.
async fn break_in<'a>(app: &'a TestApp, sink: &SmtpSink) -> (Browser<'a>, Authenticator, String) {
    app.clock.advance(Duration::from_mins(1));
    mails(app, sink).await;
    let mut thief = app.browser();
    sign_in(&mut thief, "", ALICE).await;
    let passkey = made(&mut thief).await;
    let told = mails(app, sink).await;
    (thief, passkey, path_of(&told, "/recover/deny"))
}

/// Uses the link and chooses another password.
async fn denied(app: &TestApp, sink: &SmtpSink, deny: &str) -> Vec<EventKind> {
    let mut watch = Watch::on(app, "default").await;
    let mut owner = app.browser();
    assert_eq!(use_link(&mut owner, deny, &[]).await.status, 200);
    let kinds = watch.told().await.into_iter().map(|(kind, _)| kind).collect();
    let told = mails(app, sink).await;
    assert!(told.iter().all(|mail| mail.to == ALICE), "{told:?}");
    let reset = path_of(&told, "/recover/set");
    let done = use_link(&mut owner, &reset, &[("password", NEW)]).await;
    assert_eq!(done.status, 200, "{}", done.text());
    kinds
}

async fn half_way(app: &TestApp) -> (Browser<'_>, testkit::app::Answer) {
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let fields = [("email", ALICE), ("password", NEW)];
    let page = browser.submit(&page, "login-form", &fields).await;
    (browser, page)
}

async fn what_a_thief_added_opens_nothing_once_it_is_denied(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    sign_in(&mut app.browser(), "", ALICE).await;
    let (mut thief, mut passkey, deny) = break_in(&app, &sink).await;
    let secret = enrol(&app, &mut thief).await;
    let kinds = denied(&app, &sink, &deny).await;
    assert_eq!(kinds, [AccountDenied, FactorSuspended]);
    assert!(!is_signed_in(&thief, "").await);
    let refused = use_it(&mut app.browser(), &mut passkey, &Says::used()).await;
    assert_eq!(
        (refused.status.as_u16(), refused.member("error")),
        (400, "refused".to_owned())
    );
    // Whoever reads the mails has not got around the second factor: it is asked for, and only the wait leads on.
    let (mut owner, page) = half_way(&app).await;
    assert!(shows(&page, "factor-lost"), "{} {}", page.status, page.text());
    assert!(!shows(&page, "totp-form") && !shows(&page, "passkey-form"));
    next_step(&app);
    let form = Filled::of(&page, "factor-lost", &[]);
    let code = code_now(&app, &secret);
    let tried = form
        .with("method", Some("totp"))
        .with("code", Some(&code))
        .with("lost", None);
    assert_eq!(tried.send(&mut owner).await.status, 401);
    assert!(!is_signed_in(&owner, "").await);
}

async fn what_was_there_before_opens_the_account_again(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let mut old = alices(&app).await;
    app.clock.advance(Duration::from_mins(1));
    mails(&app, &sink).await;
    let mut thief = signed_in_with(&app, &mut old).await;
    let mut new = made(&mut thief).await;
    let deny = path_of(&mails(&app, &sink).await, "/recover/deny");
    denied(&app, &sink, &deny).await;
    let refused = use_it(&mut app.browser(), &mut new, &Says::used()).await;
    assert_eq!(refused.status, 400);
    let mut owner = signed_in_with(&app, &mut old).await;
    let page = owner.open("/account/factors").await;
    assert!(page.text().contains("set aside, opens nothing"));
    let removal = forms(&page, "passkey-").remove(1);
    let gone = removal.send(&mut owner).await;
    assert_eq!(gone.header("location"), "/account/factors?done=passkey-removed");
    signed_in_with(&app, &mut old).await;
}

/// A person with an old second factor, and somebody who signs in with it and adds more; the event of that sign-in.
async fn shared(app: &TestApp) -> (Browser<'_>, String, Browser<'_>, Authenticator, EventId) {
    let mut owner = app.browser();
    sign_in(&mut owner, "", ALICE).await;
    let secret = enrol(app, &mut owner).await;
    next_step(app);
    let mut watch = Watch::on(app, "default").await;
    let mut thief = app.browser();
    let page = thief.open("/account").await;
    let page = thief.sign_in(&page, ALICE).await;
    let code = code_now(app, &secret);
    let page = thief.submit(&page, "totp-form", &[("code", &code)]).await;
    assert!(is_account(&page, ALICE));
    let rows = watch.news().await;
    let event = rows.iter().find(|row| row.kind == Login).unwrap().id;
    let passkey = made(&mut thief).await;
    let list = thief.open("/account/factors").await;
    thief.submit(&list, "recovery-make", &[]).await;
    (owner, secret, thief, passkey, event)
}

async fn the_activity_page_ends_what_was_added_since(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (mut owner, secret, thief, mut passkey, event) = shared(&app).await;
    let way = format!("/account/activity/not-me?event={event}");
    assert!(owner.open("/account/activity").await.text().contains(&way));
    let page = owner.open(&way).await;
    let text = page.text();
    for shown in [
        "1 other session",
        "Passkey",
        "10 recovery codes",
        "1 known browser",
        "Your password",
    ] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    assert!(!text.contains("Authenticator app"), "that one is older");
    let form = Filled::of(&page, "not-me-form", &[]);
    let mut watch = Watch::on(&app, "default").await;
    assert_eq!(form.with("csrf", Some("x")).send(&mut owner).await.status, 403);
    assert!(
        is_signed_in(&thief, "").await,
        "nothing ended by looking, or by another site"
    );
    watch.news().await;
    let done = form.send(&mut owner).await;
    assert_eq!(done.header("location"), "/account?done=not-me");
    let kinds: Vec<EventKind> = watch.told().await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(
        kinds,
        [AccountDenied, PasskeyRemoved, PasswordCompromised, SessionEnded]
    );
    assert!(!is_signed_in(&thief, "").await);
    assert!(is_account(&owner.open("/account?done=not-me").await, ALICE));
    let refused = use_it(&mut app.browser(), &mut passkey, &Says::used()).await;
    assert_eq!(refused.status, 400);
    // The old factor is there as before, and the password that others know is not enough beside it.
    let page = owner.open("/account/factors").await;
    assert!(
        shows(&page, "totp-remove") && page.text().contains("0 codes left"),
        "{}",
        page.text()
    );
    assert!(forms(&page, "passkey-").is_empty());
    next_step(&app);
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let page = browser.sign_in(&page, ALICE).await;
    assert!(!is_account(&page, ALICE));
    assert!(!code_now(&app, &secret).is_empty());
}

async fn only_ones_own_and_only_by_a_fresh_sign_in(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (mut owner, _, thief, mut passkey, event) = shared(&app).await;
    let way = format!("/account/activity/not-me?event={event}");
    let mut bob = app.browser();
    let page = sign_in(&mut bob, "", "bob@example.com").await;
    assert_eq!(bob.open(&way).await.status, 404);
    let form = Filled::of(&page, "sessions-end-all", &[("event", &event.to_string())]);
    let theirs = Filled {
        action: "/account/activity/not-me".to_owned(),
        fields: form.fields,
    };
    assert_eq!(theirs.send(&mut bob).await.status, 404);
    // What is no event, and what nobody could have done in one's place.
    for wrong in ["", "?event=x", "?event=0199c000-0000-7000-8000-000000000000"] {
        let answer = owner.open(&format!("/account/activity/not-me{wrong}")).await;
        assert_eq!(answer.status, 404, "{wrong}");
    }
    let form = Filled::of(&owner.open(&way).await, "not-me-form", &[]);
    app.clock.advance(Duration::from_mins(6));
    let stale = form.send(&mut owner).await;
    assert!(
        stale.header("location").starts_with("/login?flow="),
        "{}",
        stale.status
    );
    assert!(is_signed_in(&thief, "").await);
    signed_in_with(&app, &mut passkey).await;
}
