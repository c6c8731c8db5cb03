//! A hundred callers at once, one winner.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::{CeremonyId, KeyState, SigningAlg, TenantId};
use storage::{
    Db, codes, factors, flows, invitations, links, mail_limits, mail_outbox, passkey_ceremonies,
    refresh_tokens, sessions, signing_keys, users,
};
use testkit::Backend;

use crate::factors::with_totp;
use crate::scene::{MINUTE, Scene, keep};

const CALLERS: usize = 100;

on_both! {
    one_caller_consumes_a_code
    one_caller_consumes_a_refresh_token
    one_caller_finishes_a_flow
    one_caller_accepts_an_invitation
    one_caller_uses_a_link_and_takes_its_mail
    so_many_mails_are_admitted_and_no_more
    one_caller_uses_a_time_based_code
    one_caller_uses_a_recovery_code
    one_caller_answers_a_passkey_challenge
    one_caller_ends_a_session
    one_caller_takes_an_address
    one_node_activates_a_key
    several_nodes_activate_keys_one_after_the_other
}

/// Runs `attempt` a hundred times at once; how many came back with `true`.
async fn winners<F, A>(s: &Scene, attempt: F) -> usize
where
    F: Fn(Db, TenantId) -> A + Send + Sync + 'static,
    A: Future<Output = bool> + Send + 'static,
{
    let start = Arc::new(tokio::sync::Barrier::new(CALLERS));
    let attempt = Arc::new(attempt);
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..CALLERS {
        let (db, tenant) = (s.db().clone(), s.tenant);
        let (start, attempt) = (start.clone(), attempt.clone());
        callers.spawn(async move {
            start.wait().await;
            attempt(db, tenant).await
        });
    }
    callers.join_all().await.into_iter().filter(|won| *won).count()
}

async fn one_caller_consumes_a_code(backend: Backend) {
    let s = Scene::new(backend).await;
    let (_, _, grant) = s.add_family().await;
    let code = s.code(&grant);
    let mut tx = s.tx().await;
    codes::insert(&mut tx, &code).await.unwrap();
    keep(tx).await;
    let now = s.now;
    let won = winners(&s, move |db, tenant| async move {
        let mut tx = db.begin(tenant).await.unwrap();
        let won = codes::consume(&mut tx, &code.hash, now).await.unwrap();
        keep(tx).await;
        won
    });
    assert_eq!(won.await, 1);
}

async fn one_caller_consumes_a_refresh_token(backend: Backend) {
    let s = Scene::new(backend).await;
    let (_, _, grant) = s.add_family().await;
    let token = s.refresh_token(&grant);
    let mut tx = s.tx().await;
    refresh_tokens::insert(&mut tx, &token).await.unwrap();
    keep(tx).await;
    let now = s.now;
    let won = winners(&s, move |db, tenant| async move {
        let mut tx = db.begin(tenant).await.unwrap();
        let won = refresh_tokens::consume(&mut tx, &token.hash, now).await.unwrap();
        keep(tx).await;
        won
    });
    assert_eq!(won.await, 1);
}

async fn one_caller_finishes_a_flow(backend: Backend) {
    let s = Scene::new(backend).await;
    let flow = s.flow();
    let mut tx = s.tx().await;
    flows::insert(&mut tx, &flow).await.unwrap();
    keep(tx).await;
    let now = s.now;
    let won = winners(&s, move |db, tenant| async move {
        let mut tx = db.begin(tenant).await.unwrap();
        let won = flows::finish(&mut tx, flow.id, now).await.unwrap();
        keep(tx).await;
        won
    });
    assert_eq!(won.await, 1);
}

async fn one_caller_accepts_an_invitation(backend: Backend) {
    let s = Scene::new(backend).await;
    let user = s.add_user("ada@example.com").await;
    let invitation = s.invitation(user.id);
    let mut tx = s.tx().await;
    invitations::insert(&mut tx, &invitation).await.unwrap();
    keep(tx).await;
    let now = s.now;
    let won = winners(&s, move |db, tenant| async move {
        let mut tx = db.begin(tenant).await.unwrap();
        let won = invitations::consume(&mut tx, &invitation.hash, now)
            .await
            .unwrap();
        keep(tx).await;
        won == Some(user.id)
    });
    assert_eq!(won.await, 1);
}

