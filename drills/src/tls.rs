//! A certificate for a node, and connections that trust it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const NAME: &str = "localhost";

/// A certificate of a node for `localhost`, signed by itself.
#[derive(Debug)]
pub(crate) struct Certificate {
    cert: PathBuf,
    key: PathBuf,
    pem: String,
    config: Arc<ClientConfig>,
}

impl Certificate {
    /// Makes one; its files are in `folder`.
    pub(crate) fn make(folder: &Path) -> Result<Self> {
        let pair = KeyPair::generate().context("cannot make a key")?;
        let mut params =
            CertificateParams::new(vec![NAME.to_owned()]).context("cannot name a certificate")?;
        params.distinguished_name.push(DnType::CommonName, "drill");
        let made = params.self_signed(&pair).context("cannot sign a certificate")?;
        let (cert, key) = (folder.join("tls.pem"), folder.join("tls.key"));
        fs::write(&cert, made.pem()).context("cannot write the certificate")?;
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&key)
            .context("cannot write the key")?;
        file.write_all(pair.serialize_pem().as_bytes())
            .context("cannot write the key")?;
        let mut roots = RootCertStore::empty();
        roots
            .add(made.der().clone())
            .context("the certificate cannot be trusted")?;
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .context("TLS versions")?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self {
            cert,
            key,
            pem: made.pem(),
            config: Arc::new(config),
        })
    }

    /// Settings of a node that shows it.
    pub(crate) fn settings(&self) -> [(&'static str, String); 2] {
        let text = |path: &Path| path.display().to_string();
        [
            ("RSP__SERVER__TLS__CERT", text(&self.cert)),
            ("RSP__SERVER__TLS__KEY", text(&self.key)),
        ]
    }

    /// What a client has to trust.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// TLS over a connection, on which both sides speak HTTP/2.
    pub(crate) async fn wrap(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(NAME).context("name of the server")?;
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let stream = connector.connect(name, stream).await.context("TLS handshake")?;
        let chosen = stream.get_ref().1.alpn_protocol();
        anyhow::ensure!(chosen == Some(b"h2"), "the server does not speak HTTP/2");
        Ok(stream)
    }
}
