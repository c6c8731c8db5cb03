//! Every function called by one tenant on another's rows: it finds nothing and changes nothing. On SQLite only the
//! statements stand in between, so what PostgreSQL's row-level security would hide shows up here.

use domain::{EventKind, KeyId, SessionId, SigningAlg, TenantId, Timestamp, UserStatus};
use storage::{
    Tx, access_tokens, audit, clients, codes, data_keys, flows, grants, invitations, links, mail_outbox,
    purge, refresh_tokens, revoked_tokens, sessions, signing_keys, tenants, user_consents, users,
};
use testkit::Backend;

use crate::scene::{MINUTE, Scene, client_id, keep, scopes};

on_both! {
    another_tenant_finds_nothing
    another_tenant_changes_nothing
    both_tenants_can_have_the_same_names
}

/// Everything there is, of one tenant.
struct Everything {
    user: domain::User,
    client: domain::Client,
    session: domain::Session,
    session_token: domain::TokenHash,
    grant: grants::Grant,
    code: codes::Code,
    refresh: refresh_tokens::RefreshToken,
    access: access_tokens::AccessToken,
    flow: flows::Flow,
    invitation: invitations::Invitation,
    link: links::Link,
    person_key: data_keys::DataKey,
    month_key: data_keys::DataKey,
    tenant_key: data_keys::DataKey,
    kid: KeyId,
}

async fn everything(s: &Scene) -> Everything {
    let (user, client, mut grant) = s.add_family().await;
    let (session, session_token) = s.add_session(user.id).await;
    let online = s.add_grant(user.id, "shop", Some(session.id)).await;
    grant = if online.id > grant.id { online } else { grant };
    let all = Everything {
        code: s.code(&grant),
        refresh: s.refresh_token(&grant),
        access: s.access_token("shop"),
        flow: s.flow(),
        invitation: s.invitation(user.id),
        link: s.link(user.id),
        person_key: data_keys::DataKey {
            user_id: Some(user.id),
            ..s.data_key("person")
        },
        month_key: data_keys::DataKey {
            period: Some("2026-01".into()),
            ..s.data_key("log")
        },
        tenant_key: s.data_key("signing"),
        kid: KeyId("k1".into()),
        user,
        client,
        session,
        session_token,
        grant,
    };
    let mut tx = s.tx().await;
    codes::insert(&mut tx, &all.code).await.unwrap();
    refresh_tokens::insert(&mut tx, &all.refresh).await.unwrap();
    access_tokens::insert(&mut tx, &all.access).await.unwrap();
    flows::insert(&mut tx, &all.flow).await.unwrap();
    invitations::insert(&mut tx, &all.invitation).await.unwrap();
    tx.commit(s.event_with_mail(&all.link)).await.unwrap();
    let mut tx = s.tx().await;
    for key in [&all.person_key, &all.month_key, &all.tenant_key] {
        assert!(data_keys::insert(&mut tx, key).await.unwrap());
    }
    assert!(
        signing_keys::insert(&mut tx, &s.signing_key("k1", SigningAlg::ES256))
            .await
            .unwrap()
    );
    assert!(
        revoked_tokens::insert(&mut tx, "j1", s.later(MINUTE), s.now)
            .await
            .unwrap()
    );
    user_consents::grant(
        &mut tx,
        all.user.id,
        &all.client.client_id,
        &scopes("openid"),
        s.now,
    )
    .await
    .unwrap();
    tx.commit(s.event(EventKind::TokenIssued).into()).await.unwrap();
    all
}

