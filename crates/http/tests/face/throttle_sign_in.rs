//! Every place that asks for a password or a code counts, and none keeps its owner out (PW9, PW10, MF3).

use std::time::Duration;

use domain::EventKind::{AccountLocked, ThrottleBlocked};
use engine::throttle::ThrottlePolicy;
use testkit::Backend;
use testkit::app::{Answer, PASSWORD};
use testkit::browser::Browser;
use testkit::smtp::SmtpSink;

use super::factors::{code_now, enrol, next_step, wrong};
use super::mail::{ask, deliver};
use super::mail_links::{link, use_link};
use super::throttle::{WRONG, attack, browser_at, challenging, solve, start, try_once};
use super::watch::{Filled, Watch, is_account, is_signed_in, shows, sign_in, signed_in};

const ALICE: &str = "alice@example.com";
const NEW: &str = "kettle umbrella granite 7 lagoon";

on_both_engines! {
    changing_a_password_counts_with_sign_ins_of_the_browser
    strangers_do_not_keep_anybody_from_changing_their_password
    a_stolen_browser_is_known_until_a_hundred_failures
    a_browser_is_known_after_all_factors_and_not_before
    wrong_codes_count_for_their_source
    a_right_password_that_has_to_be_changed_is_no_failure
    a_compromised_password_forgets_browsers
    a_new_password_by_mail_opens_the_account_everywhere
}

fn device(browser: &Browser<'_>) -> Option<String> {
    let mut found = browser.cookies.iter().filter(|(name, _)| name.contains("device"));
    found.next().map(|(_, value)| value.clone())
}

async fn change(browser: &mut Browser<'_>, current: &str) -> Answer {
    let page = browser.open("/account/password").await;
    Filled::of(&page, "password-form", &[("current", current), ("password", NEW)])
        .send(browser)
        .await
}

async fn changing_a_password_counts_with_sign_ins_of_the_browser(backend: Backend) {
    let app = start(backend, ThrottlePolicy::default()).await;
    let (mut owner, _) = signed_in(&app, "", ALICE).await;
    let mut watch = Watch::on(&app, "default").await;
    for _ in 0..5 {
        assert_eq!(change(&mut owner, WRONG).await.status, 400);
    }
    let refused = change(&mut owner, PASSWORD).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("retry-after")),
        (429, "900")
    );
    assert!(refused.text().contains("Too many attempts"));
    assert!(watch.news().await.iter().any(|row| row.kind == ThrottleBlocked));
    // The same browser without its session is not given five more.
    let mut again = owner.clone();
    again.cookies.retain(|name, _| name.contains("device"));
    assert_eq!(try_once(&mut again, ALICE, PASSWORD).await.status, 429);
    // A session whose browser is not known has a count of its own.
    let mut bare = app.browser();
    sign_in(&mut bare, "", "bob@example.com").await;
    bare.cookies.retain(|name, _| !name.contains("device"));
    for _ in 0..5 {
        assert_eq!(change(&mut bare, WRONG).await.status, 400);
    }
    assert_eq!(change(&mut bare, PASSWORD).await.status, 429);
    // When the window is over, a fresh sign-in changes it.
    app.clock.advance(Duration::from_mins(15));
    let page = owner.open("/account/password").await;
    let page = owner.sign_in(&page, ALICE).await;
    assert!(shows(&page, "password-form"), "{} {}", page.status, page.text());
    assert_eq!(change(&mut owner, PASSWORD).await.status, 303);
}

async fn strangers_do_not_keep_anybody_from_changing_their_password(backend: Backend) {
    let policy = ThrottlePolicy {
        most: 3,
        ..ThrottlePolicy::default()
    };
    let app = start(backend, policy).await;
    let (mut owner, _) = signed_in(&app, "", ALICE).await;
    let alice = app.user("default", ALICE).await;
    attack(&app, alice.id, ALICE, 0, 50).await;
    assert_eq!(
        try_once(&mut browser_at(&app, 900), ALICE, PASSWORD).await.status,
        429
    );
    owner.cookies.retain(|name, _| !name.contains("device"));
    assert_eq!(change(&mut owner, WRONG).await.status, 400);
    assert_eq!(change(&mut owner, PASSWORD).await.status, 303);
}

