//! Personal data in the log is sealed under the person's key at its place, and nowhere in clear (CR2, E6).
//!
//! The format is written down here a second time: nonce, ciphertext and tag of AES-256-GCM, with the place as
//! associated data; keys wrapped the same way by the key-encryption key.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use domain::{EventKind, Secret, TenantId};
use engine::{App, AppOptions, Fault, PasswordPolicy};
use serde_json::Value;
use storage::audit::AuditRow;
use storage::data_keys::{self, DataKey};
use storage::sessions;
use testkit::Backend;
use testkit::app::{ISSUER, KEK, TestApp};
use testkit::browser::PageForm;
use testkit::watch::Watch;

const AGENT: &str = "Mozilla/5.0 (X11; Canary x86_64) Gecko/20100101 Firefox/140.0";
const ADDRESS: &str = "203.0.113.7";
/// What somebody typed where an address belongs: people type passwords there.
const TYPED: &str = "My-Secret-Typed-Canary";

on_both_engines! {
    nothing_personal_stands_in_clear
    a_persons_fields_open_with_their_key_at_their_place_only
    where_a_session_began_opens_with_its_persons_key_only
    what_nobody_known_typed_is_under_the_months_key
    another_key_encryption_key_opens_nothing
}

fn open(key: &[u8], tenant: TenantId, column: &str, row: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
    let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
    let mut text = text.to_vec();
    let place = Aad::from(format!("rsp|{tenant}|{column}|{row}").into_bytes());
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    Some(key.open_in_place(nonce, place, &mut text).ok()?.to_vec())
}

fn unwrap_key(tenant: TenantId, key: &DataKey) -> Vec<u8> {
    open(
        &KEK,
        tenant,
        "data_keys.wrapped",
        &key.id.to_string(),
        &key.wrapped,
    )
    .expect("a data key opens with the key-encryption key")
}

async fn data_key(app: &TestApp, row: &AuditRow) -> DataKey {
    let tenant = app.ctx("default").tenant_id();
    let mut read = app.store.db.read(tenant).await.unwrap();
    let id = row.seal_key.expect("a sealed row");
    data_keys::find(&mut read, id)
        .await
        .unwrap()
        .expect("the key of the row")
}

/// A failed sign-in of alice, bob and nobody from one browser, in this order.
async fn three_rows(app: &TestApp) -> Vec<AuditRow> {
    let mut browser = app.browser();
    browser.headers = vec![("user-agent", AGENT.to_owned())];
    let page = browser.open("/account").await;
    let form = PageForm::find(&page.text(), "login-form");
    let mut watch = Watch::on(app, "default").await;
    let mut rows = Vec::new();
    for typed in ["alice@example.com", "bob@example.com", TYPED] {
        let mut fields: Vec<(&str, &str)> = form
            .hidden
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        fields.extend([("email", typed), ("password", "wrong")]);
        assert_eq!(browser.post(&form.action, &fields).await.status, 401);
        rows.push(watch.only().await);
    }
    rows
}

/// Every column of a row, as bytes. A column that is added has to be named here too.
fn bytes(row: &AuditRow) -> Vec<u8> {
    let AuditRow {
        id,
        occurred_at,
        kind,
        outcome,
        reason,
        actor_kind,
        actor_id,
        user_id,
        session_id,
        client_id,
        grant_id,
        target_kind,
        target_id,
        request_id,
        details,
        sealed,
        seal_key,
        address_mac,
        network_mac,
        name_mac,
        network_kind,
        agent_family,
        count,
        // Not a column.
        mail: _,
    } = row;
    let mut all = format!(
        "{id:?}{occurred_at:?}{kind:?}{outcome:?}{reason:?}{actor_kind}{actor_id:?}{user_id:?}{session_id:?}\
         {client_id:?}{grant_id:?}{target_kind:?}{target_id:?}{request_id:?}{details}{seal_key:?}{network_kind:?}\
         {agent_family:?}{count}"
    )
    .into_bytes();
    for blob in [sealed, address_mac, network_mac, name_mac].into_iter().flatten() {
        all.extend(blob);
    }
    all
}

