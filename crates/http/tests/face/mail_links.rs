//! What the links in mails do, once each (F6, G5, PW7, PW13, PW14, MF10, SE5).

use std::time::Duration;

use domain::{Actor, RegistrationSettings, Slug, TenantSettings};
use testkit::Backend;
use testkit::app::{Answer, TestApp};
use testkit::browser::Browser;
use testkit::smtp::{Caught, SmtpSink};

use super::mail::{ask, deliver, with_sink};
use super::watch::{Filled, is_account, is_signed_in, shows, sign_in, signed_in};

pub(crate) const NEW: &str = "a new and long passphrase";

on_both_engines! {
    a_reset_ends_everything_and_signs_nobody_in
    a_reset_link_dies_on_use_and_in_another_browser
    a_link_of_one_purpose_is_none_of_another
    the_owner_is_told_and_can_say_it_was_not_them
    an_unknown_browser_is_told_of_once
    an_administrator_starts_a_reset_and_sets_nothing
    an_address_is_proved_in_the_browser_that_asked
    an_address_changes_after_the_old_one_was_told
    an_account_is_made_by_its_link_alone
    an_invitation_is_mailed
}

/// The path of the link in a mail.
pub(crate) fn link(mail: &Caught) -> String {
    let links = mail.links();
    let found = links.iter().find(|link| link.contains("token="));
    let link = found.unwrap_or_else(|| panic!("no link in {}", mail.raw));
    link.trim_start_matches("https://id.example.com").to_owned()
}

async fn one_mail(app: &TestApp, sink: &SmtpSink) -> Caught {
    deliver(app).await;
    let mut mails = sink.take();
    assert_eq!(mails.len(), 1, "{mails:?}");
    mails.remove(0)
}

pub(crate) async fn use_link(browser: &mut Browser<'_>, path: &str, fields: &[(&str, &str)]) -> Answer {
    let page = browser.open(path).await;
    if !shows(&page, "link-form") {
        return page;
    }
    Filled::of(&page, "link-form", fields).send(browser).await
}

pub(crate) async fn can_sign_in(app: &TestApp, email: &str, password: &str) -> bool {
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let fields = [("email", email), ("password", password)];
    let page = browser.submit(&page, "login-form", &fields).await;
    is_account(&page, email)
}

async fn a_reset_ends_everything_and_signs_nobody_in(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let (elsewhere, _) = signed_in(&app, "", "alice@example.com").await;
    let (bobs, _) = signed_in(&app, "", "bob@example.com").await;
    let mut tokens = app.browser();
    let page = tokens.open("/account").await;
    tokens.sign_in(&page, "alice@example.com").await;
    let refresh = tokens
        .tokens("alice@example.com", "openid offline_access")
        .await
        .member("refresh_token");
    sink.take();

    let mut browser = app.browser();
    ask(&mut browser, "/recover", "alice@example.com").await;
    let path = link(&one_mail(&app, &sink).await);
    // A scanner opens it, again and again: nothing happens.
    for _ in 0..3 {
        assert!(shows(&browser.open(&path).await, "link-form"));
    }
    assert!(is_signed_in(&elsewhere, "").await);
    let short = use_link(&mut browser, &path, &[("password", "short")]).await;
    assert_eq!(short.status, 400);
    let done = use_link(&mut browser, &path, &[("password", NEW)]).await;
    assert_eq!(done.status, 200);
    assert!(!is_signed_in(&browser, "").await, "a link signs nobody in");
    assert!(!is_signed_in(&elsewhere, "").await, "every session ended");
    assert!(is_signed_in(&bobs, "").await, "and nobody else's");
    if !refresh.is_empty() {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.as_str()),
        ];
        assert_eq!(app.token("web", &form).await.error(), "invalid_grant");
    }
    // PW7: the owner is told.
    let notice = one_mail(&app, &sink).await;
    assert_eq!(notice.to, "alice@example.com");
    assert!(notice.header("subject").contains("password"), "{}", notice.raw);
    assert!(!can_sign_in(&app, "alice@example.com", testkit::app::PASSWORD).await);
    assert!(can_sign_in(&app, "alice@example.com", NEW).await);
}

