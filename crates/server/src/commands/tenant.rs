//! `rsp tenant list|create`

use domain::{Actor, Slug, TenantSettings};
use engine::TenantView;
use engine::tenants::TenantError;
use serde::Serialize;

use super::local;
use crate::cli::admin::TenantCreateArgs;
use crate::cli::{Global, TenantCommand};
use crate::output::{ExitCode, Failure, Printer, Row};

/// A tenant as shown to operators.
#[derive(Debug, Serialize)]
struct View {
    slug: String,
    name: String,
    issuer: String,
    id: String,
    created_at: String,
}

impl From<&TenantView> for View {
    fn from(view: &TenantView) -> Self {
        Self {
            slug: view.tenant.slug.as_str().to_owned(),
            name: view.tenant.name.clone(),
            issuer: view.issuer.to_string(),
            id: view.tenant.id.to_string(),
            created_at: view.tenant.created_at.rfc3339(),
        }
    }
}

impl Row for View {
    const HEADERS: &'static [&'static str] = &["SLUG", "NAME", "ISSUER", "ID", "CREATED"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.slug.clone(),
            self.name.clone(),
            self.issuer.clone(),
            self.id.clone(),
            self.created_at.clone(),
        ]
    }
}

/// Runs one of the commands.
pub async fn run(command: &TenantCommand, global: &Global) -> Result<ExitCode, Failure> {
    let printer = Printer::new(global.output);
    match command {
        TenantCommand::List => {
            let app = local::open(global).await?;
            let views: Vec<View> = app
                .tenants()
                .iter()
                .map(|view| View::from(view.as_ref()))
                .collect();
            printer.list(&views).map_err(anyhow::Error::from)?;
        }
        TenantCommand::Create(args) => {
            printer
                .item(&create(args, global).await?)
                .map_err(anyhow::Error::from)?;
        }
    }
    Ok(ExitCode::Done)
}

async fn create(args: &TenantCreateArgs, global: &Global) -> Result<View, Failure> {
    let slug: Slug = args
        .slug
        .parse()
        .map_err(|cause: domain::SlugRefused| Failure::usage(cause.to_string()))?;
    let app = local::open(global).await?;
    let name = args.name.clone().unwrap_or_else(|| args.slug.clone());
    let made = app
        .create_tenant(Actor::Operator, slug, &name, TenantSettings::default())
        .await;
    let view = made.map_err(|cause| match cause {
        TenantError::Fault(fault) => local::failure(&fault),
        other => Failure::refused(other.to_string()),
    })?;
    // The first keys are made here, so that the tenant can sign from its first request on.
    app.upkeep(false).await.map_err(|cause| local::failure(&cause))?;
    Ok(View::from(view.as_ref()))
}
