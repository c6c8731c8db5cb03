//! A clock that is set: told of once, and time goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use domain::{Actor, EventKind, Secret, Slug, SteadyClock, SystemEntropy, World};
use engine::{App, AppOptions, Ctx, PasswordPolicy};
use storage::audit;
use testkit::Backend;
use testkit::app::{KEK, TestApp};
use testkit::world::{ManualClock, START};

on_both_engines! {
    a_step_is_told_of_once_and_what_expired_stays_so
    time_begins_no_earlier_than_the_last_event
}

const HOUR: Duration = Duration::from_hours(1);

/// A node whose wall clock and passing seconds are set by hand.
struct Node {
    app: App,
    wall: Arc<ManualClock>,
    seconds: Arc<AtomicU64>,
}

impl Node {
    async fn on(test: &TestApp) -> Self {
        let wall = Arc::new(ManualClock::at(START));
        let seconds = Arc::new(AtomicU64::new(0));
        let passed = Arc::clone(&seconds);
        let clock = SteadyClock::new(Arc::clone(&wall) as _, move || {
            Duration::from_secs(passed.load(SeqCst))
        });
        let options = AppOptions {
            password_filter: None,
            public_url: test.app.public_url.clone(),
            kek: Secret::new(KEK),
            passwords: PasswordPolicy::default(),
            limits: engine::LimitOptions::default(),
        };
        let world = World::new(Arc::new(clock), Arc::new(SystemEntropy));
        let app = App::new(test.app.db.clone(), world, options).await.unwrap();
        Self { app, wall, seconds }
    }

    fn ctx(&self) -> Ctx {
        let view = self.app.tenant(&Slug::default_tenant()).unwrap();
        Ctx::internal(view, Actor::Operator, &self.app.world)
    }

    async fn steps_told(&self) -> usize {
        let mut read = self.app.db.read(self.ctx().tenant_id()).await.unwrap();
        let rows = audit::list(&mut read, None, 10_000).await.unwrap();
        rows.iter()
            .filter(|row| row.kind == EventKind::ClockJumped)
            .count()
    }
}

async fn a_step_is_told_of_once_and_what_expired_stays_so(backend: Backend) {
    let test = TestApp::start(backend).await;
    let node = Node::on(&test).await;
    node.app.look_at_clock().await.unwrap();
    assert_eq!(node.steps_told().await, 0, "nothing happened");
    assert_eq!(node.app.check_clock(), Ok(()));

    let before = node.app.world.now();
    node.wall.set(START.minus(HOUR));
    for _ in 0..3 {
        node.app.look_at_clock().await.unwrap();
    }
    assert_eq!(node.steps_told().await, 1);
    assert!(node.app.check_clock().is_err());
    node.seconds.store(100, SeqCst);
    let now = node.app.world.now();
    assert!(now >= before.plus(Duration::from_secs(99)), "{before} then {now}");

    node.wall.set(now);
    node.app.look_at_clock().await.unwrap();
    assert_eq!(node.app.check_clock(), Ok(()), "set right");
    node.wall.set(now.plus(HOUR));
    node.app.look_at_clock().await.unwrap();
    assert_eq!(node.steps_told().await, 2, "another step");
    assert!(
        node.app.world.now() < now.plus(Duration::from_mins(1)),
        "not believed yet"
    );
}

async fn time_begins_no_earlier_than_the_last_event(backend: Backend) {
    let test = TestApp::start(backend).await;
    for (ahead, followed) in [(HOUR, true), (HOUR * 24 * 365, false)] {
        let late = START.plus(ahead);
        test.clock.set(late);
        test.app
            .rotate_key(&test.ctx("acme"), domain::SigningAlg::ES256, true)
            .await
            .unwrap();
        let now = Node::on(&test).await.app.world.now();
        assert_eq!(now >= late, followed, "{now}");
        if !followed {
            assert!(now < START.plus(HOUR), "{now}");
        }
    }
}
