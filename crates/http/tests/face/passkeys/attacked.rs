//! Passkeys while somebody guesses at the password, and the mails about passkeys (PW10, PW13).

use engine::throttle::ThrottlePolicy;
use testkit::Backend;
use testkit::app::PASSWORD;

use super::super::mail::with_sink;
use super::super::notices::{one, told};
use super::super::throttle::{attack, browser_at, start, try_once};
use super::super::watch::{is_signed_in, sign_in};
use super::authenticator::Says;
use super::{ALICE, alices, made, removals, signing_in, use_it};

on_both_engines! {
    a_passkey_opens_an_account_with_a_hundred_failures
    the_owner_is_told_of_passkeys
    what_is_no_answer_of_a_passkey_signs_nobody_in
}

async fn a_passkey_opens_an_account_with_a_hundred_failures(backend: Backend) {
    let policy = ThrottlePolicy {
        free: 100,
        most: 100,
        ..ThrottlePolicy::off()
    };
    let app = start(backend, policy).await;
    let mut passkey = alices(&app).await;
    let alice = app.user("default", ALICE).await.id;
    assert_eq!(attack(&app, alice, ALICE, 0, 130).await, 100);
    // The password opens it to no stranger, the passkey does in any browser.
    let refused = try_once(&mut browser_at(&app, 1_000), ALICE, PASSWORD).await;
    assert_eq!(refused.status, 429);
    let mut stranger = browser_at(&app, 1_000);
    let done = use_it(&mut stranger, &mut passkey, &Says::used()).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert!(is_signed_in(&stranger, "").await);
    // It says nothing about who guesses at the password.
    let refused = try_once(&mut browser_at(&app, 1_001), ALICE, PASSWORD).await;
    assert_eq!(refused.status, 429);
}

async fn the_owner_is_told_of_passkeys(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let mut owner = app.browser();
    sign_in(&mut owner, "", ALICE).await;
    assert_eq!(told(&app, &sink).await, []);
    made(&mut owner).await;
    let subject = "A second factor for default was set up";
    assert_eq!(told(&app, &sink).await, one(ALICE, subject));
    let gone = removals(&mut owner).await.remove(0).send(&mut owner).await;
    assert_eq!(gone.header("location"), "/account/factors?done=passkey-removed");
    let subject = "A second factor for default was removed";
    assert_eq!(told(&app, &sink).await, one(ALICE, subject));
}

/// Missing, empty, of another kind, there twice: nothing of it takes a sign-in on (F1).
async fn what_is_no_answer_of_a_passkey_signs_nobody_in(backend: Backend) {
    let app = start(backend, ThrottlePolicy::off()).await;
    let mut passkey = alices(&app).await;
    let mut browser = app.browser();
    for case in 0..9 {
        let form = signing_in(&mut browser).await;
        let (ceremony, asked) = form.options(&mut browser).await;
        let said = passkey.sign(&asked, &Says::used());
        let (ceremony, said) = (("ceremony", ceremony.as_str()), ("credential", said.as_str()));
        let more: &[(&str, &str)] = match case {
            0 => &[],
            1 => &[ceremony],
            2 => &[said],
            3 => &[ceremony, ("credential", "")],
            4 => &[ceremony, ("credential", "null")],
            5 => &[ceremony, ("credential", "[[[[[[{}]]]]]]")],
            6 => &[("ceremony", "0"), said],
            7 => &[ceremony, said, said],
            _ => &[ceremony, ceremony, said],
        };
        let answer = form.post(&mut browser, "finish", more).await;
        assert!(
            answer.status.is_client_error(),
            "{case}: {} {}",
            answer.status,
            answer.text()
        );
        assert!(!is_signed_in(&browser, "").await, "{case}");
    }
    let done = use_it(&mut browser, &mut passkey, &Says::used()).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert!(is_signed_in(&browser, "").await);
}
