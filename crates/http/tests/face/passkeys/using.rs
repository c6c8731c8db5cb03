//! Passkeys being used.

use std::time::Duration;

use domain::EventKind::{FactorVerified, Login, LoginFailed, PasskeyCounterDropped};
use domain::UserVerification;
use serde_json::json;
use testkit::Backend;
use testkit::app::{PASSWORD, TestApp};

use super::super::watch::{Filled, Watch, is_account, is_signed_in, shows, sign_in};
use super::authenticator::{Authenticator, Handle, Says};
use super::{
    ALICE, Lie, Scripted, alices, invited, made, making, signed_in_with, signing_in, use_it,
    with_verification,
};

on_both_engines! {
    a_passkey_that_verified_its_user_is_two_factors
    a_sign_in_that_lies_is_refused
    a_challenge_counts_once_in_one_browser_for_five_minutes
    a_counter_that_does_not_go_up_is_refused_and_told
    a_passkey_without_a_counter_works
    a_passkey_without_its_user_is_one_factor
    a_password_and_a_key_make_two_factors
    a_password_alone_is_not_enough_any_more
    a_passkey_of_somebody_else_is_no_second_factor
    everybody_is_asked_the_same
    a_passkey_belongs_to_its_tenant
    an_application_gets_what_was_verified
}

async fn a_passkey_that_verified_its_user_is_two_factors(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut passkey = alices(&app).await;
    let mut watch = Watch::on(&app, "default").await;
    signed_in_with(&app, &mut passkey).await;
    let event = watch.only().await;
    assert_eq!(
        (
            event.kind,
            event.details["acr"].as_str(),
            event.details["method"].as_str()
        ),
        (Login, Some("aal2"), Some("passkey"))
    );
}

async fn a_sign_in_that_lies_is_refused(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut passkey = alices(&app).await;
    let lies: [Lie; 14] = [
        ("origin", |says| says.at("https://evil.example")),
        ("origin", |says| says.at("https://id.example.com:8443")),
        ("origin", |says| says.at("https://sub.id.example.com")),
        ("origin", |says| says.cross_origin = true),
        ("rp_id", |says| says.rp_id = "evil.example".to_owned()),
        ("type", |says| says.kind = "webauthn.create"),
        ("challenge", |says| says.challenge = Some("AAAA".to_owned())),
        ("user_not_present", |says| says.present = false),
        ("user_not_verified", |says| says.verified = false),
        ("signature", |says| says.spoiled = true),
        ("user_handle", |says| says.user_handle = Handle::Left),
        ("user_handle", |says| {
            says.user_handle = Handle::Other(vec![7; 32]);
        }),
        // What could be kept in several places when it was made can be later, and the other way round.
        ("backup_state", |says| says.backup = (true, false)),
        ("backup_state", |says| says.backup = (false, true)),
    ];
    let mut watch = Watch::on(&app, "default").await;
    let mut browser = app.browser();
    for (reason, lie) in lies {
        let mut says = Says::used();
        lie(&mut says);
        let answer = use_it(&mut browser, &mut passkey, &says).await;
        assert_eq!(
            (answer.status.as_u16(), answer.member("error")),
            (400, "refused".to_owned()),
            "{reason}"
        );
        assert!(!is_signed_in(&browser, "").await, "{reason}");
        let told = watch.told().await;
        assert!(
            told.contains(&(LoginFailed, reason.to_owned())),
            "{reason}: {told:?}"
        );
    }
    let stranger = app.browser();
    let form = signing_in(&mut browser).await;
    let (ceremony, asked) = form.options(&mut browser).await;
    let (mut unknown, _) = Authenticator::make(&json!({"user": {"id": "AAAA"}}), &Says::made());
    let said = unknown.sign(&asked, &Says::used());
    assert_eq!(form.finish(&mut browser, &ceremony, &said).await.status, 400);
    assert!(
        watch
            .told()
            .await
            .contains(&(LoginFailed, "unknown_passkey".to_owned()))
    );
    assert!(!is_signed_in(&stranger, "").await);
    let twin = use_it(&mut browser, &mut passkey, &Says::used()).await;
    assert_eq!(twin.status, 200, "{}", twin.text());
    assert!(is_signed_in(&browser, "").await);
}

