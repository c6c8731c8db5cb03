//! Grants and every credential that comes from them.

use domain::SessionId;
use storage::access_tokens::AccessToken;
use storage::codes::MAX_FAILURES;
use storage::grants::Grant;
use storage::{access_tokens, codes, grants, refresh_tokens, revoked_tokens};
use testkit::Backend;

use crate::scene::{MINUTE, Scene, client_id, keep};

on_both! {
    a_grant_is_revoked_once
    grants_are_revoked_by_person_client_and_session
    a_code_is_used_once_in_time
    a_code_dies_of_wrong_presentations
    a_refresh_token_is_used_once_in_time
    an_opaque_token_is_revoked_once
    a_revoked_jti_is_known
}

async fn a_grant_is_revoked_once(backend: Backend) {
    let s = Scene::new(backend).await;
    let (user, _, grant) = s.add_family().await;
    let bare = Grant {
        claims: None,
        resources: vec![domain::Resource::parse("https://api.example").unwrap()],
        offline: true,
        ..s.grant(user.id, "shop")
    };
    let mut tx = s.tx().await;
    grants::insert(&mut tx, &bare).await.unwrap();
    assert_eq!(
        grants::find(&mut tx, grant.id).await.unwrap(),
        Some(grant.clone())
    );
    assert_eq!(grants::find(&mut tx, bare.id).await.unwrap(), Some(bare.clone()));
    let mut both = vec![grant.clone(), bare.clone()];
    both.sort_by_key(|g| g.id);
    assert_eq!(grants::list_for_user(&mut tx, user.id).await.unwrap(), both);
    assert!(grants::revoke(&mut tx, grant.id, s.now).await.unwrap());
    assert!(!grants::revoke(&mut tx, grant.id, s.later(MINUTE)).await.unwrap());
    assert_eq!(
        grants::find(&mut tx, grant.id).await.unwrap().unwrap().revoked_at,
        Some(s.now)
    );
    assert_eq!(grants::list_for_user(&mut tx, user.id).await.unwrap(), [bare]);
}

async fn grants_are_revoked_by_person_client_and_session(backend: Backend) {
    let s = Scene::new(backend).await;
    let ada = s.add_user("ada@example.com").await;
    let bob = s.add_user("bob@example.com").await;
    let session = SessionId::generate(&s.world);
    let mut tx = s.tx().await;
    let online = Grant {
        session_id: Some(session),
        ..s.grant(ada.id, "shop")
    };
    let offline = Grant {
        session_id: Some(session),
        offline: true,
        ..s.grant(ada.id, "shop")
    };
    let others = Grant {
        session_id: Some(SessionId::generate(&s.world)),
        ..s.grant(ada.id, "blog")
    };
    let bobs = s.grant(bob.id, "shop");
    for grant in [&online, &offline, &others, &bobs] {
        grants::insert(&mut tx, grant).await.unwrap();
    }
    assert_eq!(
        grants::revoke_online_for_session(&mut tx, session, s.now)
            .await
            .unwrap(),
        1
    );
    assert!(
        grants::find(&mut tx, online.id)
            .await
            .unwrap()
            .unwrap()
            .revoked_at
            .is_some()
    );
    assert!(
        grants::find(&mut tx, offline.id)
            .await
            .unwrap()
            .unwrap()
            .revoked_at
            .is_none()
    );
    let shop = client_id("shop");
    assert_eq!(
        grants::revoke_for_client_of_user(&mut tx, ada.id, &shop, s.now)
            .await
            .unwrap(),
        1
    );
    assert_eq!(grants::revoke_for_user(&mut tx, ada.id, s.now).await.unwrap(), 1);
    assert_eq!(grants::revoke_for_user(&mut tx, ada.id, s.now).await.unwrap(), 0);
    assert_eq!(
        grants::list_for_user(&mut tx, bob.id).await.unwrap(),
        [bobs],
        "another person's stay"
    );
}

async fn a_code_is_used_once_in_time(backend: Backend) {
    let s = Scene::new(backend).await;
    let (_, _, grant) = s.add_family().await;
    let (mut code, late) = (s.code(&grant), s.code(&grant));
    let mut tx = s.tx().await;
    codes::insert(&mut tx, &code).await.unwrap();
    codes::insert(&mut tx, &late).await.unwrap();
    assert_eq!(
        codes::find(&mut tx, &code.hash).await.unwrap(),
        Some(code.clone())
    );
    assert!(
        !codes::consume(&mut tx, &late.hash, late.expires_at)
            .await
            .unwrap(),
        "expired"
    );
    assert!(codes::consume(&mut tx, &code.hash, s.now).await.unwrap());
    assert!(!codes::consume(&mut tx, &code.hash, s.now).await.unwrap(), "used");
    assert!(
        !codes::consume(&mut tx, &s.hash(), s.now).await.unwrap(),
        "unknown"
    );
    code.consumed_at = Some(s.now);
    assert_eq!(codes::find(&mut tx, &code.hash).await.unwrap(), Some(code));
}

