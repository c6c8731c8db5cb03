//! `rsp migrate`

use serde::Serialize;
use storage::{Db, MigrateOptions, MigrateReport, StoreError, migrate, schema};

use super::{config, local};
use crate::cli::{Global, MigrateArgs};
use crate::config::Config;
use crate::output::{ExitCode, Failure, Printer};

/// What a migration did.
#[derive(Debug, Serialize)]
struct Report {
    version: i64,
    applied: Vec<i64>,
    partitions: Vec<String>,
}

/// Brings the schema up to date, or only says whether that is needed.
pub async fn run(args: &MigrateArgs, global: &Global) -> Result<ExitCode, Failure> {
    let loaded = config::load(global)?;
    if args.check {
        return check(&loaded.config).await;
    }
    let done = bring_up_to_date(&loaded.config).await?;
    let report = Report {
        version: done.version,
        applied: done.applied,
        partitions: done.partitions,
    };
    Printer::new(global.output)
        .item(&report)
        .map_err(anyhow::Error::from)?;
    Ok(ExitCode::Done)
}

/// Applies what is missing, as the owner of the tables.
pub(crate) async fn bring_up_to_date(config: &Config) -> Result<MigrateReport, Failure> {
    let mut options = MigrateOptions::at(
        config.database.migration_url().expose().clone(),
        domain::World::system().now(),
    );
    if let Some(role) = user_of(config.database.url.expose()) {
        options.app_role = role;
    }
    migrate(&options)
        .await
        .map_err(|cause| local::store_failure(&cause))
}

/// The role the application connects as, where its URL names one.
fn user_of(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    let user = url.username();
    (url.scheme().starts_with("postgres") && !user.is_empty()).then(|| user.to_owned())
}

async fn check(config: &Config) -> Result<ExitCode, Failure> {
    match Db::open(&config.database.options()).await {
        Ok(db) => {
            db.close().await;
            Ok(ExitCode::Done)
        }
        Err(cause @ StoreError::Schema(_)) => Err(Failure::refused(format!(
            "{cause}; this program works with version {}",
            schema::EXPECTED
        ))),
        Err(cause) => Err(local::store_failure(&cause)),
    }
}
