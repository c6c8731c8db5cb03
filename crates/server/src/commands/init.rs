//! `rsp init`

use std::fs::{self, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{Actor, Email, Profile, Slug, TenantSettings, World};
use engine::users::NewUser;
use engine::{App, Ctx};
use serde::Serialize;

use super::{config, local, migrate};
use crate::cli::{Global, InitArgs};
use crate::config::schema::commented_toml;
use crate::config::sources::{DATA_DIR, FILE_NAME};
use crate::output::{ExitCode, Failure, Printer};

/// What was set up.
#[derive(Debug, Serialize)]
struct Report {
    config: String,
    issuer: String,
    admin: String,
    /// Works once, for 24 hours.
    link: String,
}

/// Writes a configuration and a key, migrates, makes the default tenant and invites its first administrator.
pub async fn run(args: &InitArgs, global: &Global) -> Result<ExitCode, Failure> {
    let data = global.data.clone().unwrap_or_else(|| PathBuf::from(DATA_DIR));
    make_private_dir(&data)?;
    let file = global.config.clone().unwrap_or_else(|| data.join(FILE_NAME));
    if file.exists() && !args.force {
        return Err(Failure::refused(format!(
            "{} exists already; --force replaces it",
            file.display()
        )));
    }
    let kek = std::path::absolute(data.join("kek")).context("the data directory has no absolute path")?;
    write_kek(&kek, &World::system())?;
    let public_url = args.public_url.as_str().trim_end_matches('/');
    let settings = [
        ("server.public_url", toml_text(public_url)),
        ("keys.kek.file", toml_text(&kek.display().to_string())),
    ];
    write_private(&file, &commented_toml(&settings))?;

    let global = Global {
        config: Some(file.clone()),
        data: Some(data),
        ..global.clone()
    };
    let loaded = config::load(&global)?;
    migrate::bring_up_to_date(&loaded.config).await?;
    let app = local::open_with(&loaded.config).await?;
    let ctx = default_tenant(&app, args).await?;
    let email = admin_email(args)?;
    let link = invite_first(&app, &ctx, &email).await?;
    let report = Report {
        config: file.display().to_string(),
        issuer: app.public_url.clone(),
        admin: email.to_string(),
        link: ctx.issuer().url(&format!("/invite?token={link}")),
    };
    Printer::new(global.output)
        .item(&report)
        .map_err(anyhow::Error::from)?;
    Ok(ExitCode::Done)
}

async fn default_tenant(app: &Arc<App>, args: &InitArgs) -> Result<Ctx, Failure> {
    let slug = Slug::default_tenant();
    let view = match app.tenant(&slug) {
        Some(view) => view,
        None => {
            let name = args.public_url.host_str().unwrap_or("default");
            app.create_tenant(Actor::Operator, slug, name, TenantSettings::default())
                .await
                .map_err(|cause| Failure::refused(cause.to_string()))?
        }
    };
    app.upkeep(false).await.map_err(|cause| local::failure(&cause))?;
    Ok(Ctx::internal(view, Actor::Operator, &app.world))
}

async fn invite_first(app: &App, ctx: &Ctx, email: &Email) -> Result<String, Failure> {
    let refused = |cause: String| Failure::refused(cause);
    let user = match app
        .user_by_email(ctx, email)
        .await
        .map_err(|cause| refused(cause.to_string()))?
    {
        Some(user) => user,
        None => {
            let new = NewUser {
                email: email.clone(),
                email_verified: false,
                profile: Profile::default(),
                password: None,
            };
            app.create_user(ctx, new)
                .await
                .map_err(|cause| refused(cause.to_string()))?
        }
    };
    let token = app
        .invite(ctx, user.id)
        .await
        .map_err(|cause| refused(cause.to_string()))?;
    Ok(token.expose().to_owned())
}

fn admin_email(args: &InitArgs) -> Result<Email, Failure> {
    let text = match &args.admin_email {
        Some(email) => email.clone(),
        None => format!("admin@{}", args.public_url.host_str().unwrap_or("localhost")),
    };
    text.parse()
        .map_err(|cause: domain::EmailRefused| Failure::usage(format!("--admin-email: {cause}")))
}

/// A directory that only this account can enter.
pub(crate) fn make_private_dir(path: &Path) -> Result<(), Failure> {
    if !path.exists() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("cannot make {}", path.display()))?;
    }
    Ok(())
}

/// A fresh key-encryption key, unless there is one: an existing key is never replaced.
pub(crate) fn write_kek(path: &Path, world: &World) -> Result<(), Failure> {
    if path.exists() {
        return Ok(());
    }
    let text = format!("{}\n", STANDARD.encode(world.random::<32>()));
    write_private(path, &text)
}

/// A file that only this account can read.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    // The mode above is for new files only.
    file.set_permissions(Permissions::from_mode(0o600))
        .with_context(|| format!("cannot close {} to others", path.display()))?;
    file.write_all(text.as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

fn toml_text(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
