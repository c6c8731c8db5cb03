//! Commands that work on the data directory itself, as actor `operator`.

use std::sync::Arc;

use domain::{Actor, Slug, World};
use engine::mail::{Courier, Smtp};
use engine::{App, AppOptions, Ctx, Fault};
use storage::{Db, StoreError};

use super::config;
use crate::cli::{Global, admin::TenantArg};
use crate::config::Config;
use crate::output::Failure;

/// Opens the database of the configuration and puts the use cases together.
pub(super) async fn open(global: &Global) -> Result<Arc<App>, Failure> {
    let loaded = config::load(global)?;
    open_with(&loaded.config).await
}

/// The same, with a configuration at hand.
pub(super) async fn open_with(config: &Config) -> Result<Arc<App>, Failure> {
    let kek = config
        .keys
        .kek
        .load()
        .map_err(|problem| Failure::usage(problem.to_string()))?;
    let db = Db::open(&config.database.options())
        .await
        .map_err(|cause| store_failure(&cause))?;
    let options = AppOptions {
        password_filter: config.password.filter.clone(),
        public_url: config.issuer(),
        kek,
        passwords: config.password.policy(),
        limits: config
            .limits()
            .map_err(|cause| Failure::usage(cause.to_string()))?,
    };
    let app = App::new(db, World::system(), options)
        .await
        .map_err(|cause| failure(&cause))?;
    if let Some(options) = config.mail.options() {
        let smtp = Smtp::new(&options).map_err(|cause| Failure::usage(cause.to_string()))?;
        app.use_mail(Courier {
            render: http_face::pages::mail,
            carrier: Arc::new(smtp),
        });
    }
    Ok(Arc::new(app))
}

/// The context of a command on one tenant.
pub(super) fn ctx(app: &App, tenant: &TenantArg) -> Result<Ctx, Failure> {
    let slug: Slug = tenant
        .tenant
        .parse()
        .map_err(|cause| Failure::usage(format!("--tenant: {cause}")))?;
    let view = app
        .tenant(&slug)
        .ok_or_else(|| Failure::refused(format!("there is no tenant {}", slug.as_str())))?;
    Ok(Ctx::internal(view, Actor::Operator, &app.world))
}

/// A fault as the end of a command.
pub(super) fn failure(fault: &Fault) -> Failure {
    match fault {
        Fault::Store(cause) => store_failure(cause),
        other => Failure::refused(other.to_string()),
    }
}

/// A database that cannot be reached ends a command with its own code.
pub(super) fn store_failure(cause: &StoreError) -> Failure {
    if cause.is_unavailable() {
        Failure::unreachable(format!("the database cannot be reached: {cause}"))
    } else {
        Failure::refused(cause.to_string())
    }
}
