//! `rsp demo`: an issuer with sample people and clients, and an application that uses it.

mod credentials;
mod people;
pub mod sample;
mod seed;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use domain::{Secret, World};
use engine::mail::{Carrier, Courier};
use engine::{App, AppOptions};
use http_face::listener::bind;
use http_face::tls::{TlsHandle, demo_ca};
use http_face::{DemoHome, MailCatcher};
use storage::Db;
use tokio::net::TcpListener;

use crate::cli::{DemoArgs, Global};
use crate::commands::init::{make_private_dir, write_kek, write_private};
use crate::commands::{config, migrate};
use crate::config::Config;
use crate::output::{ExitCode, Failure, say};
use crate::telemetry;
use crate::wiring::{self, Faces, Wiring};
use credentials::Credentials;
use sample::SampleApp;

/// Where the demo keeps its data unless told otherwise.
const DATA_DIR: &str = "demo-data";
/// Where the sample application listens if it can. Not 9999: there the reader's own client takes the code of `demo-web`.
const SAMPLE_PORT: u16 = 8_081;

/// Starts everything in one process and serves until a signal.
pub async fn run(args: &DemoArgs, global: &Global) -> Result<ExitCode, Failure> {
    let data = global.data.clone().unwrap_or_else(|| PathBuf::from(DATA_DIR));
    make_private_dir(&data)?;
    write_kek(&data.join("kek"), &World::system())?;
    let global = Global {
        data: Some(data.clone()),
        ..global.clone()
    };
    let mut config = config::load(&global)?.config;
    telemetry::start(&config.log.level, config.log.format).context("cannot start the log")?;

    let public = bind(args.listen)
        .await
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    let port = first_port(&public)?;
    let scheme = if args.tls { "https" } else { "http" };
    config.server.public_url =
        url::Url::parse(&format!("{scheme}://localhost:{port}")).context("the issuer is no URL")?;
    if config.keys.kek.file.is_none() && config.keys.kek.env.is_none() {
        config.keys.kek.file = Some(data.join("kek"));
    }
    let ca = if args.tls {
        Some(demo_ca(&data).context("cannot make the private CA")?)
    } else {
        None
    };
    let tls = match &ca {
        Some(ca) => Some(TlsHandle::load(ca.server.clone()).context("cannot load the certificate")?),
        None => None,
    };
    let management = management_sockets(&config).await?;
    let (sample_socket, sample_port) = sample::bind_near(SAMPLE_PORT)
        .await
        .context("cannot listen for the sample application")?;

    let sample_url = format!("http://127.0.0.1:{sample_port}");
    let app = open(&config).await?;
    let plan = seed::Plan {
        args,
        data: &data,
        sample_url: &sample_url,
    };
    let mut credentials = seed::seed(&app, &plan).await?;
    credentials.issuer = config.issuer();
    credentials.console = format!("{}/console/", config.issuer());
    credentials.management = format!("http://localhost:{}", first_port(&management)?);
    credentials.ca_file = ca.as_ref().map(|ca| absolute(&ca.ca)).transpose()?;
    if let Some(file) = &args.credentials {
        write_private(file, &credentials.to_json()?)?;
    }

    let catcher = Arc::new(MailCatcher::default());
    app.use_mail(Courier {
        render: http_face::pages::mail,
        carrier: Arc::clone(&catcher) as Arc<dyn Carrier>,
    });
    let demo = home(args, &credentials, &sample_url, catcher);
    let web = credentials
        .client("demo-web")
        .context("the demo has no demo-web")?;
    let sample = SampleApp {
        issuer: credentials.issuer.clone(),
        client_id: web.client_id.clone(),
        client_secret: Secret::new(web.client_secret.clone().unwrap_or_default()),
        own_url: sample_url.clone(),
        ca_file: ca.map(|ca| ca.ca),
        world: World::system(),
    };
    let beside = sample.router().context("cannot set up the sample application")?;
    announce(args, &credentials, &sample_url);
    let faces = Faces {
        public,
        management,
        tls,
    };
    let wiring = Wiring {
        config,
        app,
        faces,
        demo: Some(Arc::new(demo)),
        beside: Some((beside, sample_socket)),
    };
    wiring::run(wiring).await?;
    Ok(ExitCode::Done)
}

/// Migrates and opens the demo's database.
async fn open(config: &Config) -> Result<Arc<App>, Failure> {
    migrate::bring_up_to_date(config).await?;
    let kek = config
        .keys
        .kek
        .load()
        .map_err(|problem| Failure::usage(problem.to_string()))?;
    let db = Db::open(&config.database.options())
        .await
        .context("cannot open the database")?;
    let options = AppOptions {
        password_filter: config.password.filter.clone(),
        public_url: config.issuer(),
        kek,
        passwords: config.password.policy(),
        limits: config.limits().context("cannot open the shared state")?,
    };
    Ok(Arc::new(
        App::new(db, World::system(), options)
            .await
            .context("cannot start")?,
    ))
}

/// The configured management address; another port when somebody else has it, because this is only a demo.
async fn management_sockets(config: &Config) -> Result<Vec<TcpListener>, Failure> {
    match bind(config.server.management_listen).await {
        Ok(sockets) => Ok(sockets),
        Err(_) => Ok(bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            .await
            .context("cannot listen for management")?),
    }
}

fn first_port(sockets: &[TcpListener]) -> Result<u16, Failure> {
    let socket = sockets.first().context("there is no socket")?;
    Ok(socket.local_addr().context("the socket has no address")?.port())
}

fn absolute(path: &Path) -> Result<String, Failure> {
    Ok(std::path::absolute(path)
        .context("the data directory has no absolute path")?
        .display()
        .to_string())
}

fn home(args: &DemoArgs, credentials: &Credentials, sample_url: &str, mail: Arc<MailCatcher>) -> DemoHome {
    let admin = [(
        credentials.admin.email.clone(),
        credentials.admin.password.clone(),
        true,
    )];
    let people = credentials
        .users
        .iter()
        .map(|user| (user.email.clone(), user.password.clone(), false));
    DemoHome {
        credentials_file: args.credentials.as_ref().map(|path| path.display().to_string()),
        sample_url: sample_url.to_owned(),
        management_url: credentials.management.clone(),
        mail,
        accounts: people.chain(admin).collect(),
        clients: credentials
            .clients
            .iter()
            .map(credentials::ClientEntry::shown)
            .collect(),
    }
}

fn announce(args: &DemoArgs, credentials: &Credentials, sample_url: &str) {
    say(&format!("demo ready: open {}", credentials.issuer));
    say(&format!("  sample application  {sample_url}"));
    for user in &credentials.users {
        say(&format!(
            "  sign in as          {}  {}",
            user.email, user.password
        ));
    }
    say(&format!(
        "  administrator       {}  {}",
        credentials.admin.email, credentials.admin.password
    ));
    say(&format!("  mails               {}/dev/mail", credentials.issuer));
    say(&format!("  management          {}", credentials.management));
    if let Some(file) = &args.credentials {
        say(&format!("  credentials         {}", file.display()));
    }
    if let Some(ca) = &credentials.ca_file {
        say(&format!("  trust this CA       {ca}"));
    }
}
