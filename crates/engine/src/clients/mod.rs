//! Clients: made, read, listed, switched off and on, and how they prove themselves.

mod authenticate;
mod rules;

use domain::{
    AuthMethod, Client, ClientId, ClientKind, ClientSettings, Event, EventKind, OpaqueToken, Secret,
    TokenKind,
};
use storage::clients;

use crate::{App, Ctx, Fault};

pub use authenticate::ClientRefused;
pub use rules::SettingsRefused;

/// A client to be made.
#[derive(Debug)]
pub struct NewClient {
    /// Its id; chosen at random if `None`.
    pub client_id: Option<ClientId>,
    /// Its name as shown to people.
    pub name: String,
    /// What kind of program it is.
    pub kind: ClientKind,
    /// How it proves itself; must be `None` for public clients.
    pub auth_method: AuthMethod,
    /// What it may do.
    pub settings: ClientSettings,
}

/// Why a change to a client was refused.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Another client of the tenant has this id.
    #[error("a client with this id exists already")]
    IdTaken,
    /// No such client in this tenant.
    #[error("no such client")]
    NotFound,
    /// Settings that do not go together or are not safe.
    #[error(transparent)]
    Settings(#[from] SettingsRefused),
    /// Something else.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<storage::StoreError> for ClientError {
    fn from(cause: storage::StoreError) -> Self {
        Self::Fault(cause.into())
    }
}

impl App {
    /// Makes a client. Its secret, if it has one, is in the answer and nowhere else: only the hash is kept.
    pub async fn create_client(
        &self,
        ctx: &Ctx,
        new: NewClient,
    ) -> Result<(Client, Option<Secret<String>>), ClientError> {
        rules::check(&new.name, new.kind, new.auth_method, &new.settings)?;
        let secret = (new.auth_method != AuthMethod::None)
            .then(|| OpaqueToken::generate(TokenKind::ClientSecret, &self.world));
        let client = Client {
            client_id: match new.client_id {
                Some(id) => id,
                None => self.random_client_id()?,
            },
            name: new.name,
            kind: new.kind,
            auth_method: new.auth_method,
            secret_hash: secret.as_ref().map(OpaqueToken::hash),
            settings: new.settings,
            disabled_at: None,
            tokens_not_before: None,
            created_at: ctx.now,
            updated_at: ctx.now,
        };
        let event = Event::success(EventKind::ClientCreated).client(&client.client_id);
        let events = self.record(ctx, event).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !clients::insert(&mut tx, &client).await? {
            tx.rollback().await?;
            return Err(ClientError::IdTaken);
        }
        tx.commit(events).await?;
        Ok((client, secret.map(|s| Secret::new(s.expose().to_owned()))))
    }

    /// One client.
    pub async fn client(&self, ctx: &Ctx, id: &ClientId) -> Result<Client, ClientError> {
        let found = clients::find(&mut self.db.read(ctx.tenant_id()).await?, id).await?;
        found.ok_or(ClientError::NotFound)
    }

    /// A page of clients by id, after `after`.
    pub async fn list_clients(
        &self,
        ctx: &Ctx,
        after: Option<&ClientId>,
        limit: u32,
    ) -> Result<Vec<Client>, ClientError> {
        Ok(clients::list(&mut self.db.read(ctx.tenant_id()).await?, after, limit).await?)
    }

    /// Replaces what a client may do.
    pub async fn update_client(
        &self,
        ctx: &Ctx,
        id: &ClientId,
        settings: &ClientSettings,
    ) -> Result<Client, ClientError> {
        let client = self.client(ctx, id).await?;
        rules::check(&client.name, client.kind, client.auth_method, settings)?;
        let event = Event::success(EventKind::ConfigurationChanged)
            .client(id)
            .target("client", id);
        let events = self.record(ctx, event).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        if !clients::update_settings(&mut tx, id, settings, ctx.now).await? {
            tx.rollback().await?;
            return Err(ClientError::NotFound);
        }
        tx.commit(events).await?;
        self.client(ctx, id).await
    }

    /// Switches a client off: it gets nothing more, and what it has is dead for good (I3).
    pub async fn disable_client(&self, ctx: &Ctx, id: &ClientId) -> Result<Client, ClientError> {
        self.switch_client(ctx, id, false).await
    }

    /// Switches a client on again. It needs new tokens, which it gets from the next second on if it was switched off in
    /// this one.
    pub async fn enable_client(&self, ctx: &Ctx, id: &ClientId) -> Result<Client, ClientError> {
        self.switch_client(ctx, id, true).await
    }

    async fn switch_client(&self, ctx: &Ctx, id: &ClientId, on: bool) -> Result<Client, ClientError> {
        let kind = if on {
            EventKind::ClientEnabled
        } else {
            EventKind::ClientDisabled
        };
        let events = self.record(ctx, Event::success(kind).client(id)).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await?;
        let found = if on {
            clients::enable(&mut tx, id, ctx.now).await?
        } else {
            clients::disable(&mut tx, id, ctx.now).await?
        };
        if !found {
            tx.rollback().await?;
            return Err(ClientError::NotFound);
        }
        tx.commit(events).await?;
        self.client(ctx, id).await
    }

    /// Whether a page of `origin` may call the CORS endpoints: some public client of the tenant is at home there.
    pub async fn allows_origin(&self, ctx: &Ctx, origin: &str) -> Result<bool, Fault> {
        let public = clients::list_public(&mut self.db.read(ctx.tenant_id()).await?).await?;
        Ok(public
            .iter()
            .any(|client| client.disabled_at.is_none() && client.allows_origin(origin)))
    }

    fn random_client_id(&self) -> Result<ClientId, Fault> {
        use std::fmt::Write as _;
        let mut id = String::from("c-");
        for byte in self.world.random::<12>() {
            write!(id, "{byte:02x}").map_err(|_| Fault::Internal("formatting"))?;
        }
        id.parse()
            .map_err(|_| Fault::Internal("a random client id is malformed"))
    }
}
