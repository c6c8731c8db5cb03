//! Passkeys being made.

use std::time::Duration;

use domain::EventKind::{InvitationAccepted, PasskeyAdded};
use engine::passkeys::MAX_PASSKEYS;
use serde_json::json;
use testkit::Backend;
use testkit::app::TestApp;

use super::super::watch::{Watch, is_signed_in, shows, sign_in};
use super::authenticator::{Authenticator, Says};
use super::{ALICE, Lie, Scripted, begun, invited, made, making, signed_in_with, use_it};

on_both_engines! {
    a_registration_that_lies_is_refused
    the_browser_is_asked_for_what_was_promised
    changes_need_a_fresh_sign_in
    a_challenge_makes_one_passkey_of_one_session
    a_credential_is_known_once
    nobody_has_too_many
    a_person_can_begin_with_a_passkey_alone
    an_invitation_takes_one_beginning
}

async fn a_registration_that_lies_is_refused(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    sign_in(&mut browser, "", ALICE).await;
    let lies: [Lie; 13] = [
        ("origin", |says| says.at("https://id.example.com.evil.example")),
        ("origin", |says| says.at("http://id.example.com")),
        ("origin", |says| says.at("https://id.example.com:8443")),
        ("origin", |says| says.at("https://sub.id.example.com")),
        ("origin", |says| says.at("https://id.example.com/")),
        ("origin", |says| says.cross_origin = true),
        ("rp_id", |says| says.rp_id = "example.com".to_owned()),
        ("type", |says| says.kind = "webauthn.get"),
        ("challenge", |says| says.challenge = Some("AAAA".to_owned())),
        ("user_not_present", |says| says.present = false),
        ("user_not_verified", |says| says.verified = false),
        ("backup_state", |says| says.backup = (false, true)),
        ("algorithm", |says| says.algorithm = -47),
    ];
    let mut watch = Watch::on(&app, "default").await;
    for (reason, lie) in lies {
        let making = making(&mut browser).await;
        let (ceremony, asked) = making.options(&mut browser).await;
        let mut says = Says::made();
        lie(&mut says);
        let (_, said) = Authenticator::make(&asked, &says);
        let answer = making.finish(&mut browser, &ceremony, &said).await;
        assert_eq!(answer.status, 400, "{reason}");
        // A key of a kind the library does not read is unreadable before its algorithm is looked at.
        let found = watch.only().await.reason.unwrap_or_default();
        assert!(
            found == reason || (reason == "algorithm" && found == "unreadable"),
            "{reason}: {found}"
        );
    }
    for garbage in ["", "{}", "[]", "null", "{\"id\":1}"] {
        let making = making(&mut browser).await;
        let (ceremony, _) = making.options(&mut browser).await;
        let answer = making.finish(&mut browser, &ceremony, garbage).await;
        assert_eq!(answer.status, 400, "{garbage}");
    }
    watch.news().await;
    made(&mut browser).await;
    let added = watch.only().await;
    assert_eq!(added.kind, PasskeyAdded);
    assert_eq!(added.details["backup_eligible"], false);
}

async fn the_browser_is_asked_for_what_was_promised(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    sign_in(&mut browser, "", ALICE).await;
    let (_, asked) = making(&mut browser).await.options(&mut browser).await;
    assert_eq!(asked["rp"]["id"], "id.example.com");
    assert_eq!(asked["attestation"], "none");
    let wanted = &asked["authenticatorSelection"];
    assert_eq!(
        (&wanted["residentKey"], &wanted["userVerification"]),
        (&json!("required"), &json!("required"))
    );
    assert_eq!(asked["challenge"].as_str().unwrap().len(), 43, "256 bits");
    let numbers: Vec<_> = asked["pubKeyCredParams"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["alg"])
        .collect();
    assert_eq!(numbers, [&json!(-7), &json!(-35), &json!(-257)]);
    assert_eq!(asked["excludeCredentials"], json!([]));
    // What an authenticator knows its person by says nothing about them.
    let handle = asked["user"]["id"].as_str().unwrap();
    assert!(!handle.contains("alice") && handle.len() == 43, "{handle}");
    made(&mut browser).await;
    let (_, again) = making(&mut browser).await.options(&mut browser).await;
    assert_eq!(again["excludeCredentials"].as_array().unwrap().len(), 1);
    assert_ne!(again["challenge"], asked["challenge"]);
}

async fn changes_need_a_fresh_sign_in(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    sign_in(&mut browser, "", ALICE).await;
    let form = making(&mut browser).await;
    let (ceremony, asked) = form.options(&mut browser).await;
    let (_, said) = Authenticator::make(&asked, &Says::made());
    app.clock.advance(Duration::from_secs(301));
    for (what, more) in [
        ("options", vec![]),
        (
            "finish",
            vec![("ceremony", ceremony.as_str()), ("credential", said.as_str())],
        ),
    ] {
        let refused = form.post(&mut browser, what, &more).await;
        assert_eq!(
            (refused.status.as_u16(), refused.member("error")),
            (403, "not_fresh".to_owned())
        );
        assert!(refused.member("next").starts_with("/login?flow="));
    }
    // The twin: the way that was told leads back to the list, and then it goes.
    let refused = form.post(&mut browser, "options", &[]).await;
    let page = browser.open(&refused.member("next")).await;
    let back = browser.sign_in(&page, ALICE).await;
    assert!(shows(&back, "passkey-add"), "{} {}", back.status, back.text());
    let mut passkey = made(&mut browser).await;
    let removal = super::removals(&mut browser).await.remove(0);
    app.clock.advance(Duration::from_secs(301));
    let refused = browser.post(&removal.action, &removal.pairs()).await;
    assert!(refused.header("location").starts_with("/login?flow="));
    // Nothing was removed.
    signed_in_with(&app, &mut passkey).await;
}

