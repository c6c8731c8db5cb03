//! `rsp user import`: people with the hashes another product kept of their passwords.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::Context as _;
use domain::{Email, Profile};
use engine::users::{NewUser, UserError};
use engine::{App, Ctx, ImportedHash};
use serde::{Deserialize, Serialize};

use super::local;
use crate::cli::{Global, UserImportArgs};
use crate::output::{ExitCode, Failure, Printer, Row};

/// Longest line.
const MOST_BYTES: usize = 64 * 1_024;

/// One line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    email: Email,
    #[serde(default)]
    email_verified: bool,
    #[serde(default)]
    profile: Profile,
    #[serde(default)]
    password_hash: Option<String>,
}

/// What became of a line.
#[derive(Debug, Serialize)]
struct Outcome {
    line: u64,
    #[serde(rename = "outcome")]
    became: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Row for Outcome {
    const HEADERS: &'static [&'static str] = &["LINE", "OUTCOME", "REASON"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.line.to_string(),
            self.became.to_owned(),
            self.reason.clone().unwrap_or_default(),
        ]
    }
}

/// Imports line by line. Exit code 1 if a line was refused; the others are there.
pub(super) async fn run(args: &UserImportArgs, global: &Global) -> Result<ExitCode, Failure> {
    let app = local::open(global).await?;
    let ctx = local::ctx(&app, &args.tenant)?;
    let mut outcomes = Vec::new();
    for (line, number) in open(&args.file)?.lines().zip(1_u64..) {
        let line = line.with_context(|| format!("cannot read line {number}"))?;
        if line.is_empty() {
            continue;
        }
        let (outcome, reason) = match import(&app, &ctx, &line, args.dry_run).await? {
            Ok(()) if args.dry_run => ("would be imported", None),
            Ok(()) => ("imported", None),
            Err(reason) => ("refused", Some(reason)),
        };
        outcomes.push(Outcome {
            line: number,
            became: outcome,
            reason,
        });
    }
    let refused = outcomes.iter().any(|outcome| outcome.reason.is_some());
    Printer::new(global.output)
        .list(&outcomes)
        .map_err(anyhow::Error::from)?;
    Ok(if refused {
        ExitCode::Refused
    } else {
        ExitCode::Done
    })
}

fn open(path: &Path) -> Result<Box<dyn BufRead>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(std::io::stdin())));
    }
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Box::new(BufReader::new(file)))
}

/// The outer result is whether to go on, the inner one why a line was refused. Nothing of the line is repeated but
/// what is wrong with it.
async fn import(app: &App, ctx: &Ctx, text: &str, dry: bool) -> Result<Result<(), String>, Failure> {
    if text.len() > MOST_BYTES {
        return Ok(Err("the line is too long".to_owned()));
    }
    let Ok(line) = serde_json::from_str::<Line>(text) else {
        return Ok(Err(
            "not a JSON object of email, email_verified, profile and password_hash".to_owned(),
        ));
    };
    let hash = match line.password_hash.as_deref().map(ImportedHash::parse).transpose() {
        Ok(hash) => hash,
        Err(cause) => return Ok(Err(cause.to_string())),
    };
    if dry {
        let taken = app
            .user_by_email(ctx, &line.email)
            .await
            .map_err(super::user::failure)?;
        return Ok(taken.map_or(Ok(()), |_| Err(UserError::EmailTaken.to_string())));
    }
    let new = NewUser {
        email: line.email,
        email_verified: line.email_verified,
        profile: line.profile,
        password: None,
    };
    let made = match &hash {
        Some(hash) => app.import_user(ctx, new, hash).await,
        None => app.create_user(ctx, new).await,
    };
    match made {
        Ok(_) => Ok(Ok(())),
        Err(UserError::EmailTaken) => Ok(Err(UserError::EmailTaken.to_string())),
        Err(other) => Err(super::user::failure(other)),
    }
}
