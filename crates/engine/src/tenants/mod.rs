//! Tenants: which there are, and which one a request is for.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::{Actor, Event, EventKind, Issuer, Slug, Tenant, TenantId, TenantSettings};

use crate::ctx::TenantView;
use crate::{App, Ctx, Fault};

/// The tenants, in memory: a request finds its own without asking the database.
#[derive(Debug)]
pub(crate) struct Directory {
    public_url: String,
    by_slug: RwLock<HashMap<Slug, Arc<TenantView>>>,
}

impl Directory {
    pub(crate) fn new(public_url: &str) -> Self {
        Self {
            public_url: public_url.to_owned(),
            by_slug: RwLock::default(),
        }
    }

    fn view(&self, tenant: Tenant) -> Arc<TenantView> {
        let issuer = match &tenant.settings.host {
            Some(host) => {
                let scheme = self
                    .public_url
                    .split_once("://")
                    .map_or("https", |(scheme, _)| scheme);
                Issuer::new(&format!("{scheme}://{host}"), "")
            }
            None => Issuer::new(&self.public_url, &tenant.slug.path()),
        };
        Arc::new(TenantView { tenant, issuer })
    }
}

/// Why a tenant could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TenantError {
    /// Another tenant has this short name.
    #[error("a tenant with this short name exists already")]
    SlugTaken,
    /// A setting is out of its range.
    #[error("{0}")]
    Settings(&'static str),
    /// Something else.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl App {
    /// Reads the tenants again. When the database is away the old ones stay.
    pub async fn reload_tenants(&self) -> Result<(), Fault> {
        let tenants = storage::tenants::list(&self.db).await?;
        let fresh = tenants
            .into_iter()
            .filter(|tenant| tenant.disabled_at.is_none())
            .map(|tenant| (tenant.slug.clone(), self.directory.view(tenant)))
            .collect();
        *self
            .directory
            .by_slug
            .write()
            .unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// The tenant with this short name.
    pub fn tenant(&self, slug: &Slug) -> Option<Arc<TenantView>> {
        self.directory
            .by_slug
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(slug)
            .cloned()
    }

    /// The tenant whose issuer has this host name (without port).
    pub fn tenant_by_host(&self, host: &str) -> Option<Arc<TenantView>> {
        let tenants = self
            .directory
            .by_slug
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        tenants
            .values()
            .find(|view| view.tenant.settings.host.as_deref() == Some(host))
            .cloned()
    }

    /// All tenants, by short name.
    pub fn tenants(&self) -> Vec<Arc<TenantView>> {
        let tenants = self
            .directory
            .by_slug
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = tenants.values().cloned().collect();
        all.sort_by(|a, b| a.tenant.slug.cmp(&b.tenant.slug));
        all
    }

    /// Makes a tenant. Its ES256 key exists when this returns; the RSA pairs follow in the background.
    pub async fn create_tenant(
        &self,
        actor: Actor,
        slug: Slug,
        name: &str,
        settings: TenantSettings,
    ) -> Result<Arc<TenantView>, TenantError> {
        check(name, &settings)?;
        let now = self.world.now();
        let tenant = Tenant {
            id: TenantId::generate(&self.world),
            slug,
            name: name.to_owned(),
            settings,
            disabled_at: None,
            created_at: now,
        };
        let view = self.directory.view(tenant);
        let ctx = Ctx::internal(Arc::clone(&view), actor, &self.world);
        let event = Event::success(EventKind::TenantCreated).target("tenant", view.tenant.id);
        let events = self.record(&ctx, event).await?;
        let mut tx = self.db.begin(view.tenant.id).await.map_err(Fault::from)?;
        if !storage::tenants::insert(&mut tx, &view.tenant)
            .await
            .map_err(Fault::from)?
        {
            tx.rollback().await.map_err(Fault::from)?;
            return Err(TenantError::SlugTaken);
        }
        tx.commit(events).await.map_err(Fault::from)?;
        self.reload_tenants().await?;
        self.wake_upkeep.notify_one();
        Ok(view)
    }
}

fn check(name: &str, settings: &TenantSettings) -> Result<(), TenantError> {
    if name.is_empty() || name.chars().count() > 100 {
        return Err(TenantError::Settings("a tenant's name has 1 to 100 characters"));
    }
    if !matches!(settings.rsa_bits, 3072 | 4096) {
        return Err(TenantError::Settings("rsa_bits is 3072 or 4096"));
    }
    // Shorter than two publications ahead, and keys would pile up.
    if settings.key_rotation() < crate::PUBLISH_AHEAD * 2 {
        return Err(TenantError::Settings("key_rotation_secs is at least two days"));
    }
    Ok(())
}
