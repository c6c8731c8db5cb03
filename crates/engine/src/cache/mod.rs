//! What is believed for a moment without asking the database again: clients, and access tokens that count.
//!
//! Nothing is believed for longer than [`BELIEVED`], so what another node changes is seen here within a second. What
//! this node changes is seen at once: an event that can end a belief unsettles its subject before the change is
//! committed ([`changes`]), and nothing about an unsettled subject is taken from here or put here until every older
//! belief has ended by itself. That a token does not count is never believed: it is asked again every time.

mod changes;
mod unsettled;

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use domain::{Client, ClientId, Event, TenantId};
use moka::sync::Cache;
use storage::clients;
use tokio::time::Instant;

use crate::token::ActiveToken;
use crate::{App, Ctx, Fault};

use changes::Subject;
use unsettled::Unsettled;

/// How long something is believed.
const BELIEVED: Duration = Duration::from_millis(800);
/// What took longer to read may be old already.
const FRESH: Duration = Duration::from_millis(100);
/// Clients remembered at most, some KiB each.
const CLIENTS: u64 = 10_000;
/// Tokens remembered at most, some KiB each.
const TOKENS: u64 = 20_000;

/// SHA-256 of a presented token, whatever its form.
pub(crate) type Presented = [u8; 32];

/// The beliefs of this process.
#[derive(Debug)]
pub(crate) struct Beliefs {
    clients: Cache<(TenantId, ClientId), Arc<Client>>,
    tokens: Cache<(TenantId, Presented), Arc<ActiveToken>>,
    unsettled: Unsettled,
}

impl Default for Beliefs {
    fn default() -> Self {
        Self {
            clients: Cache::builder()
                .max_capacity(CLIENTS)
                .time_to_live(BELIEVED)
                .build(),
            tokens: Cache::builder()
                .max_capacity(TOKENS)
                .time_to_live(BELIEVED)
                .build(),
            unsettled: Unsettled::default(),
        }
    }
}

impl Beliefs {
    /// To be called before the change `event` tells of is committed.
    pub(crate) fn unsettle(&self, tenant: TenantId, event: &Event) {
        for subject in changes::subjects(tenant, event) {
            self.unsettled.mark(subject, Instant::now());
        }
    }

    fn client(&self, key: &(TenantId, ClientId)) -> Option<Arc<Client>> {
        let client = self.clients.get(key)?;
        self.is_settled_client(key).then_some(client)
    }

    fn is_settled_client(&self, key: &(TenantId, ClientId)) -> bool {
        let now = Instant::now();
        self.unsettled.is_quiet(now) || !self.unsettled.has(&Subject::Client(key.0, key.1.clone()), now)
    }

    /// The token, if it was found to count a moment ago. Whether it has ended since is for the caller to ask.
    pub(crate) fn token(&self, tenant: TenantId, presented: Presented) -> Option<Arc<ActiveToken>> {
        let token = self.tokens.get(&(tenant, presented))?;
        self.is_settled_token(tenant, &token).then_some(token)
    }

    /// Believes that a token counts, which was read from the database since `asked`.
    pub(crate) fn believe_token(
        &self,
        tenant: TenantId,
        presented: Presented,
        token: &Arc<ActiveToken>,
        asked: Instant,
    ) {
        if asked.elapsed() < FRESH && self.is_settled_token(tenant, token) {
            self.tokens.insert((tenant, presented), Arc::clone(token));
        }
    }

    fn is_settled_token(&self, tenant: TenantId, token: &ActiveToken) -> bool {
        let now = Instant::now();
        self.unsettled.is_quiet(now)
            || !changes::subjects_of(tenant, token)
                .iter()
                .any(|subject| self.unsettled.has(subject, now))
    }
}

/// The name a presented token has among the beliefs.
pub(crate) fn presented(token: &str) -> Presented {
    let mut name = [0; 32];
    let hash = digest(&SHA256, token.as_bytes());
    name.iter_mut()
        .zip(hash.as_ref())
        .for_each(|(to, from)| *to = *from);
    name
}

impl App {
    /// The client with this id, switched off or not, as it was at most [`BELIEVED`] ago.
    pub(crate) async fn known_client(&self, ctx: &Ctx, id: &ClientId) -> Result<Option<Arc<Client>>, Fault> {
        let key = (ctx.tenant_id(), id.clone());
        if let Some(client) = self.beliefs.client(&key) {
            return Ok(Some(client));
        }
        Box::pin(self.load_client(ctx, key)).await
    }

    async fn load_client(&self, ctx: &Ctx, key: (TenantId, ClientId)) -> Result<Option<Arc<Client>>, Fault> {
        let asked = Instant::now();
        let found = clients::find(&mut self.db.read(ctx.tenant_id()).await?, &key.1).await?;
        let found = found.map(Arc::new);
        if let Some(client) = &found
            && asked.elapsed() < FRESH
            && self.beliefs.is_settled_client(&key)
        {
            self.beliefs.clients.insert(key, Arc::clone(client));
        }
        Ok(found)
    }
}
