//! `rsp user list|create|disable|enable|unlock|compromise|import|remove-factors|reset`

use std::fs;
use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use domain::{Email, Profile, Secret, User, UserId, UserStatus, World};
use engine::sign_in::FactorsRemoved;
use engine::users::{NewUser, UserError};
use engine::{App, Ctx};
use serde::Serialize;

use super::local;
use crate::cli::admin::{UserArg, UserCreateArgs};
use crate::cli::{Global, UserCommand};
use crate::output::{ExitCode, Failure, Printer, Row};

/// People listed at most; more are for the admin API, page by page.
const LISTED: u32 = 10_000;

/// A person as shown to operators.
#[derive(Debug, Serialize)]
struct View {
    id: UserId,
    email: Email,
    status: UserStatus,
    name: Option<String>,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

impl From<User> for View {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            status: user.status,
            name: user.profile.name,
            created_at: user.created_at.rfc3339(),
            password: None,
        }
    }
}

impl Row for View {
    const HEADERS: &'static [&'static str] = &["ID", "EMAIL", "STATUS", "NAME", "CREATED"];

    fn cells(&self) -> Vec<String> {
        let status = match self.status {
            UserStatus::Active => "active",
            UserStatus::Disabled => "disabled",
            UserStatus::Invited => "invited",
        };
        vec![
            self.id.to_string(),
            self.email.to_string(),
            status.to_owned(),
            self.name.clone().unwrap_or_default(),
            self.created_at.clone(),
        ]
    }
}

/// How somebody without a password begins anew.
#[derive(Debug, Serialize)]
struct Invitation {
    link: String,
}

impl Row for Invitation {
    const HEADERS: &'static [&'static str] = &["LINK, WORKS ONCE WITHIN 24 HOURS"];

    fn cells(&self) -> Vec<String> {
        vec![self.link.clone()]
    }
}

/// Runs one of the commands.
pub async fn run(command: &UserCommand, global: &Global) -> Result<ExitCode, Failure> {
    let printer = Printer::new(global.output);
    match command {
        UserCommand::List(tenant) => {
            let app = local::open(global).await?;
            let ctx = local::ctx(&app, tenant)?;
            let users = app.list_users(&ctx, None, LISTED).await.map_err(failure)?;
            let views: Vec<View> = users.into_iter().map(View::from).collect();
            printer.list(&views).map_err(anyhow::Error::from)?;
        }
        UserCommand::Create(args) => {
            printer
                .item(&create(args, global).await?)
                .map_err(anyhow::Error::from)?;
        }
        UserCommand::Disable(args) => {
            let (app, ctx, id) = target(args, global).await?;
            let user = app.disable_user(&ctx, id).await.map_err(failure)?;
            printer.item(&View::from(user)).map_err(anyhow::Error::from)?;
        }
        UserCommand::Compromise(args) => {
            let (app, ctx, id) = target(args, global).await?;
            let user = app.mark_password_compromised(&ctx, id).await.map_err(failure)?;
            printer.item(&View::from(user)).map_err(anyhow::Error::from)?;
        }
        UserCommand::Import(args) => return super::user_import::run(args, global).await,
        UserCommand::Reset(args) => {
            let (app, ctx, id) = target(args, global).await?;
            let user = app.start_reset(&ctx, id).await.map_err(failure)?;
            printer.item(&View::from(user)).map_err(anyhow::Error::from)?;
        }
        UserCommand::Unlock(args) => {
            let (app, ctx, id) = target(args, global).await?;
            let user = app.user(&ctx, id).await.map_err(failure)?;
            app.unlock(&ctx, &user)
                .await
                .map_err(|cause| local::failure(&cause))?;
            printer.item(&View::from(user)).map_err(anyhow::Error::from)?;
        }
        UserCommand::Enable(args) => {
            let (app, ctx, id) = target(args, global).await?;
            let user = app.enable_user(&ctx, id).await.map_err(failure)?;
            printer.item(&View::from(user)).map_err(anyhow::Error::from)?;
        }
        UserCommand::RemoveFactors(args) => {
            let (app, ctx, id) = target(args, global).await?;
            match app.remove_factors(&ctx, id).await.map_err(failure)? {
                FactorsRemoved::None => return Err(Failure::refused("this person has no second factor")),
                FactorsRemoved::Removed => {}
                FactorsRemoved::Invited(token) => {
                    let link = format!("/invite?token={}", token.expose());
                    printer
                        .item(&Invitation {
                            link: ctx.issuer().url(&link),
                        })
                        .map_err(anyhow::Error::from)?;
                }
            }
        }
    }
    Ok(ExitCode::Done)
}

async fn create(args: &UserCreateArgs, global: &Global) -> Result<View, Failure> {
    let email: Email = args
        .email
        .parse()
        .map_err(|cause: domain::EmailRefused| Failure::usage(cause.to_string()))?;
    let (password, shown) = match &args.password_file {
        Some(path) => (read_password(path)?, None),
        None => {
            let made = random_password(&World::system());
            (Secret::new(made.clone()), Some(made))
        }
    };
    let app = local::open(global).await?;
    let ctx = local::ctx(&app, &args.tenant)?;
    let profile = Profile {
        name: args.name.clone(),
        ..Profile::default()
    };
    let new = NewUser {
        email,
        email_verified: false,
        profile,
        password: Some(password),
    };
    let user = app.create_user(&ctx, new).await.map_err(failure)?;
    Ok(View {
        password: shown,
        ..View::from(user)
    })
}

fn read_password(path: &Path) -> Result<Secret<String>, Failure> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin()
            .read_to_string(&mut text)
            .context("cannot read standard input")?;
    } else {
        text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    }
    // One line break at the end belongs to the file, not to the password.
    let kept = text
        .strip_suffix('\n')
        .map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(Secret::new(kept.to_owned()))
}

/// A password of 100 random bits in groups that can be typed.
pub(crate) fn random_password(world: &World) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let letter = |byte: u8| {
        LETTERS
            .get(usize::from(byte) % LETTERS.len())
            .copied()
            .map_or('a', char::from)
    };
    let letters: Vec<char> = world.random::<20>().into_iter().map(letter).collect();
    let groups: Vec<String> = letters.chunks(5).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

async fn target(args: &UserArg, global: &Global) -> Result<(std::sync::Arc<App>, Ctx, UserId), Failure> {
    let app = local::open(global).await?;
    let ctx = local::ctx(&app, &args.tenant)?;
    let id = match (args.user.parse::<UserId>(), args.user.parse::<Email>()) {
        (Ok(id), _) => Some(id),
        (_, Ok(email)) => app
            .user_by_email(&ctx, &email)
            .await
            .map_err(failure)?
            .map(|user| user.id),
        _ => return Err(Failure::usage("name a person by id or mail address")),
    };
    let id = id.ok_or_else(|| Failure::refused(UserError::NotFound.to_string()))?;
    Ok((app, ctx, id))
}

pub(super) fn failure(cause: UserError) -> Failure {
    match cause {
        UserError::Fault(fault) => local::failure(&fault),
        other => Failure::refused(other.to_string()),
    }
}