async fn a_challenge_makes_one_passkey_of_one_session(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    sign_in(&mut browser, "", ALICE).await;
    let form = making(&mut browser).await;
    let (ceremony, asked) = form.options(&mut browser).await;
    let (_, said) = Authenticator::make(&asked, &Says::made());
    // Another browser of the same person has a session, and so a place for challenges, of its own.
    let mut other = app.browser();
    sign_in(&mut other, "", ALICE).await;
    let theirs = making(&mut other).await;
    assert_eq!(theirs.finish(&mut other, &ceremony, &said).await.status, 410);
    // A challenge for signing in makes nothing.
    let mut third = app.browser();
    let signing = super::signing_in(&mut third).await;
    let (used, _) = signing.options(&mut third).await;
    assert_eq!(form.finish(&mut browser, &used, &said).await.status, 410);
    assert_eq!(form.finish(&mut browser, "nonsense", &said).await.status, 410);
    assert_eq!(form.finish(&mut browser, &ceremony, &said).await.status, 200);
    // Used up; the session has a new cookie, and so a new form.
    let form = making(&mut browser).await;
    assert_eq!(form.finish(&mut browser, &ceremony, &said).await.status, 410);
}

async fn a_credential_is_known_once(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut alice = app.browser();
    sign_in(&mut alice, "", ALICE).await;
    let passkey = made(&mut alice).await;
    let mut bob = app.browser();
    sign_in(&mut bob, "", "bob@example.com").await;
    for browser in [&mut alice, &mut bob] {
        let form = making(browser).await;
        let (ceremony, asked) = form.options(browser).await;
        let said = passkey.said_again(&asked, &Says::made());
        let answer = form.finish(browser, &ceremony, &said).await;
        assert_eq!(
            (answer.status.as_u16(), answer.member("error")),
            (400, "refused".to_owned())
        );
        made(browser).await;
    }
}

async fn nobody_has_too_many(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    sign_in(&mut browser, "", ALICE).await;
    let mut last = making(&mut browser).await;
    for _ in 0..MAX_PASSKEYS {
        last = making(&mut browser).await;
        made(&mut browser).await;
    }
    let page = browser.open("/account/factors").await;
    assert!(!shows(&page, "passkey-add"), "{}", page.text());
    let removal = super::removals(&mut browser).await.remove(0);
    last.fields.retain(|(name, _)| name != "csrf");
    last.fields
        .push(("csrf".to_owned(), removal.field("csrf").to_owned()));
    let refused = last.post(&mut browser, "options", &[]).await;
    assert_eq!(
        (refused.status.as_u16(), refused.member("error")),
        (409, "too_many".to_owned())
    );
    removal.send(&mut browser).await;
    made(&mut browser).await;
}

async fn a_person_can_begin_with_a_passkey_alone(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut watch = Watch::on(&app, "default").await;
    let (email, mut passkey) = invited(&app).await;
    let told: Vec<_> = watch.told().await.into_iter().map(|(kind, _)| kind).collect();
    assert!(
        told.contains(&InvitationAccepted) && told.contains(&PasskeyAdded),
        "{told:?}"
    );
    let mut browser = signed_in_with(&app, &mut passkey).await;
    let page = browser.open("/account").await;
    assert!(page.text().contains(&email));
    // Switched off and on again the person is who they were.
    let ctx = app.ctx("default");
    let id = app.user("default", &email).await.id;
    app.app.disable_user(&ctx, id).await.unwrap();
    let off = use_it(&mut app.browser(), &mut passkey, &Says::used()).await;
    assert_eq!(
        (off.status.as_u16(), off.member("error")),
        (400, "refused".to_owned())
    );
    app.app.enable_user(&ctx, id).await.unwrap();
    signed_in_with(&app, &mut passkey).await;
}

async fn an_invitation_takes_one_beginning(backend: Backend) {
    let app = TestApp::start(backend).await;
    let ctx = app.ctx("default");
    let new = engine::users::NewUser {
        email: "carol@example.com".parse().unwrap(),
        email_verified: false,
        profile: domain::Profile::default(),
        password: None,
    };
    let (_, token) = app.app.create_invited_user(&ctx, new).await.unwrap();
    let link = format!("/invite?token={}", token.expose());
    let mut browser = app.browser();
    let page = browser.open(&link).await;
    let form = Scripted::of(&page, "invite-passkey-form", "/invite/passkey");
    let stranger = Scripted {
        fields: vec![
            ("token".to_owned(), token.expose().to_owned()),
            ("csrf".to_owned(), "wrong".to_owned()),
        ],
        action: form.action.clone(),
    };
    assert_eq!(stranger.post(&mut browser, "options", &[]).await.status, 403);
    let (ceremony, asked) = form.options(&mut browser).await;
    let (_, said) = Authenticator::make(&asked, &Says::made());
    begun(&mut browser, &page).await;
    assert_eq!(browser.open(&link).await.status, 410);
    assert_eq!(form.post(&mut browser, "options", &[]).await.status, 410);
    assert_eq!(form.finish(&mut browser, &ceremony, &said).await.status, 410);
    assert!(!is_signed_in(&browser, "").await, "a link signs nobody in");
}
