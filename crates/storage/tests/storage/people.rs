//! People, invitations, consents.

use domain::UserStatus;
use storage::user_consents::Consent;
use storage::{data_keys, invitations, user_consents, users};
use testkit::Backend;

use crate::scene::{MINUTE, Scene, client_id, keep, scopes};

on_both! {
    an_account_is_found_by_address_and_id
    an_address_is_one_persons_whatever_its_case
    an_account_changes
    a_password_changes_only_from_what_it_was
    people_are_listed_in_pages
    an_invitation_is_used_once
    consents_add_up_and_are_taken_back
}

async fn an_account_is_found_by_address_and_id(backend: Backend) {
    let s = Scene::new(backend).await;
    let user = s.add_user("Ada@Example.com").await;
    let key = data_keys::DataKey {
        user_id: Some(user.id),
        ..s.data_key("person")
    };
    let mut tx = s.tx().await;
    assert_eq!(
        users::find(&mut tx, user.id).await.unwrap().unwrap().data_key,
        None
    );
    assert!(data_keys::insert(&mut tx, &key).await.unwrap());
    keep(tx).await;

    let mut q = s.read().await;
    let account = users::find_by_email(&mut q, "ada@example.com")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(account.user, user);
    assert_eq!(account.password_hash.as_deref(), Some("$argon2id$test"));
    assert_eq!(account.data_key, Some(key.id));
    assert_eq!(users::find(&mut q, user.id).await.unwrap(), Some(account.clone()));
    assert!(
        users::find_by_email(&mut q, "bob@example.com")
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        !format!("{account:?}").contains("argon2"),
        "hashes stay out of debug output"
    );
}

async fn an_address_is_one_persons_whatever_its_case(backend: Backend) {
    let s = Scene::new(backend).await;
    s.add_user("ada@example.com").await;
    let mut tx = s.tx().await;
    assert!(
        !users::insert(&mut tx, &s.user("ADA@example.com"), None)
            .await
            .unwrap()
    );
    assert!(
        users::insert(&mut tx, &s.user("adah@example.com"), None)
            .await
            .unwrap()
    );
    assert_eq!(users::count(&mut tx).await.unwrap(), 2);
}

async fn an_account_changes(backend: Backend) {
    let s = Scene::new(backend).await;
    let user = s.add_user("ada@example.com").await;
    let later = s.later(MINUTE);
    let mut tx = s.tx().await;
    assert!(
        users::set_status(&mut tx, user.id, UserStatus::Disabled, later)
            .await
            .unwrap()
    );
    assert!(
        users::set_password(&mut tx, user.id, "$argon2id$new", later)
            .await
            .unwrap()
    );
    assert!(users::record_login(&mut tx, user.id, later).await.unwrap());
    let nobody = s.user("bob@example.com").id;
    assert!(
        !users::set_status(&mut tx, nobody, UserStatus::Active, later)
            .await
            .unwrap()
    );
    assert!(!users::set_password(&mut tx, nobody, "x", later).await.unwrap());
    keep(tx).await;

    let account = users::find(&mut s.read().await, user.id).await.unwrap().unwrap();
    assert_eq!(account.password_hash.as_deref(), Some("$argon2id$new"));
    let expected = domain::User {
        status: UserStatus::Disabled,
        updated_at: later,
        last_login_at: Some(later),
        ..user
    };
    assert_eq!(account.user, expected);
}

/// The hash that was verified is the one that is replaced, so of two changes at once one is made.
async fn a_password_changes_only_from_what_it_was(backend: Backend) {
    let s = Scene::new(backend).await;
    let user = s.user("ada@example.com");
    let later = s.later(MINUTE);
    let mut tx = s.tx().await;
    assert!(users::insert(&mut tx, &user, None).await.unwrap());
    let none = users::mark_compromised(&mut tx, user.id, later).await.unwrap();
    assert!(!none, "there is no password to be known");
    let mut step = async |old: Option<&str>, new: &str| {
        users::change_password(&mut tx, user.id, old, new, later)
            .await
            .unwrap()
    };
    assert!(!step(Some("old"), "x").await);
    assert!(step(None, "first").await);
    assert!(!step(None, "x").await);
    assert!(!step(Some("other"), "x").await);
    let marked = users::mark_compromised(&mut tx, user.id, later).await.unwrap();
    assert!(marked);
    // Written down anew it is the same password: still known to others.
    for (old, written) in [("other", false), ("first", true)] {
        let done = users::rewrite_password(&mut tx, user.id, old, "again")
            .await
            .unwrap();
        assert_eq!(done, written);
    }
    let account = users::find(&mut tx, user.id).await.unwrap().unwrap();
    assert_eq!(account.password_hash.as_deref(), Some("again"));
    assert_eq!(account.password_compromised_at, Some(later));
    let changed = users::change_password(&mut tx, user.id, Some("again"), "new", later)
        .await
        .unwrap();
    assert!(changed);
    let account = users::find(&mut tx, user.id).await.unwrap().unwrap();
    assert_eq!(account.password_compromised_at, None);
}

