//! What is written is read back: tenants, clients, sign-ins.

use std::time::Duration;

use domain::{Brand, Browser, ClientKind, Device, Session, System, TenantSettings};
use storage::{clients, flows, purge, sessions, tenants};
use testkit::Backend;

use crate::scene::{MINUTE, Scene, client_id, keep, scopes};

on_both! {
    a_tenant_is_found_by_its_short_name
    a_client_keeps_its_settings
    the_mark_of_a_client_only_goes_up
    clients_are_listed_in_byte_order
    a_flow_belongs_to_its_browser_until_it_ends
    a_session_is_found_until_it_is_ended
    a_session_keeps_what_its_last_sign_in_came_with
    what_has_expired_is_purged
}

async fn a_tenant_is_found_by_its_short_name(backend: Backend) {
    let s = Scene::new(backend).await;
    let other = s.store.tenant("acme").await;
    let found = tenants::find_by_slug(s.db(), &"acme".parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.id, found.name.as_str()), (other, "acme"));
    assert!(
        tenants::find_by_slug(s.db(), &"nobody".parse().unwrap())
            .await
            .unwrap()
            .is_none()
    );

    let settings = TenantSettings {
        brand: Brand {
            accent: Some("#0a7d5f".into()),
            logo: None,
        },
        rsa_bits: 4096,
        ..TenantSettings::default()
    };
    let mut tx = s.db().begin(other).await.unwrap();
    assert!(
        tenants::update_settings(&mut tx, &settings, "Acme & Söhne")
            .await
            .unwrap()
    );
    keep(tx).await;
    let all = tenants::list(s.db()).await.unwrap();
    let names: Vec<_> = all.iter().map(|t| (t.slug.as_str(), t.name.as_str())).collect();
    assert_eq!(names, [("acme", "Acme & Söhne"), ("default", "default")]);
    assert_eq!(all[0].settings, settings);

    // The same short name again, by another tenant.
    let twin = domain::Tenant {
        id: domain::TenantId::generate(&s.world),
        ..all[0].clone()
    };
    let mut tx = s.db().begin(twin.id).await.unwrap();
    assert!(!tenants::insert(&mut tx, &twin).await.unwrap());
    // And a row that is not the transaction's own tenant.
    let refused = tenants::insert(&mut tx, &all[1]).await;
    assert!(matches!(refused, Err(storage::StoreError::WrongTenant)));
}

async fn a_client_keeps_its_settings(backend: Backend) {
    let s = Scene::new(backend).await;
    let mut client = s.add_client("shop").await;
    let mut tx = s.tx().await;
    assert!(
        !clients::insert(&mut tx, &client).await.unwrap(),
        "the id is taken"
    );
    assert_eq!(
        clients::find(&mut tx, &client.client_id).await.unwrap(),
        Some(client.clone())
    );

    client.settings.scopes = scopes("openid offline_access");
    client.updated_at = s.later(MINUTE);
    client.disabled_at = Some(client.updated_at);
    client.secret_hash = Some(s.hash());
    let (id, now) = (client.client_id.clone(), client.updated_at);
    assert!(
        clients::update_settings(&mut tx, &id, &client.settings, now)
            .await
            .unwrap()
    );
    client.tokens_not_before = Some(now.next_second());
    assert!(clients::disable(&mut tx, &id, now).await.unwrap());
    assert!(
        clients::set_secret(&mut tx, &id, &client.secret_hash.unwrap(), now)
            .await
            .unwrap()
    );
    let nobody = client_id("nobody");
    assert!(!clients::disable(&mut tx, &nobody, now).await.unwrap());
    assert!(!clients::enable(&mut tx, &nobody, now).await.unwrap());
    keep(tx).await;
    assert_eq!(
        clients::find(&mut s.read().await, &id).await.unwrap(),
        Some(client.clone())
    );
}

