//! Each invariant sees its breach, alone, and a sound database has none.

use domain::{EventKind, Events, KeyState, SigningAlg, User, UserStatus};
use storage::audit::AuditRow;
use storage::data_keys::DataKey;
use storage::grants::Grant;
use storage::refresh_tokens::RefreshToken;
use storage::{
    Append, Tx, access_tokens, clients, codes, data_keys, grants, invariants, invitations, refresh_tokens,
    revoked_tokens, sessions, signing_keys, user_consents, users,
};
use testkit::Backend;

use crate::scene::{Scene, client_id, keep, scopes};

on_both! {
    a_sound_database_breaks_no_rule
    rows_without_their_event_are_seen
    events_without_their_row_are_seen
    what_may_exist_once_is_seen_twice
    what_refers_to_nothing_is_seen
    every_rule_is_tried
}

/// Everything once, with its events, as the product would have left it.
struct Sound {
    s: Scene,
    user: User,
    grant: Grant,
    leaf: RefreshToken,
}

impl Sound {
    async fn new(backend: Backend) -> Self {
        let s = Scene::new(backend).await;
        let (user, client) = (s.user("ada@example.com"), s.client("shop"));
        let session = s.session(user.id);
        let grant = Grant {
            session_id: Some(session.id),
            ..s.grant(user.id, "shop")
        };
        let (code, used, leaf) = (s.code(&grant), s.refresh_token(&grant), s.refresh_token(&grant));
        let mut key = s.signing_key("k1", SigningAlg::ES256);
        key.state = KeyState::Active;
        let this = Self { s, user, grant, leaf };
        let s = &this.s;
        let mut tx = s.tx().await;
        assert!(users::insert(&mut tx, &this.user, None).await.unwrap());
        data_keys::insert(&mut tx, &this.person_key(&this.user))
            .await
            .unwrap();
        clients::insert(&mut tx, &client).await.unwrap();
        sessions::insert(&mut tx, &session, &s.hash(), None)
            .await
            .unwrap();
        grants::insert(&mut tx, &this.grant).await.unwrap();
        codes::insert(&mut tx, &code).await.unwrap();
        assert!(codes::consume(&mut tx, &code.hash, s.now).await.unwrap());
        refresh_tokens::insert(&mut tx, &used).await.unwrap();
        assert!(refresh_tokens::consume(&mut tx, &used.hash, s.now).await.unwrap());
        refresh_tokens::insert(&mut tx, &this.leaf).await.unwrap();
        user_consents::grant(&mut tx, this.user.id, &client.client_id, &scopes("openid"), s.now)
            .await
            .unwrap();
        invitations::insert(&mut tx, &s.invitation(this.user.id))
            .await
            .unwrap();
        revoked_tokens::insert(&mut tx, "revoked", s.now, s.now)
            .await
            .unwrap();
        signing_keys::insert(&mut tx, &key).await.unwrap();
        let target = |kind| AuditRow {
            target_kind: Some("key".into()),
            target_id: Some("k1".into()),
            ..s.event(kind)
        };
        let events = Events::one(s.event(EventKind::TenantCreated))
            .and(this.event(EventKind::UserCreated))
            .and(this.event(EventKind::ClientCreated))
            .and(this.event(EventKind::InvitationCreated))
            .and(this.event(EventKind::ConsentGranted))
            .and(this.event(EventKind::AuthorizationGranted))
            .and(this.event(EventKind::TokenIssued))
            .and(this.event(EventKind::TokenIssued))
            .and(this.event(EventKind::TokenRevoked))
            .and(AuditRow {
                session_id: Some(session.id),
                ..this.event(EventKind::Login)
            })
            .and(target(EventKind::KeyCreated))
            .and(target(EventKind::KeyActivated));
        tx.commit(events).await.unwrap();
        this
    }