/// What the tenant of `tx` finds of it, as a list of names.
async fn found(tx: &mut Tx, all: &Everything, now: Timestamp) -> Vec<&'static str> {
    let shop = &all.client.client_id;
    let user = all.user.id;
    let mut names = Vec::new();
    let mut note = |name, is_there: bool| names.extend(is_there.then_some(name));
    note("users::find", users::find(tx, user).await.unwrap().is_some());
    note(
        "users::find_by_email",
        users::find_by_email(tx, "ada@example.com")
            .await
            .unwrap()
            .is_some(),
    );
    note("users::list", !users::list(tx, None, 9).await.unwrap().is_empty());
    note("users::count", users::count(tx).await.unwrap() > 0);
    note("clients::find", clients::find(tx, shop).await.unwrap().is_some());
    note(
        "clients::list",
        !clients::list(tx, None, 9).await.unwrap().is_empty(),
    );
    note(
        "sessions::find",
        sessions::find(tx, all.session.id).await.unwrap().is_some(),
    );
    note(
        "sessions::find_by_token",
        sessions::find_by_token(tx, &all.session_token)
            .await
            .unwrap()
            .is_some(),
    );
    note(
        "sessions::list_for_user",
        !sessions::list_for_user(tx, user, now).await.unwrap().is_empty(),
    );
    note(
        "grants::find",
        grants::find(tx, all.grant.id).await.unwrap().is_some(),
    );
    note(
        "grants::list_for_user",
        !grants::list_for_user(tx, user).await.unwrap().is_empty(),
    );
    note(
        "codes::find",
        codes::find(tx, &all.code.hash).await.unwrap().is_some(),
    );
    note(
        "refresh_tokens::find",
        refresh_tokens::find(tx, &all.refresh.hash)
            .await
            .unwrap()
            .is_some(),
    );
    note(
        "refresh_tokens::find_family",
        refresh_tokens::find_family(tx, &all.refresh.hash)
            .await
            .unwrap()
            .is_some_and(|family| family.user.id == all.user.id && family.grant.id == all.grant.id),
    );
    note(
        "access_tokens::find",
        access_tokens::find(tx, &all.access.hash).await.unwrap().is_some(),
    );
    note(
        "revoked_tokens::contains",
        revoked_tokens::contains(tx, "j1").await.unwrap(),
    );
    let flow = flows::find(tx, all.flow.id, &all.flow.browser_hash, now)
        .await
        .unwrap();
    note("flows::find", flow.is_some());
    note(
        "invitations::find",
        invitations::find(tx, &all.invitation.hash, now)
            .await
            .unwrap()
            .is_some(),
    );
    let shown = links::Shown {
        purpose: all.link.purpose,
        hash: &all.link.hash,
        browser: &all.link.hash,
        now,
    };
    note("links::find", links::find(tx, shown).await.unwrap().is_some());
    note(
        "mail_outbox::count_waiting",
        mail_outbox::count_waiting(tx, 10).await.unwrap() > 0,
    );
    let recent = sessions::list_recent_for_user(tx, all.user.id, 10).await.unwrap();
    note("sessions::list_recent_for_user", !recent.is_empty());
    note(
        "data_keys::find",
        data_keys::find(tx, all.tenant_key.id).await.unwrap().is_some(),
    );
    note(
        "data_keys::find_for_user",
        data_keys::find_for_user(tx, user).await.unwrap().is_some(),
    );
    let month = data_keys::find_for_period(tx, "log", "2026-01").await.unwrap();
    note("data_keys::find_for_period", month.is_some());
    note(
        "data_keys::find_for_tenant",
        data_keys::find_for_tenant(tx, "signing").await.unwrap().is_some(),
    );
    note(
        "signing_keys::list",
        !signing_keys::list(tx).await.unwrap().is_empty(),
    );
    note(
        "user_consents::granted",
        user_consents::granted(tx, user, shop).await.unwrap().is_some(),
    );
    note(
        "user_consents::list_for_user",
        !user_consents::list_for_user(tx, user).await.unwrap().is_empty(),
    );
    note("audit::list", !audit::list(tx, None, 9).await.unwrap().is_empty());
    note("audit::count", audit::count(tx).await.unwrap() > 0);
    names
}

/// What the tenant of `tx` can change of it, as a list of names. The order matters: the end ends things.
async fn changed(tx: &mut Tx, all: &Everything, s: &Scene) -> Vec<&'static str> {
    let shop = &all.client.client_id;
    let (user, now) = (all.user.id, s.now);
    let mut names = Vec::new();
    let mut note = |name, has_changed: bool| names.extend(has_changed.then_some(name));
    note(
        "users::set_status",
        users::set_status(tx, user, UserStatus::Active, now)
            .await
            .unwrap(),
    );
    note(
        "users::set_password",
        users::set_password(tx, user, "x", now).await.unwrap(),
    );
    note(
        "users::rewrite_password",
        users::rewrite_password(tx, user, "x", "y").await.unwrap(),
    );
    note(
        "users::mark_compromised",
        users::mark_compromised(tx, user, now).await.unwrap(),
    );
    note(
        "users::change_password",
        users::change_password(tx, user, Some("y"), "z", now)
            .await
            .unwrap(),
    );
    note(
        "users::update_profile",
        users::update_profile(tx, user, &all.user.profile, now)
            .await
            .unwrap(),
    );
    note(
        "users::record_login",
        users::record_login(tx, user, now).await.unwrap(),
    );
    note(
        "clients::disable, enable",
        clients::disable(tx, shop, now).await.unwrap() || clients::enable(tx, shop, now).await.unwrap(),
    );
    let settings = &all.client.settings;
    note(
        "clients::update_settings",
        clients::update_settings(tx, shop, settings, now).await.unwrap(),
    );
    note(
        "clients::set_secret",
        clients::set_secret(tx, shop, &s.hash(), now).await.unwrap(),
    );
    let activated = signing_keys::activate(tx, &all.kid, SigningAlg::ES256, now)
        .await
        .unwrap();
    note("signing_keys::activate", activated);
    note(
        "signing_keys::retire",
        signing_keys::retire(tx, &all.kid, now).await.unwrap(),
    );
    let progress = serde_json::json!({});
    note(
        "flows::advance",
        flows::advance(tx, (all.flow.id, 0), &progress, now)
            .await
            .unwrap(),
    );
    note(
        "flows::finish",
        flows::finish(tx, all.flow.id, now).await.unwrap(),
    );
    note(
        "sessions::touch",
        sessions::touch(tx, all.session.id, now, s.later(MINUTE))
            .await
            .unwrap(),
    );
    note(
        "codes::record_failure",
        codes::record_failure(tx, &all.code.hash).await.unwrap() > 0,
    );
    note(
        "codes::consume",
        codes::consume(tx, &all.code.hash, now).await.unwrap(),
    );
    note(
        "refresh_tokens::consume",
        refresh_tokens::consume(tx, &all.refresh.hash, now).await.unwrap(),
    );
    note(
        "access_tokens::revoke",
        access_tokens::revoke(tx, &all.access.hash, now).await.unwrap(),
    );
    let online = grants::revoke_online_for_session(tx, all.session.id, now)
        .await
        .unwrap();
    note("grants::revoke_online_for_session", online > 0);
    let of_client = grants::revoke_for_client_of_user(tx, user, shop, now)
        .await
        .unwrap();
    note("grants::revoke_for_client_of_user", of_client > 0);
    let other = SessionId::generate(&s.world);
    let ended = sessions::end_others_for_user(tx, user, other, now).await.unwrap();
    let left = sessions::end_for_user(tx, user, now).await.unwrap();
    note(
        "sessions::end_others_for_user, end_for_user",
        !ended.is_empty() || !left.is_empty(),
    );
    note(
        "user_consents::revoke",
        user_consents::revoke(tx, user, shop, now).await.unwrap() > 0,
    );
    note(
        "invitations::consume",
        invitations::consume(tx, &all.invitation.hash, now)
            .await
            .unwrap()
            .is_some(),
    );
    let shown = links::Shown {
        purpose: all.link.purpose,
        hash: &all.link.hash,
        browser: &all.link.hash,
        now: s.now,
    };
    note("links::consume", links::consume(tx, shown).await.unwrap());
    let mails = mail_outbox::claim(tx, s.now, s.later(MINUTE), 10).await.unwrap();
    note("mail_outbox::claim", !mails.is_empty());
    note(
        "data_keys::delete_for_user",
        data_keys::delete_for_user(tx, user).await.unwrap(),
    );
    let purged = purge::expired(tx, s.later(100 * 60 * MINUTE), 100).await.unwrap();
    note("purge::expired", purged > 0);
    names
}