async fn the_mark_of_a_client_only_goes_up(backend: Backend) {
    let s = Scene::new(backend).await;
    let id = s.add_client("shop").await.client_id;
    // Off since before there were marks.
    let mut old = s.client("old");
    old.disabled_at = Some(s.now);
    let mut tx = s.tx().await;
    assert!(clients::insert(&mut tx, &old).await.unwrap());
    keep(tx).await;

    let off = s.later(MINUTE).plus(Duration::from_millis(300));
    let on = s.later(2 * MINUTE).plus(Duration::from_millis(300));
    let steps = [
        (&id, true, s.now, None),
        (&id, false, off, Some(off.next_second())),
        (&id, true, off, Some(off.next_second())),
        (&id, true, on, Some(off.next_second())),
        (&id, false, off, Some(off.next_second())),
        (&id, true, on, Some(on.second())),
        (&old.client_id, true, on, Some(on.second())),
    ];
    for (id, enable, at, mark) in steps {
        let mut tx = s.tx().await;
        let changed = if enable {
            clients::enable(&mut tx, id, at).await
        } else {
            clients::disable(&mut tx, id, at).await
        };
        assert!(changed.unwrap());
        keep(tx).await;
        let found = clients::find(&mut s.read().await, id).await.unwrap().unwrap();
        assert_eq!(
            (found.disabled_at, found.tokens_not_before, found.updated_at),
            ((!enable).then_some(at), mark, at)
        );
    }
    let found = clients::find(&mut s.read().await, &id).await.unwrap().unwrap();
    assert!(found.honours(on.second()) && !found.honours(on.second().minus(Duration::from_micros(1))));
}

async fn clients_are_listed_in_byte_order(backend: Backend) {
    let s = Scene::new(backend).await;
    let mut tx = s.tx().await;
    for (id, kind) in [
        ("b", ClientKind::Spa),
        ("a", ClientKind::Native),
        ("Z", ClientKind::Confidential),
    ] {
        assert!(
            clients::insert(&mut tx, &domain::Client { kind, ..s.client(id) })
                .await
                .unwrap()
        );
    }
    keep(tx).await;
    let ids = |clients: Vec<domain::Client>| {
        clients
            .into_iter()
            .map(|c| c.client_id.to_string())
            .collect::<Vec<_>>()
    };
    let mut q = s.read().await;
    assert_eq!(ids(clients::list(&mut q, None, 2).await.unwrap()), ["Z", "a"]);
    assert_eq!(
        ids(clients::list(&mut q, Some(&client_id("a")), 2).await.unwrap()),
        ["b"]
    );
    assert_eq!(ids(clients::list_public(&mut q).await.unwrap()), ["a", "b"]);
}

async fn a_flow_belongs_to_its_browser_until_it_ends(backend: Backend) {
    let s = Scene::new(backend).await;
    let flow = s.flow();
    let mut tx = s.tx().await;
    flows::insert(&mut tx, &flow).await.unwrap();
    keep(tx).await;

    let mut tx = s.tx().await;
    let last = s.later(10 * MINUTE).minus(Duration::from_micros(1));
    assert_eq!(
        flows::find(&mut tx, flow.id, &flow.browser_hash, last)
            .await
            .unwrap(),
        Some(flow.clone())
    );
    assert_eq!(
        flows::find(&mut tx, flow.id, &s.hash(), last).await.unwrap(),
        None,
        "another browser"
    );
    assert_eq!(
        flows::find(&mut tx, flow.id, &flow.browser_hash, flow.expires_at)
            .await
            .unwrap(),
        None,
        "expired"
    );
    assert!(
        !flows::finish(&mut tx, flow.id, flow.expires_at).await.unwrap(),
        "expired"
    );
    assert!(flows::finish(&mut tx, flow.id, last).await.unwrap());
    assert!(!flows::finish(&mut tx, flow.id, last).await.unwrap(), "finished");
    assert_eq!(
        flows::find(&mut tx, flow.id, &flow.browser_hash, last)
            .await
            .unwrap(),
        None,
        "finished"
    );
}

async fn a_session_keeps_what_its_last_sign_in_came_with(backend: Backend) {
    let s = Scene::new(backend).await;
    let user = s.add_user("ada@example.com").await;
    let sealed = |byte| sessions::Sealed {
        key: s.world.uuid_v7(),
        bytes: vec![byte; 600],
    };
    let (first, second) = (sealed(1), sealed(2));
    let known = s.session(user.id);
    let silent = Session {
        device: None,
        ..s.session(user.id)
    };
    let mut tx = s.tx().await;
    sessions::insert(&mut tx, &known, &s.hash(), Some(&first))
        .await
        .unwrap();
    sessions::insert(&mut tx, &silent, &s.hash(), None).await.unwrap();
    let listed = sessions::list_for_user(&mut tx, user.id, s.now).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert!(listed.contains(&(known, Some(first))), "{listed:?}");
    assert!(listed.contains(&(silent.clone(), None)), "{listed:?}");
    let again = Session {
        device: Some(Device {
            browser: Browser::Other,
            system: System::Windows,
        }),
        ..silent
    };
    assert!(
        sessions::renew(&mut tx, &again, &s.hash(), Some(&second))
            .await
            .unwrap()
    );
    let listed = sessions::list_for_user(&mut tx, user.id, s.now).await.unwrap();
    assert!(listed.contains(&(again, Some(second))), "{listed:?}");
    keep(tx).await;
}