async fn a_reset_link_dies_on_use_and_in_another_browser(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let mut browser = app.browser();
    ask(&mut browser, "/recover", "alice@example.com").await;
    let path = link(&one_mail(&app, &sink).await);
    let page = browser.open(&path).await;
    let form = Filled::of(&page, "link-form", &[("password", NEW)]);

    // Another browser, with no cookie or one of its own.
    let mut stranger = app.browser();
    assert_eq!(stranger.open(&path).await.status, 410);
    assert_eq!(form.send(&mut stranger).await.status, 410);
    stranger.open("/recover").await;
    assert_eq!(stranger.open(&path).await.status, 410);
    assert_eq!(form.send(&mut stranger).await.status, 410);
    // Another tenant's face.
    assert_eq!(browser.open(&format!("/t/acme{path}")).await.status, 410);
    // A foreign form.
    assert_eq!(
        form.with("csrf", Some("AAAA")).send(&mut browser).await.status,
        403
    );

    let posts = (0..100).map(|_| {
        let (form, mut browser) = (&form, browser.clone());
        async move { form.send(&mut browser).await.status.as_u16() }
    });
    let mut done = futures_util::future::join_all(posts).await;
    done.sort_unstable();
    assert_eq!(done[0], 200);
    assert!(done[1..].iter().all(|status| *status == 410), "{done:?}");
    assert_eq!(browser.open(&path).await.status, 410);

    // Its time.
    ask(&mut browser, "/recover", "bob@example.com").await;
    deliver(&app).await;
    let late = sink
        .take()
        .into_iter()
        .find(|mail| mail.to == "bob@example.com")
        .unwrap();
    app.clock.advance(Duration::from_mins(30));
    assert_eq!(browser.open(&link(&late)).await.status, 410);
}

async fn a_link_of_one_purpose_is_none_of_another(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let mut browser = app.browser();
    ask(&mut browser, "/recover", "alice@example.com").await;
    let path = link(&one_mail(&app, &sink).await);
    let token = path.split('=').nth(1).unwrap();
    for other in [
        "/recover/deny",
        "/register/finish",
        "/account/email/verify",
        "/account/email/change",
        "/invite",
    ] {
        let answer = browser.open(&format!("{other}?token={token}")).await;
        assert_eq!(answer.status, 410, "{other}");
    }
    assert!(shows(&browser.open(&path).await, "link-form"));
}

async fn the_owner_is_told_and_can_say_it_was_not_them(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let mut thief = app.browser();
    ask(&mut thief, "/recover", "alice@example.com").await;
    let path = link(&one_mail(&app, &sink).await);
    use_link(&mut thief, &path, &[("password", NEW)]).await;
    let notice = one_mail(&app, &sink).await;
    let page = thief.open("/account").await;
    let page = thief
        .submit(
            &page,
            "login-form",
            &[("email", "alice@example.com"), ("password", NEW)],
        )
        .await;
    assert!(is_account(&page, "alice@example.com"));

    // Opened by a scanner: nothing. By the owner, in any browser: all of it ends.
    let mut owner = app.browser();
    let deny = link(&notice);
    assert!(deny.starts_with("/recover/deny"), "{deny}");
    assert!(shows(&owner.open(&deny).await, "link-form"));
    assert!(is_signed_in(&thief, "").await);
    assert_eq!(use_link(&mut owner, &deny, &[]).await.status, 200);
    assert!(!is_signed_in(&thief, "").await);
    assert!(
        !can_sign_in(&app, "alice@example.com", NEW).await,
        "the password is void"
    );
    assert_eq!(owner.open(&deny).await.status, 410, "once");
    let reset = one_mail(&app, &sink).await;
    assert_eq!(reset.to, "alice@example.com");
    let done = use_link(
        &mut owner,
        &link(&reset),
        &[("password", "the owner's own passphrase")],
    )
    .await;
    assert_eq!(done.status, 200);
    assert!(can_sign_in(&app, "alice@example.com", "the owner's own passphrase").await);
}

