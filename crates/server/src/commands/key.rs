//! `rsp key list|rotate`

use domain::SigningAlg;
use engine::RotationReport;
use serde::Serialize;
use storage::signing_keys::SigningKeyRow;

use super::local;
use crate::cli::admin::KeyRotateArgs;
use crate::cli::{Global, KeyCommand};
use crate::output::{ExitCode, Failure, Printer, Row};

/// A key as shown to operators.
#[derive(Debug, Serialize)]
struct KeyView {
    kid: String,
    alg: SigningAlg,
    bits: Option<i64>,
    state: &'static str,
    created_at: String,
    activated_at: Option<String>,
}

impl From<SigningKeyRow> for KeyView {
    fn from(row: SigningKeyRow) -> Self {
        Self {
            kid: row.kid.0,
            alg: row.alg,
            bits: row.bits,
            state: row.state.as_str(),
            created_at: row.created_at.rfc3339(),
            activated_at: row.activated_at.map(domain::Timestamp::rfc3339),
        }
    }
}

impl Row for KeyView {
    const HEADERS: &'static [&'static str] = &["KID", "ALG", "BITS", "STATE", "CREATED", "ACTIVE SINCE"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.kid.clone(),
            self.alg.to_string(),
            self.bits.map_or_else(|| "-".to_owned(), |bits| bits.to_string()),
            self.state.to_owned(),
            self.created_at.clone(),
            self.activated_at.clone().unwrap_or_else(|| "-".to_owned()),
        ]
    }
}

/// What a rotation did, as shown to operators.
#[derive(Debug, Serialize)]
struct Rotated {
    alg: SigningAlg,
    kid: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    takes_over_at: Option<String>,
}

impl From<RotationReport> for Rotated {
    fn from(report: RotationReport) -> Self {
        match report {
            RotationReport::Activated { alg, kid } => Self {
                alg,
                kid,
                state: "active",
                takes_over_at: None,
            },
            RotationReport::Published {
                alg,
                kid,
                takes_over_at,
            }
            | RotationReport::Waiting {
                alg,
                kid,
                takes_over_at,
            } => Self {
                alg,
                kid,
                state: "next",
                takes_over_at: Some(takes_over_at.rfc3339()),
            },
        }
    }
}

impl Row for Rotated {
    const HEADERS: &'static [&'static str] = &["ALG", "KID", "STATE", "TAKES OVER"];

    fn cells(&self) -> Vec<String> {
        let takes_over = self.takes_over_at.clone().unwrap_or_else(|| "now".to_owned());
        vec![
            self.alg.to_string(),
            self.kid.clone(),
            self.state.to_owned(),
            takes_over,
        ]
    }
}

/// Runs one of the commands.
pub async fn run(command: &KeyCommand, global: &Global) -> Result<ExitCode, Failure> {
    match command {
        KeyCommand::List(tenant) => {
            let app = local::open(global).await?;
            let ctx = local::ctx(&app, tenant)?;
            let rows = app
                .list_keys(&ctx.tenant)
                .await
                .map_err(|cause| local::failure(&cause))?;
            let views: Vec<KeyView> = rows.into_iter().map(KeyView::from).collect();
            Printer::new(global.output)
                .list(&views)
                .map_err(anyhow::Error::from)?;
        }
        KeyCommand::Rotate(args) => rotate(args, global).await?,
    }
    Ok(ExitCode::Done)
}

async fn rotate(args: &KeyRotateArgs, global: &Global) -> Result<(), Failure> {
    let app = local::open(global).await?;
    let ctx = local::ctx(&app, &args.tenant)?;
    let algorithms: Vec<SigningAlg> = match args.algorithm {
        Some(one) => one.name().parse().into_iter().collect(),
        None => SigningAlg::ALL.to_vec(),
    };
    let mut reports = Vec::new();
    for alg in algorithms {
        let report = app
            .rotate_key(&ctx, alg, args.at_once)
            .await
            .map_err(|cause| local::failure(&cause))?;
        reports.push(Rotated::from(report));
    }
    Printer::new(global.output)
        .list(&reports)
        .map_err(anyhow::Error::from)?;
    Ok(())
}
