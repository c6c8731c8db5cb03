//! The batching appender: durable before it answers, many in one commit, a bad one fails alone.

use std::sync::Arc;

use domain::EventKind;
use storage::refresh_tokens::{self, RefreshToken};
use storage::{Append, Rotation, SqlErrorKind, StoreError, access_tokens, audit};
use testkit::Backend;

use crate::scene::{MINUTE, Scene, keep};

on_both! {
    an_event_is_there_when_its_caller_is_told
    a_token_is_kept_with_its_event
    a_thousand_events_of_three_tenants_are_all_kept
    a_bad_event_fails_alone
    what_was_accepted_is_kept_when_the_database_closes
    a_rotation_is_kept_with_its_event_and_its_tokens
    of_many_uses_of_a_refresh_token_one_is_kept
    a_batch_of_everything_is_kept
    a_used_token_of_another_tenant_is_not_used
    a_bad_successor_fails_alone_and_its_predecessor_stays_good
}

fn append(s: &Scene) -> Append {
    Append {
        tenant: s.tenant,
        event: s.event(EventKind::TokenIssued),
        token: None,
    }
}

async fn an_event_is_there_when_its_caller_is_told(backend: Backend) {
    let s = Scene::new(backend).await;
    let one = append(&s);
    s.db().append(one.clone()).await.unwrap();
    assert_eq!(
        audit::list(&mut s.read().await, None, 9).await.unwrap(),
        [one.event]
    );
}

async fn a_token_is_kept_with_its_event(backend: Backend) {
    let s = Scene::new(backend).await;
    let token = s.access_token("shop");
    s.db()
        .append(Append {
            token: Some(token.clone()),
            ..append(&s)
        })
        .await
        .unwrap();
    let found = access_tokens::find(&mut s.read().await, &token.hash)
        .await
        .unwrap();
    assert_eq!(found.as_ref(), Some(&token));

    // The same token once more: neither it nor its event is kept.
    let refused = s
        .db()
        .append(Append {
            token: Some(token),
            ..append(&s)
        })
        .await;
    assert!(matches!(refused, Err(StoreError::Sql(e)) if e.kind == SqlErrorKind::Unique));
    assert_eq!(audit::count(&mut s.read().await).await.unwrap(), 1);
}

async fn a_thousand_events_of_three_tenants_are_all_kept(backend: Backend) {
    let s = Arc::new(Scene::new(backend).await);
    let tenants = [s.tenant, s.store.tenant("b").await, s.store.tenant("c").await];
    let mut callers = tokio::task::JoinSet::new();
    for n in 0..1_000 {
        let (s, tenant) = (s.clone(), tenants[n % 3]);
        let token = (n % 2 == 0).then(|| s.access_token("shop"));
        callers.spawn(async move {
            s.db()
                .append(Append {
                    tenant,
                    token,
                    ..append(&s)
                })
                .await
        });
    }
    assert!(callers.join_all().await.iter().all(Result::is_ok));
    for (tenant, expected) in tenants.into_iter().zip([334, 333, 333]) {
        let count = audit::count(&mut s.db().read(tenant).await.unwrap())
            .await
            .unwrap();
        assert_eq!(count, expected);
    }
    if let Some(stats) = s.db().writer_stats() {
        assert!(
            stats.groups < 500,
            "a thousand events took {} commits",
            stats.groups
        );
    }
}

async fn a_bad_event_fails_alone(backend: Backend) {
    let s = Arc::new(Scene::new(backend).await);
    let mut callers = tokio::task::JoinSet::new();
    for n in 0..60 {
        let s = s.clone();
        callers.spawn(async move {
            let mut append = append(&s);
            // Counting nothing is refused by the table.
            append.event.count = i64::from(n % 20 != 7);
            (n, s.db().append(append).await)
        });
    }
    for (n, outcome) in callers.join_all().await {
        match outcome {
            Ok(()) => assert_ne!(n % 20, 7),
            Err(StoreError::Sql(error)) => assert_eq!((n % 20, error.kind), (7, SqlErrorKind::Check)),
            Err(other) => panic!("event {n}: {other}"),
        }
    }
    assert_eq!(audit::count(&mut s.read().await).await.unwrap(), 57);
}

async fn what_was_accepted_is_kept_when_the_database_closes(backend: Backend) {
    let s = Arc::new(Scene::new(backend).await);
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let s = s.clone();
        callers.spawn(async move { s.db().append(append(&s)).await });
    }
    tokio::task::yield_now().await;
    s.db().close().await;
    let mut kept = 0;
    for outcome in callers.join_all().await {
        match outcome {
            Ok(()) => kept += 1,
            Err(StoreError::Closed) => {}
            Err(other) => panic!("{other}"),
        }
    }
    let again = storage::Db::open(&storage::DbOptions::at(s.store.url.clone()))
        .await
        .unwrap();
    let count = audit::count(&mut again.read(s.tenant).await.unwrap())
        .await
        .unwrap();
    assert_eq!(count, kept);
}

/// A refresh token of a family, stored.
async fn stored(s: &Scene) -> RefreshToken {
    let (_, _, grant) = s.add_family().await;
    let token = s.refresh_token(&grant);
    let mut tx = s.tx().await;
    refresh_tokens::insert(&mut tx, &token).await.unwrap();
    keep(tx).await;
    token
}

