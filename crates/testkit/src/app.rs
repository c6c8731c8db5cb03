//! A whole application on a fresh database, with the manual clock: everything of the public face but the sockets.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::{
    Actor, AuthMethod, Client, ClientKind, ClientSettings, Email, GrantType, Profile, RedirectUri, Resource,
    Secret, SigningAlg, Slug, TenantSettings, User,
};
use engine::clients::NewClient;
use engine::users::NewUser;
use engine::{App, AppOptions, Ctx, PasswordPolicy};
use http_body_util::BodyExt as _;
use http_face::layers::{EdgeSettings, protect};
use http_face::listener::Peer;
use http_face::management::{Catalogue, Metrics};
use http_face::{AppState, router};
use serde_json::Value;
use storage::audit::AuditRow;
use tower::ServiceExt as _;

use crate::browser::Browser;
use crate::world::ManualClock;
use crate::{Backend, Store, test_world};

/// URL of the default tenant.
pub const ISSUER: &str = "https://id.example.com";
/// The redirect URI of the client `web`.
pub const CALLBACK: &str = "https://web.example.com/callback";
/// The resource that the client `api` is.
pub const API: &str = "https://api.example.com";
/// The password of everybody.
pub const PASSWORD: &str = "correct horse battery staple";

/// An application under test. Two tenants, `default` and `acme`, each with the people `alice@example.com` and
/// `bob@example.com` and the clients `web` (confidential), `native` (public), `service`, `api` and `admin`.
#[derive(Debug)]
pub struct TestApp {
    /// The use cases.
    pub app: Arc<App>,
    /// Time, which stands still until it is moved.
    pub clock: Arc<ManualClock>,
    /// The database.
    pub store: Store,
    /// Secrets of the confidential clients, by tenant and name.
    secrets: Vec<(String, String, String)>,
    router: Router,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Answer {
    /// A header's text, empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON, null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The `error` member of a JSON body.
    pub fn error(&self) -> String {
        self.json()
            .get("error")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    }

    /// A text member of a JSON body.
    pub fn member(&self, name: &str) -> String {
        self.json()
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    }
}

#[expect(clippy::expect_used, reason = "only called by tests")]
impl TestApp {
    /// A fresh application.
    ///
    /// # Panics
    /// When it cannot be made: that is a failed test.
    pub async fn start(backend: Backend) -> Self {
        let store = backend.fresh().await;
        let (world, clock) = test_world();
        let passwords = PasswordPolicy {
            memory_kib: 64,
            iterations: 1,
            lanes: 1,
            concurrent: 4,
            queue: 1_000,
            wait: Duration::from_mins(1),
        };
        let options = AppOptions {
            public_url: ISSUER.to_owned(),
            kek: Secret::new([7; 32]),
            passwords,
        };
        let app = Arc::new(
            App::new(store.db.clone(), world.clone(), options)
                .await
                .expect("an application"),
        );
        let metrics = Metrics::register(&mut Catalogue::default());
        let edge = EdgeSettings {
            https: true,
            ..EdgeSettings::default()
        };
        let state = AppState {
            app: Arc::clone(&app),
            demo: None,
        };
        let router = protect(router(state), edge, world, metrics);
        let mut this = Self {
            app,
            clock,
            store,
            secrets: Vec::new(),
            router,
        };
        for slug in ["default", "acme"] {
            this.furnish(slug).await;
        }
        this
    }

    async fn furnish(&mut self, slug: &str) {
        let parsed: Slug = slug.parse().expect("a slug");
        let made = self
            .app
            .create_tenant(Actor::Operator, parsed, slug, TenantSettings::default())
            .await;
        made.expect("a tenant");
        let ctx = self.ctx(slug);
        // Only the algorithm the sample clients use: an RSA pair would take a second in each test.
        self.app
            .rotate_key(&ctx, SigningAlg::ES256, true)
            .await
            .expect("a key");
        for name in ["alice", "bob"] {
            self.add_user(slug, &format!("{name}@example.com")).await;
        }
        for new in sample_clients() {
            self.add_client(slug, new).await;
        }
    }

    /// The context of the operator on a tenant.
    pub fn ctx(&self, slug: &str) -> Ctx {
        let view = self.app.tenant(&slug.parse().expect("a slug")).expect("a tenant");
        Ctx::internal(view, Actor::Operator, &self.app.world)
    }

    /// A person with the usual password.
    pub async fn add_user(&self, slug: &str, email: &str) -> User {
        let name = email.split('@').next().unwrap_or_default();
        let new = NewUser {
            email: email.parse::<Email>().expect("an address"),
            email_verified: true,
            profile: Profile {
                name: Some(name.to_owned()),
                ..Profile::default()
            },
            password: Some(Secret::new(PASSWORD.to_owned())),
        };
        self.app
            .create_user(&self.ctx(slug), new)
            .await
            .expect("a person")
    }

    /// The person with this address.
    pub async fn user(&self, slug: &str, email: &str) -> User {
        let email: Email = email.parse().expect("an address");
        self.app
            .user_by_email(&self.ctx(slug), &email)
            .await
            .expect("people")
            .expect("a person")
    }

    /// A client; its secret is kept for [`Self::basic`].
    pub async fn add_client(&mut self, slug: &str, new: NewClient) -> Client {
        let (client, secret) = self
            .app
            .create_client(&self.ctx(slug), new)
            .await
            .expect("a client");
        if let Some(secret) = secret {
            self.secrets.push((
                slug.to_owned(),
                client.client_id.to_string(),
                secret.expose().clone(),
            ));
        }
        client
    }

