//! Passkeys and their challenges: what counts once counts once, and the last way in stays.

use std::time::Duration;

use domain::{CeremonyId, Passkey, PasskeyId, UserId};
use serde_json::json;
use storage::passkeys::{self, Stored};
use storage::{passkey_ceremonies, users};
use testkit::Backend;

use crate::scene::{MINUTE, Scene, keep};

on_both! {
    what_is_kept_comes_back
    a_credential_is_kept_once
    a_counter_only_goes_up
    the_last_way_in_stays
    two_removed_at_once_leave_one
    a_challenge_counts_once
    a_later_challenge_takes_the_place
    old_challenges_are_purged
    another_tenant_has_none_of_it
}

fn passkey(s: &Scene, user: UserId, credential: u8) -> Stored {
    Stored {
        passkey: Passkey {
            id: PasskeyId::generate(&s.world),
            user_id: user,
            name: "Key".to_owned(),
            counter: 1,
            backup_eligible: true,
            backed_up: false,
            hardware_bound: false,
            user_verified: true,
            created_at: s.now,
            last_used_at: None,
            suspended_at: None,
        },
        user_handle: vec![7; 32],
        credential_id: vec![credential; 16],
        credential: json!({ "cred": { "x": 1 } }),
    }
}

async fn added(s: &Scene, user: UserId, credential: u8) -> Stored {
    let stored = passkey(s, user, credential);
    let mut tx = s.tx().await;
    assert!(passkeys::insert(&mut tx, &stored).await.unwrap());
    keep(tx).await;
    stored
}

/// Somebody without a password.
async fn person(s: &Scene) -> UserId {
    let user = s.user("ada@example.com");
    let mut tx = s.tx().await;
    assert!(users::insert(&mut tx, &user, None).await.unwrap());
    keep(tx).await;
    user.id
}

async fn removed(s: &Scene, user: UserId, id: PasskeyId) -> bool {
    let mut tx = s.tx().await;
    // The caller holds the person meanwhile; a stranger is none.
    users::update_changed(&mut tx, user, s.now).await.unwrap();
    let removed = passkeys::delete(&mut tx, user, id).await.unwrap();
    keep(tx).await;
    removed
}

async fn what_is_kept_comes_back(backend: Backend) {
    let s = Scene::new(backend).await;
    let user = person(&s).await;
    let (one, two) = (added(&s, user, 1).await, added(&s, user, 2).await);
    let mut tx = s.tx().await;
    let found = passkeys::find_by_credential(&mut tx, &[2; 16]).await.unwrap();
    assert_eq!(found, Some(two.clone()));
    assert_eq!(
        passkeys::find_by_credential(&mut tx, &[3; 16]).await.unwrap(),
        None
    );
    assert!(
        passkeys::update_name(&mut tx, user, one.passkey.id, "Other")
            .await
            .unwrap()
    );
    let stranger = UserId::generate(&s.world);
    assert!(
        !passkeys::update_name(&mut tx, stranger, one.passkey.id, "Stolen")
            .await
            .unwrap()
    );
    let list = passkeys::list_for_user(&mut tx, user).await.unwrap();
    let mut names: Vec<&str> = list.iter().map(|stored| stored.passkey.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Key", "Other"]);
    assert_eq!(passkeys::delete_all(&mut tx, user).await.unwrap(), 2);
    assert_eq!(passkeys::list_for_user(&mut tx, user).await.unwrap(), []);
}

async fn a_credential_is_kept_once(backend: Backend) {
    let s = Scene::new(backend).await;
    let user = person(&s).await;
    added(&s, user, 1).await;
    let other = s.add_user("bob@example.com").await;
    for owner in [user, other.id] {
        let mut tx = s.tx().await;
        assert!(!passkeys::insert(&mut tx, &passkey(&s, owner, 1)).await.unwrap());
        keep(tx).await;
    }
    added(&s, other.id, 2).await;
}

async fn a_counter_only_goes_up(backend: Backend) {
    let s = Scene::new(backend).await;
    let user = person(&s).await;
    let id = added(&s, user, 1).await.passkey.id;
    for (counter, counts) in [
        (1, false),
        (0, false),
        (2, true),
        (2, false),
        (9, true),
        (8, false),
        (10, true),
    ] {
        let mut tx = s.tx().await;
        let used = passkeys::update_used(&mut tx, id, counter, true, s.now)
            .await
            .unwrap();
        assert_eq!(used, counts, "{counter}");
        keep(tx).await;
    }
    // A passkey that never counted may go on not counting.
    let mut plain = passkey(&s, user, 2);
    plain.passkey.counter = 0;
    let mut tx = s.tx().await;
    assert!(passkeys::insert(&mut tx, &plain).await.unwrap());
    for counts in [0, 0, 1] {
        assert!(
            passkeys::update_used(&mut tx, plain.passkey.id, counts, false, s.now)
                .await
                .unwrap()
        );
    }
    assert!(
        !passkeys::update_used(&mut tx, plain.passkey.id, 0, false, s.now)
            .await
            .unwrap()
    );
    let found = passkeys::find_by_credential(&mut tx, &[1; 16])
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.passkey.counter, found.passkey.backed_up), (10, true));
    assert_eq!(found.passkey.last_used_at, Some(s.now));
}