async fn a_challenge_counts_once_in_one_browser_for_five_minutes(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut passkey = alices(&app).await;
    let mut browser = app.browser();
    let form = signing_in(&mut browser).await;

    // Another browser, with the same fields and with a flow of its own.
    let (ceremony, asked) = form.options(&mut browser).await;
    let said = passkey.sign(&asked, &Says::used());
    let mut thief = app.browser();
    assert_eq!(form.finish(&mut thief, &ceremony, &said).await.status, 403);
    let own = signing_in(&mut thief).await;
    assert_eq!(own.finish(&mut thief, &ceremony, &said).await.status, 410);
    // A later question takes the place of an earlier one.
    let (later, asked) = form.options(&mut browser).await;
    assert_eq!(form.finish(&mut browser, &ceremony, &said).await.status, 410);
    let said = passkey.sign(&asked, &Says::used());
    app.clock.advance(Duration::from_mins(5));
    assert_eq!(form.finish(&mut browser, &later, &said).await.status, 410);
    let (ceremony, asked) = form.options(&mut browser).await;
    let said = passkey.sign(&asked, &Says::used());
    app.clock.advance(Duration::from_secs(299));
    assert_eq!(form.finish(&mut browser, &ceremony, &said).await.status, 200);
    // Used: neither here nor in a new flow.
    assert_eq!(form.finish(&mut browser, &ceremony, &said).await.status, 410);
    let mut fresh = app.browser();
    let form = signing_in(&mut fresh).await;
    let (ceremony, _) = form.options(&mut fresh).await;
    assert_eq!(form.finish(&mut fresh, &ceremony, &said).await.status, 400);
    assert!(!is_signed_in(&fresh, "").await);
}

async fn a_counter_that_does_not_go_up_is_refused_and_told(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut passkey = alices(&app).await;
    passkey.counter = 9;
    signed_in_with(&app, &mut passkey).await;
    let mut watch = Watch::on(&app, "default").await;
    // The next use says one more.
    for copy in [9, 8, 3, 0] {
        passkey.counter = copy;
        let answer = use_it(&mut app.browser(), &mut passkey, &Says::used()).await;
        assert_eq!(answer.status, 400, "{copy}");
        let told: Vec<_> = watch.told().await.into_iter().map(|(kind, _)| kind).collect();
        assert!(told.contains(&PasskeyCounterDropped), "{copy} {told:?}");
    }
    // A wrong signature is no sign of a copy: who cannot sign raises no alarm.
    passkey.counter = 3;
    let spoiled = Says {
        spoiled: true,
        ..Says::used()
    };
    use_it(&mut app.browser(), &mut passkey, &spoiled).await;
    assert_eq!(watch.told().await, [(LoginFailed, "signature".to_owned())]);
    passkey.counter = 10;
    signed_in_with(&app, &mut passkey).await;
}

async fn a_passkey_without_a_counter_works(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    sign_in(&mut browser, "", ALICE).await;
    let form = making(&mut browser).await;
    let (ceremony, asked) = form.options(&mut browser).await;
    let synced = |says: Says| Says {
        counts: false,
        backup: (true, true),
        ..says
    };
    let (mut passkey, said) = Authenticator::make(&asked, &synced(Says::made()));
    assert_eq!(form.finish(&mut browser, &ceremony, &said).await.status, 200);
    let page = browser.open("/account/factors").await;
    assert!(page.text().contains("kept on several devices"), "{}", page.text());
    for _ in 0..2 {
        let done = use_it(&mut app.browser(), &mut passkey, &synced(Says::used())).await;
        assert_eq!(done.status, 200, "{}", done.text());
    }
    // Where it is kept may change; whether it may be kept elsewhere may not.
    let elsewhere = Says {
        backup: (true, false),
        ..synced(Says::used())
    };
    let done = use_it(&mut app.browser(), &mut passkey, &elsewhere).await;
    assert_eq!(done.status, 200, "{}", done.text());
    let page = browser.open("/account/factors").await;
    assert!(!page.text().contains("kept on several devices"));
    let bound = Says {
        backup: (false, false),
        ..elsewhere
    };
    assert_eq!(use_it(&mut app.browser(), &mut passkey, &bound).await.status, 400);
}

