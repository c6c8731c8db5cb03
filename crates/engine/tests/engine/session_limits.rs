//! A session ends when it is not used, and in the end whatever its use (SE4).

use std::time::Duration;

use domain::{
    Acr, Amr, Event, EventKind, OpaqueToken, Session, SessionId, SessionLimits, TokenHash, TokenKind,
};
use storage::sessions;
use testkit::Backend;
use testkit::app::TestApp;

const MINUTE: Duration = Duration::from_mins(1);

on_both_engines! {
    unused_it_ends_before_its_time
    use_prolongs_it_but_not_for_ever
    an_end_is_no_end_for_others
}

/// A session of Alice with this strength, begun now, and its cookie.
async fn session_of(app: &TestApp, acr: Acr) -> String {
    let ctx = app.ctx("default");
    let user = app.user("default", "alice@example.com").await;
    let limits = SessionLimits::for_acr(acr);
    let cookie = OpaqueToken::generate(TokenKind::Session, &app.app.world);
    let session = Session {
        id: SessionId::generate(&app.app.world),
        user_id: user.id,
        acr,
        amr: vec![Amr::Password],
        auth_time: ctx.now,
        device: None,
        created_at: ctx.now,
        last_seen_at: ctx.now,
        idle_expires_at: ctx.now.plus(limits.idle),
        absolute_expires_at: ctx.now.plus(limits.absolute),
        ended_at: None,
    };
    let event = Event::success(EventKind::Login).user(user.id).session(session.id);
    let rows = app.app.record(&ctx, event).await.unwrap();
    let mut tx = app.store.db.begin(ctx.tenant_id()).await.unwrap();
    sessions::insert(&mut tx, &session, &TokenHash::of(cookie.expose()), None)
        .await
        .unwrap();
    tx.commit(rows).await.unwrap();
    cookie.expose().to_owned()
}

/// Whether the cookie is worth anything now. Asking is use.
async fn counts(app: &TestApp, cookie: &str) -> bool {
    let ctx = app.ctx("default");
    app.app.signed_in(&ctx, cookie).await.unwrap().is_some()
}

async fn unused_it_ends_before_its_time(backend: Backend) {
    let app = TestApp::start(backend).await;
    for (acr, idle) in [(Acr::Aal2, 30 * MINUTE), (Acr::Aal3, 15 * MINUTE)] {
        let microsecond = Duration::from_micros(1);
        let twin = session_of(&app, acr).await;
        app.clock.advance(idle.checked_sub(microsecond).unwrap());
        assert!(counts(&app, &twin).await, "{acr:?}: just in time");
        let left = session_of(&app, acr).await;
        app.clock.advance(idle);
        assert!(!counts(&app, &left).await, "{acr:?}: left alone");
        app.clock.advance(MINUTE);
        assert!(!counts(&app, &left).await, "{acr:?}: asking does not wake it");
    }
}

async fn use_prolongs_it_but_not_for_ever(backend: Backend) {
    let app = TestApp::start(backend).await;
    for acr in [Acr::Aal2, Acr::Aal3] {
        let cookie = session_of(&app, acr).await;
        let step = 10 * MINUTE;
        let mut used_for = Duration::ZERO;
        while used_for + step < Duration::from_hours(12) {
            app.clock.advance(step);
            used_for += step;
            assert!(counts(&app, &cookie).await, "{acr:?} after {used_for:?}");
        }
        app.clock.advance(step);
        assert!(!counts(&app, &cookie).await, "{acr:?}: past its absolute end");
    }
    let cookie = session_of(&app, Acr::Aal1).await;
    for day in 1..30 {
        app.clock.advance(Duration::from_hours(24));
        assert!(counts(&app, &cookie).await, "day {day}");
    }
    app.clock.advance(Duration::from_hours(24));
    assert!(!counts(&app, &cookie).await, "the thirtieth day is over");
}

async fn an_end_is_no_end_for_others(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (left, used) = (
        session_of(&app, Acr::Aal2).await,
        session_of(&app, Acr::Aal2).await,
    );
    for _ in 0..4 {
        app.clock.advance(10 * MINUTE);
        assert!(counts(&app, &used).await);
    }
    assert!(!counts(&app, &left).await);
    assert!(counts(&app, &used).await, "the other is as live as before");
    let again = session_of(&app, Acr::Aal2).await;
    assert!(counts(&app, &again).await, "a new sign-in works");
}
