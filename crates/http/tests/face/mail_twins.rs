//! Legitimate requests of the pages that have to do with mail, each by a person of its own.

use domain::TenantSettings;
use engine::users::NewUser;
use testkit::app::{Answer, PASSWORD, TestApp};
use testkit::browser::Browser;
use testkit::smtp::SmtpSink;

use super::mail::{ask, deliver};
use super::mail_links::{NEW, link};
use super::watch::{Filled, signed_in};

/// The pages.
const PATHS: [&str; 11] = [
    "/recover",
    "/recover/set",
    "/recover/deny",
    "/recover/factor",
    "/recover/factor/stop",
    "/register",
    "/register/finish",
    "/account/email",
    "/account/email/prove",
    "/account/email/verify",
    "/account/email/change",
];

/// Whether a path is one of them.
pub(crate) fn has(path: &str) -> bool {
    PATHS.contains(&path)
}

/// Lets people make accounts at the default tenant.
pub(crate) async fn open_registration(app: &TestApp) {
    let ctx = app.ctx("default");
    let mut settings: TenantSettings = ctx.tenant.tenant.settings.clone();
    settings.registration.open = true;
    let name = ctx.tenant.tenant.name.clone();
    app.app.update_tenant(&ctx, &name, settings).await.unwrap();
}

/// The request and its answer.
pub(crate) async fn answer(app: &TestApp, sink: &SmtpSink, method: &str, path: &str) -> Answer {
    let name = format!("{method}{path}").replace('/', "-").to_lowercase();
    let email = format!("{name}@example.com");
    sink.take();
    match path {
        "/recover" | "/register" => {
            let mut browser = app.browser();
            match method {
                "GET" => browser.open(path).await,
                _ => ask(&mut browser, path, &email).await,
            }
        }
        "/recover/set" => {
            app.add_user("default", &email).await;
            let mut browser = app.browser();
            let link = link_for(app, sink, (&mut browser, "/recover"), &email).await;
            opened(&mut browser, method, &link, &[("password", NEW)]).await
        }
        "/register/finish" => {
            let mut browser = app.browser();
            let link = link_for(app, sink, (&mut browser, "/register"), &email).await;
            opened(&mut browser, method, &link, &[("password", NEW)]).await
        }
        "/recover/factor" | "/recover/factor/stop" => {
            super::mail_lost::twin(app, sink, method, path, &email).await
        }
        "/recover/deny" => {
            app.add_user("default", &email).await;
            let mut browser = app.browser();
            let reset = link_for(app, sink, (&mut browser, "/recover"), &email).await;
            opened(&mut browser, "POST", &reset, &[("password", NEW)]).await;
            let notice = mailed(app, sink, &email).await;
            opened(&mut app.browser(), method, &notice, &[]).await
        }
        "/account/email" => wish(app, &email).await.1,
        "/account/email/prove" => unproved(app, &email).await.1,
        "/account/email/verify" => {
            let (mut browser, _) = unproved(app, &email).await;
            let link = mailed(app, sink, &email).await;
            opened(&mut browser, method, &link, &[]).await
        }
        "/account/email/change" => {
            let (mut browser, _) = wish(app, &email).await;
            app.clock.advance(std::time::Duration::from_hours(1));
            let link = mailed(app, sink, &format!("other-{email}")).await;
            opened(&mut browser, method, &link, &[]).await
        }
        _ => panic!("no legitimate request for {method} {path}: add one"),
    }
}

/// Somebody who wants another address.
async fn wish<'a>(app: &'a TestApp, email: &str) -> (Browser<'a>, Answer) {
    app.add_user("default", email).await;
    let (mut browser, page) = signed_in(app, "", email).await;
    let other = format!("other-{email}");
    let answer = browser.submit(&page, "email-change", &[("email", &other)]).await;
    (browser, answer)
}

/// Somebody who wants to prove theirs.
async fn unproved<'a>(app: &'a TestApp, email: &str) -> (Browser<'a>, Answer) {
    let new = NewUser {
        email: email.parse().unwrap(),
        email_verified: false,
        profile: domain::Profile::default(),
        password: Some(domain::Secret::new(PASSWORD.to_owned())),
    };
    app.app.create_user(&app.ctx("default"), new).await.unwrap();
    let (mut browser, page) = signed_in(app, "", email).await;
    let answer = browser.submit(&page, "email-prove", &[]).await;
    (browser, answer)
}

async fn link_for(
    app: &TestApp,
    sink: &SmtpSink,
    (browser, path): (&mut Browser<'_>, &str),
    email: &str,
) -> String {
    ask(browser, path, email).await;
    mailed(app, sink, email).await
}

/// The link in the newest mail to an address.
async fn mailed(app: &TestApp, sink: &SmtpSink, email: &str) -> String {
    deliver(app).await;
    let mails = sink.take();
    let found = mails.iter().rev().find(|mail| mail.to == email);
    link(found.unwrap_or_else(|| panic!("no mail to {email}: {mails:?}")))
}

async fn opened(browser: &mut Browser<'_>, method: &str, link: &str, fields: &[(&str, &str)]) -> Answer {
    let page = browser.open(link).await;
    match method {
        "GET" => page,
        _ => Filled::of(&page, "link-form", fields).send(browser).await,
    }
}