async fn an_unknown_browser_is_told_of_once(backend: Backend) {
    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
    let (app, sink) = with_sink(backend).await;
    for (agent, mails) in [(FIREFOX, 0), (FIREFOX, 0), (CHROME, 1), (CHROME, 0), (FIREFOX, 0)] {
        let mut browser = app.browser();
        browser.headers.push(("user-agent", agent.to_owned()));
        sign_in(&mut browser, "", "alice@example.com").await;
        app.clock.advance(Duration::from_mins(1));
        deliver(&app).await;
        let got = sink.take();
        assert_eq!(got.len(), mails, "{agent}");
        for mail in got {
            assert!(mail.body().contains("Chrome, Windows"), "{}", mail.body());
            assert!(link(&mail).starts_with("/recover/deny"));
        }
    }
}

async fn an_administrator_starts_a_reset_and_sets_nothing(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let alice = app.user("default", "alice@example.com").await;
    let form = [("grant_type", "client_credentials"), ("scope", "rsp.admin")];
    let token = app.token("admin", &form).await.member("access_token");
    let bearer = format!("Bearer {token}");
    let path = format!("/admin/v1/users/{}/reset", alice.id);
    assert_eq!(app.call("POST", &path, &[], "").await.status, 401);
    let headers = [("authorization", bearer.as_str())];
    let answer = app.call("POST", &path, &headers, "").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(
        !answer.text().contains("rsp_ln_"),
        "the link is the person's alone"
    );
    assert!(can_sign_in(&app, "alice@example.com", testkit::app::PASSWORD).await);
    let mail = one_mail(&app, &sink).await;
    assert_eq!(mail.to, "alice@example.com");
    let done = use_link(&mut app.browser(), &link(&mail), &[("password", NEW)]).await;
    assert_eq!(done.status, 200);
    assert!(can_sign_in(&app, "alice@example.com", NEW).await);
    let nobody = "/admin/v1/users/0199c000-0000-7000-8000-000000000000/reset";
    assert_eq!(app.call("POST", nobody, &headers, "").await.status, 404);
}

async fn an_address_is_proved_in_the_browser_that_asked(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let new = engine::users::NewUser {
        email: "carol@example.com".parse().unwrap(),
        email_verified: false,
        profile: domain::Profile::default(),
        password: Some(domain::Secret::new(testkit::app::PASSWORD.to_owned())),
    };
    app.app.create_user(&app.ctx("default"), new).await.unwrap();
    let (mut browser, page) = signed_in(&app, "", "carol@example.com").await;
    let sent = browser.submit(&page, "email-prove", &[]).await;
    assert_eq!(sent.status, 200);
    let path = link(&one_mail(&app, &sink).await);
    assert_eq!(app.browser().open(&path).await.status, 410, "another browser");
    assert_eq!(use_link(&mut browser, &path, &[]).await.status, 200);
    assert!(app.user("default", "carol@example.com").await.email_verified);
    assert_eq!(browser.open(&path).await.status, 410);
    assert!(!shows(&browser.open("/account").await, "email-prove"));
}

async fn an_address_changes_after_the_old_one_was_told(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    for stopped in [true, false] {
        let (mut browser, page) = signed_in(&app, "", "bob@example.com").await;
        let wish = [("email", "robert@example.com")];
        assert_eq!(browser.submit(&page, "email-change", &wish).await.status, 200);
        let notice = one_mail(&app, &sink).await;
        assert_eq!(notice.to, "bob@example.com", "the old address first");
        if stopped {
            let deny = link(&notice);
            assert_eq!(use_link(&mut app.browser(), &deny, &[]).await.status, 200);
            let reset = one_mail(&app, &sink).await;
            let again = [("password", testkit::app::PASSWORD)];
            assert_eq!(
                use_link(&mut app.browser(), &link(&reset), &again).await.status,
                200
            );
            deliver(&app).await;
            sink.take();
        }
        app.clock.advance(Duration::from_hours(1));
        let mail = one_mail(&app, &sink).await;
        assert_eq!(mail.to, "robert@example.com");
        let answer = use_link(&mut browser, &link(&mail), &[]).await;
        assert_eq!(answer.status, if stopped { 410 } else { 200 });
        let changed = one_mail_if(&app, &sink, !stopped).await;
        assert!(
            changed.is_none_or(|mail| mail.to == "bob@example.com"),
            "the old one is told"
        );
    }
    assert!(can_sign_in(&app, "robert@example.com", testkit::app::PASSWORD).await);
    // An old sign-in is not enough, and somebody else's address leads nowhere.
    let (mut browser, page) = signed_in(&app, "", "robert@example.com").await;
    sink.take();
    let taken = [("email", "alice@example.com")];
    assert_eq!(browser.submit(&page, "email-change", &taken).await.status, 200);
    app.clock.advance(Duration::from_hours(1));
    deliver(&app).await;
    let mail = sink
        .take()
        .into_iter()
        .find(|mail| mail.to == "alice@example.com")
        .unwrap();
    assert_eq!(use_link(&mut browser, &link(&mail), &[]).await.status, 410);
    let page = browser.open("/account").await;
    let answer = browser
        .submit(&page, "email-change", &[("email", "x@example.com")])
        .await;
    assert!(answer.text().contains("too long ago"), "{}", answer.text());
    assert_eq!(deliver(&app).await, 0);
}