async fn a_stolen_browser_is_known_until_a_hundred_failures(backend: Backend) {
    let policy = ThrottlePolicy {
        most: 7,
        free: 1_000,
        ..ThrottlePolicy::default()
    };
    let app = start(backend, policy).await;
    let (owner, _) = signed_in(&app, "", ALICE).await;
    let mut thief = browser_at(&app, 5);
    thief.cookies = owner.cookies.clone();
    thief.cookies.retain(|name, _| name.contains("device"));
    let mut watch = Watch::on(&app, "default").await;
    for tried in 0..7 {
        if tried == 5 {
            assert_eq!(try_once(&mut thief, ALICE, WRONG).await.status, 429);
            app.clock.advance(policy.window);
        }
        assert_eq!(try_once(&mut thief, ALICE, WRONG).await.status, 401, "{tried}");
    }
    let locked =
        |rows: &[storage::audit::AuditRow]| rows.iter().filter(|row| row.kind == AccountLocked).count();
    assert_eq!(locked(&watch.news().await), 1);
    // From here on it is a stranger: seven more over all sources, then nobody of its kind.
    let mut tries = 0;
    for number in 0..20 {
        thief.address = browser_at(&app, 100 + number).address;
        tries += usize::from(try_once(&mut thief, ALICE, WRONG).await.status == 401);
    }
    assert_eq!(tries, 7);
    // Unlocked, the owner's browser is known again.
    let alice = app.user("default", ALICE).await;
    app.app.unlock(&app.ctx("default"), &alice).await.unwrap();
    app.clock.advance(policy.window);
    let mut back = owner.clone();
    back.cookies.retain(|name, _| name.contains("device"));
    assert_eq!(try_once(&mut back, ALICE, PASSWORD).await.status, 303);
}

async fn a_browser_is_known_after_all_factors_and_not_before(backend: Backend) {
    let app = start(backend, ThrottlePolicy::default()).await;
    let (mut owner, _) = signed_in(&app, "", ALICE).await;
    assert!(device(&owner).is_some(), "one factor was all there was");
    let secret = enrol(&app, &mut owner).await;
    next_step(&app);
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let page = browser.sign_in(&page, ALICE).await;
    assert!(shows(&page, "totp-form"));
    assert_eq!(
        device(&browser),
        None,
        "who has only the password is nobody known"
    );
    let code = code_now(&app, &secret);
    let page = browser.submit(&page, "totp-form", &[("code", &code)]).await;
    assert!(is_account(&page, ALICE));
    assert!(device(&browser).is_some());
}

async fn wrong_codes_count_for_their_source(backend: Backend) {
    let policy = ThrottlePolicy {
        source: 3,
        ..ThrottlePolicy::off()
    };
    let app = start(backend, policy).await;
    let (mut owner, _) = signed_in(&app, "", ALICE).await;
    let secret = enrol(&app, &mut owner).await;
    next_step(&app);
    let mut guesser = browser_at(&app, 1);
    let page = guesser.open("/account").await;
    let page = guesser.sign_in(&page, ALICE).await;
    for _ in 0..3 {
        let answer = guesser
            .submit(&page, "totp-form", &[("code", &wrong(&app, &secret))])
            .await;
        assert_eq!(answer.status, 401);
    }
    // Other people's passwords are not tried from there now; from elsewhere they are.
    let mut fresh = browser_at(&app, 1);
    assert_eq!(
        try_once(&mut fresh, "bob@example.com", PASSWORD).await.status,
        429
    );
    let mut elsewhere = browser_at(&app, 2);
    assert_eq!(
        try_once(&mut elsewhere, "bob@example.com", PASSWORD).await.status,
        303
    );
    // The factor itself is its person's to count: two looks are left of five, from anywhere.
    let code = code_now(&app, &secret);
    let page = guesser.submit(&page, "totp-form", &[("code", &code)]).await;
    assert!(is_account(&page, ALICE), "{} {}", page.status, page.text());
}

