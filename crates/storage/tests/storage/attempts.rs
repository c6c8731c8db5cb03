//! What is counted of attempts.

use std::time::Duration;

use domain::TokenHash;
use storage::attempts::{self, Pace};
use testkit::Backend;

use crate::scene::{Scene, keep};

on_both! {
    who_came_a_moment_earlier_and_is_counted_later_need_not_wait
}

async fn who_came_a_moment_earlier_and_is_counted_later_need_not_wait(backend: Backend) {
    let s = Scene::new(backend).await;
    let key = TokenHash::of("an account");
    let pace = Pace {
        free: 3,
        first: Duration::from_secs(1),
        most: 10,
        kept: Duration::from_hours(1),
    };
    let mut counted = Vec::new();
    for earlier in [0, 1, 2, 3] {
        let now = s.now.minus(Duration::from_millis(earlier));
        let mut tx = s.tx().await;
        counted.push(attempts::begin(&mut tx, &key, pace, now).await.unwrap());
        keep(tx).await;
    }
    // The third is the last without a wait.
    assert_eq!(counted, [Some(1), Some(2), Some(3), None]);
    let mut tx = s.tx().await;
    let later = s.now.plus(Duration::from_secs(1));
    assert_eq!(
        attempts::begin(&mut tx, &key, pace, later).await.unwrap(),
        Some(4)
    );
}
