//! Tenants: which there are, and which one a request is for.

mod changed;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use domain::{Actor, Brand, Event, EventKind, Issuer, Slug, Tenant, TenantId, TenantSettings};

use crate::ctx::TenantView;
use crate::passkeys::attestation::authorities;
use crate::{App, Ctx, Fault};

/// The tenants, in memory: a request finds its own without asking the database.
#[derive(Debug)]
pub(crate) struct Directory {
    public_url: String,
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_slug: HashMap<Slug, Arc<TenantView>>,
    by_host: HashMap<String, Arc<TenantView>>,
}

impl Directory {
    pub(crate) fn new(public_url: &str) -> Self {
        Self {
            public_url: public_url.to_owned(),
            known: RwLock::default(),
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
        Arc::new(TenantView::new(tenant, issuer))
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn replace(&self, tenants: impl Iterator<Item = Tenant>) {
        let mut fresh = Known::default();
        for tenant in tenants {
            let view = self.view(tenant);
            if let Some(host) = &view.tenant.settings.host {
                fresh.by_host.insert(host.clone(), Arc::clone(&view));
            }
            fresh.by_slug.insert(view.tenant.slug.clone(), view);
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = fresh;
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
        self.directory
            .replace(tenants.into_iter().filter(|tenant| tenant.disabled_at.is_none()));
        Ok(())
    }

    /// The tenant with this short name.
    pub fn tenant(&self, slug: &Slug) -> Option<Arc<TenantView>> {
        self.directory.known().by_slug.get(slug).cloned()
    }

    /// The tenant whose issuer has this host name (without port).
    pub fn tenant_by_host(&self, host: &str) -> Option<Arc<TenantView>> {
        self.directory.known().by_host.get(host).cloned()
    }

    /// All tenants, by short name.
    pub fn tenants(&self) -> Vec<Arc<TenantView>> {
        let mut all: Vec<_> = self.directory.known().by_slug.values().cloned().collect();
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
        self.check_host(&settings, None)?;
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

impl App {
    /// Changes a tenant's name and settings.
    pub async fn update_tenant(
        &self,
        ctx: &Ctx,
        name: &str,
        settings: TenantSettings,
    ) -> Result<Arc<TenantView>, TenantError> {
        check(name, &settings)?;
        self.check_host(&settings, Some(ctx.tenant_id()))?;
        let what = changed::settings(&ctx.tenant.tenant.settings, &settings);
        let event = Event::success(EventKind::ConfigurationChanged)
            .target("tenant", ctx.tenant_id())
            .detail("settings", what);
        let events = self.record(ctx, event).await?;
        let mut tx = self.db.begin(ctx.tenant_id()).await.map_err(Fault::from)?;
        storage::tenants::update_settings(&mut tx, &settings, name)
            .await
            .map_err(Fault::from)?;
        tx.commit(events).await.map_err(Fault::from)?;
        self.reload_tenants().await?;
        let view = self.tenant(&ctx.tenant.tenant.slug);
        view.ok_or(TenantError::Fault(Fault::Internal("the tenant is gone")))
    }

    /// A host name belongs to one tenant.
    fn check_host(&self, settings: &TenantSettings, own: Option<TenantId>) -> Result<(), TenantError> {
        let host = settings.host.as_deref();
        let other = host.and_then(|host| self.tenant_by_host(host));
        if other.is_some_and(|other| Some(other.tenant.id) != own) {
            return Err(TenantError::Settings("another tenant has this host name"));
        }
        Ok(())
    }
}

fn check(name: &str, settings: &TenantSettings) -> Result<(), TenantError> {
    if name.is_empty() || name.chars().count() > 100 {
        return Err(TenantError::Settings("a tenant's name has 1 to 100 characters"));
    }
    // It stands in the head of every mail.
    if name.chars().any(char::is_control) {
        return Err(TenantError::Settings("a tenant's name is one line of text"));
    }
    if !matches!(settings.rsa_bits, 3072 | 4096) {
        return Err(TenantError::Settings("rsa_bits is 3072 or 4096"));
    }
    check_brand(&settings.brand)?;
    if !settings.requests.is_in_range() {
        return Err(TenantError::Settings("a limit of requests is at most 10000000"));
    }
    if settings.host.as_deref().is_some_and(|host| !is_host_name(host)) {
        return Err(TenantError::Settings("host is a plain host name in lower case"));
    }
    let delay = settings.sign_in.second_factor.recovery_delay_secs;
    if delay.is_some_and(|secs| !(3_600..=30 * 86_400).contains(&secs)) {
        return Err(TenantError::Settings(
            "recovery_delay_secs is from one hour to thirty days",
        ));
    }
    authorities(&settings.sign_in.passkeys.attestation).map_err(TenantError::Settings)?;
    // Shorter than two publications ahead, and keys would pile up.
    if settings.key_rotation() < crate::PUBLISH_AHEAD * 2 {
        return Err(TenantError::Settings("key_rotation_secs is at least two days"));
    }
    Ok(())
}

/// Bytes of a logo as a data URI at most.
const MAX_LOGO: usize = 64 * 1024;

fn check_brand(brand: &Brand) -> Result<(), TenantError> {
    let is_colour = |text: &str| {
        text.strip_prefix('#')
            .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let is_picture = |uri: &str| {
        let known = ["data:image/png;base64,", "data:image/svg+xml;base64,"];
        uri.len() <= MAX_LOGO && known.iter().any(|prefix| uri.starts_with(prefix))
    };
    if brand.accent.as_deref().is_some_and(|accent| !is_colour(accent)) {
        return Err(TenantError::Settings("an accent is #rrggbb"));
    }
    if brand.logo.as_deref().is_some_and(|logo| !is_picture(logo)) {
        return Err(TenantError::Settings(
            "a logo is a PNG or SVG data URI of at most 64 KiB",
        ));
    }
    Ok(())
}

fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}