    /// Changes what a client may do.
    pub async fn change_client(&self, slug: &str, id: &str, change: impl FnOnce(&mut ClientSettings)) {
        let (ctx, id) = (self.ctx(slug), id.parse().expect("a client id"));
        let mut settings = self.app.client(&ctx, &id).await.expect("a client").settings;
        change(&mut settings);
        self.app
            .update_client(&ctx, &id, &settings)
            .await
            .expect("allowed settings");
    }

    /// A confidential client's secret.
    pub fn secret(&self, slug: &str, client: &str) -> &str {
        let found = self.secrets.iter().find(|(s, c, _)| s == slug && c == client);
        found
            .map(|(_, _, secret)| secret.as_str())
            .expect("a client with a secret")
    }

    /// The `Authorization` header of a confidential client of the default tenant.
    pub fn basic(&self, client: &str) -> String {
        self.basic_of("default", client)
    }

    /// The same for a client of any tenant.
    pub fn basic_of(&self, slug: &str, client: &str) -> String {
        format!(
            "Basic {}",
            STANDARD.encode(format!("{client}:{}", self.secret(slug, client)))
        )
    }

    /// Sends a request as it is.
    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        if request.extensions().get::<Peer>().is_none() {
            let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7)), 40_000);
            request.extensions_mut().insert(Peer(address));
        }
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// GET without cookies.
    pub async fn get(&self, path: &str) -> Answer {
        let request = Request::builder()
            .uri(path)
            .header("host", "id.example.com")
            .body(Body::empty());
        self.send(request.expect("a request")).await
    }

    /// POST of a form without cookies.
    pub async fn post(&self, path: &str, authorization: Option<&str>, form: &[(&str, &str)]) -> Answer {
        self.post_text(path, authorization, &encode(form)).await
    }

    /// POST of a form that is encoded already.
    pub async fn post_text(&self, path: &str, authorization: Option<&str>, form: &str) -> Answer {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("host", "id.example.com")
            .header("content-type", "application/x-www-form-urlencoded");
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        self.send(request.body(Body::from(form.to_owned())).expect("a request"))
            .await
    }

    /// A token request of a confidential client of the default tenant.
    pub async fn token(&self, client: &str, form: &[(&str, &str)]) -> Answer {
        self.post("/oauth/token", Some(&self.basic(client)), form).await
    }

    /// A fresh browser without cookies.
    pub fn browser(&self) -> Browser<'_> {
        Browser::new(self)
    }

    /// The newest rows of a tenant's audit log, oldest first.
    pub async fn audit(&self, slug: &str) -> Vec<AuditRow> {
        let mut read = self
            .store
            .db
            .read(self.ctx(slug).tenant_id())
            .await
            .expect("a reader");
        storage::audit::list(&mut read, None, 10_000)
            .await
            .expect("the log")
    }
}

/// Form encoding of pairs.
pub fn encode(form: &[(&str, &str)]) -> String {
    let byte = |b: u8| match b {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(b).to_string(),
        other => format!("%{other:02X}"),
    };
    let text = |text: &str| text.bytes().map(byte).collect::<String>();
    form.iter()
        .map(|(name, value)| format!("{}={}", text(name), text(value)))
        .collect::<Vec<_>>()
        .join("&")
}

#[expect(clippy::expect_used, reason = "only called by tests")]
fn sample_clients() -> Vec<NewClient> {
    use GrantType::{AuthorizationCode, ClientCredentials, RefreshToken};
    let api = Resource::parse(API).expect("a resource");
    let uri = |text: &str, native| RedirectUri::register(text, native).expect("a redirect URI");
    let scopes = |text: &str| text.parse().expect("scopes");
    let people = ClientSettings {
        grant_types: vec![AuthorizationCode, RefreshToken],
        scopes: scopes("openid profile email address phone offline_access api.read"),
        resources: vec![api.clone()],
        id_token_alg: SigningAlg::ES256,
        ..ClientSettings::default()
    };
    let web = ClientSettings {
        redirect_uris: vec![uri(CALLBACK, false)],
        post_logout_redirect_uris: vec![uri("https://web.example.com/bye", false)],
        grant_types: vec![AuthorizationCode, RefreshToken, ClientCredentials],
        ..people.clone()
    };
    let native = ClientSettings {
        redirect_uris: vec![uri("http://127.0.0.1/callback", true)],
        ..people
    };
    let service = ClientSettings {
        grant_types: vec![ClientCredentials],
        scopes: scopes("api.read api.write"),
        resources: vec![api.clone()],
        ..ClientSettings::default()
    };
    let resource_server = ClientSettings {
        resource: Some(api),
        ..ClientSettings::default()
    };
    let admin = ClientSettings {
        grant_types: vec![ClientCredentials],
        scopes: scopes("rsp.admin"),
        ..ClientSettings::default()
    };
    let client = |name: &str, kind: ClientKind, settings| NewClient {
        client_id: Some(name.parse().expect("a client id")),
        name: name.to_owned(),
        kind,
        auth_method: if kind.is_public() {
            AuthMethod::None
        } else {
            AuthMethod::ClientSecretBasic
        },
        settings,
    };
    vec![
        client("web", ClientKind::Confidential, web),
        client("native", ClientKind::Native, native),
        client("service", ClientKind::Confidential, service),
        client("api", ClientKind::Confidential, resource_server),
        client("admin", ClientKind::Confidential, admin),
    ]
}