fn successor(s: &Scene, of: &RefreshToken) -> Rotation {
    Rotation {
        used: of.hash,
        at: s.now,
        next: RefreshToken {
            hash: s.hash(),
            ..of.clone()
        },
    }
}

async fn find(s: &Scene, token: &RefreshToken) -> Option<RefreshToken> {
    refresh_tokens::find(&mut s.read().await, &token.hash)
        .await
        .unwrap()
}

async fn a_rotation_is_kept_with_its_event_and_its_tokens(backend: Backend) {
    let s = Scene::new(backend).await;
    let old = stored(&s).await;
    let (rotation, access) = (successor(&s, &old), s.access_token("shop"));
    let one = Append {
        token: Some(access.clone()),
        ..append(&s)
    };
    assert!(s.db().rotate(one.clone(), rotation.clone()).await.unwrap());
    assert_eq!(find(&s, &old).await.unwrap().consumed_at, Some(s.now));
    assert_eq!(find(&s, &rotation.next).await, Some(rotation.next.clone()));
    let mut read = s.read().await;
    assert_eq!(audit::list(&mut read, None, 9).await.unwrap(), [one.event]);
    assert!(
        access_tokens::find(&mut read, &access.hash)
            .await
            .unwrap()
            .is_some()
    );
    drop(read);

    // Used, expired, unknown: nothing is written.
    let late = Rotation {
        at: rotation.next.expires_at,
        ..successor(&s, &rotation.next)
    };
    let unknown = Rotation {
        used: s.hash(),
        ..successor(&s, &old)
    };
    for refused in [successor(&s, &old), late, unknown] {
        let next = refused.next.clone();
        assert!(!s.db().rotate(append(&s), refused).await.unwrap());
        assert_eq!(find(&s, &next).await, None);
    }
    assert_eq!(audit::count(&mut s.read().await).await.unwrap(), 1);
}

async fn of_many_uses_of_a_refresh_token_one_is_kept(backend: Backend) {
    let s = Arc::new(Scene::new(backend).await);
    let old = stored(&s).await;
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let (s, rotation) = (s.clone(), successor(&s, &old));
        callers.spawn(async move {
            let kept = s.db().rotate(append(&s), rotation.clone()).await.unwrap();
            assert_eq!(find(&s, &rotation.next).await.is_some(), kept);
            kept
        });
    }
    let kept = callers.join_all().await.into_iter().filter(|kept| *kept);
    assert_eq!(kept.count(), 1);
    assert_eq!(audit::count(&mut s.read().await).await.unwrap(), 1);
}

async fn a_batch_of_everything_is_kept(backend: Backend) {
    let s = Arc::new(Scene::new(backend).await);
    let first = stored(&s).await;
    let mut all = vec![first.clone()];
    let mut tx = s.tx().await;
    for _ in 0..99 {
        let token = RefreshToken {
            hash: s.hash(),
            ..first.clone()
        };
        refresh_tokens::insert(&mut tx, &token).await.unwrap();
        all.push(token);
    }
    keep(tx).await;
    let mut callers = tokio::task::JoinSet::new();
    for (n, old) in all.into_iter().enumerate() {
        for _ in 0..2 {
            let (s, old) = (s.clone(), old.clone());
            callers.spawn(async move {
                let token = (n % 3 == 0).then(|| s.access_token("shop"));
                let append = Append { token, ..append(&s) };
                s.db().append(append.clone()).await.unwrap();
                let again = Append {
                    token: None,
                    event: s.event(EventKind::TokenIssued),
                    ..append
                };
                s.db().rotate(again, successor(&s, &old)).await.unwrap()
            });
        }
    }
    let kept = callers.join_all().await.into_iter().filter(|kept| *kept);
    assert_eq!(kept.count(), 100, "each token was presented twice");
    assert_eq!(audit::count(&mut s.read().await).await.unwrap(), 300);
}

async fn a_used_token_of_another_tenant_is_not_used(backend: Backend) {
    let s = Scene::new(backend).await;
    let old = stored(&s).await;
    let foreign = Append {
        tenant: s.store.tenant("b").await,
        ..append(&s)
    };
    assert!(!s.db().rotate(foreign, successor(&s, &old)).await.unwrap());
    assert_eq!(find(&s, &old).await, Some(old.clone()));
    assert!(s.db().rotate(append(&s), successor(&s, &old)).await.unwrap());
}

async fn a_bad_successor_fails_alone_and_its_predecessor_stays_good(backend: Backend) {
    let s = Arc::new(Scene::new(backend).await);
    let old = stored(&s).await;
    let mut bad = successor(&s, &old);
    bad.next.hash = old.hash;
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let s = s.clone();
        callers.spawn(async move { s.db().append(append(&s)).await.unwrap() });
    }
    let refused = s.db().rotate(append(&s), bad).await;
    assert!(matches!(refused, Err(StoreError::Sql(e)) if e.kind == SqlErrorKind::Unique));
    callers.join_all().await;
    assert_eq!(find(&s, &old).await, Some(old.clone()));
    let good = Rotation {
        at: s.later(MINUTE),
        ..successor(&s, &old)
    };
    assert!(s.db().rotate(append(&s), good).await.unwrap());
    assert_eq!(audit::count(&mut s.read().await).await.unwrap(), 21);
}
