//! Data keys and signing keys.

use domain::{KeyState, SigningAlg};
use storage::{data_keys, signing_keys};
use testkit::Backend;

use crate::scene::{MINUTE, Scene, keep};

on_both! {
    data_keys_are_one_per_person_and_period
    one_signing_key_of_an_algorithm_is_active
    a_retired_key_has_no_private_half
}

async fn data_keys_are_one_per_person_and_period(backend: Backend) {
    let s = Scene::new(backend).await;
    let user = s.add_user("ada@example.com").await;
    let tenant_key = s.data_key("signing");
    let person_key = data_keys::DataKey {
        user_id: Some(user.id),
        ..s.data_key("person")
    };
    let month_key = data_keys::DataKey {
        period: Some("2026-01".into()),
        ..s.data_key("log")
    };
    let mut tx = s.tx().await;
    for key in [&tenant_key, &person_key, &month_key] {
        assert!(data_keys::insert(&mut tx, key).await.unwrap());
        let second = data_keys::DataKey {
            id: s.world.uuid_v7(),
            ..key.clone()
        };
        assert!(
            !data_keys::insert(&mut tx, &second).await.unwrap(),
            "{}",
            key.purpose
        );
    }
    let next_month = data_keys::DataKey {
        period: Some("2026-02".into()),
        ..s.data_key("log")
    };
    assert!(data_keys::insert(&mut tx, &next_month).await.unwrap());
    keep(tx).await;

    let mut q = s.read().await;
    assert_eq!(
        data_keys::find(&mut q, tenant_key.id).await.unwrap(),
        Some(tenant_key.clone())
    );
    assert_eq!(
        data_keys::find_for_tenant(&mut q, "signing").await.unwrap(),
        Some(tenant_key)
    );
    assert_eq!(
        data_keys::find_for_user(&mut q, user.id).await.unwrap(),
        Some(person_key)
    );
    assert_eq!(
        data_keys::find_for_period(&mut q, "log", "2026-01")
            .await
            .unwrap(),
        Some(month_key)
    );
    assert_eq!(
        data_keys::find_for_period(&mut q, "log", "2026-03")
            .await
            .unwrap(),
        None
    );
    drop(q);

    let mut tx = s.tx().await;
    assert!(data_keys::delete_for_user(&mut tx, user.id).await.unwrap());
    assert!(!data_keys::delete_for_user(&mut tx, user.id).await.unwrap());
    assert_eq!(data_keys::find_for_user(&mut tx, user.id).await.unwrap(), None);
}

async fn one_signing_key_of_an_algorithm_is_active(backend: Backend) {
    let s = Scene::new(backend).await;
    let mut tx = s.tx().await;
    for (kid, alg) in [
        ("e1", SigningAlg::ES256),
        ("e2", SigningAlg::ES256),
        ("r1", SigningAlg::RS256),
    ] {
        assert!(
            signing_keys::insert(&mut tx, &s.signing_key(kid, alg))
                .await
                .unwrap()
        );
    }
    let kid = |text: &str| domain::KeyId(text.into());
    assert!(
        signing_keys::activate(&mut tx, &kid("e1"), SigningAlg::ES256, s.now)
            .await
            .unwrap()
    );
    assert!(
        signing_keys::activate(&mut tx, &kid("r1"), SigningAlg::RS256, s.now)
            .await
            .unwrap()
    );
    // Not `next` any more, or never of that algorithm: nothing changes.
    assert!(
        !signing_keys::activate(&mut tx, &kid("e1"), SigningAlg::ES256, s.now)
            .await
            .unwrap()
    );
    assert!(
        !signing_keys::activate(&mut tx, &kid("e2"), SigningAlg::RS256, s.now)
            .await
            .unwrap()
    );
    let later = s.later(MINUTE);
    assert!(
        signing_keys::activate(&mut tx, &kid("e2"), SigningAlg::ES256, later)
            .await
            .unwrap()
    );
    let second = signing_keys::SigningKeyRow {
        state: KeyState::Active,
        ..s.signing_key("e3", SigningAlg::ES256)
    };
    assert!(
        !signing_keys::insert(&mut tx, &second).await.unwrap(),
        "a second active key"
    );
    keep(tx).await;

    let keys = signing_keys::list(&mut s.read().await).await.unwrap();
    let states: Vec<_> = keys.iter().map(|k| (k.kid.0.as_str(), k.state)).collect();
    assert_eq!(
        states,
        [
            ("e1", KeyState::Retiring),
            ("e2", KeyState::Active),
            ("r1", KeyState::Active)
        ]
    );
    assert_eq!(
        (keys[0].activated_at, keys[0].retiring_at),
        (Some(s.now), Some(later))
    );
}

async fn a_retired_key_has_no_private_half(backend: Backend) {
    let s = Scene::new(backend).await;
    let key = s.signing_key("e1", SigningAlg::EdDSA);
    let mut tx = s.tx().await;
    assert!(signing_keys::insert(&mut tx, &key).await.unwrap());
    assert_eq!(
        signing_keys::list(&mut tx).await.unwrap(),
        std::slice::from_ref(&key)
    );
    assert!(signing_keys::retire(&mut tx, &key.kid, s.now).await.unwrap());
    assert!(!signing_keys::retire(&mut tx, &key.kid, s.now).await.unwrap());
    let after = signing_keys::list(&mut tx).await.unwrap();
    let expected = signing_keys::SigningKeyRow {
        state: KeyState::Retired,
        sealed_private: Vec::new(),
        retired_at: Some(s.now),
        ..key
    };
    assert_eq!(after, [expected]);
}