async fn nothing_personal_stands_in_clear(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    browser.headers = vec![("user-agent", AGENT.to_owned())];
    browser
        .tokens("alice@example.com", "openid email profile offline_access")
        .await;
    let page = browser.open("/oauth/logout").await;
    browser.submit(&page, "logout-form", &[("logout", "1")]).await;
    three_rows(&app).await;
    let rows = app.audit("default").await;
    assert!(rows.len() > 15, "{}", rows.len());
    let octets: &[u8] = &[203, 0, 113, 7];
    for row in &rows {
        let all = bytes(row);
        let text = String::from_utf8_lossy(&all).to_lowercase();
        for canary in [
            "alice@",
            "bob@",
            "example.com",
            ADDRESS,
            "203.0.113",
            "mozilla",
            "canary",
            "correct horse",
        ] {
            assert!(!text.contains(canary), "{canary} in {row:?}");
        }
        for blob in [&row.address_mac, &row.network_mac, &row.name_mac]
            .into_iter()
            .flatten()
        {
            assert_eq!(blob.len(), 32, "a keyed hash");
            assert_ne!(blob.get(..4), Some(octets));
        }
    }
    let families: Vec<_> = rows
        .iter()
        .filter_map(|row| row.agent_family.as_deref())
        .collect();
    assert!(families.contains(&"firefox"), "the coarse kind stays readable");
    // Pseudonyms: equal for equal names and addresses, another in another tenant.
    let failed: Vec<_> = rows
        .iter()
        .filter(|row| row.kind == EventKind::LoginFailed)
        .collect();
    assert_eq!(failed[0].address_mac, failed[1].address_mac);
    assert_ne!(failed[0].name_mac, failed[1].name_mac);
    let mut there = app.browser();
    let page = there.open("/t/acme/account").await;
    there
        .submit(
            &page,
            "login-form",
            &[("email", "alice@example.com"), ("password", "wrong")],
        )
        .await;
    let acmes = app.audit("acme").await;
    let acme = acmes
        .iter()
        .find(|row| row.kind == EventKind::LoginFailed)
        .unwrap();
    assert!(failed.iter().all(|row| row.address_mac != acme.address_mac));
    assert!(failed.iter().all(|row| row.name_mac != acme.name_mac));
}

async fn a_persons_fields_open_with_their_key_at_their_place_only(backend: Backend) {
    let app = TestApp::start(backend).await;
    let rows = three_rows(&app).await;
    let (alices, bobs) = (&rows[0], &rows[1]);
    let tenant = app.ctx("default").tenant_id();
    let acme = app.ctx("acme").tenant_id();
    let key = data_key(&app, alices).await;
    assert_eq!(key.user_id, alices.user_id, "alice's own key");
    assert_eq!(key.purpose, "person");
    assert_ne!(alices.seal_key, bobs.seal_key);
    let bare = unwrap_key(tenant, &key);
    let (id, sealed) = (alices.id.to_string(), alices.sealed.clone().unwrap());
    let plain = open(&bare, tenant, "audit_log.sealed", &id, &sealed).expect("it opens at its place");
    let plain: Value = serde_json::from_slice(&plain).unwrap();
    assert_eq!(
        plain,
        serde_json::json!({"ip": ADDRESS, "agent": AGENT, "name": "alice@example.com"})
    );

    let other = bobs.id.to_string();
    let bobs_key = unwrap_key(tenant, &data_key(&app, bobs).await);
    let swaps = [
        ("row", open(&bare, tenant, "audit_log.sealed", &other, &sealed)),
        ("column", open(&bare, tenant, "audit_log.details", &id, &sealed)),
        ("tenant", open(&bare, acme, "audit_log.sealed", &id, &sealed)),
        ("key", open(&bobs_key, tenant, "audit_log.sealed", &id, &sealed)),
        ("kek", open(&KEK, tenant, "audit_log.sealed", &id, &sealed)),
    ];
    for (what, opened) in swaps {
        assert!(opened.is_none(), "it opens with another {what}");
    }
    for at in 0..sealed.len() {
        let mut touched = sealed.clone();
        touched[at] ^= 1;
        assert!(
            open(&bare, tenant, "audit_log.sealed", &id, &touched).is_none(),
            "byte {at} was changed"
        );
    }
    // The wrapped key belongs to its row and tenant too.
    let (wrapped, column) = (&key.wrapped, "data_keys.wrapped");
    assert!(open(&KEK, acme, column, &key.id.to_string(), wrapped).is_none());
    assert!(open(&KEK, tenant, column, &bobs.seal_key.unwrap().to_string(), wrapped).is_none());
    // No two sealed values share a nonce.
    let mut nonces: Vec<Vec<u8>> = app
        .audit("default")
        .await
        .iter()
        .filter_map(|row| Some(row.sealed.as_ref()?[..NONCE_LEN].to_vec()))
        .collect();
    let all = nonces.len();
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), all);
}

