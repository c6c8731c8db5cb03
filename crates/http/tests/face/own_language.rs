//! The language of a person: kept from the page they began with, chosen on the profile page, and that of their mails.

use domain::Profile;
use engine::users::NewUser;
use testkit::Backend;
use testkit::app::{PASSWORD, TestApp};

use super::mail::{ask, deliver, with_sink};
use super::mail_links::{NEW, link, use_link};
use super::mail_twins::open_registration;
use super::watch::{Filled, signed_in};

on_both_engines! {
    who_registers_keeps_the_language_of_the_page
    who_is_invited_keeps_the_language_of_the_page
    a_chosen_language_is_that_of_mails_and_pages
}

async fn locale(app: &TestApp, email: &str) -> Option<String> {
    app.user("default", email).await.profile.locale
}

async fn who_registers_keeps_the_language_of_the_page(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    open_registration(&app).await;
    for (email, said, expected) in [
        ("hans@example.com", "de-AT", "de"),
        ("jane@example.com", "en-GB", "en"),
        ("jean@example.com", "fr", "en"),
    ] {
        let mut browser = app.browser();
        browser.headers = vec![("accept-language", said.to_owned())];
        ask(&mut browser, "/register", email).await;
        deliver(&app).await;
        let path = link(sink.take().last().unwrap());
        let done = use_link(&mut browser, &path, &[("password", NEW)]).await;
        assert_eq!(done.status, 200);
        assert_eq!(locale(&app, email).await.as_deref(), Some(expected), "{said}");
        deliver(&app).await;
        sink.take();
    }
}

async fn who_is_invited_keeps_the_language_of_the_page(backend: Backend) {
    let app = TestApp::start(backend).await;
    let ctx = app.ctx("default");
    for (email, known, expected) in [
        ("carol@example.com", None, "de"),
        ("dora@example.com", Some("en-US"), "en-US"),
    ] {
        let new = NewUser {
            email: email.parse().unwrap(),
            email_verified: false,
            profile: Profile {
                name: Some("Somebody".to_owned()),
                locale: known.map(str::to_owned),
                ..Profile::default()
            },
            password: None,
        };
        let user = app.app.create_user(&ctx, new).await.unwrap();
        let token = app.app.invite(&ctx, user.id).await.unwrap();
        let mut browser = app.browser();
        browser.headers = vec![("accept-language", "de".to_owned())];
        let page = browser.open(&format!("/invite?token={}", token.expose())).await;
        let form = Filled::of(&page, "invite-form", &[("password", NEW)]);
        assert_eq!(
            form.with("password", Some("short"))
                .send(&mut browser)
                .await
                .status,
            400
        );
        assert_eq!(
            locale(&app, email).await.as_deref(),
            known,
            "nothing before it is used"
        );
        assert_eq!(form.send(&mut browser).await.status, 303);
        assert_eq!(locale(&app, email).await.as_deref(), Some(expected));
        let user = app.user("default", email).await;
        assert_eq!(user.profile.name.as_deref(), Some("Somebody"));
    }
}

async fn a_chosen_language_is_that_of_mails_and_pages(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let (mut alice, page) = signed_in(&app, "", "alice@example.com").await;
    assert!(page.text().contains("<html lang=\"en\""));
    deliver(&app).await;
    sink.take();
    let page = alice.open("/account/profile").await;
    let form = Filled::of(&page, "profile-form", &[("name", "Alice")]);
    // What nobody offered changes nothing.
    for unknown in ["tlh", "../de", ""] {
        assert_eq!(
            form.with("locale", Some(unknown)).send(&mut alice).await.status,
            303
        );
        assert_eq!(locale(&app, "alice@example.com").await, None, "{unknown:?}");
    }
    assert_eq!(form.with("locale", Some("de")).send(&mut alice).await.status, 303);
    assert_eq!(locale(&app, "alice@example.com").await.as_deref(), Some("de"));
    assert!(alice.open("/account").await.text().contains("<html lang=\"de\""));
    let page = alice.open("/account/profile").await;
    assert!(
        page.text().contains("<option value=\"de\" lang=\"de\" selected>"),
        "{}",
        page.text()
    );
    // A form without it keeps it, and the next mail is in it.
    assert_eq!(form.send(&mut alice).await.status, 303);
    assert_eq!(locale(&app, "alice@example.com").await.as_deref(), Some("de"));
    let page = alice.open("/account/password").await;
    let fields = [("current", PASSWORD), ("password", NEW)];
    let changed = Filled::of(&page, "password-form", &fields).send(&mut alice).await;
    assert_eq!(changed.status, 303);
    deliver(&app).await;
    let mail = sink.take().pop().unwrap();
    assert!(mail.body().contains("Passwort"), "{}", mail.body());
}
