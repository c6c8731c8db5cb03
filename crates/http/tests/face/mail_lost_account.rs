//! A recovery of lost factors on the account page of its person: when its time comes, and a form that stops it (MF10).

use std::time::Duration;

use domain::EventKind::{FactorRecoveryStarted, FactorRecoveryStopped, RequestRefused};
use testkit::Backend;
use testkit::app::{Answer, TestApp};
use testkit::smtp::SmtpSink;

use super::mail::with_sink;
use super::mail_links::use_link;
use super::mail_lost::{lost, owner, started};
use super::watch::{Filled, Watch, shows, signed_in};

const ALICE: &str = "alice@example.com";

on_both_engines! {
    the_owner_sees_it_and_stops_it
    nobody_else_does
}

async fn the_owner_sees_it_and_stops_it(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let (mut owner, _) = owner(&app, &sink, ALICE).await;
    assert!(!shows(&owner.open("/account").await, "recovery-stop"));
    let mut browser = app.browser();
    let mailed = started(&app, &sink, &mut browser).await;
    let page = owner.open("/account").await;
    let ready = app.app.world.now().plus(Duration::from_hours(3 * 24)).secs();
    let when = page
        .text()
        .split("id=\"recovery-stop\"")
        .nth(1)
        .unwrap()
        .to_owned();
    let when = when.split("datetime=\"").nth(1).unwrap().to_owned();
    let shown = http_face::pages::Words::new(http_face::pages::Locale::ENGLISH).machine_time(ready);
    assert!(when.starts_with(&shown), "{when} {shown}");

    let form = Filled::of(&page, "recovery-stop", &[]);
    let mut watch = Watch::on(&app, "default").await;
    let foreign = form.with("csrf", Some("x")).send(&mut owner).await;
    assert_eq!(foreign.status, 403);
    assert!(shows(&owner.open("/account").await, "recovery-stop"));
    watch.news().await;
    let done = form.send(&mut owner).await;
    assert_eq!(done.header("location"), "/account?done=recovery-stopped");
    assert_eq!(watch.told().await, [(FactorRecoveryStopped, String::new())]);
    let page = owner.open("/account?done=recovery-stopped").await;
    assert!(!shows(&page, "recovery-stop"));
    assert!(page.text().contains("It is stopped"), "{}", page.text());
    // Once is enough, and what was mailed has nothing to stop any more.
    assert_eq!(form.send(&mut owner).await.status, 404);
    assert_eq!(watch.told().await, [(RequestRefused, "not_found".to_owned())]);
    assert_eq!(use_link(&mut owner, &mailed, &[]).await.status, 410);
    // Time removes nothing now: whoever goes on begins anew.
    watch.news().await;
    app.clock.advance(Duration::from_hours(3 * 24));
    let path = lost(&app, &sink, &mut browser, ALICE).await;
    watch.news().await;
    assert_eq!(use_link(&mut browser, &path, &[]).await.status, 200);
    let told = watch.told().await;
    assert_eq!(told, [(FactorRecoveryStarted, "lost_factor".to_owned())]);
}

async fn nobody_else_does(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    let (mut owner, _) = owner(&app, &sink, ALICE).await;
    started(&app, &sink, &mut app.browser()).await;
    let (mut bob, page) = signed_in(&app, "", "bob@example.com").await;
    assert!(!shows(&page, "recovery-stop"));
    let form = Filled::of(&page, "sessions-end-all", &[]);
    let theirs = Filled {
        action: "/account/factors/recovery/stop".to_owned(),
        fields: form.fields,
    };
    assert_eq!(theirs.send(&mut bob).await.status, 404);
    // Half-way in, with the password alone, there is no page and no form.
    assert_eq!(theirs.send(&mut app.browser()).await.status, 403);
    assert!(shows(&owner.open("/account").await, "recovery-stop"));
}

/// A legitimate request, by somebody of its own.
pub(crate) async fn twin(app: &TestApp, sink: &SmtpSink) -> Answer {
    const CAROL: &str = "stops-it@example.com";
    app.add_user("default", CAROL).await;
    let (mut owner, _) = owner(app, sink, CAROL).await;
    let mut browser = app.browser();
    let path = lost(app, sink, &mut browser, CAROL).await;
    use_link(&mut browser, &path, &[]).await;
    let page = owner.open("/account").await;
    Filled::of(&page, "recovery-stop", &[]).send(&mut owner).await
}
