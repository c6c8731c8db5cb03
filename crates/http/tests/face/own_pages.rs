//! What people see and change of themselves: activity, profile, appearance.

use std::time::Duration;

use domain::EventKind::{FactorFailed, LoginFailed, PasskeyCounterDropped, ProfileChanged, RequestRefused};
use domain::{EventId, EventKind, Outcome};
use storage::audit::AuditRow;
use testkit::Backend;
use testkit::app::TestApp;

use super::watch::{Filled, Watch, signed_in};

on_both_engines! {
    activity_is_the_persons_own
    activity_is_not_pushed_out_by_guesses
    every_kind_of_activity_has_its_words
    the_overview_says_what_to_do_next
    a_profile_changes_and_says_so
    appearance_is_the_browsers
}

async fn activity_is_the_persons_own(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut stranger = app.browser();
    let page = stranger.open("/account").await;
    let fields = [
        ("email", "alice@example.com"),
        ("password", "not the right password"),
    ];
    stranger.submit(&page, "login-form", &fields).await;
    let (mut alice, _) = signed_in(&app, "", "alice@example.com").await;
    let (mut bob, _) = signed_in(&app, "", "bob@example.com").await;
    let page = alice.open("/account/activity").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.text().matches("A sign-in failed").count(), 1);
    assert_eq!(page.text().matches("<h3>Signed in</h3>").count(), 1);
    assert!(page.text().contains("href=\"/account/password\""));
    let page = bob.open("/account/activity").await;
    assert_eq!(page.text().matches("A sign-in failed").count(), 0);
    assert_eq!(page.text().matches("<h3>Signed in</h3>").count(), 1);
    app.clock.advance(Duration::from_hours(91 * 24));
    let (mut alice, _) = signed_in(&app, "", "alice@example.com").await;
    let page = alice.open("/account/activity").await;
    assert_eq!(page.text().matches("A sign-in failed").count(), 0, "90 days");
    assert_eq!(page.text().matches("<h3>Signed in</h3>").count(), 1);
    let nobody = app.browser().get("/account/activity").await;
    assert!(nobody.header("location").starts_with("/login?flow="));
}

/// Events of an account, as if they had happened.
async fn happened(app: &TestApp, email: &str, events: &[(EventKind, usize)]) {
    let ctx = app.ctx("default");
    let user = app.user("default", email).await.id;
    let one = app.audit("default").await.remove(0);
    for (kind, times) in events {
        for _ in 0..*times {
            app.clock.advance(Duration::from_secs(1));
            let row = AuditRow {
                id: EventId::generate(&app.app.world),
                occurred_at: app.app.world.now(),
                kind: *kind,
                outcome: match kind {
                    LoginFailed | FactorFailed => Outcome::Failure,
                    _ => Outcome::Success,
                },
                user_id: Some(user),
                ..one.clone()
            };
            let tx = app.store.db.begin(ctx.tenant_id()).await.unwrap();
            tx.commit(row.into()).await.unwrap();
        }
    }
}

async fn activity_is_not_pushed_out_by_guesses(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (mut alice, _) = signed_in(&app, "", "alice@example.com").await;
    happened(
        &app,
        "alice@example.com",
        &[
            (PasskeyCounterDropped, 1),
            (LoginFailed, 60),
            (FactorFailed, 1),
            (LoginFailed, 60),
        ],
    )
    .await;
    let page = alice.open("/account/activity").await;
    let text = page.text();
    assert_eq!(text.matches("A sign-in failed").count(), 1, "{text}");
    assert_eq!(
        text.matches("A code for the second factor was refused").count(),
        1
    );
    assert!(text.contains("99 times"), "{text}");
    let older = text.split("id=\"older\" href=\"").nth(1).unwrap();
    let older = older.split('"').next().unwrap().to_owned();
    let page = alice.open(&older).await;
    let text = page.text();
    assert!(text.contains("21 times"), "{text}");
    assert!(text.contains("there may be a copy of it"), "{text}");
    assert_eq!(text.matches("<h3>Signed in</h3>").count(), 1);
    assert!(!text.contains("id=\"older\"") && text.contains("id=\"newest\""));
    // Another person's mark leads to nothing of theirs; what is no mark is the first page.
    let (mut bob, _) = signed_in(&app, "", "bob@example.com").await;
    let page = bob.open(&older).await;
    assert!(!page.text().contains("there may be a copy of it"));
    for wrong in ["", "x", "1_2", "99999999999999999999_0"] {
        let page = alice.open(&format!("/account/activity?before={wrong}")).await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains("id=\"older\""), "{wrong}");
    }
}

