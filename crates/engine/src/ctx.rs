use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use domain::{Actor, Client, Issuer, RequestId, Tenant, TenantId, Timestamp, World};

/// A tenant as one request sees it.
#[derive(Debug, Clone)]
pub struct TenantView {
    /// The tenant.
    pub tenant: Tenant,
    /// Its issuer.
    pub issuer: Issuer,
    metadata: OnceLock<Bytes>,
}

impl TenantView {
    pub(crate) const fn new(tenant: Tenant, issuer: Issuer) -> Self {
        Self {
            tenant,
            issuer,
            metadata: OnceLock::new(),
        }
    }

    /// The tenant's discovery document, made the first time it is asked for: a change of the tenant makes a new view.
    pub fn metadata(&self, make: impl FnOnce() -> Bytes) -> Bytes {
        self.metadata.get_or_init(make).clone()
    }
}

/// What every use case knows about the request it serves: built once, at the edge.
#[derive(Debug, Clone)]
pub struct Ctx {
    /// Whose data this is about.
    pub tenant: Arc<TenantView>,
    /// Who asks.
    pub actor: Actor,
    /// The request's id; also the correlation id shown to people.
    pub request_id: RequestId,
    /// Where it came from, after trusted proxies were taken away (CF7). `None` for the operator's commands.
    pub client_ip: Option<IpAddr>,
    /// The `User-Agent` header, cut to 512 characters.
    pub agent: Option<String>,
    /// The one present moment of this request.
    pub now: Timestamp,
}

impl Ctx {
    /// The context of work that no request asked for.
    pub fn internal(tenant: Arc<TenantView>, actor: Actor, world: &World) -> Self {
        Self {
            tenant,
            actor,
            request_id: RequestId::generate(world),
            client_ip: None,
            agent: None,
            now: world.now(),
        }
    }

    /// The same request, by somebody now known.
    #[must_use]
    pub fn acting_as(&self, actor: Actor) -> Self {
        Self {
            actor,
            ..self.clone()
        }
    }

    /// The same request, by this client. A public one proved nothing: what it gets wrong counts as anonymous.
    #[must_use]
    pub fn acting_as_client(&self, client: &Client) -> Self {
        self.acting_as(if client.kind.is_public() {
            Actor::Anonymous
        } else {
            Actor::Client(client.client_id.clone())
        })
    }

    /// The tenant's id.
    pub fn tenant_id(&self) -> TenantId {
        self.tenant.tenant.id
    }

    /// The tenant's issuer.
    pub fn issuer(&self) -> &Issuer {
        &self.tenant.issuer
    }
}
