//! `rsp doctor`

use domain::SigningAlg;
use serde::Serialize;
use storage::Db;

use super::{config, local};
use crate::cli::Global;
use crate::config::Config;
use crate::output::{ExitCode, Failure, Printer, Row};

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    what: &'static str,
    ok: bool,
    finding: String,
}

impl Check {
    fn fine(what: &'static str, finding: impl Into<String>) -> Self {
        Self {
            what,
            ok: true,
            finding: finding.into(),
        }
    }

    fn bad(what: &'static str, finding: impl Into<String>) -> Self {
        Self {
            what,
            ok: false,
            finding: finding.into(),
        }
    }
}

impl Row for Check {
    const HEADERS: &'static [&'static str] = &["CHECK", "RESULT", "FINDING"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.what.to_owned(),
            if self.ok { "ok" } else { "FAILED" }.to_owned(),
            self.finding.clone(),
        ]
    }
}

/// Looks at settings, database and keys; exit code 1 when anything is wrong.
pub async fn run(global: &Global) -> Result<ExitCode, Failure> {
    let loaded = config::load(global)?;
    let mut checks = settings(&loaded.config);
    checks.extend(database(&loaded.config).await);
    Printer::new(global.output)
        .list(&checks)
        .map_err(anyhow::Error::from)?;
    let healthy = checks.iter().all(|check| check.ok);
    Ok(if healthy {
        ExitCode::Done
    } else {
        ExitCode::Refused
    })
}

fn settings(config: &Config) -> Vec<Check> {
    let problems = config.validate_production();
    if problems.is_empty() {
        return vec![Check::fine("settings", "fit for production")];
    }
    problems
        .into_iter()
        .map(|problem| Check::bad("settings", problem.to_string()))
        .collect()
}

/// Opening the database checks its schema, and on PostgreSQL that the role is neither owner nor superuser.
async fn database(config: &Config) -> Vec<Check> {
    let db = match Db::open(&config.database.options()).await {
        Ok(db) => db,
        Err(cause) => return vec![Check::bad("database", cause.to_string())],
    };
    let mut checks = vec![Check::fine(
        "database",
        format!("{}, schema and role as expected", db.engine().as_str()),
    )];
    db.close().await;
    match local::open_with(config).await {
        Ok(app) => checks.extend(keys(&app).await),
        Err(cause) => checks.push(Check::bad("keys", cause.lines.join("; "))),
    }
    checks
}

/// Every tenant has a key that opens and signs.
async fn keys(app: &engine::App) -> Vec<Check> {
    let mut checks = Vec::new();
    for tenant in app.tenants() {
        let slug = tenant.tenant.slug.as_str();
        checks.push(match app.signing_key(tenant.tenant.id, SigningAlg::ES256).await {
            Ok(key) => Check::fine("keys", format!("tenant {slug} signs with {}", key.kid())),
            Err(cause) => Check::bad("keys", format!("tenant {slug} cannot sign: {cause}")),
        });
    }
    if checks.is_empty() {
        checks.push(Check::bad("tenants", "there is no tenant yet: run `rsp init`"));
    }
    checks
}
