//! What people are told of by mail, each kind once: subject and receiver (PW13, MF10).

use domain::EventKind::{Login, LoginUnfamiliar};
use testkit::Backend;
use testkit::app::TestApp;
use testkit::smtp::SmtpSink;

use super::factors::{enrol, half_way, next_step, recovery_codes};
use super::mail::{deliver, with_sink};
use super::throttle::{browser_at, place};
use super::watch::{Watch, is_account, sign_in};

const ALICE: &str = "alice@example.com";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

on_both_engines! {
    the_owner_is_told_of_each_second_factor_and_code
    another_network_is_told_of_and_the_next_address_is_not
    without_mail_it_is_recorded_all_the_same
}

/// Receiver and subject of what was mailed since the last look.
pub(crate) async fn told(app: &TestApp, sink: &SmtpSink) -> Vec<(String, String)> {
    deliver(app).await;
    let mails = sink.take();
    mails
        .iter()
        .map(|mail| (mail.to.clone(), mail.header("subject")))
        .collect()
}

pub(crate) fn one(to: &str, subject: &str) -> Vec<(String, String)> {
    vec![(to.to_owned(), subject.to_owned())]
}

async fn the_owner_is_told_of_each_second_factor_and_code(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let mut owner = app.browser();
    sign_in(&mut owner, "", ALICE).await;
    assert_eq!(told(&app, &sink).await, [], "looking tells nobody anything");
    enrol(&app, &mut owner).await;
    assert_eq!(
        told(&app, &sink).await,
        one(ALICE, "A second factor for default was set up")
    );
    let list = owner.open("/account/factors").await;
    let page = owner.submit(&list, "recovery-make", &[]).await;
    let codes = recovery_codes(&page);
    assert_eq!(
        told(&app, &sink).await,
        one(ALICE, "New recovery codes for default")
    );
    next_step(&app);
    let (mut browser, page) = half_way(&app).await;
    let wrong = browser
        .submit(&page, "recovery-form", &[("code", "AAAA-AAAA")])
        .await;
    assert_eq!(wrong.status, 401);
    assert_eq!(told(&app, &sink).await, [], "a wrong code tells nobody anything");
    let done = browser
        .submit(&page, "recovery-form", &[("code", &codes[0])])
        .await;
    assert!(is_account(&done, ALICE), "{} {}", done.status, done.text());
    assert_eq!(
        told(&app, &sink).await,
        one(ALICE, "A recovery code for default was used")
    );
    owner.submit(&list, "totp-remove", &[]).await;
    assert_eq!(
        told(&app, &sink).await,
        one(ALICE, "A second factor for default was removed")
    );
}

async fn another_network_is_told_of_and_the_next_address_is_not(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let mut neighbour = place(1).to_string();
    neighbour.replace_range(neighbour.len() - 1.., "9");
    let neighbour = neighbour.parse().unwrap();
    for (address, unfamiliar) in [
        (place(1), false),
        (neighbour, false),
        (place(2), true),
        (place(2), false),
        (place(1), false),
    ] {
        let mut browser = app.browser();
        browser.headers.push(("user-agent", FIREFOX.to_owned()));
        browser.address = Some(address);
        sign_in(&mut browser, "", ALICE).await;
        app.clock.advance(std::time::Duration::from_mins(1));
        let mails = told(&app, &sink).await;
        let expected = one(ALICE, "A new sign-in to default");
        assert_eq!(mails, if unfamiliar { expected } else { Vec::new() }, "{address}");
    }
}

async fn without_mail_it_is_recorded_all_the_same(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut watch = Watch::on(&app, "default").await;
    let unknown = (LoginUnfamiliar, "unknown_device".to_owned());
    for (at, unfamiliar) in [(1, false), (2, true), (2, false)] {
        sign_in(&mut browser_at(&app, at), "", ALICE).await;
        let mut expected = vec![(Login, String::new())];
        expected.extend(unfamiliar.then(|| unknown.clone()));
        assert_eq!(watch.told().await, expected, "{at}");
    }
}
