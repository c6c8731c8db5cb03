//! One-time links for a first password (PW11, F6, C4, R16).

use std::time::Duration;

use domain::EventKind::{CsrfRefused, InvitationAccepted, PasswordChanged, RequestRefused};
use domain::{Profile, UserStatus};
use engine::users::NewUser;
use futures_util::future::join_all;
use testkit::Backend;
use testkit::app::{Answer, TestApp};

use super::watch::{Filled, Watch, cut, is_account, shows};

const NEW: &str = "a new and long passphrase";

on_both_engines! {
    a_link_sets_the_first_password_once
    a_link_lives_for_a_day
    of_many_at_once_one_wins
    a_link_that_was_touched_is_none
    who_was_switched_off_stays_off
}

/// An invited person and their link's secret.
async fn invited(app: &TestApp, email: &str) -> (domain::UserId, String) {
    let new = NewUser {
        email: email.parse().unwrap(),
        email_verified: false,
        profile: Profile::default(),
        password: None,
    };
    let ctx = app.ctx("default");
    let user = app.app.create_user(&ctx, new).await.unwrap();
    let token = app.app.invite(&ctx, user.id).await.unwrap();
    (user.id, token.expose().to_owned())
}

fn filled(page: &Answer) -> Filled {
    Filled::of(page, "invite-form", &[("password", NEW)])
}

async fn a_link_sets_the_first_password_once(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (id, token) = invited(&app, "carol@example.com").await;
    let link = format!("/invite?token={token}");
    let mut browser = app.browser();
    let page = browser.open(&link).await;
    assert!(shows(&page, "invite-form"));
    assert!(page.text().contains("carol@example.com"));
    let form = filled(&page);
    let mut watch = Watch::on(&app, "default").await;

    // Neither a short password nor a foreign form uses the link up.
    for short in ["", "zqxjk", "zqxjkzqxjkzqxj"] {
        let answer = form.with("password", Some(short)).send(&mut browser).await;
        assert_eq!(answer.status, 400, "{short:?}");
        assert!(shows(&answer, "invite-form"), "{short:?}");
        assert!(
            short.is_empty() || !answer.text().contains(short),
            "a password is not shown"
        );
    }
    let refused = (RequestRefused, "password".to_owned());
    assert_eq!(watch.told().await, [refused.clone(), refused.clone(), refused]);
    let answer = form.with("csrf", Some("AAAA")).send(&mut browser).await;
    assert_eq!(answer.status, 403);
    assert_eq!(watch.told().await, [(CsrfRefused, "wrong_token".to_owned())]);

    let answer = form.send(&mut browser).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/account")
    );
    assert_eq!(
        watch.told().await,
        [
            (InvitationAccepted, String::new()),
            (PasswordChanged, String::new())
        ]
    );
    let user = app.app.user(&app.ctx("default"), id).await.unwrap();
    assert_eq!(user.status, UserStatus::Active);

    // Nobody is signed in by a link: the password is the credential.
    let page = browser.open("/account").await;
    assert!(shows(&page, "login-form"));
    let fields = [("email", "carol@example.com"), ("password", NEW)];
    let page = browser.submit(&page, "login-form", &fields).await;
    assert!(is_account(&page, "carol@example.com"));

    watch.news().await;
    assert_eq!(browser.open(&link).await.status, 410);
    let again = form
        .with("password", Some("the attacker's passphrase"))
        .send(&mut browser)
        .await;
    assert_eq!(again.status, 410);
    let refused = (RequestRefused, "gone".to_owned());
    assert_eq!(watch.told().await, [refused.clone(), refused]);
}

async fn a_link_lives_for_a_day(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (_, token) = invited(&app, "carol@example.com").await;
    let (_, late) = invited(&app, "dave@example.com").await;
    let mut browser = app.browser();
    let page = browser.open(&format!("/invite?token={late}")).await;
    let late_form = filled(&page);
    app.clock
        .advance(Duration::from_hours(24) - Duration::from_secs(1));
    let page = browser.open(&format!("/invite?token={token}")).await;
    assert_eq!(filled(&page).send(&mut browser).await.status, 303);
    app.clock.advance(Duration::from_secs(1));
    let gone = browser.open(&format!("/invite?token={late}")).await;
    assert_eq!(gone.status, 410);
    assert_eq!(late_form.send(&mut browser).await.status, 410);
}