async fn another_tenant_finds_nothing(backend: Backend) {
    let s = Scene::new(backend).await;
    let other = s.store.tenant("other").await;
    let all = everything(&s).await;
    let mut tx = s.db().begin(other).await.unwrap();
    assert_eq!(found(&mut tx, &all, s.now).await, [""; 0]);
    drop(tx);
    assert_eq!(
        found(&mut s.tx().await, &all, s.now).await.len(),
        30,
        "its own tenant finds everything"
    );
}

async fn another_tenant_changes_nothing(backend: Backend) {
    let s = Scene::new(backend).await;
    let other = s.store.tenant("other").await;
    let all = everything(&s).await;
    let mut tx = s.db().begin(other).await.unwrap();
    assert_eq!(changed(&mut tx, &all, &s).await, [""; 0]);
    assert_eq!(
        grants::revoke_for_user(&mut tx, all.user.id, s.now)
            .await
            .unwrap(),
        0
    );
    assert!(!grants::revoke(&mut tx, all.grant.id, s.now).await.unwrap());
    assert!(!sessions::end(&mut tx, all.session.id, s.now).await.unwrap());
    assert!(
        tenants::update_settings(&mut tx, &domain::TenantSettings::default(), "mine")
            .await
            .unwrap()
    );
    keep(tx).await;
    assert_eq!(name_of(&s, "default").await, "default", "only its own settings");

    let mut tx = s.tx().await;
    assert_eq!(
        found(&mut tx, &all, s.now).await.len(),
        30,
        "everything is as it was"
    );
    assert_eq!(
        changed(&mut tx, &all, &s).await.len(),
        28,
        "its own tenant can change everything"
    );
}

async fn name_of(s: &Scene, slug: &str) -> String {
    tenants::find_by_slug(s.db(), &slug.parse().unwrap())
        .await
        .unwrap()
        .unwrap()
        .name
}

async fn both_tenants_can_have_the_same_names(backend: Backend) {
    let s = Scene::new(backend).await;
    let all = everything(&s).await;
    let other: TenantId = s.store.tenant("other").await;
    let mut tx = s.db().begin(other).await.unwrap();
    assert!(users::insert(&mut tx, &all.user, None).await.unwrap());
    assert!(clients::insert(&mut tx, &all.client).await.unwrap());
    assert!(
        signing_keys::insert(&mut tx, &s.signing_key("k1", SigningAlg::ES256))
            .await
            .unwrap()
    );
    assert!(revoked_tokens::insert(&mut tx, "j1", s.now, s.now).await.unwrap());
    grants::insert(&mut tx, &all.grant).await.unwrap();
    codes::insert(&mut tx, &all.code).await.unwrap();
    assert!(codes::consume(&mut tx, &all.code.hash, s.now).await.unwrap());
    keep(tx).await;
    let mut q = s.read().await;
    assert_eq!(
        codes::find(&mut q, &all.code.hash)
            .await
            .unwrap()
            .unwrap()
            .consumed_at,
        None
    );
    assert!(clients::find(&mut q, &client_id("shop")).await.unwrap().is_some());
}
