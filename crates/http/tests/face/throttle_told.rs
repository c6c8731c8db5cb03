//! The owner is told of guessing, once for each step of it, and nobody else learns that there is an owner (A6, PW12).

use domain::EventKind::{AccountLocked, AccountSlowed};
use engine::Ctx;
use engine::throttle::{Admission, Attempt, Place, Solution, ThrottlePolicy};
use storage::audit::AuditRow;
use testkit::Backend;
use testkit::app::{PASSWORD, TestApp};
use testkit::smtp::{Caught, SmtpSink};

use super::mail::{ask, deliver};
use super::mail_links::{link, use_link};
use super::throttle::{WRONG, browser_at, place, solve, start, try_once};
use super::watch::{Watch, signed_in};

const ALICE: &str = "alice@example.com";
const NOBODY: &str = "nobod@example.com";

on_both_engines! {
    the_owner_is_told_once_for_each_step
    an_address_that_is_nobodys_is_recorded_alike_and_gets_nothing
    a_few_mistakes_are_nothing_to_write_about
}

/// Slowed at 3, closed at 6; nothing else counts and nobody waits or works.
async fn watched(backend: Backend) -> (TestApp, SmtpSink) {
    let policy = ThrottlePolicy {
        challenge_from: 3,
        challenge_bits: 6,
        most: 6,
        ..ThrottlePolicy::off()
    };
    let app = start(backend, policy).await;
    let sink = SmtpSink::start().await;
    app.mails_to(&sink);
    (app, sink)
}

/// Guesses so many times, each from a place of its own, and does the work that is asked for.
async fn guess(app: &TestApp, email: &str, from: u32, count: u32) {
    let alice = app.user("default", ALICE).await.id;
    for number in from..from + count {
        let ctx = Ctx {
            client_ip: Some(place(number)),
            actor: domain::Actor::Anonymous,
            now: app.app.world.now(),
            ..app.ctx("default")
        };
        let flow = Place::Flow(domain::FlowId::generate(&app.app.world));
        let attempt = Attempt {
            typed: email,
            user: (email == ALICE).then_some(alice),
            device: None,
            solution: None,
            place: flow,
        };
        let mut admission = app.app.admit_attempt(&ctx, &attempt).await.unwrap();
        if let Admission::Refused(blocked) = &admission
            && let Some(challenge) = &blocked.challenge
        {
            let solution = Solution {
                text: challenge.text.clone(),
                number: solve(&challenge.text, 6),
            };
            let again = Attempt {
                solution: Some(&solution),
                ..attempt
            };
            admission = app.app.admit_attempt(&ctx, &again).await.unwrap();
        }
        if let Admission::Admitted(admitted) = admission {
            app.app.attempt_failed(&ctx, &admitted).await.unwrap();
        }
    }
}

fn page_of(mail: &Caught) -> String {
    let links = mail.links();
    let found = links.iter().find(|link| link.ends_with("/recover")).unwrap();
    found.trim_start_matches("https://id.example.com").to_owned()
}

async fn mails(app: &TestApp, sink: &SmtpSink) -> Vec<Caught> {
    // One round finds out who is meant, and sends what came of it.
    deliver(app).await;
    deliver(app).await;
    sink.take()
}

fn steps(rows: &[AuditRow]) -> Vec<(domain::EventKind, bool)> {
    let mut rows: Vec<&AuditRow> = rows.iter().collect();
    rows.sort_by_key(|row| row.kind.as_str());
    rows.into_iter()
        .filter(|row| matches!(row.kind, AccountLocked | AccountSlowed))
        .map(|row| (row.kind, row.user_id.is_some()))
        .collect()
}

async fn the_owner_is_told_once_for_each_step(backend: Backend) {
    let (app, sink) = watched(backend).await;
    let mut watch = Watch::on(&app, "default").await;
    guess(&app, ALICE, 0, 5).await;
    let told = mails(&app, &sink).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].to, ALICE);
    guess(&app, ALICE, 10, 20).await;
    let told = mails(&app, &sink).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        steps(&watch.news().await),
        [(AccountLocked, true), (AccountSlowed, true)]
    );
    assert_eq!(
        try_once(&mut browser_at(&app, 90), ALICE, PASSWORD).await.status,
        429
    );
    // What the mail leads to is open to everybody and changes nothing; a link for a new password opens the account.
    let page = page_of(&told[0]);
    assert_eq!(page, "/recover");
    let mut owner = app.browser();
    assert_eq!(ask(&mut owner, &page, ALICE).await.status, 200);
    let reset = mails(&app, &sink).await;
    let new = "kettle umbrella granite 7 lagoon";
    let done = use_link(&mut owner, &link(&reset[0]), &[("password", new)]).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(try_once(&mut browser_at(&app, 91), ALICE, new).await.status, 303);
    // That was one row of failures. In the next one the owner is told again.
    mails(&app, &sink).await;
    guess(&app, ALICE, 200, 30).await;
    let told = mails(&app, &sink).await;
    assert_eq!(told.len(), 2, "{told:?}");
}

async fn an_address_that_is_nobodys_is_recorded_alike_and_gets_nothing(backend: Backend) {
    let (app, sink) = watched(backend).await;
    let mut watch = Watch::on(&app, "default").await;
    guess(&app, NOBODY, 0, 30).await;
    assert_eq!(
        steps(&watch.news().await),
        [(AccountLocked, false), (AccountSlowed, false)]
    );
    assert!(mails(&app, &sink).await.is_empty());
    // Somebody who is switched off is not written to either.
    let alice = app.user("default", ALICE).await;
    app.app.disable_user(&app.ctx("default"), alice.id).await.unwrap();
    mails(&app, &sink).await;
    guess(&app, ALICE, 100, 30).await;
    assert!(mails(&app, &sink).await.is_empty());
}

async fn a_few_mistakes_are_nothing_to_write_about(backend: Backend) {
    let (app, sink) = watched(backend).await;
    signed_in(&app, "", ALICE).await;
    mails(&app, &sink).await;
    for _ in 0..2 {
        let mut browser = browser_at(&app, 1);
        for _ in 0..2 {
            assert_eq!(try_once(&mut browser, ALICE, WRONG).await.status, 401);
        }
        assert_eq!(try_once(&mut browser, ALICE, PASSWORD).await.status, 303);
    }
    let told = mails(&app, &sink).await;
    let guessing = |mail: &Caught| mail.header("subject").contains("password");
    assert!(!told.iter().any(guessing), "{told:?}");
}
