//! `rsp tenant list|create|update`

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{
    Actor, AttestationAuthority, PasswordProfile, RequestSettings, SecondFactorRule, SecondFactorSettings,
    SignInSettings, Slug, TenantSettings, UserVerification,
};
use engine::TenantView;
use engine::tenants::TenantError;
use http_face::pages::Accent;
use serde::Serialize;

use super::local;
use crate::cli::admin::{TenantArg, TenantCreateArgs, TenantUpdateArgs};
use crate::cli::tenant::{FactorRule, PasswordRule, RecoveryDelay, VerificationRule};
use crate::cli::{Global, TenantCommand, TenantSettingArgs};
use crate::output::{ExitCode, Failure, Printer, Row};

/// Bytes of a logo at most: it travels inside each page.
const MAX_LOGO: usize = 48 * 1024;

/// A tenant as shown to operators.
#[derive(Debug, Serialize)]
struct View {
    slug: String,
    name: String,
    issuer: String,
    id: String,
    created_at: String,
    /// Whether people make accounts themselves. This and the next are for JSON and YAML.
    registration: bool,
    second_factor: SecondFactorSettings,
    key_rotation_secs: u64,
}

impl From<&TenantView> for View {
    fn from(view: &TenantView) -> Self {
        Self {
            slug: view.tenant.slug.as_str().to_owned(),
            name: view.tenant.name.clone(),
            issuer: view.issuer.to_string(),
            id: view.tenant.id.to_string(),
            created_at: view.tenant.created_at.rfc3339(),
            registration: view.tenant.settings.registration.open,
            second_factor: view.tenant.settings.sign_in.second_factor.clone(),
            key_rotation_secs: view.tenant.settings.key_rotation_secs,
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
        TenantCommand::Update(args) => {
            printer
                .item(&update(args, global).await?)
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
    let settings = changed(TenantSettings::default(), &args.settings)?;
    let app = local::open(global).await?;
    let name = args.name.clone().unwrap_or_else(|| args.slug.clone());
    let made = app.create_tenant(Actor::Operator, slug, &name, settings).await;
    let view = made.map_err(failure)?;
    // The first keys are made here, so that the tenant can sign from its first request on.
    app.upkeep(false).await.map_err(|cause| local::failure(&cause))?;
    Ok(View::from(view.as_ref()))
}

async fn update(args: &TenantUpdateArgs, global: &Global) -> Result<View, Failure> {
    let app = local::open(global).await?;
    let ctx = local::ctx(
        &app,
        &TenantArg {
            tenant: args.slug.clone(),
        },
    )?;
    let tenant = &ctx.tenant.tenant;
    let settings = changed(tenant.settings.clone(), &args.settings)?;
    let name = args.name.as_deref().unwrap_or(&tenant.name);
    let view = app.update_tenant(&ctx, name, settings).await.map_err(failure)?;
    Ok(View::from(view.as_ref()))
}

/// The settings with what was asked for; what was not stays.
fn changed(mut settings: TenantSettings, args: &TenantSettingArgs) -> Result<TenantSettings, Failure> {
    if let Some(accent) = &args.accent {
        Accent::parse(accent).map_err(|cause| Failure::refused(cause.to_string()))?;
        settings.brand.accent = Some(accent.clone());
    }
    if let Some(path) = &args.logo {
        settings.brand.logo = Some(data_uri(path)?);
    }
    if let Some(host) = &args.host {
        settings.host = Some(host.clone());
    }
    for limit in &args.limits {
        set_limit(&mut settings.requests, limit)?;
    }
    if let Some(bits) = args.rsa_bits {
        settings.rsa_bits = bits;
    }
    if let Some(rotation) = args.key_rotation {
        settings.key_rotation_secs = rotation.as_secs();
    }
    if let Some(registration) = args.registration {
        settings.registration.open = registration.is_on();
    }
    change_sign_in(&mut settings.sign_in, args)?;
    Ok(settings)
}

fn change_sign_in(sign_in: &mut SignInSettings, args: &TenantSettingArgs) -> Result<(), Failure> {
    if let Some(rule) = args.passwords {
        sign_in.passwords.profile = match rule {
            PasswordRule::Standard => PasswordProfile::Standard,
            PasswordRule::Classic => PasswordProfile::Classic,
        };
    }
    if let Some(rule) = args.passkey_verification {
        sign_in.passkeys.user_verification = match rule {
            VerificationRule::Preferred => UserVerification::Preferred,
            VerificationRule::Required => UserVerification::Required,
        };
    }
    if let Some(path) = &args.passkey_attestation {
        sign_in.passkeys.attestation = authorities(path)?;
    }
    let factor = &mut sign_in.second_factor;
    if let Some(rule) = args.second_factor {
        factor.rule = match rule {
            FactorRule::IfEnrolled => SecondFactorRule::IfEnrolled,
            FactorRule::Off => SecondFactorRule::Off,
            FactorRule::Required => SecondFactorRule::Required,
        };
    }
    if let Some(neighbours) = args.totp_neighbours {
        factor.totp_neighbours = neighbours.is_on();
    }
    if let Some(delay) = args.recovery_delay {
        factor.recovery_delay_secs = match delay {
            RecoveryDelay::Never => None,
            RecoveryDelay::After(wait) => Some(wait.as_secs()),
        };
    }
    Ok(())
}

/// `CLASS=COUNT`, or `CLASS=default`.
fn set_limit(limits: &mut RequestSettings, text: &str) -> Result<(), Failure> {
    let parsed = text.split_once('=').and_then(|(class, count)| {
        let count = match count {
            "default" => None,
            count => Some(count.parse::<u32>().ok()?),
        };
        Some((class, count))
    });
    let set = parsed.is_some_and(|(class, count)| limits.set(class, count));
    set.then_some(())
        .ok_or_else(|| Failure::refused(format!("{text} is no limit: see `rsp tenant update --help`")))
}

/// Authorities as the settings have them: `[{"certificate": "PEM", "models": ["AAGUID"]}]`.
fn authorities(path: &Path) -> Result<Vec<AttestationAuthority>, Failure> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).map_err(|cause| Failure::refused(format!("{}: {cause}", path.display())))
}

/// A picture as pages carry it: inside the page, so that no other server learns of the visit.
fn data_uri(path: &Path) -> Result<String, Failure> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    if bytes.len() > MAX_LOGO {
        return Err(Failure::refused("a logo has at most 48 KiB"));
    }
    let mime = match path.extension().and_then(|extension| extension.to_str()) {
        Some("png") if bytes.starts_with(b"\x89PNG\r\n\x1a\n") => "image/png",
        Some("svg") if std::str::from_utf8(&bytes).is_ok_and(|text| text.contains("<svg")) => "image/svg+xml",
        _ => return Err(Failure::refused("a logo is an SVG or PNG file")),
    };
    Ok(format!("data:{mime};base64,{}", STANDARD.encode(bytes)))
}

fn failure(cause: TenantError) -> Failure {
    match cause {
        TenantError::Fault(fault) => local::failure(&fault),
        other => Failure::refused(other.to_string()),
    }
}