async fn a_right_password_that_has_to_be_changed_is_no_failure(backend: Backend) {
    let app = start(backend, ThrottlePolicy::default()).await;
    let alice = app.user("default", ALICE).await;
    let ctx = app.ctx("default");
    app.app.mark_password_compromised(&ctx, alice.id).await.unwrap();
    let mut owner = app.browser();
    for _ in 0..8 {
        let answer = try_once(&mut owner, ALICE, PASSWORD).await;
        assert!(
            shows(&answer, "replace-form"),
            "{} {}",
            answer.status,
            answer.text()
        );
    }
    let answer = try_once(&mut owner, ALICE, PASSWORD).await;
    let form = Filled::of(
        &answer,
        "replace-form",
        &[("email", ALICE), ("password", PASSWORD)],
    );
    for _ in 0..8 {
        let answer = form.with("new_password", Some("short")).send(&mut owner).await;
        assert_eq!(answer.status, 400);
    }
    assert_eq!(
        form.with("new_password", Some(NEW)).send(&mut owner).await.status,
        303
    );
    assert!(is_signed_in(&owner, "").await);
}

async fn a_compromised_password_forgets_browsers(backend: Backend) {
    let policy = ThrottlePolicy {
        tenant: 0,
        ..challenging()
    };
    let app = start(backend, policy).await;
    let mut owner = app.browser();
    // The whole tenant is under attack: strangers work first.
    let page = try_once(&mut owner, ALICE, PASSWORD).await;
    assert_eq!(page.status, 429);
    let form = Filled::of(&page, "login-form", &[("email", ALICE), ("password", PASSWORD)]);
    let solution = solve(form.field("challenge"), 6);
    assert_eq!(
        form.with("solution", Some(&solution))
            .send(&mut owner)
            .await
            .status,
        303
    );
    owner.cookies.retain(|name, _| name.contains("device"));
    assert_eq!(try_once(&mut owner, ALICE, PASSWORD).await.status, 303, "known");

    let alice = app.user("default", ALICE).await;
    let ctx = app.ctx("default");
    app.app.mark_password_compromised(&ctx, alice.id).await.unwrap();
    owner.cookies.retain(|name, _| name.contains("device"));
    let page = try_once(&mut owner, ALICE, PASSWORD).await;
    assert_eq!(
        page.status, 429,
        "known no more: somebody else may have been in it"
    );
    let form = Filled::of(&page, "login-form", &[("email", ALICE), ("password", PASSWORD)]);
    let solution = solve(form.field("challenge"), 6);
    let page = form.with("solution", Some(&solution)).send(&mut owner).await;
    // The page that asks for another password has work of its own, or lets its person wait.
    let filled = [("email", ALICE), ("password", PASSWORD), ("new_password", NEW)];
    let page = Filled::of(&page, "replace-form", &filled).send(&mut owner).await;
    assert_eq!((page.status.as_u16(), page.header("retry-after")), (429, "30"));
    assert!(page.text().contains("challenge.") && shows(&page, "replace-form"));
    app.clock.advance(Duration::from_secs(30));
    let done = Filled::of(&page, "replace-form", &filled).send(&mut owner).await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert!(is_signed_in(&owner, "").await);
}

/// PW10: whom strangers keep out of new devices, their own mail lets in.
async fn a_new_password_by_mail_opens_the_account_everywhere(backend: Backend) {
    let policy = ThrottlePolicy {
        most: 3,
        ..ThrottlePolicy::default()
    };
    let app = start(backend, policy).await;
    let sink = SmtpSink::start().await;
    app.mails_to(&sink);
    for email in [ALICE, "bob@example.com"] {
        let user = app.user("default", email).await;
        attack(&app, user.id, email, 0, 50).await;
        assert_eq!(
            try_once(&mut browser_at(&app, 900), email, PASSWORD).await.status,
            429
        );
    }
    let mut browser = browser_at(&app, 901);
    ask(&mut browser, "/recover", ALICE).await;
    deliver(&app).await;
    let path = link(&sink.take().pop().unwrap());
    assert_eq!(
        use_link(&mut browser, &path, &[("password", NEW)]).await.status,
        200
    );
    assert_eq!(try_once(&mut browser_at(&app, 902), ALICE, NEW).await.status, 303);
    // Nobody else's count ended with it.
    assert_eq!(
        try_once(&mut browser_at(&app, 903), "bob@example.com", PASSWORD)
            .await
            .status,
        429
    );
}