async fn a_session_is_found_until_it_is_ended(backend: Backend) {
    let s = Scene::new(backend).await;
    let user = s.add_user("ada@example.com").await;
    let (mut first, token) = s.add_session(user.id).await;
    let (second, _) = s.add_session(user.id).await;
    let mut tx = s.tx().await;
    assert_eq!(
        sessions::find_by_token(&mut tx, &token).await.unwrap(),
        Some(first.clone())
    );
    assert_eq!(sessions::find_by_token(&mut tx, &s.hash()).await.unwrap(), None);

    (first.last_seen_at, first.idle_expires_at) = (s.later(MINUTE), s.later(11 * MINUTE));
    assert!(
        sessions::touch(&mut tx, first.id, first.last_seen_at, first.idle_expires_at)
            .await
            .unwrap()
    );
    assert!(
        !sessions::touch(&mut tx, first.id, s.now, s.later(10 * MINUTE))
            .await
            .unwrap(),
        "an earlier use"
    );
    assert_eq!(
        sessions::find(&mut tx, first.id).await.unwrap(),
        Some(first.clone())
    );
    let live = sessions::list_for_user(&mut tx, user.id, s.later(10 * MINUTE))
        .await
        .unwrap();
    assert_eq!(live, [(first.clone(), None)], "the second was idle for too long");

    assert!(sessions::end(&mut tx, first.id, s.now).await.unwrap());
    assert!(!sessions::end(&mut tx, first.id, s.later(MINUTE)).await.unwrap());
    assert!(
        !sessions::touch(&mut tx, first.id, s.later(MINUTE), s.later(MINUTE))
            .await
            .unwrap()
    );
    assert_eq!(
        sessions::find(&mut tx, first.id).await.unwrap().unwrap().ended_at,
        Some(s.now)
    );
    assert_eq!(
        sessions::end_for_user(&mut tx, user.id, s.now).await.unwrap(),
        [second.id]
    );
    assert!(
        sessions::list_for_user(&mut tx, user.id, s.now)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn what_has_expired_is_purged(backend: Backend) {
    let s = Scene::new(backend).await;
    let (user, _, grant) = s.add_family().await;
    let (session, token) = s.add_session(user.id).await;
    let (flow, code, invitation) = (s.flow(), s.code(&grant), s.invitation(user.id));
    let mut tx = s.tx().await;
    flows::insert(&mut tx, &flow).await.unwrap();
    storage::codes::insert(&mut tx, &code).await.unwrap();
    storage::invitations::insert(&mut tx, &invitation).await.unwrap();
    storage::refresh_tokens::insert(&mut tx, &s.refresh_token(&grant))
        .await
        .unwrap();
    storage::access_tokens::insert(&mut tx, &s.access_token("shop"))
        .await
        .unwrap();
    storage::revoked_tokens::insert(&mut tx, "j1", s.later(MINUTE), s.now)
        .await
        .unwrap();
    storage::revoked_tokens::insert(&mut tx, "j2", s.later(MINUTE), s.now)
        .await
        .unwrap();
    assert_eq!(
        purge::expired(&mut tx, s.now, 100).await.unwrap(),
        0,
        "nothing has expired"
    );

    let hour = s.later(60 * MINUTE);
    assert_eq!(
        purge::expired(&mut tx, hour, 1).await.unwrap(),
        6,
        "one of each kind, the code is kept for a day"
    );
    assert_eq!(
        purge::expired(&mut tx, hour, 1).await.unwrap(),
        1,
        "the other revoked token"
    );
    assert_eq!(purge::expired(&mut tx, hour, 1).await.unwrap(), 0);
    assert!(storage::codes::find(&mut tx, &code.hash).await.unwrap().is_some());
    assert_eq!(
        purge::expired(&mut tx, s.later(48 * 60 * MINUTE), 100)
            .await
            .unwrap(),
        1
    );
    assert!(storage::codes::find(&mut tx, &code.hash).await.unwrap().is_none());
    assert_eq!(sessions::find_by_token(&mut tx, &token).await.unwrap(), None);
    assert_eq!(sessions::find(&mut tx, session.id).await.unwrap(), None);
    assert!(
        storage::grants::find(&mut tx, grant.id).await.unwrap().is_some(),
        "grants stay"
    );
}
