//! `rsp client list|create|disable|enable`

use domain::{
    AuthMethod, Client, ClientId, ClientKind, ClientSettings, GrantType, RedirectUri, Resource, Scopes,
    UriRefused,
};
use engine::clients::{ClientError, NewClient};
use serde::Serialize;

use super::local;
use crate::cli::admin::{ClientArg, ClientCreateArgs, ClientKind as Kind};
use crate::cli::{ClientCommand, Global};
use crate::output::{ExitCode, Failure, Printer, Row};

/// Clients listed at most.
const LISTED: u32 = 10_000;
/// What an application with people may ask for when nothing else is said.
const STANDARD_SCOPES: &str = "openid profile email address phone offline_access";

/// A client as shown to operators.
#[derive(Debug, Serialize)]
struct View {
    client_id: ClientId,
    name: String,
    kind: ClientKind,
    token_endpoint_auth_method: AuthMethod,
    disabled: bool,
    settings: ClientSettings,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

impl From<Client> for View {
    fn from(client: Client) -> Self {
        Self {
            client_id: client.client_id,
            name: client.name,
            kind: client.kind,
            token_endpoint_auth_method: client.auth_method,
            disabled: client.disabled_at.is_some(),
            settings: client.settings,
            client_secret: None,
        }
    }
}

impl Row for View {
    const HEADERS: &'static [&'static str] = &["CLIENT ID", "NAME", "AUTHENTICATION", "DISABLED", "SCOPES"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.client_id.to_string(),
            self.name.clone(),
            self.token_endpoint_auth_method.as_str().to_owned(),
            if self.disabled { "yes" } else { "no" }.to_owned(),
            self.settings.scopes.to_string(),
        ]
    }
}

/// Runs one of the commands.
pub async fn run(command: &ClientCommand, global: &Global) -> Result<ExitCode, Failure> {
    let printer = Printer::new(global.output);
    match command {
        ClientCommand::List(tenant) => {
            let app = local::open(global).await?;
            let ctx = local::ctx(&app, tenant)?;
            let clients = app.list_clients(&ctx, None, LISTED).await.map_err(failure)?;
            let views: Vec<View> = clients.into_iter().map(View::from).collect();
            printer.list(&views).map_err(anyhow::Error::from)?;
        }
        ClientCommand::Create(args) => {
            printer
                .item(&create(args, global).await?)
                .map_err(anyhow::Error::from)?;
        }
        ClientCommand::Disable(args) => printer
            .item(&switch(args, global, false).await?)
            .map_err(anyhow::Error::from)?,
        ClientCommand::Enable(args) => printer
            .item(&switch(args, global, true).await?)
            .map_err(anyhow::Error::from)?,
    }
    Ok(ExitCode::Done)
}

async fn create(args: &ClientCreateArgs, global: &Global) -> Result<View, Failure> {
    let new = describe(args)?;
    let app = local::open(global).await?;
    let ctx = local::ctx(&app, &args.tenant)?;
    let (client, secret) = app.create_client(&ctx, new).await.map_err(failure)?;
    Ok(View {
        client_secret: secret.map(|secret| secret.expose().clone()),
        ..View::from(client)
    })
}

async fn switch(args: &ClientArg, global: &Global, on: bool) -> Result<View, Failure> {
    let id: ClientId = args
        .client_id
        .parse()
        .map_err(|cause: domain::ClientIdRefused| Failure::usage(cause.to_string()))?;
    let app = local::open(global).await?;
    let ctx = local::ctx(&app, &args.tenant)?;
    let switched = if on {
        app.enable_client(&ctx, &id).await
    } else {
        app.disable_client(&ctx, &id).await
    };
    switched.map(View::from).map_err(failure)
}

/// From options to a client with safe defaults for its kind.
fn describe(args: &ClientCreateArgs) -> Result<NewClient, Failure> {
    let (kind, auth_method, grant_types) = match args.kind {
        Kind::Native => (ClientKind::Native, AuthMethod::None, WITH_PEOPLE.to_vec()),
        Kind::Service => (
            ClientKind::Confidential,
            AuthMethod::ClientSecretBasic,
            vec![GrantType::ClientCredentials],
        ),
        Kind::Spa => (ClientKind::Spa, AuthMethod::None, WITH_PEOPLE.to_vec()),
        Kind::Web => (
            ClientKind::Confidential,
            AuthMethod::ClientSecretBasic,
            WITH_PEOPLE.to_vec(),
        ),
    };
    let scopes = match (args.scopes.is_empty(), args.kind) {
        (true, Kind::Service) => String::new(),
        (true, _) => STANDARD_SCOPES.to_owned(),
        (false, _) => args.scopes.join(" "),
    };
    let scopes: Scopes = scopes
        .parse()
        .map_err(|cause: domain::ScopeRefused| Failure::usage(cause.to_string()))?;
    let native = kind == ClientKind::Native;
    let uris = |texts: &[String]| -> Result<Vec<RedirectUri>, Failure> {
        texts
            .iter()
            .map(|text| RedirectUri::register(text, native).map_err(|cause| refused(text, cause)))
            .collect()
    };
    let resources: Result<Vec<Resource>, Failure> = args
        .resources
        .iter()
        .map(|text| Resource::parse(text).map_err(|cause| refused(text, cause)))
        .collect();
    let settings = ClientSettings {
        redirect_uris: uris(&args.redirect_uris)?,
        post_logout_redirect_uris: uris(&args.post_logout_redirect_uris)?,
        grant_types,
        scopes,
        resources: resources?,
        ..ClientSettings::default()
    };
    Ok(NewClient {
        client_id: None,
        name: args.name.clone(),
        kind,
        auth_method,
        settings,
    })
}

const WITH_PEOPLE: [GrantType; 2] = [GrantType::AuthorizationCode, GrantType::RefreshToken];

fn refused(text: &str, cause: UriRefused) -> Failure {
    Failure::usage(format!("{text} {cause}"))
}

fn failure(cause: ClientError) -> Failure {
    match cause {
        ClientError::Fault(fault) => local::failure(&fault),
        other => Failure::refused(other.to_string()),
    }
}
