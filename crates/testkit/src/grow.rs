//! A crowd in a database: very many people with sessions, grants, tokens and a history, all of it valid for a running
//! server, to see how the product behaves when a company has grown.
//!
//! The same seed gives the same people and tokens. Half as many grants as access tokens are spread evenly over the
//! people; each has a session, an agreement, a refresh token and two rows of the audit log. Everybody has a data key and
//! the same password, hashed once.

mod crowd;
pub mod lookups;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use domain::{
    Actor, AuthMethod, Client, ClientId, ClientKind, ClientSettings, Email, GrantType, OpaqueToken, Profile,
    Resource, Scopes, Secret, Slug, TenantId, TenantSettings, TokenKind, World,
};
use engine::clients::NewClient;
use engine::growth::Sealer;
use engine::users::NewUser;
use engine::{App, AppOptions, Ctx, PasswordPolicy};
use serde::Serialize;
use storage::bulk::{Batch, Bulk, TableSize, sizes};
use tokio::sync::mpsc;

use crowd::{Chunk, Crowd};
use tokens::{AccessSeeds, RefreshSeeds};

use crate::{Backend, Store, test_world};

/// The password of everybody.
pub const PASSWORD: &str = "correct horse battery staple";

/// What to fill a database with.
#[derive(Clone, Debug)]
pub struct Plan {
    /// People.
    pub users: u64,
    /// Opaque access tokens, all alive for at least half a day.
    pub tokens: u64,
    /// Decides about every random byte.
    pub seed: u64,
    /// The tenant they belong to.
    pub tenant: Slug,
    /// The client they signed in at.
    pub client: ClientId,
    /// Of each kind of credential, how many are told at most.
    pub told: u64,
}

/// Some of the crowd's credentials, chosen evenly, and what all of it takes.
#[derive(Clone, Debug, Serialize)]
pub struct Grown {
    /// People made.
    pub users: u64,
    /// Opaque access tokens made.
    pub tokens: u64,
    /// The seed.
    pub seed: u64,
    /// The client the tokens were issued to.
    pub client_id: ClientId,
    /// Addresses to sign in with.
    pub logins: Vec<String>,
    /// The password that goes with each.
    pub password: &'static str,
    /// Live opaque access tokens.
    pub access_tokens: Vec<String>,
    /// Live refresh tokens, each good once.
    pub refresh_tokens: Vec<String>,
    /// What each table takes on disk, rows of others included.
    pub tables: Vec<Table>,
    /// What finding one of them costs, if that was measured.
    pub lookups: Option<lookups::Lookups>,
}

/// What a table takes on disk.
#[derive(Clone, Debug, Serialize)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Rows.
    pub rows: u64,
    /// Bytes of the rows.
    pub table_bytes: u64,
    /// Bytes of the indexes.
    pub index_bytes: u64,
}

impl From<TableSize> for Table {
    fn from(size: TableSize) -> Self {
        Self {
            name: size.name,
            rows: size.rows,
            table_bytes: size.table_bytes,
            index_bytes: size.index_bytes,
        }
    }
}