async fn so_many_mails_are_admitted_and_no_more(backend: Backend) {
    let s = Scene::new(backend).await;
    for (began, most) in [(s.now, 3), (s.later(60 * MINUTE), 5)] {
        let bound = mail_limits::Bound {
            most,
            now: began,
            until: began.plus(Duration::from_hours(1)),
        };
        let won = winners(&s, move |db, tenant| async move {
            let mut tx = db.begin(tenant).await.unwrap();
            let won = mail_limits::admit(&mut tx, b"key", bound).await.unwrap();
            keep(tx).await;
            won
        });
        assert_eq!(won.await, usize::try_from(most).unwrap());
        // Another address is counted on its own, and so is the same one at another tenant.
        let mut tx = s.tx().await;
        assert!(mail_limits::admit(&mut tx, b"other", bound).await.unwrap());
        keep(tx).await;
        let elsewhere = s.store.tenant(&format!("t{most}")).await;
        let mut tx = s.db().begin(elsewhere).await.unwrap();
        assert!(mail_limits::admit(&mut tx, b"key", bound).await.unwrap());
        keep(tx).await;
    }
}

async fn one_caller_uses_a_link_and_takes_its_mail(backend: Backend) {
    let s = Scene::new(backend).await;
    let user = s.add_user("ada@example.com").await;
    let link = s.link(user.id);
    s.tx().await.commit(s.event_with_mail(&link)).await.unwrap();
    let (now, until) = (s.now, s.later(MINUTE));
    let won = winners(&s, move |db, tenant| async move {
        let mut tx = db.begin(tenant).await.unwrap();
        let mails = mail_outbox::claim(&mut tx, now, until, 10).await.unwrap();
        keep(tx).await;
        mails.len() == 1
    });
    assert_eq!(won.await, 1);
    let won = winners(&s, move |db, tenant| async move {
        let mut tx = db.begin(tenant).await.unwrap();
        let shown = links::Shown {
            purpose: link.purpose,
            hash: &link.hash,
            browser: &link.hash,
            now,
        };
        let won = links::consume(&mut tx, shown).await.unwrap();
        keep(tx).await;
        won
    });
    assert_eq!(won.await, 1);
    // A claim that ran out is anybody's again, and the first holder's word counts no more.
    let mut tx = s.tx().await;
    let again = mail_outbox::claim(&mut tx, until, s.later(2 * MINUTE), 10)
        .await
        .unwrap();
    assert_eq!(again.len(), 1);
    let stale = mail_outbox::Mail {
        attempts: 1,
        ..again[0].clone()
    };
    assert!(!mail_outbox::end(&mut tx, &stale, Some(now), now).await.unwrap());
    assert!(
        mail_outbox::end(&mut tx, &again[0], Some(now), now)
            .await
            .unwrap()
    );
    keep(tx).await;
}

async fn one_caller_uses_a_time_based_code(backend: Backend) {
    let s = Scene::new(backend).await;
    let (user, totp) = with_totp(&s).await;
    let won = winners(&s, move |db, tenant| async move {
        let mut tx = db.begin(tenant).await.unwrap();
        let won = factors::use_totp(&mut tx, (user, totp.id), 11).await.unwrap();
        keep(tx).await;
        won
    });
    assert_eq!(won.await, 1);
    let mut tx = s.tx().await;
    assert!(
        factors::use_totp(&mut tx, (user, totp.id), 12).await.unwrap(),
        "the next step counts"
    );
    keep(tx).await;
}

async fn one_caller_uses_a_recovery_code(backend: Backend) {
    let s = Scene::new(backend).await;
    let (user, _) = with_totp(&s).await;
    let (hash, other, now) = (s.hash(), s.hash(), s.now);
    let mut tx = s.tx().await;
    for code in [&hash, &other] {
        factors::insert_recovery_code(&mut tx, user, code, now)
            .await
            .unwrap();
    }
    keep(tx).await;
    let won = winners(&s, move |db, tenant| async move {
        let mut tx = db.begin(tenant).await.unwrap();
        let won = factors::use_recovery_code(&mut tx, user, &hash, now)
            .await
            .unwrap();
        keep(tx).await;
        won
    });
    assert_eq!(won.await, 1);
    let mut tx = s.tx().await;
    assert!(
        factors::use_recovery_code(&mut tx, user, &other, now)
            .await
            .unwrap(),
        "the next one counts"
    );
    keep(tx).await;
}