async fn of_many_at_once_one_wins(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (_, token) = invited(&app, "carol@example.com").await;
    let page = app.browser().open(&format!("/invite?token={token}")).await;
    let form = filled(&page);
    let mut watch = Watch::on(&app, "default").await;
    let attempts = (0..20).map(|n| {
        let password = format!("the passphrase of attempt {n}");
        let (form, app) = (&form, &app);
        async move {
            let answer = form
                .with("password", Some(&password))
                .send(&mut app.browser())
                .await;
            (answer.status.as_u16(), password)
        }
    });
    let mut done = join_all(attempts).await;
    done.sort();
    let (won, lost): (Vec<_>, Vec<_>) = done.into_iter().partition(|(status, _)| *status == 303);
    assert_eq!((won.len(), lost.len()), (1, 19));
    assert!(lost.iter().all(|(status, _)| *status == 410), "{lost:?}");
    let (refused, done): (Vec<_>, Vec<_>) = watch
        .told()
        .await
        .into_iter()
        .partition(|(kind, _)| *kind == RequestRefused);
    // Beyond ten a minute they are counted.
    assert_eq!(refused, vec![(RequestRefused, "gone".to_owned()); 10]);
    assert_eq!(
        done,
        [
            (InvitationAccepted, String::new()),
            (PasswordChanged, String::new())
        ]
    );
    for ((_, password), opens) in [(&won[0], true), (&lost[0], false)] {
        let mut browser = app.browser();
        let page = browser.open("/account").await;
        let fields = [("email", "carol@example.com"), ("password", password)];
        let page = browser.submit(&page, "login-form", &fields).await;
        assert_eq!(is_account(&page, "carol@example.com"), opens);
    }
}

async fn a_link_that_was_touched_is_none(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (_, token) = invited(&app, "carol@example.com").await;
    let (body, prefix) = (token.trim_start_matches("rsp_in_"), "rsp_in_");
    let upper = |c: char| {
        if c.is_lowercase() {
            c.to_ascii_uppercase()
        } else {
            c
        }
    };
    let shouted = token.chars().map(upper).collect();
    let mutants = [
        String::new(),
        cut(&token, 1),
        format!("{token}A"),
        format!("{token}="),
        format!("%20{token}"),
        body.to_owned(),
        format!("rsp_rt_{body}"),
        format!("rsp_se_{body}"),
        format!("{prefix}{}", body.chars().rev().collect::<String>()),
        shouted,
    ];
    let mut browser = app.browser();
    let mut first: Option<String> = None;
    for mutant in mutants {
        let answer = browser.open(&format!("/invite?token={mutant}")).await;
        assert_eq!(answer.status, 410, "{mutant}");
        let body = answer.text().replace(answer.header("x-request-id"), "ID");
        let first = first.get_or_insert_with(|| body.clone());
        assert_eq!(*first, body, "{mutant}");
    }
    // The link is this tenant's.
    let elsewhere = browser.open(&format!("/t/acme/invite?token={token}")).await;
    assert_eq!(elsewhere.status, 410);
    let page = browser.open(&format!("/invite?token={token}")).await;
    assert_eq!(filled(&page).send(&mut browser).await.status, 303);
}

async fn who_was_switched_off_stays_off(backend: Backend) {
    let app = TestApp::start(backend).await;
    let ctx = app.ctx("default");
    let (id, token) = invited(&app, "carol@example.com").await;
    let mut browser = app.browser();
    let page = browser.open(&format!("/invite?token={token}")).await;
    app.app.disable_user(&ctx, id).await.unwrap();
    let link = format!("/invite?token={token}");
    assert_eq!(browser.open(&link).await.status, 410);
    assert_eq!(filled(&page).send(&mut browser).await.status, 410);
    let user = app.app.user(&ctx, id).await.unwrap();
    assert_eq!(user.status, UserStatus::Disabled);
    app.app.enable_user(&ctx, id).await.unwrap();
    let page = browser.open(&link).await;
    assert_eq!(filled(&page).send(&mut browser).await.status, 303);
}
