//! A database with a tenant in it, and rows to put there.

use std::time::Duration;

use domain::{
    Acr, Amr, AuthMethod, Browser, Client, ClientId, ClientKind, ClientSettings, Device, EventId, EventKind,
    Events, FlowId, GrantId, InvitationId, KeyId, KeyState, LinkId, LinkPurpose, MailId, Outcome, Profile,
    Scopes, Session, SessionId, SigningAlg, System, TenantId, Timestamp, TokenHash, User, UserId, UserStatus,
    World,
};
use serde_json::json;
use storage::access_tokens::AccessToken;
use storage::audit::AuditRow;
use storage::codes::Code;
use storage::data_keys::DataKey;
use storage::flows::Flow;
use storage::grants::Grant;
use storage::invitations::Invitation;
use storage::links::Link;
use storage::mail_outbox::{Mail, Posted};
use storage::refresh_tokens::RefreshToken;
use storage::signing_keys::SigningKeyRow;
use storage::{Db, Read, Tx};
use testkit::{Backend, Store};

pub(crate) const MINUTE: Duration = Duration::from_mins(1);

/// A database, a tenant, and a world that stands still.
pub(crate) struct Scene {
    pub(crate) store: Store,
    pub(crate) tenant: TenantId,
    pub(crate) world: World,
    pub(crate) now: Timestamp,
}

impl Scene {
    pub(crate) async fn new(backend: Backend) -> Self {
        let store = backend.fresh().await;
        let tenant = store.tenant("default").await;
        let (world, _) = testkit::test_world();
        let now = world.now();
        Self {
            store,
            tenant,
            world,
            now,
        }
    }

    pub(crate) fn db(&self) -> &Db {
        &self.store.db
    }

    pub(crate) async fn tx(&self) -> Tx {
        self.db().begin(self.tenant).await.unwrap()
    }

    pub(crate) async fn read(&self) -> Read {
        self.db().read(self.tenant).await.unwrap()
    }

    pub(crate) fn hash(&self) -> TokenHash {
        TokenHash::from_bytes(self.world.random())
    }

    pub(crate) fn later(&self, by: Duration) -> Timestamp {
        self.now.plus(by)
    }

    pub(crate) async fn add_user(&self, email: &str) -> User {
        let user = self.user(email);
        let mut tx = self.tx().await;
        assert!(
            storage::users::insert(&mut tx, &user, Some("$argon2id$test"))
                .await
                .unwrap()
        );
        keep(tx).await;
        user
    }

    pub(crate) async fn add_client(&self, id: &str) -> Client {
        let client = self.client(id);
        let mut tx = self.tx().await;
        assert!(storage::clients::insert(&mut tx, &client).await.unwrap());
        keep(tx).await;
        client
    }

    pub(crate) async fn add_session(&self, user: UserId) -> (Session, TokenHash) {
        let (session, token) = (self.session(user), self.hash());
        let mut tx = self.tx().await;
        storage::sessions::insert(&mut tx, &session, &token, None)
            .await
            .unwrap();
        keep(tx).await;
        (session, token)
    }

    pub(crate) async fn add_grant(&self, user: UserId, client: &str, session: Option<SessionId>) -> Grant {
        let grant = Grant {
            session_id: session,
            ..self.grant(user, client)
        };
        let mut tx = self.tx().await;
        storage::grants::insert(&mut tx, &grant).await.unwrap();
        keep(tx).await;
        grant
    }

    /// A person, a client and what the one allowed the other.
    pub(crate) async fn add_family(&self) -> (User, Client, Grant) {
        let user = self.add_user("ada@example.com").await;
        let client = self.add_client("shop").await;
        let grant = self.add_grant(user.id, "shop", None).await;
        (user, client, grant)
    }

    pub(crate) fn user(&self, email: &str) -> User {
        User {
            id: UserId::generate(&self.world),
            email: email.parse().unwrap(),
            email_verified: true,
            profile: Profile {
                name: Some("Ada Lovelace".into()),
                ..Profile::default()
            },
            status: UserStatus::Active,
            created_at: self.now,
            updated_at: self.now,
            last_login_at: None,
        }
    }

    pub(crate) fn client(&self, id: &str) -> Client {
        Client {
            client_id: client_id(id),
            name: format!("The {id}"),
            kind: ClientKind::Confidential,
            auth_method: AuthMethod::ClientSecretBasic,
            secret_hash: Some(self.hash()),
            settings: ClientSettings {
                scopes: scopes("openid profile"),
                ..ClientSettings::default()
            },
            disabled_at: None,
            tokens_not_before: None,
            created_at: self.now,
            updated_at: self.now,
        }
    }

    pub(crate) fn session(&self, user: UserId) -> Session {
        Session {
            id: SessionId::generate(&self.world),
            user_id: user,
            acr: Acr::Aal1,
            amr: vec![Amr::Password],
            auth_time: self.now,
            device: Some(Device {
                browser: Browser::Firefox,
                system: System::Linux,
            }),
            created_at: self.now,
            last_seen_at: self.now,
            idle_expires_at: self.later(10 * MINUTE),
            absolute_expires_at: self.later(60 * MINUTE),
            ended_at: None,
        }
    }