    fn person_key(&self, user: &User) -> DataKey {
        DataKey {
            user_id: Some(user.id),
            ..self.s.data_key("person")
        }
    }

    /// An event about everything there is.
    fn event(&self, kind: EventKind) -> AuditRow {
        AuditRow {
            user_id: Some(self.user.id),
            client_id: Some(client_id("shop")),
            grant_id: Some(self.grant.id),
            ..self.s.event(kind)
        }
    }

    async fn append(&self, event: AuditRow) {
        let append = Append {
            tenant: self.s.tenant,
            event,
            token: None,
        };
        self.s.db().append(append).await.unwrap();
    }

    async fn broken(&self) -> Vec<&'static str> {
        let breaches = invariants::check(&mut self.s.read().await).await.unwrap();
        assert!(breaches.iter().all(|breach| breach.rows > 0));
        breaches.into_iter().map(|breach| breach.rule).collect()
    }

    async fn expect(&self, rules: &[&str]) {
        assert_eq!(self.broken().await, rules);
    }

    /// A change that nobody records.
    async fn tx(&self) -> Tx {
        self.s.tx().await
    }
}

async fn a_sound_database_breaks_no_rule(backend: Backend) {
    let sound = Sound::new(backend).await;
    sound.expect(&[]).await;
    // A tenant's rules are about its own rows.
    let other = sound.s.store.tenant("other").await;
    let breaches = invariants::check(&mut sound.s.db().read(other).await.unwrap())
        .await
        .unwrap();
    assert_eq!(breaches.len(), 1, "{breaches:?}");
    assert_eq!(breaches[0].rule, "the tenant has its event");
}

async fn rows_without_their_event_are_seen(backend: Backend) {
    let sound = Sound::new(backend).await;
    let (s, user) = (&sound.s, sound.user.id);
    let mut tx = sound.tx().await;
    let bob = User {
        status: UserStatus::Invited,
        ..s.user("bob@example.com")
    };
    users::insert(&mut tx, &bob, None).await.unwrap();
    invitations::insert(&mut tx, &s.invitation(user)).await.unwrap();
    sessions::insert(&mut tx, &s.session(user), &s.hash(), None)
        .await
        .unwrap();
    clients::insert(&mut tx, &s.client("other")).await.unwrap();
    user_consents::grant(&mut tx, user, &client_id("other"), &scopes("openid"), s.now)
        .await
        .unwrap();
    let grant = s.grant(user, "shop");
    grants::insert(&mut tx, &grant).await.unwrap();
    let code = s.code(&grant);
    codes::insert(&mut tx, &code).await.unwrap();
    assert!(codes::consume(&mut tx, &code.hash, s.now).await.unwrap());
    refresh_tokens::insert(&mut tx, &s.refresh_token(&grant))
        .await
        .unwrap();
    revoked_tokens::insert(&mut tx, "another", s.now, s.now)
        .await
        .unwrap();
    let mut key = s.signing_key("k2", SigningAlg::RS256);
    key.state = KeyState::Active;
    signing_keys::insert(&mut tx, &key).await.unwrap();
    keep(tx).await;
    sound
        .expect(&[
            "a redeemed code has its token event",
            "a refresh token has its token event",
            "a grant has its event",
            "a person has their event",
            "a person has a data key",
            "an invited person has an invitation event",
            "an invitation has its event",
            "a session has its event",
            "a client has its event",
            "a consent and its event stand together",
            "a key has its event",
            "a key that signs or signed has its event",
            "a revoked token has its event",
        ])
        .await;
}

