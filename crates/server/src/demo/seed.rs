//! What the demo's database holds at its first start, and what later starts add.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use domain::{
    Actor, AuthMethod, Brand, ClientId, ClientKind, ClientSettings, Email, GrantType, RedirectUri,
    RegistrationSettings, Resource, Secret, Slug, TenantSettings,
};
use engine::clients::NewClient;
use engine::users::NewUser;
use engine::{App, Ctx};

use super::credentials::{AdminEntry, ClientEntry, Credentials, UserEntry};
use super::{people, sample};
use crate::cli::DemoArgs;
use crate::commands::init::write_private;
use crate::commands::user::random_password;
use crate::output::Failure;

/// The contract's redirect URI of `demo-web`.
const WEB_CALLBACK: &str = "http://127.0.0.1:9999/callback";
const WEB_BYE: &str = "http://127.0.0.1:9999/bye";
const API: &str = "https://api.example.com";
const PEOPLE_SCOPES: &str = "openid profile email address phone offline_access api.read api.write";

/// What to seed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan<'a> {
    pub args: &'a DemoArgs,
    pub data: &'a Path,
    pub sample_url: &'a str,
}

/// Makes tenants, people and clients at the first start; takes the kept credentials later. The redirect URIs of
/// `demo-web` follow the command line at every start.
pub(super) async fn seed(app: &App, plan: &Plan<'_>) -> Result<Credentials, Failure> {
    let kept = plan.data.join("credentials.json");
    let mut credentials = match Credentials::read(&kept)? {
        Some(credentials) => credentials,
        None => {
            if app.tenant(&Slug::default_tenant()).is_some() {
                return Err(Failure::refused(format!(
                    "the database has tenants already, but {} is missing: name the demo's own data directory",
                    kept.display()
                )));
            }
            let credentials = first_start(app, plan).await?;
            write_private(&kept, &credentials.to_json()?)?;
            credentials
        }
    };
    let view = app
        .tenant(&Slug::default_tenant())
        .context("the default tenant is missing")?;
    let ctx = Ctx::internal(view, Actor::Operator, &app.world);
    update_web_client(app, &ctx, plan, &mut credentials).await?;
    // A client that keeps the key set from its first request must find every key in it.
    app.rotate_due_keys(&ctx)
        .await
        .context("cannot make the signing keys")?;
    Ok(credentials)
}

async fn first_start(app: &App, plan: &Plan<'_>) -> Result<Credentials, Failure> {
    // Visitors make an account of their own and see what it takes; the mail is at /dev/mail.
    let settings = TenantSettings {
        registration: RegistrationSettings { open: true },
        ..TenantSettings::default()
    };
    let view = app
        .create_tenant(
            Actor::Operator,
            Slug::default_tenant(),
            "Example Company",
            settings,
        )
        .await
        .context("cannot make the default tenant")?;
    let ctx = Ctx::internal(view, Actor::Operator, &app.world);
    other_tenant(app).await?;

    let admin = person(app, &ctx, "admin@example.com", ("Robin", "Admin", "en")).await?;
    let alice = person(app, &ctx, "alice@example.com", ("Alice", "Example", "en-GB")).await?;
    let bob = person(app, &ctx, "bob@example.com", ("Bob", "Beispiel", "de-CH")).await?;
    let mut clients = Vec::new();
    for new in sample_clients()? {
        clients.push(client(app, &ctx, new).await?);
    }
    for new in people::invent(plan.args.seed) {
        app.create_user(&ctx, new)
            .await
            .context("cannot make the sample people")?;
    }
    Ok(Credentials {
        issuer: String::new(),
        management: String::new(),
        console: String::new(),
        ca_file: None,
        admin: AdminEntry {
            email: admin.email,
            password: admin.password,
        },
        users: vec![alice, bob],
        clients,
    })
}

/// A second tenant under its own path, with its own look.
async fn other_tenant(app: &App) -> Result<(), Failure> {
    let slug: Slug = "acme".parse().map_err(|cause| anyhow!("{cause}"))?;
    let brand = Brand {
        accent: Some("#0f766e".to_owned()),
        logo: None,
    };
    let settings = TenantSettings {
        brand,
        ..TenantSettings::default()
    };
    app.create_tenant(Actor::Operator, slug, "Acme", settings)
        .await
        .context("cannot make the second tenant")?;
    Ok(())
}

async fn person(
    app: &App,
    ctx: &Ctx,
    email: &str,
    (given, family, locale): (&str, &str, &str),
) -> Result<UserEntry, Failure> {
    let password = random_password(&app.world);
    let new = NewUser {
        email: email.parse::<Email>().context("a sample address is malformed")?,
        email_verified: true,
        profile: people::full_profile(given, family, locale),
        password: Some(Secret::new(password.clone())),
    };
    let user = app
        .create_user(ctx, new)
        .await
        .context("cannot make a sample person")?;
    Ok(UserEntry {
        email: email.to_owned(),
        password,
        sub: user.id.to_string(),
    })
}