async fn one_mail_if(app: &TestApp, sink: &SmtpSink, wanted: bool) -> Option<Caught> {
    deliver(app).await;
    let mut mails = sink.take();
    assert_eq!(mails.len(), usize::from(wanted), "{mails:?}");
    mails.pop()
}

async fn an_account_is_made_by_its_link_alone(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let settings = TenantSettings {
        registration: RegistrationSettings { open: true },
        ..TenantSettings::default()
    };
    let slug: Slug = "open".parse().unwrap();
    app.app
        .create_tenant(Actor::Operator, slug, "Open", settings)
        .await
        .unwrap();
    let known = app.add_user("open", "alice@example.com").await;
    let path = "/t/open/register";
    let mut answers = Vec::new();
    let mut browser = app.browser();
    for email in ["new@example.com", "alice@example.com", "аlice@example.com"] {
        let answer = ask(&mut browser, path, email).await;
        answers.push(answer.text().replace(answer.header("x-request-id"), "ID"));
    }
    assert!(answers.iter().all(|text| *text == answers[0]));
    deliver(&app).await;
    let mails = sink.take();
    // The look-alike of alice gets nothing (G6), alice hears of it, the new one gets a link.
    assert_eq!(mails.len(), 2, "{mails:?}");
    let alices = mails.iter().find(|mail| mail.to == "alice@example.com").unwrap();
    assert!(link(alices).starts_with("/t/open/recover/set"));
    let news = mails.iter().find(|mail| mail.to == "new@example.com").unwrap();
    let path = link(news);
    assert_eq!(app.browser().open(&path).await.status, 410, "another browser");
    for name in ["alice@example.com", "alice＠example.com"] {
        let answer = use_link(&mut browser, &path, &[("password", NEW), ("name", name)]).await;
        assert_eq!(answer.status, 400, "{name}");
    }
    let answer = use_link(&mut browser, &path, &[("password", NEW), ("name", "Nina New")]).await;
    assert_eq!(answer.status, 200);
    assert!(!is_signed_in(&browser, "/t/open").await);
    let made = app.user("open", "new@example.com").await;
    assert!(made.email_verified);
    assert_ne!(made.id, known.id);
    assert_eq!(browser.open(&path).await.status, 410);
    let page = browser.open("/t/open/account").await;
    let fields = [("email", "new@example.com"), ("password", NEW)];
    assert!(is_account(
        &browser.submit(&page, "login-form", &fields).await,
        "new@example.com"
    ));
}

async fn an_invitation_is_mailed(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let new = engine::users::NewUser {
        email: "dora@example.com".parse().unwrap(),
        email_verified: false,
        profile: domain::Profile {
            locale: Some("de-AT".to_owned()),
            ..domain::Profile::default()
        },
        password: None,
    };
    let (_, token) = app
        .app
        .create_invited_user(&app.ctx("default"), new)
        .await
        .unwrap();
    let mail = one_mail(&app, &sink).await;
    assert_eq!(mail.to, "dora@example.com");
    assert!(mail.body().contains("Passwort"), "{}", mail.body());
    let path = link(&mail);
    assert_eq!(path, format!("/invite?token={}", token.expose()));
    let page = app.browser().open(&path).await;
    let form = Filled::of(&page, "invite-form", &[("password", NEW)]);
    assert_eq!(form.send(&mut app.browser()).await.status, 303);
    // Who has just begun is not told of their own first password.
    assert_eq!(deliver(&app).await, 0);
}
