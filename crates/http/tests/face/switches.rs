//! What an operator switches at one node changes the pages of another that is running.

use domain::EventKind::ConfigurationChanged;
use domain::{SecondFactorRule, TenantSettings};
use engine::App;
use serde_json::json;
use testkit::Backend;
use testkit::app::TestApp;

use super::mail::with_sink;
use super::watch::signed_in;

on_both_engines! {
    a_changed_switch_changes_the_pages
}

/// What `rsp tenant update` does, in a process of its own.
async fn switch(app: &TestApp, elsewhere: &App, change: impl FnOnce(&mut TenantSettings)) {
    let ctx = app.ctx("default");
    let mut settings = ctx.tenant.tenant.settings.clone();
    change(&mut settings);
    let name = ctx.tenant.tenant.name.clone();
    elsewhere.update_tenant(&ctx, &name, settings).await.unwrap();
}

async fn a_changed_switch_changes_the_pages(backend: Backend) {
    let (app, _sink) = with_sink(backend).await;
    let elsewhere = app.another_node(7).await;
    let offers = async || {
        let login = app.browser().open("/account").await;
        let register = app.browser().open("/register").await;
        (
            login.text().contains("href=\"/register\""),
            register.status.as_u16(),
        )
    };
    assert_eq!(offers().await, (false, 404));
    switch(&app, &elsewhere, |settings| settings.registration.open = true).await;
    app.app.upkeep(false).await.unwrap();
    assert_eq!(offers().await, (true, 200));
    switch(&app, &elsewhere, |settings| settings.registration.open = false).await;
    app.app.upkeep(false).await.unwrap();
    assert_eq!(offers().await, (false, 404));

    // The rule for second factors: whoever has none is led to set one up, and is no more once it is off again.
    let (mut alice, _) = signed_in(&app, "", "alice@example.com").await;
    let rule = |rule| move |settings: &mut TenantSettings| settings.sign_in.second_factor.rule = rule;
    switch(&app, &elsewhere, rule(SecondFactorRule::Required)).await;
    app.app.upkeep(false).await.unwrap();
    let led = alice.get("/account").await;
    assert_eq!(led.header("location"), "/account/factors?done=required");
    switch(&app, &elsewhere, rule(SecondFactorRule::Off)).await;
    app.app.upkeep(false).await.unwrap();
    assert_eq!(alice.get("/account").await.status, 200);

    let told = app.audit("default").await;
    let changes: Vec<_> = told
        .iter()
        .filter(|row| row.kind == ConfigurationChanged)
        .collect();
    assert_eq!(changes.len(), 4);
    let count = |name: &str| {
        let named = json!({ "settings": [name] });
        changes.iter().filter(|row| row.details == named).count()
    };
    assert_eq!(count("registration.open"), 2);
    assert_eq!(count("sign_in.second_factor.rule"), 2);
}
