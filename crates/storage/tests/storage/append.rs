//! The batching appender: durable before it answers, many in one commit, a bad one fails alone.

use std::sync::Arc;

use domain::EventKind;
use storage::{Append, SqlErrorKind, StoreError, access_tokens, audit};
use testkit::Backend;

use crate::scene::Scene;

on_both! {
    an_event_is_there_when_its_caller_is_told
    a_token_is_kept_with_its_event
    a_thousand_events_of_three_tenants_are_all_kept
    a_bad_event_fails_alone
    what_was_accepted_is_kept_when_the_database_closes
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