fn touched() -> Says {
    Says {
        verified: false,
        ..Says::used()
    }
}

/// A key that only shows that somebody is there, of the person signed in.
async fn touched_key(browser: &mut testkit::browser::Browser<'_>) -> Authenticator {
    let form = making(browser).await;
    let (ceremony, asked) = form.options(browser).await;
    let says = Says {
        verified: false,
        ..Says::made()
    };
    let (key, said) = Authenticator::make(&asked, &says);
    assert_eq!(form.finish(browser, &ceremony, &said).await.status, 200);
    key
}

async fn a_passkey_without_its_user_is_one_factor(backend: Backend) {
    let app = TestApp::start(backend).await;
    with_verification(&app, UserVerification::Preferred).await;
    let (_, mut verified) = invited(&app).await;
    let mut browser = signed_in_with(&app, &mut verified).await;
    // Lists begin with the oldest.
    app.clock.advance(Duration::from_secs(1));
    let mut key = touched_key(&mut browser).await;
    // One passkey of this person verifies its user, so a sign-in has to: the other alone is half of it.
    let mut other = app.browser();
    let half = use_it(&mut other, &mut key, &touched()).await;
    assert_eq!(half.status, 200, "{}", half.text());
    assert!(!is_signed_in(&other, "").await);
    // Without that one it is all there is, and worth one factor.
    let removal = super::removals(&mut browser).await.remove(0);
    let gone = removal.send(&mut browser).await;
    assert_eq!(gone.header("location"), "/account/factors?done=passkey-removed");
    let mut watch = Watch::on(&app, "default").await;
    for (says, acr) in [(touched(), "aal1"), (Says::used(), "aal2")] {
        let done = use_it(&mut app.browser(), &mut key, &says).await;
        assert_eq!(done.status, 200, "{}", done.text());
        assert_eq!(watch.only().await.details["acr"], acr);
    }
    with_verification(&app, UserVerification::Required).await;
    assert_eq!(use_it(&mut app.browser(), &mut key, &touched()).await.status, 400);
    signed_in_with(&app, &mut key).await;
}

async fn a_password_and_a_key_make_two_factors(backend: Backend) {
    let app = TestApp::start(backend).await;
    with_verification(&app, UserVerification::Preferred).await;
    let mut owner = app.browser();
    sign_in(&mut owner, "", ALICE).await;
    let mut key = touched_key(&mut owner).await;
    // The key first, the password after it.
    let mut browser = app.browser();
    let half = use_it(&mut browser, &mut key, &touched()).await;
    assert_eq!(half.status, 200, "{}", half.text());
    let page = browser.open(&half.member("next")).await;
    assert!(
        shows(&page, "password-form") && !shows(&page, "passkey-form"),
        "{}",
        page.text()
    );
    let wrong = Filled::of(&page, "password-form", &[("password", "not the password")]);
    assert_eq!(wrong.send(&mut browser).await.status, 401);
    assert!(!is_signed_in(&browser, "").await);
    let page = browser
        .submit(&page, "password-form", &[("password", PASSWORD)])
        .await;
    assert!(is_account(&page, ALICE), "{} {}", page.status, page.text());
    // The password first, the key after it.
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let page = browser.sign_in(&page, ALICE).await;
    assert!(
        shows(&page, "passkey-form") && !shows(&page, "password-form"),
        "{}",
        page.text()
    );
    let form = Scripted::of(&page, "passkey-form", "/login/passkey");
    let (ceremony, asked) = form.options(&mut browser).await;
    let mut watch = Watch::on(&app, "default").await;
    let said = key.sign(&asked, &touched());
    assert_eq!(form.finish(&mut browser, &ceremony, &said).await.status, 200);
    assert_eq!(watch.only().await.details["acr"], "aal2");
}

