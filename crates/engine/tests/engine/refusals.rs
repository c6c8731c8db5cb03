//! What anonymous visitors can make us write is bounded; failures of credentials are not (section on the log, LG1).

use std::time::Duration;

use domain::EventKind::{AdminRefused, AuthorizationRefused, LoginFailed, RefusalsCounted};
use testkit::Backend;
use testkit::app::TestApp;
use testkit::browser::{PageForm, authorize_path};
use testkit::watch::Watch;

on_both_engines! {
    beyond_ten_a_minute_refusals_are_counted
    failures_of_a_credential_are_told_one_by_one
}

async fn beyond_ten_a_minute_refusals_are_counted(backend: Backend) {
    let app = TestApp::start(backend).await;
    // The first round makes the tenants' other keys; it would tell of them in between.
    app.app.upkeep(false).await.unwrap();
    let mut watch = Watch::on(&app, "default").await;
    let mut acme = Watch::on(&app, "acme").await;
    for _ in 0..25 {
        assert_eq!(app.get("/admin/v1/users").await.status, 401);
    }
    for _ in 0..11 {
        let path = authorize_path(&[("client_id", "nobody")]);
        assert_eq!(app.get(&path).await.status, 400);
    }
    let told = watch.told().await;
    let of = |kind| told.iter().filter(|(k, _)| *k == kind).count();
    assert_eq!(
        (of(AdminRefused), of(AuthorizationRefused), told.len()),
        (10, 10, 20)
    );
    app.app.upkeep(false).await.unwrap();
    assert_eq!(watch.told().await, [], "the minute is not over");

    app.clock.advance(Duration::from_mins(1));
    app.app.upkeep(false).await.unwrap();
    let mut rows = watch.news().await;
    rows.sort_by_key(|row| row.count);
    assert_eq!(
        rows.iter()
            .map(|row| (row.kind, row.count, row.actor_kind.as_str()))
            .collect::<Vec<_>>(),
        [(RefusalsCounted, 1, "system"), (RefusalsCounted, 15, "system")]
    );
    assert_eq!(rows[1].details["kind"], "admin.refused");
    assert_eq!(rows[1].details["count"], 15);
    assert!(rows[0].network_mac.is_some() && rows[0].network_mac == rows[1].network_mac);
    // A new minute begins anew; nothing is counted twice; another tenant has nothing to do with it.
    assert_eq!(app.get("/admin/v1/users").await.status, 401);
    let row = watch.only().await;
    assert_eq!((row.kind, row.count), (AdminRefused, 1));
    assert_eq!(
        row.network_mac, rows[0].network_mac,
        "the count names the same network"
    );
    app.clock.advance(Duration::from_mins(1));
    app.app.upkeep(false).await.unwrap();
    assert_eq!(watch.told().await, []);
    assert_eq!(acme.told().await, []);
}

async fn failures_of_a_credential_are_told_one_by_one(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let form = PageForm::find(&page.text(), "login-form");
    let mut watch = Watch::on(&app, "default").await;
    for attempt in 0..25 {
        let email = format!("person{attempt}@example.com");
        let mut fields: Vec<(&str, &str)> = form
            .hidden
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        fields.extend([("email", email.as_str()), ("password", "wrong")]);
        assert_eq!(browser.post(&form.action, &fields).await.status, 401);
    }
    let told = watch.told().await;
    assert_eq!(told.len(), 25);
    assert!(told.iter().all(|(kind, _)| *kind == LoginFailed));
    app.clock.advance(Duration::from_mins(1));
    app.app.upkeep(false).await.unwrap();
    let told = watch.told().await;
    assert!(told.iter().all(|(kind, _)| *kind != RefusalsCounted), "{told:?}");
}
