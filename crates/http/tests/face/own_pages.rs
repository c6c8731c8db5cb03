//! What people see and change of themselves: activity, profile, appearance.

use domain::EventKind::{ProfileChanged, RequestRefused};
use testkit::Backend;
use testkit::app::TestApp;

use super::watch::{Filled, Watch, signed_in};

on_both_engines! {
    activity_is_the_persons_own
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
    app.clock.advance(std::time::Duration::from_hours(91 * 24));
    let (mut alice, _) = signed_in(&app, "", "alice@example.com").await;
    let page = alice.open("/account/activity").await;
    assert_eq!(page.text().matches("A sign-in failed").count(), 0, "90 days");
    assert_eq!(page.text().matches("<h3>Signed in</h3>").count(), 1);
    let nobody = app.browser().get("/account/activity").await;
    assert!(nobody.header("location").starts_with("/login?flow="));
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