fn sample_clients() -> Result<Vec<NewClient>, Failure> {
    use GrantType::{AuthorizationCode, ClientCredentials, RefreshToken};
    let scopes = |text: &str| text.parse().context("sample scopes are malformed");
    let api = Resource::parse(API).context("the sample resource is malformed")?;
    let web = ClientSettings {
        redirect_uris: vec![register(WEB_CALLBACK)?],
        post_logout_redirect_uris: vec![register(WEB_BYE)?],
        grant_types: vec![AuthorizationCode, RefreshToken, ClientCredentials],
        scopes: scopes(PEOPLE_SCOPES)?,
        resources: vec![api.clone()],
        always_refresh: true,
        ..ClientSettings::default()
    };
    let spa = ClientSettings {
        redirect_uris: vec![
            RedirectUri::register("http://127.0.0.1/callback", true).context("redirect URI")?,
        ],
        post_logout_redirect_uris: vec![
            RedirectUri::register("http://127.0.0.1/bye", true).context("redirect URI")?,
        ],
        grant_types: vec![AuthorizationCode, RefreshToken],
        scopes: scopes(PEOPLE_SCOPES)?,
        resources: vec![api.clone()],
        ..ClientSettings::default()
    };
    let service = ClientSettings {
        grant_types: vec![ClientCredentials],
        scopes: scopes("api.read api.write")?,
        resources: vec![api.clone()],
        ..ClientSettings::default()
    };
    let resource_server = ClientSettings {
        resource: Some(api),
        ..ClientSettings::default()
    };
    let admin = ClientSettings {
        grant_types: vec![ClientCredentials],
        scopes: scopes("rsp.admin")?,
        ..ClientSettings::default()
    };
    let make = |name: &str, kind, auth_method, settings| -> Result<NewClient, Failure> {
        let client_id: ClientId = name.parse().context("a sample client id is malformed")?;
        Ok(NewClient {
            client_id: Some(client_id),
            name: name.to_owned(),
            kind,
            auth_method,
            settings,
        })
    };
    let confidential = |name: &str, settings| {
        make(
            name,
            ClientKind::Confidential,
            AuthMethod::ClientSecretBasic,
            settings,
        )
    };
    Ok(vec![
        confidential("demo-web", web)?,
        make("demo-spa", ClientKind::Native, AuthMethod::None, spa)?,
        confidential("demo-service", service)?,
        confidential("demo-api", resource_server)?,
        confidential("demo-admin", admin)?,
    ])
}

async fn client(app: &App, ctx: &Ctx, new: NewClient) -> Result<ClientEntry, Failure> {
    let (client, secret) = app
        .create_client(ctx, new)
        .await
        .context("cannot make a sample client")?;
    let texts = |uris: &[RedirectUri]| uris.iter().map(|uri| uri.as_str().to_owned()).collect();
    let settings = &client.settings;
    Ok(ClientEntry {
        name: client.name,
        client_id: client.client_id.to_string(),
        client_secret: secret.map(|secret| secret.expose().clone()),
        redirect_uris: texts(&settings.redirect_uris),
        post_logout_redirect_uris: texts(&settings.post_logout_redirect_uris),
        grant_types: settings
            .grant_types
            .iter()
            .map(|grant| grant.as_str().to_owned())
            .collect(),
        token_endpoint_auth_method: Some(client.auth_method.as_str().to_owned()),
        scope: (!settings.scopes.is_empty()).then(|| settings.scopes.to_string()),
        resource: settings
            .resource
            .as_ref()
            .map(|resource| resource.as_str().to_owned()),
    })
}

/// The redirect URIs of `demo-web`: the contract's, the sample application's, and those of the command line.
async fn update_web_client(
    app: &App,
    ctx: &Ctx,
    plan: &Plan<'_>,
    credentials: &mut Credentials,
) -> Result<(), Failure> {
    let entry = credentials
        .clients
        .iter_mut()
        .find(|client| client.name == "demo-web")
        .context("the kept credentials have no demo-web")?;
    let mut callbacks = vec![WEB_CALLBACK.to_owned(), sample::redirect_uri(plan.sample_url)];
    let mut byes = vec![
        WEB_BYE.to_owned(),
        sample::post_logout_redirect_uri(plan.sample_url),
    ];
    for uri in &plan.args.redirect_uris {
        // As written: a redirect URI is compared as a string.
        let origin = register(uri)?
            .origin()
            .ok_or_else(|| Failure::usage(format!("{uri} has no origin")))?;
        callbacks.push(uri.clone());
        byes.push(format!("{}/bye", origin.as_str()));
    }
    for list in [&mut callbacks, &mut byes] {
        let mut seen = std::collections::HashSet::new();
        list.retain(|uri| seen.insert(uri.clone()));
    }
    let id: ClientId = entry
        .client_id
        .parse()
        .context("the kept client id is malformed")?;
    let client = app.client(ctx, &id).await.context("demo-web is missing")?;
    let register_all = |uris: &[String]| {
        uris.iter()
            .map(|uri| register(uri))
            .collect::<Result<Vec<_>, _>>()
    };
    let settings = ClientSettings {
        redirect_uris: register_all(&callbacks)?,
        post_logout_redirect_uris: register_all(&byes)?,
        ..client.settings.clone()
    };
    if settings != client.settings {
        app.update_client(ctx, &id, &settings)
            .await
            .context("cannot set the redirect URIs of demo-web")?;
    }
    entry.redirect_uris = callbacks;
    entry.post_logout_redirect_uris = byes;
    Ok(())
}

fn register(uri: &str) -> Result<RedirectUri, Failure> {
    RedirectUri::register(uri, false).map_err(|cause| Failure::usage(format!("redirect URI {uri} {cause}")))
}