async fn the_last_way_in_stays(backend: Backend) {
    let s = Scene::new(backend).await;
    let user = person(&s).await;
    let one = added(&s, user, 1).await.passkey.id;
    assert!(!removed(&s, user, one).await, "the only one");
    let two = added(&s, user, 2).await.passkey.id;
    assert!(
        !removed(&s, UserId::generate(&s.world), one).await,
        "somebody else's"
    );
    assert!(removed(&s, user, one).await);
    assert!(!removed(&s, user, two).await, "the last one");
    let mut tx = s.tx().await;
    assert!(
        users::set_password(&mut tx, user, "$argon2id$test", s.now)
            .await
            .unwrap()
    );
    keep(tx).await;
    assert!(removed(&s, user, two).await, "there is a password");
}

async fn two_removed_at_once_leave_one(backend: Backend) {
    let s = Scene::new(backend).await;
    let user = person(&s).await;
    let (one, two) = (
        added(&s, user, 1).await.passkey.id,
        added(&s, user, 2).await.passkey.id,
    );
    let (first, second) = tokio::join!(removed(&s, user, one), removed(&s, user, two));
    assert!(first != second, "{first} {second}");
    let left = passkeys::list_for_user(&mut s.read().await, user).await.unwrap();
    assert_eq!(left.len(), 1);
}

async fn a_challenge_counts_once(backend: Backend) {
    let s = Scene::new(backend).await;
    let id = CeremonyId::generate(&s.world);
    let state = json!({ "for": "sign_in" });
    let mut tx = s.tx().await;
    passkey_ceremonies::insert(&mut tx, "flow:1", id, &state, s.later(MINUTE))
        .await
        .unwrap();
    keep(tx).await;
    let consumed = async |place: &str, id, now| {
        let mut tx = s.tx().await;
        let state = passkey_ceremonies::consume(&mut tx, place, id, now)
            .await
            .unwrap();
        keep(tx).await;
        state
    };
    let stranger = CeremonyId::generate(&s.world);
    assert_eq!(consumed("flow:2", id, s.now).await, None);
    assert_eq!(consumed("flow:1", stranger, s.now).await, None);
    assert_eq!(consumed("flow:1", id, s.later(MINUTE)).await, None, "too late");
    let last = s.later(Duration::from_secs(59));
    let (first, second) = tokio::join!(consumed("flow:1", id, last), consumed("flow:1", id, last));
    assert_eq!(first.is_some(), second.is_none());
    assert_eq!(first.or(second), Some(state));
    assert_eq!(consumed("flow:1", id, s.now).await, None);
}

async fn a_later_challenge_takes_the_place(backend: Backend) {
    let s = Scene::new(backend).await;
    let (old, new) = (CeremonyId::generate(&s.world), CeremonyId::generate(&s.world));
    let mut tx = s.tx().await;
    for id in [old, new] {
        passkey_ceremonies::insert(&mut tx, "flow:1", id, &json!({}), s.later(MINUTE))
            .await
            .unwrap();
    }
    assert_eq!(
        passkey_ceremonies::consume(&mut tx, "flow:1", old, s.now)
            .await
            .unwrap(),
        None
    );
    assert!(
        passkey_ceremonies::consume(&mut tx, "flow:1", new, s.now)
            .await
            .unwrap()
            .is_some()
    );
    // After one was used up there can be another.
    passkey_ceremonies::insert(&mut tx, "flow:1", old, &json!({}), s.later(MINUTE))
        .await
        .unwrap();
    assert!(
        passkey_ceremonies::consume(&mut tx, "flow:1", old, s.now)
            .await
            .unwrap()
            .is_some()
    );
}

async fn old_challenges_are_purged(backend: Backend) {
    let s = Scene::new(backend).await;
    let (old, new) = (CeremonyId::generate(&s.world), CeremonyId::generate(&s.world));
    let mut tx = s.tx().await;
    passkey_ceremonies::insert(&mut tx, "flow:1", old, &json!({}), s.later(MINUTE))
        .await
        .unwrap();
    passkey_ceremonies::insert(&mut tx, "flow:2", new, &json!({}), s.later(10 * MINUTE))
        .await
        .unwrap();
    let purged = storage::purge::expired(&mut tx, s.later(MINUTE), 100)
        .await
        .unwrap();
    assert_eq!(purged, 1);
    assert!(
        passkey_ceremonies::consume(&mut tx, "flow:2", new, s.now)
            .await
            .unwrap()
            .is_some()
    );
}

async fn another_tenant_has_none_of_it(backend: Backend) {
    let s = Scene::new(backend).await;
    let user = person(&s).await;
    let stored = added(&s, user, 1).await;
    let (id, challenge) = (stored.passkey.id, CeremonyId::generate(&s.world));
    let mut tx = s.tx().await;
    passkey_ceremonies::insert(&mut tx, "flow:1", challenge, &json!({}), s.later(MINUTE))
        .await
        .unwrap();
    keep(tx).await;
    let other = s.store.tenant("other").await;
    let mut tx = s.db().begin(other).await.unwrap();
    assert_eq!(
        passkeys::find_by_credential(&mut tx, &[1; 16]).await.unwrap(),
        None
    );
    assert_eq!(passkeys::list_for_user(&mut tx, user).await.unwrap(), []);
    assert!(!passkeys::update_used(&mut tx, id, 99, true, s.now).await.unwrap());
    assert!(!passkeys::update_name(&mut tx, user, id, "Stolen").await.unwrap());
    assert!(!passkeys::delete(&mut tx, user, id).await.unwrap());
    assert_eq!(passkeys::delete_all(&mut tx, user).await.unwrap(), 0);
    let stolen = passkey_ceremonies::consume(&mut tx, "flow:1", challenge, s.now)
        .await
        .unwrap();
    assert_eq!(stolen, None);
    keep(tx).await;
    let found = passkeys::find_by_credential(&mut s.read().await, &[1; 16])
        .await
        .unwrap();
    assert_eq!(found, Some(stored));
}