async fn one_caller_answers_a_passkey_challenge(backend: Backend) {
    let s = Scene::new(backend).await;
    let [id, beside] = [(); 2].map(|()| CeremonyId::generate(&s.world));
    let now = s.now;
    let state = serde_json::json!({"challenge": "AAAA"});
    let mut tx = s.tx().await;
    for (place, id) in [("flow:1", id), ("flow:2", beside)] {
        passkey_ceremonies::insert(&mut tx, place, id, &state, s.later(MINUTE))
            .await
            .unwrap();
    }
    keep(tx).await;
    let won = winners(&s, move |db, tenant| async move {
        let mut tx = db.begin(tenant).await.unwrap();
        let won = passkey_ceremonies::consume(&mut tx, "flow:1", id, now)
            .await
            .unwrap();
        keep(tx).await;
        won.is_some()
    });
    assert_eq!(won.await, 1);
    let mut tx = s.tx().await;
    let other = passkey_ceremonies::consume(&mut tx, "flow:2", beside, now)
        .await
        .unwrap();
    assert!(other.is_some(), "another sign-in has its own");
    keep(tx).await;
}

async fn one_caller_ends_a_session(backend: Backend) {
    let s = Scene::new(backend).await;
    let user = s.add_user("ada@example.com").await;
    let (session, _) = s.add_session(user.id).await;
    let now = s.now;
    let won = winners(&s, move |db, tenant| async move {
        let mut tx = db.begin(tenant).await.unwrap();
        let won = sessions::end(&mut tx, session.id, now).await.unwrap();
        keep(tx).await;
        won
    });
    assert_eq!(won.await, 1);
}

async fn one_caller_takes_an_address(backend: Backend) {
    let s = Scene::new(backend).await;
    let user = s.user("ada@example.com");
    let world = s.world.clone();
    let won = winners(&s, move |db, tenant| {
        let user = domain::User {
            id: domain::UserId::generate(&world),
            ..user.clone()
        };
        async move {
            let mut tx = db.begin(tenant).await.unwrap();
            let won = users::insert(&mut tx, &user, None).await.unwrap();
            keep(tx).await;
            won
        }
    });
    assert_eq!(won.await, 1);
    assert_eq!(users::count(&mut s.read().await).await.unwrap(), 1);
}

async fn one_node_activates_a_key(backend: Backend) {
    let s = Scene::new(backend).await;
    let mut tx = s.tx().await;
    for kid in ["old", "new"] {
        assert!(
            signing_keys::insert(&mut tx, &s.signing_key(kid, SigningAlg::ES256))
                .await
                .unwrap()
        );
    }
    let old = domain::KeyId("old".into());
    assert!(
        signing_keys::activate(&mut tx, &old, SigningAlg::ES256, s.now)
            .await
            .unwrap()
    );
    keep(tx).await;
    let now = s.now;
    let won = winners(&s, move |db, tenant| async move {
        let mut tx = db.begin(tenant).await.unwrap();
        let kid = domain::KeyId("new".into());
        let won = signing_keys::activate(&mut tx, &kid, SigningAlg::ES256, now)
            .await
            .unwrap();
        keep(tx).await;
        won
    });
    assert_eq!(won.await, 1);
    let keys = signing_keys::list(&mut s.read().await).await.unwrap();
    let active: Vec<_> = keys
        .iter()
        .filter(|k| k.state == KeyState::Active)
        .map(|k| k.kid.0.as_str())
        .collect();
    assert_eq!(active, ["new"]);
}

/// No key is active yet, so there is no row of one to wait for; a second active key would be an error.
async fn several_nodes_activate_keys_one_after_the_other(backend: Backend) {
    let s = Scene::new(backend).await;
    let mut tx = s.tx().await;
    for n in 0..CALLERS {
        let key = s.signing_key(&format!("k{n}"), SigningAlg::ES256);
        assert!(signing_keys::insert(&mut tx, &key).await.unwrap());
    }
    keep(tx).await;
    let (now, next) = (s.now, AtomicUsize::new(0));
    let won = winners(&s, move |db, tenant| {
        let kid = domain::KeyId(format!("k{}", next.fetch_add(1, Ordering::Relaxed)));
        async move {
            let mut tx = db.begin(tenant).await.unwrap();
            let won = signing_keys::activate(&mut tx, &kid, SigningAlg::ES256, now)
                .await
                .unwrap();
            keep(tx).await;
            won
        }
    });
    assert_eq!(won.await, CALLERS);
    let keys = signing_keys::list(&mut s.read().await).await.unwrap();
    assert_eq!(keys.iter().filter(|k| k.state == KeyState::Active).count(), 1);
}
