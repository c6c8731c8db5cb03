//! A client that was switched off: what it had is dead for good, what it gets after being switched on works (I3).

use std::time::Duration;

use domain::{AccessTokenFormat, EventKind, Timestamp};
use engine::Ctx;
use testkit::Backend;
use testkit::app::TestApp;
use testkit::world::START;

use crate::ask::{
    ALICE, ALL, Tokens, assert_refused, client_credentials, introspect, is_active, refresh, refusals,
    userinfo,
};

const INACTIVE: &str = r#"{"active":false}"#;
const SECOND: Duration = Duration::from_secs(1);

/// Everything a client can hold: codes, tokens of people in both forms, tokens of its own in both forms.
struct Held {
    code: String,
    people: Vec<Tokens>,
    own: Vec<String>,
}

async fn hold(app: &TestApp) -> Held {
    let (mut people, mut own) = (Vec::new(), Vec::new());
    for format in [AccessTokenFormat::Jwt, AccessTokenFormat::Opaque] {
        app.change_client("default", "web", |settings| settings.access_token_format = format)
            .await;
        people.push(Tokens::fresh(app).await);
        let answer = client_credentials(app, "web", &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        own.push(answer.member("access_token"));
    }
    let code = app.browser().code(ALICE, &[("scope", ALL)]).await;
    Held { code, people, own }
}

impl Held {
    async fn assert_alive(&self, app: &TestApp) {
        for tokens in &self.people {
            tokens.assert_alive(app, "api").await;
            Tokens::of(&refresh(app, "web", &tokens.refresh).await)
                .assert_alive(app, "api")
                .await;
        }
        for token in &self.own {
            assert!(is_active(app, "api", token).await);
        }
        Tokens::of(&app.redeem("web", &self.code).await)
            .assert_alive(app, "api")
            .await;
    }

    async fn assert_dead(&self, app: &TestApp) {
        for tokens in &self.people {
            tokens.assert_dead(app, "web", "api").await;
        }
        for token in &self.own {
            assert_eq!(introspect(app, "api", token).await.text(), INACTIVE);
            assert_refused(&userinfo(app, token).await, 401, "invalid_token");
        }
        assert_refused(&app.redeem("web", &self.code).await, 400, "invalid_grant");
    }
}

async fn switch(app: &TestApp, on: bool) {
    let (ctx, web): (Ctx, _) = (app.ctx("default"), "web".parse().unwrap());
    let client = if on {
        app.app.enable_client(&ctx, &web).await
    } else {
        app.app.disable_client(&ctx, &web).await
    };
    assert_eq!(client.unwrap().disabled_at.is_none(), on);
}

/// Switched off at the beginning, in the midst and at the end of a second: a JWT does not say which it was.
async fn what_it_had_is_dead_for_good(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut second = START;
    for micros in [0, 500_000, 999_999] {
        second = second.plus(SECOND * 10);
        app.clock.set(second.plus(Duration::from_micros(micros)));
        let before = hold(&app).await;
        switch(&app, false).await;
        switch(&app, true).await;
        // Until this second is over it gets nothing, because that would be dead.
        app.clock.set(second.plus(Duration::from_micros(999_999)));
        assert_refused(&client_credentials(&app, "web", &[]).await, 401, "invalid_client");
        app.clock.set(second.plus(SECOND));
        before.assert_dead(&app).await;
        let after = hold(&app).await;
        after.assert_alive(&app).await;
        app.clock.advance(SECOND);
        before.assert_dead(&app).await;
    }
    assert!(refusals(&app, "default", EventKind::ClientAuthenticationFailed).await >= 3);
}

async fn what_it_gets_in_the_second_it_is_switched_on_lives(backend: Backend) {
    let app = TestApp::start(backend).await;
    let before = hold(&app).await;
    switch(&app, false).await;
    // Far enough for nobody to be left waiting.
    app.clock.advance(Duration::from_millis(90_700));
    switch(&app, true).await;
    let after = hold(&app).await;
    before.assert_dead(&app).await;
    after.assert_alive(&app).await;
    // Neither switching on what is on nor another client's switching off ends anything.
    app.clock.advance(SECOND * 5);
    let kept = hold(&app).await;
    app.clock.advance(SECOND * 5);
    switch(&app, true).await;
    let (ctx, other) = (app.ctx("default"), "service".parse().unwrap());
    app.app.disable_client(&ctx, &other).await.unwrap();
    kept.assert_alive(&app).await;
}

/// A server whose clock was ahead gave out a token with a time after the switching off.
async fn a_clock_that_was_ahead_leaves_nothing_behind(backend: Backend) {
    let app = TestApp::start(backend).await;
    let now: Timestamp = START.plus(SECOND * 100);
    app.clock.set(now.plus(SECOND * 5));
    let ahead = hold(&app).await;
    app.clock.set(now);
    switch(&app, false).await;
    app.clock.set(now.plus(SECOND * 30));
    switch(&app, true).await;
    ahead.assert_dead(&app).await;
    hold(&app).await.assert_alive(&app).await;
}

/// Switching a client off while it asks for tokens leaves nothing alive, whichever came first.
async fn what_was_under_way_is_dead_too(backend: Backend) {
    let app = TestApp::start(backend).await;
    let first = Tokens::fresh(&app).await;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", first.refresh.as_str()),
    ];
    let (own, refreshed, ()) = tokio::join!(
        client_credentials(&app, "web", &[]),
        app.token("web", &form),
        switch(&app, false),
    );
    app.clock.advance(SECOND * 2);
    switch(&app, true).await;
    first.assert_dead(&app, "web", "api").await;
    if refreshed.status == 200 {
        Tokens::of(&refreshed).assert_dead(&app, "web", "api").await;
    }
    if own.status == 200 {
        let seen = introspect(&app, "api", &own.member("access_token")).await;
        assert_eq!(seen.text(), INACTIVE);
    }
    hold(&app).await.assert_alive(&app).await;
}

on_both_engines! {
    a_clock_that_was_ahead_leaves_nothing_behind
    what_it_gets_in_the_second_it_is_switched_on_lives
    what_it_had_is_dead_for_good
    what_was_under_way_is_dead_too
}
