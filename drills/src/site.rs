//! A place to drill in: a database of its own with a tenant, clients and people in it, and server processes on it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{
    AccessTokenFormat, Actor, AuthMethod, ClientId, ClientKind, ClientSettings, ConsentRule, GrantType,
    Profile, RedirectUri, Secret, Slug, TenantSettings, World,
};
use engine::clients::NewClient;
use engine::users::NewUser;
use engine::{App, AppOptions, Ctx, PasswordPolicy};
use storage::{Db, DbOptions, MigrateOptions};
use tempfile::TempDir;
use testkit::postgres::{APP, OWNER, Options, Postgres};
use testkit::process::{Spec, Supervised, free_port};
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep};

use crate::client::Http;
use crate::plan::{Engine, Plan};
use crate::wire::Target;

/// Where codes are sent; nobody listens there.
pub(crate) const CALLBACK: &str = "https://app.example.com/callback";

/// The cheapest hash a production configuration accepts.
const CHEAP: Cost = Cost {
    memory_kib: 19 * 1024,
    iterations: 2,
};

/// What a password hash costs.
#[derive(Clone, Copy, Debug)]
struct Cost {
    memory_kib: u32,
    iterations: u32,
}

impl Cost {
    fn policy(self) -> PasswordPolicy {
        PasswordPolicy {
            memory_kib: self.memory_kib,
            iterations: self.iterations,
            ..PasswordPolicy::default()
        }
    }
}

/// How long a process may take until it is ready before the drill gives up.
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(5);

/// What the server prints once its sockets are bound.
const SERVING: &str = "serving ";

/// A client of the site.
#[derive(Clone, Debug)]
pub(crate) struct Credential {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// A person of the site.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) password: String,
}

/// Everybody who can ask for something.
#[derive(Clone, Debug)]
pub(crate) struct Cast {
    /// Gets JWT access tokens for itself.
    pub(crate) service: Credential,
    /// Gets opaque access tokens for itself.
    pub(crate) opaque: Credential,
    /// Administers.
    pub(crate) admin: Credential,
    /// Signs people in, asks for no consent.
    pub(crate) web: Credential,
    pub(crate) people: Vec<Person>,
}

/// The database, the data folder, and who is in it.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) cast: Cast,
    /// The private PostgreSQL.
    pub(crate) database: Option<Postgres>,
    /// Port of the first node, which the issuer names.
    port: u16,
    url: String,
    kek: [u8; 32],
    cost: Cost,
    rsp: PathBuf,
    output: PathBuf,
    folder: TempDir,
}

/// How a site differs from the usual one.
#[derive(Debug, Default)]
pub(crate) struct SiteOptions {
    /// People besides the first ones of the cast.
    pub(crate) people: usize,
    /// PostgreSQL that writes through to the disk.
    pub(crate) fsync: bool,
    /// PostgreSQL reached over TCP instead of a socket file.
    pub(crate) tcp: bool,
    /// Hashes that cost what they cost by default, instead of cheap ones.
    pub(crate) usual_hash: bool,
    /// Folder in which data is kept, instead of a temporary one.
    pub(crate) data: Option<PathBuf>,
}

impl Site {
    /// Makes the database and everybody in it.
    pub(crate) async fn new(plan: &Plan, options: SiteOptions) -> Result<Self> {
        let world = World::system();
        let parent = options.data.clone().unwrap_or_else(std::env::temp_dir);
        let folder = tempfile::Builder::new()
            .prefix("rsp-drill-")
            .tempdir_in(parent)
            .context("cannot make the data folder")?;
        let (database, url, owner_url) = match plan.engine {
            Engine::Sqlite => {
                let url = format!("sqlite://{}", folder.path().join("rsp.db").display());
                (None, url.clone(), url)
            }
            Engine::Postgres => {
                let settings = Options {
                    fsync: options.fsync,
                    tcp: options.tcp,
                    trust: options.tcp,
                };
                let server = block_in_place(|| match &options.data {
                    Some(data) => Postgres::start_in(&data.join("pg"), settings),
                    None => Postgres::start(settings),
                })
                .context("cannot start PostgreSQL")?;
                let schema = server.new_schema()?;
                let over_tcp = |role: &str| {
                    let url = server.tcp_url(role)?;
                    Some(format!("{url}?options=-csearch_path%3D{}", schema.name))
                };
                let url = over_tcp(APP).unwrap_or_else(|| schema.app_url.clone());
                let owner_url = over_tcp(OWNER).unwrap_or_else(|| schema.owner_url.clone());
                (Some(server), url, owner_url)
            }
        };
        storage::migrate(&MigrateOptions::at(owner_url, world.now()))
            .await
            .context("cannot migrate the database")?;
        let port = free_port()?;
        let kek = world.random::<32>();
        write_private(&folder.path().join("kek"), &format!("{}\n", STANDARD.encode(kek)))?;
        let mut site = Self {
            cast: Cast {
                service: nobody(),
                opaque: nobody(),
                admin: nobody(),
                web: nobody(),
                people: Vec::new(),
            },
            database,
            port,
            url,
            kek,
            cost: if options.usual_hash {
                let usual = PasswordPolicy::default();
                Cost {
                    memory_kib: usual.memory_kib,
                    iterations: usual.iterations,
                }
            } else {
                CHEAP
            },
            rsp: plan.rsp.clone(),
            output: plan.output.clone(),
            folder,
        };
        let app = site.open().await?;
        site.cast = populate(&app, 2 + options.people).await?;
        app.db.close().await;
        Ok(site)
    }