async fn where_a_session_began_opens_with_its_persons_key_only(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    browser.headers = vec![("user-agent", AGENT.to_owned())];
    let page = browser.open("/account").await;
    let mut watch = Watch::on(&app, "default").await;
    browser.sign_in(&page, "alice@example.com").await;
    let login = watch.only().await;
    let tenant = app.ctx("default").tenant_id();
    let (user, now) = (login.user_id.unwrap(), app.ctx("default").now);
    let mut read = app.store.db.read(tenant).await.unwrap();
    let listed = sessions::list_for_user(&mut read, user, now).await.unwrap();
    let [(session, Some(kept))] = listed.as_slice() else {
        panic!("one session with something sealed: {listed:?}");
    };
    assert_eq!(Some(kept.key), login.seal_key, "the key of alice's events");
    for canary in [b"Canary".as_slice(), b"203.0.113", &[203, 0, 113, 7]] {
        assert!(!kept.bytes.windows(canary.len()).any(|part| part == canary));
    }
    let bare = unwrap_key(tenant, &data_key(&app, &login).await);
    let (id, column) = (session.id.to_string(), "sessions.sealed");
    let plain = open(&bare, tenant, column, &id, &kept.bytes).expect("it opens at its place");
    let plain: Value = serde_json::from_slice(&plain).unwrap();
    assert_eq!(plain, serde_json::json!({"ip": ADDRESS, "agent": AGENT}));
    let acme = app.ctx("acme").tenant_id();
    let other = user.to_string();
    assert!(open(&bare, tenant, column, &other, &kept.bytes).is_none());
    assert!(open(&bare, acme, column, &id, &kept.bytes).is_none());
    assert!(open(&KEK, tenant, column, &id, &kept.bytes).is_none());
    let mut there = app.store.db.read(acme).await.unwrap();
    assert_eq!(sessions::list_for_user(&mut there, user, now).await.unwrap(), []);
}

async fn what_nobody_known_typed_is_under_the_months_key(backend: Backend) {
    let app = TestApp::start(backend).await;
    let tenant = app.ctx("default").tenant_id();
    let rows = three_rows(&app).await;
    let key = data_key(&app, &rows[2]).await;
    assert_eq!(
        (key.user_id, key.purpose.as_str(), key.period.as_deref()),
        (None, "anonymous", Some("2026-01"))
    );
    let (id, sealed) = (rows[2].id.to_string(), rows[2].sealed.clone().unwrap());
    let plain = open(
        &unwrap_key(tenant, &key),
        tenant,
        "audit_log.sealed",
        &id,
        &sealed,
    );
    let plain: Value = serde_json::from_slice(&plain.expect("it opens")).unwrap();
    assert_eq!(plain["name"], TYPED);
    app.clock.advance(std::time::Duration::from_hours(31 * 24));
    let later = three_rows(&app).await;
    let next = data_key(&app, &later[2]).await;
    assert_eq!(next.period.as_deref(), Some("2026-02"), "a new month, a new key");
    assert_eq!(
        later[0].seal_key, rows[0].seal_key,
        "a person's key is the person's"
    );
}

/// A database that came without its key: signing keys do not open, and nothing is signed with something else.
async fn another_key_encryption_key_opens_nothing(backend: Backend) {
    let app = TestApp::start(backend).await;
    let tenant = app.ctx("default").tenant_id();
    for (kek, opens) in [(KEK, true), ([8; 32], false)] {
        let options = AppOptions {
            password_filter: None,
            public_url: ISSUER.to_owned(),
            kek: Secret::new(kek),
            passwords: PasswordPolicy {
                memory_kib: 64,
                iterations: 1,
                lanes: 1,
                ..PasswordPolicy::default()
            },
            limits: engine::LimitOptions::default(),
        };
        let node = App::new(app.store.db.clone(), testkit::seeded_world(9).0, options)
            .await
            .unwrap();
        match node.keys(tenant).await {
            Ok(_) => assert!(opens),
            Err(cause) => assert!(!opens && matches!(cause, Fault::Seal(_)), "{cause}"),
        }
    }
}
