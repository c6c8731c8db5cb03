//! The audit log is read as it was written.

use domain::{EventKind, Events, Outcome, RequestId, SessionId};
use serde_json::json;
use storage::audit;
use testkit::Backend;

use crate::scene::{Scene, client_id};

on_both! {
    the_log_keeps_every_field
    the_log_is_read_in_pages
}

async fn the_log_keeps_every_field(backend: Backend) {
    let s = Scene::new(backend).await;
    let full = audit::AuditRow {
        outcome: Outcome::Failure,
        reason: Some("wrong_password".into()),
        actor_kind: "user".into(),
        actor_id: Some("somebody".into()),
        user_id: Some(domain::UserId::generate(&s.world)),
        session_id: Some(SessionId::generate(&s.world)),
        client_id: Some(client_id("shop")),
        grant_id: Some(domain::GrantId::generate(&s.world)),
        target_kind: Some("key".into()),
        target_id: Some("k1".into()),
        request_id: Some(RequestId::generate(&s.world)),
        details: json!({ "nested": { "list": [1, 2.5, null, "ü"] } }),
        sealed: Some(vec![0, 1, 255]),
        seal_key: Some(s.world.uuid_v7()),
        address_mac: Some(vec![1; 16]),
        network_mac: Some(vec![2; 16]),
        name_mac: Some(vec![3; 16]),
        network_kind: Some("private".into()),
        agent_family: Some("firefox".into()),
        count: 7,
        ..s.event(EventKind::TokenRefused)
    };
    let plain = s.event(EventKind::TokenIssued);
    s.tx()
        .await
        .commit(Events::one(full.clone()).and(plain.clone()))
        .await
        .unwrap();
    let rows = audit::list(&mut s.read().await, None, 10).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert!(rows.contains(&full) && rows.contains(&plain));
}

async fn the_log_is_read_in_pages(backend: Backend) {
    let s = Scene::new(backend).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        let event = s.event(EventKind::TokenIssued);
        ids.push(event.id);
        s.tx().await.commit(event.into()).await.unwrap();
    }
    ids.sort();
    let mut q = s.read().await;
    let page = audit::list(&mut q, None, 3).await.unwrap();
    assert_eq!(page.iter().map(|row| row.id).collect::<Vec<_>>(), ids[..3]);
    let rest = audit::list(&mut q, Some(ids[2]), 3).await.unwrap();
    assert_eq!(rest.iter().map(|row| row.id).collect::<Vec<_>>(), ids[3..]);
    assert_eq!(audit::count(&mut q).await.unwrap(), 5);
}