async fn a_code_dies_of_wrong_presentations(backend: Backend) {
    let s = Scene::new(backend).await;
    let (_, _, grant) = s.add_family().await;
    let code = s.code(&grant);
    let mut tx = s.tx().await;
    codes::insert(&mut tx, &code).await.unwrap();
    for n in 1..MAX_FAILURES {
        assert_eq!(codes::record_failure(&mut tx, &code.hash).await.unwrap(), n);
    }
    keep(tx).await;
    // One failure less than the limit does not burn it.
    let mut tx = s.tx().await;
    assert!(codes::consume(&mut tx, &code.hash, s.now).await.unwrap());
    tx.rollback().await.unwrap();
    let mut tx = s.tx().await;
    assert_eq!(
        codes::record_failure(&mut tx, &code.hash).await.unwrap(),
        MAX_FAILURES
    );
    assert!(!codes::consume(&mut tx, &code.hash, s.now).await.unwrap());
}

async fn a_refresh_token_is_used_once_in_time(backend: Backend) {
    let s = Scene::new(backend).await;
    let (_, _, grant) = s.add_family().await;
    let (mut token, late) = (s.refresh_token(&grant), s.refresh_token(&grant));
    let mut tx = s.tx().await;
    refresh_tokens::insert(&mut tx, &token).await.unwrap();
    refresh_tokens::insert(&mut tx, &late).await.unwrap();
    assert!(
        !refresh_tokens::consume(&mut tx, &late.hash, late.expires_at)
            .await
            .unwrap(),
        "expired"
    );
    assert!(
        refresh_tokens::consume(&mut tx, &token.hash, s.now)
            .await
            .unwrap()
    );
    assert!(
        !refresh_tokens::consume(&mut tx, &token.hash, s.now)
            .await
            .unwrap(),
        "used"
    );
    token.consumed_at = Some(s.now);
    assert_eq!(
        refresh_tokens::find(&mut tx, &token.hash).await.unwrap(),
        Some(token),
        "kept to recognize reuse"
    );
    assert_eq!(refresh_tokens::find(&mut tx, &s.hash()).await.unwrap(), None);
}

async fn an_opaque_token_is_revoked_once(backend: Backend) {
    let s = Scene::new(backend).await;
    let (_, _, grant) = s.add_family().await;
    let machine = s.access_token("shop");
    let mut persons = s.access_token("shop");
    persons.grant_id = Some(grant.id);
    // As the product makes them: the id follows from the hash.
    persons.jti = persons.hash.public_id();
    let other = AccessToken {
        scopes: "read".parse().unwrap(),
        audience: vec![
            "https://other.example".to_owned(),
            "https://api.example".to_owned(),
        ],
        ..s.access_token("stock")
    };
    let mut tx = s.tx().await;
    for token in [&machine, &persons, &other] {
        access_tokens::insert(&mut tx, token).await.unwrap();
        assert_eq!(
            access_tokens::find(&mut tx, &token.hash).await.unwrap().as_ref(),
            Some(token)
        );
    }
    assert!(
        access_tokens::revoke(&mut tx, &persons.hash, s.now)
            .await
            .unwrap()
    );
    assert!(
        !access_tokens::revoke(&mut tx, &persons.hash, s.now)
            .await
            .unwrap()
    );
    assert_eq!(
        access_tokens::find(&mut tx, &persons.hash)
            .await
            .unwrap()
            .unwrap()
            .revoked_at,
        Some(s.now)
    );
    assert_eq!(
        access_tokens::find(&mut tx, &machine.hash).await.unwrap(),
        Some(machine)
    );
}

async fn a_revoked_jti_is_known(backend: Backend) {
    let s = Scene::new(backend).await;
    let mut tx = s.tx().await;
    assert!(!revoked_tokens::contains(&mut tx, "j1").await.unwrap());
    assert!(
        revoked_tokens::insert(&mut tx, "j1", s.later(MINUTE), s.now)
            .await
            .unwrap()
    );
    assert!(
        !revoked_tokens::insert(&mut tx, "j1", s.later(MINUTE), s.now)
            .await
            .unwrap()
    );
    assert!(revoked_tokens::contains(&mut tx, "j1").await.unwrap());
    assert!(!revoked_tokens::contains(&mut tx, "J1").await.unwrap());
}