async fn events_without_their_row_are_seen(backend: Backend) {
    let sound = Sound::new(backend).await;
    let s = &sound.s;
    let nobody = s.user("nobody@example.com");
    sound
        .append(AuditRow {
            user_id: Some(nobody.id),
            ..s.event(EventKind::UserCreated)
        })
        .await;
    sound
        .append(AuditRow {
            client_id: Some(client_id("nothing")),
            ..s.event(EventKind::ClientCreated)
        })
        .await;
    sound
        .append(AuditRow {
            grant_id: Some(s.grant(nobody.id, "shop").id),
            ..s.event(EventKind::AuthorizationGranted)
        })
        .await;
    sound.append(sound.event(EventKind::ConsentGranted)).await;
    sound
        .append(AuditRow {
            sealed: Some(vec![1]),
            ..s.event(EventKind::LoginFailed)
        })
        .await;
    sound
        .expect(&[
            "an event of a grant has its grant",
            "an event of a person has its person",
            "an event of a client has its client",
            "a consent and its event stand together",
            "sealed fields name their key, and nothing else does",
        ])
        .await;
}

async fn what_may_exist_once_is_seen_twice(backend: Backend) {
    let sound = Sound::new(backend).await;
    let s = &sound.s;
    sound.append(sound.event(EventKind::TokenIssued)).await;
    let mut tx = sound.tx().await;
    codes::insert(&mut tx, &s.code(&sound.grant)).await.unwrap();
    refresh_tokens::insert(&mut tx, &s.refresh_token(&sound.grant))
        .await
        .unwrap();
    keep(tx).await;
    sound
        .expect(&[
            "a grant comes from one code at most",
            "a living family has one living leaf at most",
        ])
        .await;
    // A family that was ended may have what it has.
    let mut tx = sound.tx().await;
    assert!(grants::revoke(&mut tx, sound.grant.id, s.now).await.unwrap());
    keep(tx).await;
    sound.expect(&["a grant comes from one code at most"]).await;
}

async fn what_refers_to_nothing_is_seen(backend: Backend) {
    let sound = Sound::new(backend).await;
    let (s, user) = (&sound.s, sound.user.id);
    let mut tx = sound.tx().await;
    let stray = access_tokens::AccessToken {
        grant_id: Some(s.grant(user, "shop").id),
        ..s.access_token("nothing")
    };
    access_tokens::insert(&mut tx, &stray).await.unwrap();
    let grant = s.grant(user, "nothing");
    grants::insert(&mut tx, &grant).await.unwrap();
    assert!(
        refresh_tokens::consume(&mut tx, &sound.leaf.hash, s.now)
            .await
            .unwrap()
    );
    assert!(
        users::set_status(&mut tx, user, UserStatus::Disabled, s.now)
            .await
            .unwrap()
    );
    let mut key = s.signing_key("k3", SigningAlg::EdDSA);
    key.state = KeyState::Retiring;
    key.sealed_private = Vec::new();
    signing_keys::insert(&mut tx, &key).await.unwrap();
    keep(tx).await;
    let told = |kind| AuditRow {
        target_id: Some("k3".into()),
        ..s.event(kind)
    };
    sound.append(told(EventKind::KeyCreated)).await;
    sound.append(told(EventKind::KeyActivated)).await;
    sound
        .append(AuditRow {
            grant_id: Some(grant.id),
            ..s.event(EventKind::AuthorizationGranted)
        })
        .await;
    sound
        .expect(&[
            "a used refresh token has a successor",
            "an access token's grant exists",
            "an access token's client exists",
            "a grant's client exists",
            "a person who is switched off has no live session",
            "a person who is switched off has no live grant",
            "an algorithm in use has one active key",
            "a key that is not retired has its private half",
        ])
        .await;
    let ids = invariants::access_token_ids(&mut s.read().await).await.unwrap();
    assert_eq!(ids, [stray.jti]);
}

/// The rules of the tests above are all there are.
async fn every_rule_is_tried(_: Backend) {
    let tried = include_str!("invariants.rs");
    // A foreign key forbids the one breach that cannot be made.
    let impossible = "a session's person exists";
    for rule in invariants::rules().filter(|rule| *rule != impossible) {
        assert!(tried.contains(&format!("\"{rule}\"")), "{rule}");
    }
}