    pub(crate) fn grant(&self, user: UserId, client: &str) -> Grant {
        Grant {
            id: GrantId::generate(&self.world),
            client_id: client_id(client),
            user_id: user,
            session_id: None,
            scopes: scopes("openid email"),
            resources: Vec::new(),
            offline: false,
            acr: Acr::Aal1,
            amr: vec![Amr::Password],
            auth_time: self.now,
            claims: Some(json!({ "id_token": { "email": null } })),
            created_at: self.now,
            revoked_at: None,
        }
    }

    pub(crate) fn code(&self, grant: &Grant) -> Code {
        Code {
            hash: self.hash(),
            grant_id: grant.id,
            client_id: grant.client_id.clone(),
            redirect_uri: "https://shop.example/callback".into(),
            redirect_uri_sent: true,
            challenge: Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into()),
            nonce: None,
            failures: 0,
            consumed_at: None,
            created_at: self.now,
            expires_at: self.later(MINUTE),
        }
    }

    pub(crate) fn refresh_token(&self, grant: &Grant) -> RefreshToken {
        RefreshToken {
            hash: self.hash(),
            grant_id: grant.id,
            client_id: grant.client_id.clone(),
            consumed_at: None,
            created_at: self.now,
            expires_at: self.later(60 * MINUTE),
        }
    }

    pub(crate) fn access_token(&self, client: &str) -> AccessToken {
        AccessToken {
            hash: self.hash(),
            jti: self.world.uuid_v7().to_string(),
            grant_id: None,
            client_id: client_id(client),
            scopes: scopes("read write"),
            audience: vec!["https://api.example".into()],
            issued_at: self.now,
            expires_at: self.later(60 * MINUTE),
            revoked_at: None,
        }
    }

    pub(crate) fn flow(&self) -> Flow {
        Flow {
            id: FlowId::generate(&self.world),
            browser_hash: self.hash(),
            request: json!({ "client_id": "shop", "scope": "openid" }),
            progress: json!({}),
            version: 0,
            created_at: self.now,
            expires_at: self.later(10 * MINUTE),
        }
    }

    pub(crate) fn invitation(&self, user: UserId) -> Invitation {
        Invitation {
            id: InvitationId::generate(&self.world),
            hash: self.hash(),
            user_id: user,
            created_at: self.now,
            expires_at: self.later(60 * MINUTE),
        }
    }

    pub(crate) fn data_key(&self, purpose: &str) -> DataKey {
        DataKey {
            id: self.world.uuid_v7(),
            purpose: purpose.into(),
            user_id: None,
            period: None,
            wrapped: self.world.random::<40>().to_vec(),
            created_at: self.now,
        }
    }

    pub(crate) fn signing_key(&self, kid: &str, alg: SigningAlg) -> SigningKeyRow {
        SigningKeyRow {
            kid: KeyId(kid.into()),
            alg,
            bits: None,
            state: KeyState::Next,
            public_jwk: json!({ "kty": "EC", "kid": kid }),
            sealed_private: self.world.random::<48>().to_vec(),
            created_at: self.now,
            activated_at: None,
            retiring_at: None,
            retired_at: None,
        }
    }

    pub(crate) fn event(&self, kind: EventKind) -> AuditRow {
        AuditRow {
            id: EventId::generate(&self.world),
            occurred_at: self.now,
            kind,
            outcome: Outcome::Success,
            reason: None,
            actor_kind: "system".into(),
            actor_id: None,
            user_id: None,
            session_id: None,
            client_id: None,
            grant_id: None,
            target_kind: None,
            target_id: None,
            request_id: None,
            details: json!({}),
            sealed: None,
            seal_key: None,
            address_mac: None,
            network_mac: None,
            name_mac: None,
            network_kind: None,
            agent_family: None,
            count: 1,
            mail: None,
        }
    }

    pub(crate) fn link(&self, user: UserId) -> Link {
        Link {
            id: LinkId::generate(&self.world),
            hash: self.hash(),
            purpose: LinkPurpose::Reset,
            user_id: Some(user),
            browser_hash: None,
            address_mac: Some(b"mac".to_vec()),
            sealed: None,
            seal_key: None,
            created_at: self.now,
            expires_at: self.later(60 * MINUTE),
        }
    }

    /// An event with a mail that holds `link`.
    pub(crate) fn event_with_mail(&self, link: &Link) -> Events<AuditRow> {
        let mail = Mail {
            id: MailId::generate(&self.world),
            template: "reset".into(),
            language: "en".into(),
            user_id: link.user_id,
            sealed: vec![1],
            seal_key: self.world.uuid_v7(),
            attempts: 0,
            created_at: self.now,
            due_at: self.now,
            expires_at: self.later(60 * MINUTE),
        };
        Events::one(AuditRow {
            mail: Some(Box::new(Posted {
                mail,
                link: Some(link.clone()),
            })),
            ..self.event(EventKind::LinkCreated)
        })
    }
}

pub(crate) async fn keep(tx: Tx) {
    tx.commit_unrecorded("a test's own rows").await.unwrap();
}

pub(crate) fn client_id(text: &str) -> ClientId {
    text.parse().unwrap()
}

pub(crate) fn scopes(text: &str) -> Scopes {
    text.parse().unwrap()
}