/// Why a database could not be filled.
#[derive(Debug, thiserror::Error)]
pub enum GrowError {
    /// The application refused something.
    #[error("the application: {0}")]
    App(String),
    /// The database refused something.
    #[error(transparent)]
    Store(#[from] storage::StoreError),
    /// The plan does not fit the database.
    #[error("{0}")]
    Plan(&'static str),
}

impl From<engine::Fault> for GrowError {
    fn from(fault: engine::Fault) -> Self {
        Self::App(fault.to_string())
    }
}

/// People made at once.
const CHUNK: u64 = 20_000;
/// Tokens are written in this many rounds, each in the order of its keys: quicker than in random order, and the pages of
/// the index end up as full as pages do that grew over time.
const ROUNDS: u64 = 4;

/// Fills the database of `app`, which is closed first; `owner_url` names the same database with the right to alter it.
/// Nobody else may use it meanwhile.
pub async fn fill(app: Arc<App>, owner_url: &Secret<String>, plan: &Plan) -> Result<Grown, GrowError> {
    if plan.users == 0 {
        return Err(GrowError::Plan("a crowd has at least one person"));
    }
    let crowd = Arc::new(prepare(&app, plan).await?);
    let tenant = crowd.ctx.tenant_id();
    app.db.close().await;

    let mut bulk = Bulk::open(owner_url, tenant).await?;
    let mut grown = Grown {
        users: plan.users,
        tokens: plan.tokens,
        seed: plan.seed,
        client_id: plan.client.clone(),
        logins: Vec::new(),
        password: PASSWORD,
        access_tokens: Vec::new(),
        refresh_tokens: Vec::new(),
        tables: Vec::new(),
        lookups: None,
    };
    let mut access = AccessSeeds::default();
    let mut refresh = RefreshSeeds::default();
    let round = usize::try_from(plan.tokens.div_ceil(ROUNDS)).unwrap_or(usize::MAX);
    let mut chunks = making(&crowd);
    while let Some(chunk) = chunks.recv().await {
        let chunk = chunk?;
        bulk.add(&chunk.batch).await?;
        grown.logins.extend(chunk.told.logins);
        grown.access_tokens.extend(chunk.told.access);
        grown.refresh_tokens.extend(chunk.told.refresh);
        access.0.extend(chunk.access);
        refresh.0.extend(chunk.refresh);
        if access.0.len() >= round {
            write_tokens(&mut bulk, &crowd, &mut access, &mut refresh).await?;
        }
    }
    write_tokens(&mut bulk, &crowd, &mut access, &mut refresh).await?;
    bulk.finish().await?;
    grown.tables = sizes(owner_url).await?.into_iter().map(Table::from).collect();
    Ok(grown)
}

/// Makes the next chunks while the last one is being written.
fn making(crowd: &Arc<Crowd>) -> mpsc::Receiver<Result<Chunk, GrowError>> {
    let (chunks, receiver) = mpsc::channel(2);
    let crowd = Arc::clone(crowd);
    tokio::task::spawn_blocking(move || {
        let mut from = 0;
        while from < crowd.plan.users {
            let to = crowd.plan.users.min(from + CHUNK);
            // Nobody listens any more when writing has failed.
            if chunks.blocking_send(crowd.chunk(from..to)).is_err() {
                return;
            }
            from = to;
        }
    });
    receiver
}

async fn write_tokens(
    bulk: &mut Bulk,
    crowd: &Crowd,
    access: &mut AccessSeeds,
    refresh: &mut RefreshSeeds,
) -> Result<(), GrowError> {
    for batch in refresh.drain_sorted(crowd) {
        bulk.add(&Batch {
            refresh_tokens: batch,
            ..Batch::default()
        })
        .await?;
    }
    for batch in access.drain_sorted(crowd) {
        bulk.add(&Batch {
            access_tokens: batch,
            ..Batch::default()
        })
        .await?;
    }
    Ok(())
}

/// A fresh database with a crowd of this size in the tenant `default`, open, and the tenant's id.
///
/// # Panics
/// When it cannot be made: that is a failed test.
#[expect(clippy::expect_used, reason = "only called by tests")]
pub async fn crowded(backend: Backend, users: u64, tokens: u64) -> (Store, TenantId) {
    let mut store = backend.fresh().await;
    let options = AppOptions {
        password_filter: None,
        public_url: "https://id.example.com".to_owned(),
        kek: Secret::new([7; 32]),
        passwords: PasswordPolicy {
            memory_kib: 64,
            iterations: 1,
            lanes: 1,
            ..PasswordPolicy::default()
        },
        limits: engine::LimitOptions::default(),
    };
    let app = App::new(store.db.clone(), test_world().0, options).await;
    let app = Arc::new(app.expect("an application"));
    let slug = Slug::default_tenant();
    let made = app.create_tenant(
        Actor::Operator,
        slug.clone(),
        "Example",
        TenantSettings::default(),
    );
    let ctx = Ctx::internal(made.await.expect("a tenant"), Actor::Operator, &app.world);
    let client: ClientId = "web".parse().expect("a client id");
    let new = NewClient {
        client_id: Some(client.clone()),
        name: "web".to_owned(),
        kind: ClientKind::Confidential,
        auth_method: AuthMethod::ClientSecretBasic,
        settings: ClientSettings {
            grant_types: vec![GrantType::ClientCredentials],
            scopes: "openid api.read".parse().expect("scopes"),
            ..ClientSettings::default()
        },
    };
    app.create_client(&ctx, new).await.expect("a client");
    let plan = Plan {
        users,
        tokens,
        seed: 1,
        tenant: slug,
        client,
        told: 0,
    };
    let owner_url = Secret::new(store.owner_url().to_owned());
    fill(app, &owner_url, &plan).await.expect("a crowd");
    store.open_again().await;
    (store, ctx.tenant_id())
}

/// Reads what the crowd has to fit, and lets the application hash the password.
async fn prepare(app: &Arc<App>, plan: &Plan) -> Result<Crowd, GrowError> {
    let view = app
        .tenant(&plan.tenant)
        .ok_or(GrowError::Plan("there is no such tenant"))?;
    let ctx = Ctx::internal(view, Actor::Operator, &app.world);
    let client = app
        .client(&ctx, &plan.client)
        .await
        .map_err(|cause| GrowError::App(cause.to_string()))?;
    let email = crowd::email(plan.seed, "first")?;
    let first = NewUser {
        email: email.clone(),
        email_verified: true,
        profile: Profile::default(),
        password: Some(Secret::new(PASSWORD.to_owned())),
    };
    app.create_user(&ctx, first)
        .await
        .map_err(|cause| GrowError::App(cause.to_string()))?;
    let password_hash = hash_of(app, &ctx, &email).await?;
    let sealer = Sealer::new(Arc::clone(app), &ctx).await?;
    let (scopes, resources) = wanted(&client);
    let audience = protocol::resource::audience(&client, ctx.issuer(), &scopes, &resources);
    Ok(Crowd {
        plan: plan.clone(),
        now: ctx.now,
        ctx,
        sealer,
        password_hash,
        scopes,
        resources,
        audience,
    })
}

async fn hash_of(app: &App, ctx: &Ctx, email: &Email) -> Result<Arc<str>, GrowError> {
    let mut read = app.db.read(ctx.tenant_id()).await?;
    let account = storage::users::find_by_email(&mut read, &email.folded()).await?;
    let hash = account.and_then(|account| account.password_hash);
    hash.map(Arc::from)
        .ok_or(GrowError::Plan("the first person has no password"))
}

/// Everything the client may have.
fn wanted(client: &Client) -> (Scopes, Vec<Resource>) {
    (client.settings.scopes.clone(), client.settings.resources.clone())
}

/// How long after now the first access token ends; the last ends twice as late.
const ALIVE: Duration = Duration::from_hours(12);

/// A token of this kind.
fn token(kind: TokenKind, world: &World) -> OpaqueToken {
    OpaqueToken::generate(kind, world)
}