async fn a_password_alone_is_not_enough_any_more(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut passkey = alices(&app).await;
    let mut watch = Watch::on(&app, "default").await;
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let page = browser.sign_in(&page, ALICE).await;
    assert!(shows(&page, "passkey-form"), "{} {}", page.status, page.text());
    assert!(!is_signed_in(&browser, "").await);
    assert_eq!(watch.only().await.kind, FactorVerified);
    let form = Scripted::of(&page, "passkey-form", "/login/passkey");
    let (ceremony, asked) = form.options(&mut browser).await;
    assert_eq!(asked["allowCredentials"].as_array().unwrap().len(), 1);
    // Who is asked for one of their own need not be named by it.
    let says = Says {
        user_handle: Handle::Left,
        ..Says::used()
    };
    let said = passkey.sign(&asked, &says);
    let done = form.finish(&mut browser, &ceremony, &said).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert!(is_signed_in(&browser, "").await);
    assert_eq!(watch.only().await.details["method"], "password+passkey");
}

async fn a_passkey_of_somebody_else_is_no_second_factor(backend: Backend) {
    let app = TestApp::start(backend).await;
    alices(&app).await;
    let mut bob = app.browser();
    sign_in(&mut bob, "", "bob@example.com").await;
    let mut bobs = made(&mut bob).await;
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let page = browser.sign_in(&page, ALICE).await;
    let form = Scripted::of(&page, "passkey-form", "/login/passkey");
    let (ceremony, asked) = form.options(&mut browser).await;
    let mut watch = Watch::on(&app, "default").await;
    let said = bobs.sign(&asked, &Says::used());
    assert_eq!(form.finish(&mut browser, &ceremony, &said).await.status, 400);
    assert_eq!(watch.told().await, [(LoginFailed, "other_person".to_owned())]);
    assert!(!is_signed_in(&browser, "").await);
    signed_in_with(&app, &mut bobs).await;
}

async fn everybody_is_asked_the_same(backend: Backend) {
    let app = TestApp::start(backend).await;
    alices(&app).await;
    let mut asked = Vec::new();
    for email in [ALICE, "nobody@example.com"] {
        let mut browser = app.browser();
        let form = signing_in(&mut browser).await;
        let answer = form.post(&mut browser, "options", &[("email", email)]).await;
        let mut said = answer.json();
        assert_eq!(said["publicKey"]["allowCredentials"], json!([]));
        let challenge = said["publicKey"]["challenge"].take();
        assert_eq!(challenge.as_str().unwrap().len(), 43, "256 bits");
        said["ceremony"].take();
        asked.push((answer.status, said));
    }
    assert_eq!(asked[0], asked[1]);
    let endpoints = app.get("/.well-known/passkey-endpoints").await;
    assert_eq!(
        endpoints.member("enroll"),
        "https://id.example.com/account/factors"
    );
}

async fn a_passkey_belongs_to_its_tenant(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut passkey = alices(&app).await;
    let mut browser = app.browser();
    let page = browser.open("/t/acme/account").await;
    let form = Scripted::of(&page, "login-form", "/t/acme/login/passkey");
    let (ceremony, asked) = form.options(&mut browser).await;
    let said = passkey.sign(&asked, &Says::used());
    assert_eq!(form.finish(&mut browser, &ceremony, &said).await.status, 400);
    assert!(!is_signed_in(&browser, "/t/acme").await);
    signed_in_with(&app, &mut passkey).await;
}

async fn an_application_gets_what_was_verified(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut passkey = alices(&app).await;
    let mut browser = app.browser();
    let path = testkit::browser::authorize_path(&[("acr_values", "aal2"), ("prompt", "login")]);
    let page = browser.open(&path).await;
    let form = Scripted::of(&page, "login-form", "/login/passkey");
    let (ceremony, asked) = form.options(&mut browser).await;
    let said = passkey.sign(&asked, &Says::used());
    let done = form.finish(&mut browser, &ceremony, &said).await;
    let mut page = browser.open(&done.member("next")).await;
    if shows(&page, "consent-form") {
        page = browser.submit(&page, "consent-form", &[("accept", "1")]).await;
    }
    let code = testkit::browser::query_value(page.header("location"), "code").unwrap_or_default();
    let tokens = app.redeem("web", &code).await;
    assert_eq!(tokens.status, 200, "{} {}", tokens.text(), page.text());
    let claims = super::claims(&tokens.member("id_token"));
    assert_eq!(claims["acr"], "aal2");
    assert_eq!(claims["amr"], json!(["swk", "user", "mfa"]));
}
