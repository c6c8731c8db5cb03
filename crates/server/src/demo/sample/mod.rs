//! The sample web application of `rsp demo`: an ordinary relying party on a port of its own.
//!
//! It signs people in with the code flow and PKCE, checks what comes back as strictly as a careful client would, and
//! shows it. It knows the issuer by its address only; everything else comes from discovery. Sign-ins under way and
//! sessions live in memory, bounded and for a limited time.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use domain::{Issuer, Secret, World};
use tokio::net::TcpListener;

mod assets;
mod cookies;
mod id_token;
mod provider;
mod refusal;
mod routes;
mod session;
mod sign_in;
mod store;
mod view;

use provider::Provider;
use session::Session;
use sign_in::Pending;
use store::Store;

/// How many ports after the wanted one are tried before any free one is taken.
const NEARBY: u16 = 10;

/// What the sample application is given, as any client would be.
#[derive(Debug)]
pub struct SampleApp {
    /// The issuer it trusts, for example `http://localhost:8080`.
    pub issuer: String,
    /// Its client id.
    pub client_id: String,
    /// Its client secret.
    pub client_secret: Secret<String>,
    /// Its own address as browsers see it, without a slash at the end, for example `http://127.0.0.1:9999`.
    pub own_url: String,
    /// PEM certificates it trusts for an https issuer, and no others; `None` trusts the system's.
    pub ca_file: Option<PathBuf>,
    /// Time and randomness.
    pub world: World,
}

/// Why the sample application cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SampleAppError {
    /// `ca_file` cannot be read.
    #[error("cannot read the certificates of {}", .path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The certificates or the TLS settings are unusable.
    #[error("cannot set up the HTTP client of the sample application")]
    HttpClient(#[from] reqwest::Error),
}

impl SampleApp {
    /// The redirect URI to register for the client.
    pub fn redirect_uri(&self) -> String {
        redirect_uri(&self.own_url)
    }

    /// The post-logout redirect URI to register for the client.
    pub fn post_logout_redirect_uri(&self) -> String {
        post_logout_redirect_uri(&self.own_url)
    }

    /// The routes, to be put behind `http_face::layers::protect`.
    pub fn router(self) -> Result<Router, SampleAppError> {
        Ok(routes::router(Arc::new(Sample::new(self)?)))
    }
}

/// The redirect URI of a sample application at `own_url`.
pub fn redirect_uri(own_url: &str) -> String {
    format!("{own_url}/callback")
}

/// The post-logout redirect URI of a sample application at `own_url`.
pub fn post_logout_redirect_uri(own_url: &str) -> String {
    format!("{own_url}/bye")
}

/// Binds 127.0.0.1 at `port`, or at one of the next ten, or at any free port. Only IPv4: the redirect URI names the
/// address itself, so nothing has to be resolved.
pub async fn bind_near(port: u16) -> io::Result<(TcpListener, u16)> {
    let nearby = (0..NEARBY).filter_map(|offset| port.checked_add(offset));
    for candidate in nearby {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, candidate)).await {
            Ok(socket) => return with_port(socket),
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(error),
        }
    }
    with_port(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?)
}

fn with_port(socket: TcpListener) -> io::Result<(TcpListener, u16)> {
    let port = socket.local_addr()?.port();
    Ok((socket, port))
}

fn is_taken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
    )
}

/// The running application.
struct Sample {
    own_url: String,
    issuer: Issuer,
    client_id: String,
    provider: Provider,
    world: World,
    /// Sign-ins under way, by `state`.
    pending: Store<Pending>,
    /// Sessions, by their cookie.
    sessions: Store<Arc<Session>>,
    /// Sign-outs under way, by `state`.
    leaving: Store<()>,
    cookies: cookies::Names,
}

impl Sample {
    fn new(app: SampleApp) -> Result<Self, SampleAppError> {
        let issuer = Issuer::new(&app.issuer, "");
        Ok(Self {
            provider: Provider::new(&issuer, &app)?,
            cookies: cookies::Names::new(&app.own_url),
            issuer,
            client_id: app.client_id,
            own_url: app.own_url,
            world: app.world,
            pending: Store::new(sign_in::LIFETIME, 1024),
            sessions: Store::new(session::LIFETIME, 256),
            leaving: Store::new(sign_in::LIFETIME, 256),
        })
    }
}

impl fmt::Debug for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sample")
            .field("own_url", &self.own_url)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