async fn people_are_listed_in_pages(backend: Backend) {
    let s = Scene::new(backend).await;
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(s.add_user(&format!("u{n}@example.com")).await.id);
    }
    ids.sort();
    let mut q = s.read().await;
    let page = users::list(&mut q, None, 2).await.unwrap();
    assert_eq!(page.iter().map(|u| u.id).collect::<Vec<_>>(), ids[..2]);
    let rest = users::list(&mut q, Some(ids[1]), 2).await.unwrap();
    assert_eq!(rest.iter().map(|u| u.id).collect::<Vec<_>>(), ids[2..]);
}

async fn an_invitation_is_used_once(backend: Backend) {
    let s = Scene::new(backend).await;
    let user = s.add_user("ada@example.com").await;
    let (invitation, late) = (s.invitation(user.id), s.invitation(user.id));
    let mut tx = s.tx().await;
    invitations::insert(&mut tx, &invitation).await.unwrap();
    invitations::insert(&mut tx, &late).await.unwrap();
    assert_eq!(
        invitations::find(&mut tx, &invitation.hash, s.now).await.unwrap(),
        Some(invitation.clone())
    );
    assert_eq!(
        invitations::find(&mut tx, &late.hash, late.expires_at)
            .await
            .unwrap(),
        None,
        "expired"
    );
    assert_eq!(
        invitations::consume(&mut tx, &late.hash, late.expires_at)
            .await
            .unwrap(),
        None,
        "expired"
    );
    assert_eq!(
        invitations::consume(&mut tx, &invitation.hash, s.now)
            .await
            .unwrap(),
        Some(user.id)
    );
    assert_eq!(
        invitations::consume(&mut tx, &invitation.hash, s.now)
            .await
            .unwrap(),
        None,
        "used"
    );
    assert_eq!(
        invitations::find(&mut tx, &invitation.hash, s.now).await.unwrap(),
        None,
        "used"
    );
}

async fn consents_add_up_and_are_taken_back(backend: Backend) {
    let s = Scene::new(backend).await;
    let user = s.add_user("ada@example.com").await;
    s.add_client("shop").await;
    s.add_client("blog").await;
    let (shop, blog) = (client_id("shop"), client_id("blog"));
    let mut tx = s.tx().await;
    assert_eq!(
        user_consents::granted(&mut tx, user.id, &shop).await.unwrap(),
        None
    );
    user_consents::grant(&mut tx, user.id, &shop, &scopes("openid"), s.now)
        .await
        .unwrap();
    user_consents::grant(&mut tx, user.id, &shop, &scopes("email openid"), s.later(MINUTE))
        .await
        .unwrap();
    user_consents::grant(&mut tx, user.id, &blog, &scopes("profile"), s.now)
        .await
        .unwrap();
    let granted = user_consents::granted(&mut tx, user.id, &shop).await.unwrap();
    assert_eq!(granted, Some(scopes("openid email")));
    let consent = |client_id, text| Consent {
        client_id,
        scopes: scopes(text),
        granted_at: s.now,
    };
    let all = user_consents::list_for_user(&mut tx, user.id).await.unwrap();
    assert_eq!(
        all,
        [
            consent(blog.clone(), "profile"),
            consent(shop.clone(), "openid email")
        ]
    );

    assert_eq!(
        user_consents::revoke(&mut tx, user.id, &shop, s.now)
            .await
            .unwrap(),
        2
    );
    assert_eq!(
        user_consents::revoke(&mut tx, user.id, &shop, s.now)
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        user_consents::granted(&mut tx, user.id, &shop).await.unwrap(),
        None
    );
    assert_eq!(
        user_consents::list_for_user(&mut tx, user.id).await.unwrap(),
        [consent(blog, "profile")]
    );
}