    /// The product's own code on the site's database, in this process.
    pub(crate) async fn open(&self) -> Result<App> {
        let db = Db::open(&DbOptions::at(self.url.clone()))
            .await
            .context("cannot open the database")?;
        let options = AppOptions {
            password_filter: None,
            public_url: self.issuer(),
            kek: Secret::new(self.kek),
            passwords: self.cost.policy(),
            limits: engine::LimitOptions::default(),
        };
        App::new(db, World::system(), options)
            .await
            .context("cannot read the database")
    }

    /// The issuer, the same for all nodes.
    pub(crate) fn issuer(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Folder of the data.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a server process and waits until it is ready.
    pub(crate) async fn start(&self, number: u16, extra: &[(&str, String)]) -> Result<Node> {
        let port = if number == 0 { self.port } else { free_port()? };
        let management = free_port()?;
        let mut env: Vec<(String, String)> = [
            ("RSP__SERVER__PUBLIC_URL", self.issuer()),
            ("RSP__SERVER__LISTEN", format!("127.0.0.1:{port}")),
            (
                "RSP__SERVER__MANAGEMENT_LISTEN",
                format!("127.0.0.1:{management}"),
            ),
            ("RSP__DATABASE__URL", self.url.clone()),
            (
                "RSP__KEYS__KEK__FILE",
                self.folder().join("kek").display().to_string(),
            ),
            ("RSP__PASSWORD__MEMORY_KIB", self.cost.memory_kib.to_string()),
            ("RSP__PASSWORD__ITERATIONS", self.cost.iterations.to_string()),
            ("RSP__LOG__LEVEL", "warn".to_owned()),
            // Everybody comes from one address here, in a hurry.
            ("RSP__THROTTLE__MODE", "off".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        env.extend(
            extra
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        );
        let started = Instant::now();
        let process = Supervised::start(Spec {
            command: vec![
                self.rsp.display().to_string(),
                "serve".to_owned(),
                "--data".to_owned(),
                self.folder().display().to_string(),
            ],
            env,
            folder: self.folder().to_owned(),
            remove_folder: false,
            stop_signal: "TERM",
            account: None,
            log: Some(self.output.join(format!("node-{number}.log"))),
        })?;
        block_in_place(|| process.wait_for(SERVING))?;
        let node = Node {
            http: Http::new(port, &format!("localhost:{}", self.port))?,
            management: Http::new(management, &format!("localhost:{management}"))?,
            target: Target {
                port,
                host: format!("localhost:{}", self.port),
                over_tls: false,
            },
            process,
        };
        node.ready_since(started).await?;
        Ok(node)
    }
}

/// A server process.
#[derive(Debug)]
pub(crate) struct Node {
    /// Speaks to the public listener.
    pub(crate) http: Http,
    /// Speaks to the management listener.
    pub(crate) management: Http,
    /// The public listener for those who speak to it without a library.
    pub(crate) target: Target,
    pub(crate) process: Supervised,
}

impl Node {
    /// Waits until the node says that it is ready; how long that took from `started`.
    pub(crate) async fn ready_since(&self, started: Instant) -> Result<Duration> {
        while started.elapsed() < PATIENCE {
            if self.is_ready().await {
                return Ok(started.elapsed());
            }
            if self.process.has_ended() {
                break;
            }
            sleep(PAUSE).await;
        }
        bail!("the server did not become ready:\n{}", self.process.tail())
    }

    /// What `/readyz` says.
    pub(crate) async fn is_ready(&self) -> bool {
        let answer = self.management.get("/readyz").await;
        answer.is_ok_and(|answer| answer.status == 200)
    }

    /// A whole number that the node's metrics tell; zero where they do not.
    pub(crate) async fn metric(&self, name: &str) -> Result<u64> {
        let answer = self.management.get("/metrics").await?;
        let value = answer
            .body
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(Ok(0), |value| value.trim().parse().context("no whole number"))
    }

    /// Ends the process at once, as the loss of power would.
    pub(crate) async fn kill(&self) -> Result<()> {
        self.process.signal("KILL")?;
        self.wait_until_ended().await.map(drop)
    }

    /// Waits until the process is gone; how long that took.
    pub(crate) async fn wait_until_ended(&self) -> Result<Duration> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if self.process.has_ended() {
                return Ok(started.elapsed());
            }
            sleep(PAUSE).await;
        }
        bail!("the server did not end")
    }

    /// Starts the process again; how long it took until it was ready.
    pub(crate) async fn restart(&mut self) -> Result<Duration> {
        let started = Instant::now();
        block_in_place(|| self.process.start_again(SERVING))?;
        self.ready_since(started).await
    }
}

fn nobody() -> Credential {
    Credential {
        id: String::new(),
        secret: String::new(),
    }
}

async fn populate(app: &App, people: usize) -> Result<Cast> {
    let view = app
        .create_tenant(
            Actor::Operator,
            Slug::default_tenant(),
            "Drill",
            TenantSettings::default(),
        )
        .await
        .context("cannot make the tenant")?;
    let ctx = Ctx::internal(view, Actor::Operator, &app.world);
    app.rotate_due_keys(&ctx).await.context("cannot make the keys")?;
    let own = ClientSettings {
        grant_types: vec![GrantType::ClientCredentials],
        scopes: "api.read api.write".parse().context("scopes")?,
        ..ClientSettings::default()
    };
    let opaque = ClientSettings {
        access_token_format: AccessTokenFormat::Opaque,
        may_introspect: true,
        ..own.clone()
    };
    let admin = ClientSettings {
        scopes: "rsp.admin".parse().context("scopes")?,
        ..own.clone()
    };
    let web = ClientSettings {
        redirect_uris: vec![RedirectUri::register(CALLBACK, false).context("redirect URI")?],
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        scopes: "openid profile offline_access".parse().context("scopes")?,
        consent: ConsentRule::Implied,
        ..ClientSettings::default()
    };
    let mut persons = Vec::new();
    for number in 0..people {
        let person = Person {
            email: format!("person{number}@example.com"),
            password: format!("a long enough password {number}"),
        };
        let new = NewUser {
            email: person.email.parse().context("address")?,
            email_verified: true,
            profile: Profile::default(),
            password: Some(Secret::new(person.password.clone())),
        };
        app.create_user(&ctx, new).await.context("cannot make a person")?;
        persons.push(person);
    }
    Ok(Cast {
        service: client(app, &ctx, "service", own).await?,
        opaque: client(app, &ctx, "opaque", opaque).await?,
        admin: client(app, &ctx, "admin", admin).await?,
        web: client(app, &ctx, "web", web).await?,
        people: persons,
    })
}

async fn client(app: &App, ctx: &Ctx, name: &str, settings: ClientSettings) -> Result<Credential> {
    let id: ClientId = name.parse().context("client id")?;
    let new = NewClient {
        client_id: Some(id),
        name: name.to_owned(),
        kind: ClientKind::Confidential,
        auth_method: AuthMethod::ClientSecretBasic,
        settings,
    };
    let (client, secret) = app
        .create_client(ctx, new)
        .await
        .context("cannot make a client")?;
    Ok(Credential {
        id: client.client_id.to_string(),
        secret: secret.map(|secret| secret.expose().clone()).unwrap_or_default(),
    })
}

fn write_private(path: &Path, text: &str) -> Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .context("cannot write the key-encryption key")?;
    file.write_all(text.as_bytes())
        .context("cannot write the key-encryption key")?;
    fs::metadata(path).map(drop).context("the key is not there")
}
