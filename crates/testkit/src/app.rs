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
    Actor, Client, ClientSettings, Email, Profile, Secret, SigningAlg, Slug, TenantSettings, User, World,
};
use engine::clients::NewClient;
use engine::mail::{Courier, Smtp, SmtpOptions, SmtpSecurity};
use engine::throttle::{RequestLimits, ThrottlePolicy};
use engine::users::NewUser;
use engine::{App, AppOptions, Ctx, LimitOptions, PasswordPolicy, SharedOptions};
use http_body_util::BodyExt as _;
use http_face::layers::{Bounds, EdgeSettings, LoadSettings, protect};
use http_face::listener::Peer;
use http_face::management::{Catalogue, Metrics};
use http_face::{AppState, SecurityContact, router};
use serde_json::Value;
use storage::audit::AuditRow;
use tower::ServiceExt as _;

use crate::browser::Browser;
use crate::smtp::SmtpSink;
use crate::world::{ManualClock, SeededEntropy};
use crate::{Backend, Store, test_world};

mod samples;

use samples::sample_clients;

/// URL of the default tenant.
pub const ISSUER: &str = "https://id.example.com";
/// The redirect URI of the client `web`.
pub const CALLBACK: &str = "https://web.example.com/callback";
/// The resource that the client `api` is.
pub const API: &str = "https://api.example.com";
/// The key-encryption key.
pub const KEK: [u8; 32] = [7; 32];
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
    edge: EdgeSettings,
    passwords: PasswordPolicy,
    limits: Limits,
    security: Arc<SecurityContact>,
    router: Router,
}

/// Tests race hundreds of requests on a slow build, and nobody is to be refused for that.
const CROWD: Bounds = Bounds {
    in_progress: 10_000,
    queue: 0,
};

/// What a test may want otherwise.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Bounds of the edge, and whose forwarding headers are believed.
    pub edge: EdgeSettings,
    /// Cost of password hashing.
    pub passwords: PasswordPolicy,
    /// Where reports of weaknesses go.
    pub security: SecurityContact,
    /// How much guessing and asking is borne.
    pub limits: Limits,
}

/// How much guessing and asking is borne: without bound, unless a test is about it.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Where it is counted.
    pub shared: SharedOptions,
    /// Guessing.
    pub throttle: ThrottlePolicy,
    /// Asking.
    pub requests: RequestLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            shared: SharedOptions {
                server_clock: false,
                timeout: Duration::from_secs(10),
                ..SharedOptions::default()
            },
            throttle: ThrottlePolicy::off(),
            requests: RequestLimits::off(),
        }
    }
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            edge: EdgeSettings {
                https: true,
                load: LoadSettings {
                    machine: CROWD,
                    pages: CROWD,
                    admin: CROWD,
                    ..LoadSettings::default()
                },
                ..EdgeSettings::default()
            },
            passwords: PasswordPolicy {
                memory_kib: 64,
                iterations: 1,
                lanes: 1,
                concurrent: 4,
                queue: 1_000,
                wait: Duration::from_mins(1),
                allocate_at_start: false,
            },
            security: SecurityContact::default(),
            limits: Limits::default(),
        }
    }
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
        Self::start_with(backend, Setup::default()).await
    }

    /// A fresh application with something otherwise.
    ///
    /// # Panics
    /// When it cannot be made: that is a failed test.
    pub async fn start_with(backend: Backend, setup: Setup) -> Self {
        Self::on(backend.fresh().await, setup).await
    }

    /// A fresh application on this database.
    ///
    /// # Panics
    /// When it cannot be made: that is a failed test.
    pub async fn on(store: Store, setup: Setup) -> Self {
        let Setup {
            edge,
            passwords,
            security,
            limits,
        } = setup;
        let security = Arc::new(security);
        let (world, clock) = test_world();
        let app = App::new(store.db.clone(), world, options(passwords, &limits)).await;
        let app = Arc::new(app.expect("an application"));
        let router = face(&app, edge.clone(), Arc::clone(&security));
        let mut this = Self {
            app,
            clock,
            store,
            secrets: Vec::new(),
            edge,
            passwords,
            limits,
            security,
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

    /// The same application after its database was closed: opened again, with other random bytes.
    ///
    /// # Panics
    /// When it cannot be opened: that is a failed test.
    pub async fn opened_again(mut self) -> Self {
        self.store.open_again().await;
        self.app = self.another_node(1).await;
        self.router = face(&self.app, self.edge.clone(), Arc::clone(&self.security));
        self
    }

    /// The same application started again with another cost of password hashing.
    ///
    /// # Panics
    /// When it cannot be started: that is a failed test.
    pub async fn with_passwords(mut self, passwords: PasswordPolicy) -> Self {
        self.passwords = passwords;
        self.app = self.another_node(2).await;
        self.router = face(&self.app, self.edge.clone(), Arc::clone(&self.security));
        self
    }

    /// Another node on the same database, with the same clock and other random bytes.
    pub async fn another_node(&self, seed: u64) -> Arc<App> {
        let world = World::new(
            Arc::clone(&self.clock) as _,
            Arc::new(SeededEntropy::from_seed(seed)),
        );
        let app = App::new(
            self.store.db.clone(),
            world,
            options(self.passwords, &self.limits),
        )
        .await;
        Arc::new(app.expect("another node"))
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

    /// From now on mails go to `sink`.
    ///
    /// # Panics
    /// When they cannot: that is a failed test.
    pub fn mails_to(&self, sink: &SmtpSink) {
        use_smtp(&self.app, sink);
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

    /// A request of any kind, with these headers and no others but `Host`.
    pub async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "id.example.com");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).expect("a request"))
            .await
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

/// Lets this node send mails to `sink`.
///
/// # Panics
/// When it cannot: that is a failed test.
#[expect(clippy::expect_used, reason = "only called by tests")]
pub fn use_smtp(app: &App, sink: &SmtpSink) {
    let options = SmtpOptions {
        host: sink.address().ip().to_string(),
        port: sink.address().port(),
        security: SmtpSecurity::None,
        credentials: None,
        from: "login@id.example.com".to_owned(),
    };
    app.use_mail(Courier {
        render: http_face::pages::mail,
        carrier: Arc::new(Smtp::new(&options).expect("a mail server")),
    });
}

/// Everything of the public face but the sockets.
fn face(app: &Arc<App>, edge: EdgeSettings, security: Arc<SecurityContact>) -> Router {
    let metrics = Metrics::register(&mut Catalogue::default());
    let state = AppState {
        app: Arc::clone(app),
        demo: None,
        security,
    };
    protect(
        router(state.clone()),
        edge,
        app.world.clone(),
        metrics,
        Some(state),
    )
}

#[expect(clippy::expect_used, reason = "only called by tests")]
fn options(passwords: PasswordPolicy, limits: &Limits) -> AppOptions {
    let limits = LimitOptions::new(&limits.shared, limits.throttle, limits.requests);
    AppOptions {
        password_filter: None,
        public_url: ISSUER.to_owned(),
        kek: Secret::new(KEK),
        passwords,
        limits: limits.expect("limits"),
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
