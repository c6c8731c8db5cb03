//! Second factors: what counts once counts once, and nobody else's counts.

use domain::{EventKind, TokenHash, UserId};
use storage::factors::{self, Limit, Owned, Totp};
use testkit::Backend;

use crate::scene::{Scene, keep};

const MINUTE: i64 = 60_000_000;
const LIMIT: Limit = Limit {
    attempts: 5,
    first_block: 15 * MINUTE,
    longest_block: 40 * MINUTE,
};

on_both! {
    a_step_is_used_once_and_never_an_older_one
    a_removed_factor_counts_nowhere
    a_recovery_code_is_used_once
    five_attempts_and_then_a_block_that_rises
    another_tenant_has_none_of_it
}

pub(crate) async fn with_totp(s: &Scene) -> (UserId, Totp) {
    let user = s.add_user("ada@example.com").await;
    let totp = Totp {
        user_id: user.id,
        id: s.world.uuid_v7(),
        seed: vec![1, 2, 3],
        seal_key: s.world.uuid_v7(),
        last_step: 0,
        created_at: s.now,
        confirmed_at: None,
        suspended_at: None,
    };
    let mut tx = s.tx().await;
    assert!(factors::begin_totp(&mut tx, &totp).await.unwrap());
    assert!(
        !factors::use_totp(&mut tx, (user.id, totp.id), 7).await.unwrap(),
        "not confirmed"
    );
    assert!(
        factors::confirm_totp(&mut tx, (user.id, totp.id), 10, s.now)
            .await
            .unwrap()
    );
    assert!(
        !factors::begin_totp(&mut tx, &totp).await.unwrap(),
        "one is there"
    );
    keep(tx).await;
    (user.id, totp)
}

async fn a_step_is_used_once_and_never_an_older_one(backend: Backend) {
    let s = Scene::new(backend).await;
    let (user, totp) = with_totp(&s).await;
    for (step, counts) in [(10, false), (11, true), (11, false), (9, false), (12, true)] {
        let mut tx = s.tx().await;
        let used = factors::use_totp(&mut tx, (user, totp.id), step).await.unwrap();
        assert_eq!(used, counts, "{step}");
        keep(tx).await;
    }
}

async fn a_removed_factor_counts_nowhere(backend: Backend) {
    let s = Scene::new(backend).await;
    let (user, totp) = with_totp(&s).await;
    let mut tx = s.tx().await;
    assert_eq!(factors::owned(&mut tx, user).await.unwrap().totp, 1);
    assert!(factors::remove_totp(&mut tx, user).await.unwrap());
    assert!(!factors::remove_totp(&mut tx, user).await.unwrap());
    assert!(!factors::use_totp(&mut tx, (user, totp.id), 99).await.unwrap());
    let left = Owned {
        password: 1,
        ..Owned::default()
    };
    assert_eq!(factors::owned(&mut tx, user).await.unwrap(), left);
}

async fn a_recovery_code_is_used_once(backend: Backend) {
    let s = Scene::new(backend).await;
    let (user, _) = with_totp(&s).await;
    let hash = TokenHash::of("one");
    let mut tx = s.tx().await;
    factors::insert_recovery_code(&mut tx, user, &hash, s.now)
        .await
        .unwrap();
    assert_eq!(factors::owned(&mut tx, user).await.unwrap().recovery_codes, 1);
    assert!(
        factors::use_recovery_code(&mut tx, user, &hash, s.now)
            .await
            .unwrap()
    );
    assert!(
        !factors::use_recovery_code(&mut tx, user, &hash, s.now)
            .await
            .unwrap()
    );
    assert_eq!(factors::owned(&mut tx, user).await.unwrap().recovery_codes, 0);
    assert_eq!(factors::remove_recovery_codes(&mut tx, user).await.unwrap(), 1);
    tx.commit(s.event(EventKind::RecoveryCodesMade).into())
        .await
        .unwrap();
}

async fn five_attempts_and_then_a_block_that_rises(backend: Backend) {
    let s = Scene::new(backend).await;
    let (user, _) = with_totp(&s).await;
    let mut tx = s.tx().await;
    let mut now = s.now;
    for blocked in [15, 30, 40, 40] {
        for left in [1, 2, 3, 4, 0] {
            let admitted = factors::admit(&mut tx, (user, "totp"), LIMIT, now).await.unwrap();
            assert_eq!(admitted, Some(left), "{blocked}");
        }
        let minutes = |n: u64| std::time::Duration::from_mins(n);
        let almost = now.plus(minutes(blocked - 1));
        assert_eq!(
            factors::admit(&mut tx, (user, "totp"), LIMIT, almost)
                .await
                .unwrap(),
            None
        );
        let other = factors::admit(&mut tx, (user, "recovery_code"), LIMIT, now)
            .await
            .unwrap();
        assert!(other.is_some(), "another factor stays open");
        factors::forgive(&mut tx, user, "recovery_code").await.unwrap();
        now = now.plus(minutes(blocked));
    }
    factors::forgive(&mut tx, user, "totp").await.unwrap();
    assert_eq!(
        factors::admit(&mut tx, (user, "totp"), LIMIT, s.now)
            .await
            .unwrap(),
        Some(1)
    );
}

async fn another_tenant_has_none_of_it(backend: Backend) {
    let s = Scene::new(backend).await;
    let other = s.store.tenant("other").await;
    let (user, totp) = with_totp(&s).await;
    let hash = TokenHash::of("one");
    let mut tx = s.tx().await;
    factors::insert_recovery_code(&mut tx, user, &hash, s.now)
        .await
        .unwrap();
    keep(tx).await;
    let mut tx = s.db().begin(other).await.unwrap();
    assert_eq!(factors::owned(&mut tx, user).await.unwrap(), Owned::default());
    assert_eq!(factors::totp(&mut tx, user).await.unwrap(), None);
    assert!(!factors::use_totp(&mut tx, (user, totp.id), 99).await.unwrap());
    assert!(
        !factors::use_recovery_code(&mut tx, user, &hash, s.now)
            .await
            .unwrap()
    );
    assert!(!factors::remove_totp(&mut tx, user).await.unwrap());
    assert_eq!(factors::remove_recovery_codes(&mut tx, user).await.unwrap(), 0);
    keep(tx).await;
    let mut tx = s.tx().await;
    assert!(factors::use_totp(&mut tx, (user, totp.id), 99).await.unwrap());
    assert!(
        factors::use_recovery_code(&mut tx, user, &hash, s.now)
            .await
            .unwrap()
    );
}