async fn every_kind_of_activity_has_its_words(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (mut alice, _) = signed_in(&app, "", "alice@example.com").await;
    let all: Vec<_> = EventKind::ALL.iter().map(|kind| (*kind, 1)).collect();
    happened(&app, "alice@example.com", &all).await;
    let text = alice.open("/account/activity").await.text();
    assert!(!text.contains("The account was changed"), "{text}");
    for words in [
        "was closed after too many failures",
        "is open from everywhere again",
        "The mail address was changed",
        "unknown browser",
        "A recovery code was used",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

async fn the_overview_says_what_to_do_next(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (mut alice, page) = signed_in(&app, "", "alice@example.com").await;
    assert!(page.text().contains("Next: create a passkey"), "{}", page.text());
    assert!(page.text().contains("href=\"/account/factors\""));
    assert!(
        alice
            .open("/account?lang=de")
            .await
            .text()
            .contains("Als Nächstes: einen Passkey")
    );
    // Another tenant's page leads to its own.
    let (_, page) = signed_in(&app, "/t/acme", "alice@example.com").await;
    let text = page.text();
    let step = text.split("id=\"next-step\"").nth(1).unwrap();
    assert!(
        step.split("</section>")
            .next()
            .unwrap()
            .contains("href=\"/t/acme/account/factors\"")
    );
}

async fn a_profile_changes_and_says_so(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (mut alice, _) = signed_in(&app, "", "alice@example.com").await;
    let page = alice.open("/account/profile").await;
    let form = Filled::of(
        &page,
        "profile-form",
        &[("name", "Alice Other"), ("nickname", "Al")],
    );
    let mut watch = Watch::on(&app, "default").await;
    let long = "x".repeat(201);
    let refused = form.with("name", Some(&long)).send(&mut alice).await;
    assert_eq!(refused.status, 400);
    assert_eq!(watch.told().await, [(RequestRefused, "profile".to_owned())]);
    let done = form.send(&mut alice).await;
    assert_eq!(done.header("location"), "/account?done=profile");
    assert_eq!(watch.told().await, [(ProfileChanged, String::new())]);
    let user = app.user("default", "alice@example.com").await;
    assert_eq!(user.profile.name.as_deref(), Some("Alice Other"));
    assert_eq!(user.profile.nickname.as_deref(), Some("Al"));
    let bob = app.user("default", "bob@example.com").await;
    assert_eq!(bob.profile.name.as_deref(), Some("bob"));
}

async fn appearance_is_the_browsers(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (mut alice, page) = signed_in(&app, "", "alice@example.com").await;
    assert!(!page.text().contains("data-theme=\"dark\""));
    let page = alice.open("/account/profile").await;
    let form = Filled::of(&page, "theme-form", &[("theme", "dark")]);
    assert_eq!(form.send(&mut alice).await.status, 303);
    assert!(
        alice
            .open("/account")
            .await
            .text()
            .contains("data-theme=\"dark\"")
    );
    assert_eq!(
        form.with("theme", Some("loud")).send(&mut alice).await.status,
        303
    );
    assert!(
        !alice
            .open("/account")
            .await
            .text()
            .contains("data-theme=\"dark\"")
    );
}
