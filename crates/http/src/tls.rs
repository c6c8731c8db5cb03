//! TLS for the listeners: certificates from files, the two profiles of control
//! B3, and a private CA for the demo.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, cipher_suite, kx_group};
use rustls::{ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::management::Metrics;

mod demo_ca;

pub use demo_ca::{DemoCa, demo_ca};

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file is missing, unreadable, or not what it should be.
    #[error("{what} {path} cannot be used: {reason}")]
    File {
        /// "certificate" or "private key".
        what: &'static str,
        path: PathBuf,
        reason: String,
    },
    /// Certificate and key do not belong together, or the key type is unknown.
    #[error("certificate and private key cannot be used together")]
    Pair(#[source] rustls::Error),
    /// The demo's certificate could not be made.
    #[error("cannot make a certificate")]
    Generate(#[source] rcgen::Error),
    /// The demo's files could not be written or read.
    #[error("cannot keep the certificate in {path}")]
    Keep {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Which protocol versions, suites and groups are offered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsProfile {
    /// TLS 1.2 and 1.3, AEAD suites with forward secrecy only.
    Compatible,
    /// TLS 1.3 only (B3).
    #[default]
    Strict,
}

impl TlsProfile {
    /// The provider restricted to this profile. Suites and groups are properties of the
    /// provider; the hybrid post-quantum group comes first in both (CR7).
    fn provider(self) -> CryptoProvider {
        let mut suites = vec![
            cipher_suite::TLS13_AES_256_GCM_SHA384,
            cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        ];
        let mut groups = vec![kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP384R1];
        if self == Self::Compatible {
            suites.extend([
                cipher_suite::TLS13_AES_128_GCM_SHA256,
                cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
                cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
                cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            ]);
            groups.push(kx_group::SECP256R1);
        }
        CryptoProvider {
            cipher_suites: suites,
            kx_groups: groups,
            ..aws_lc_rs::default_provider()
        }
    }

    fn versions(self) -> &'static [&'static SupportedProtocolVersion] {
        match self {
            Self::Compatible => &COMPATIBLE,
            Self::Strict => &STRICT,
        }
    }
}

static COMPATIBLE: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];
static STRICT: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS13];

/// Where a listener's certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// PEM: the certificate, then its intermediates.
    pub cert: PathBuf,
    /// PEM: PKCS#8, SEC1 or PKCS#1.
    pub key: PathBuf,
    pub profile: TlsProfile,
}

impl TlsFiles {
    /// Reads the files and checks that they belong together.
    pub fn load(&self) -> Result<ServerConfig, TlsError> {
        let chain = self.chain()?;
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| unusable("private key", &self.key, &error))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(self.profile.provider()))
            .with_protocol_versions(self.profile.versions())
            .map_err(TlsError::Pair)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(TlsError::Pair)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // Resumption without server-side memory; the ticket keys change by themselves.
        config.ticketer = aws_lc_rs::Ticketer::new().map_err(TlsError::Pair)?;
        Ok(config)
    }

    fn stamps(&self) -> Stamps {
        [&self.cert, &self.key].map(|path| path.metadata().and_then(|about| about.modified()).ok())
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let chain = CertificateDer::pem_file_iter(&self.cert)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| unusable("certificate", &self.cert, &error))?;
        if chain.is_empty() {
            let path = self.cert.clone();
            return Err(TlsError::File {
                what: "certificate",
                path,
                reason: "it holds no certificate".to_owned(),
            });
        }
        Ok(chain)
    }
}

/// The PEM reader's errors describe positions and labels, never contents.
fn unusable(what: &'static str, path: &Path, error: &rustls_pki_types::pem::Error) -> TlsError {
    TlsError::File {
        what,
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

/// The certificate in use; replaced while connections are open.
#[derive(Debug, Clone)]
pub struct TlsHandle {
    files: Arc<TlsFiles>,
    current: Arc<ArcSwap<ServerConfig>>,
    /// What the files looked like when they were read last, well or not.
    seen: Arc<Mutex<Stamps>>,
}

/// When the two files were changed.
type Stamps = [Option<SystemTime>; 2];

impl TlsHandle {
    /// Loads the files for the first time.
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        // Looked at before they are read: what changes in between is read again.
        let seen = Arc::new(Mutex::new(files.stamps()));
        let current = Arc::new(ArcSwap::from_pointee(files.load()?));
        Ok(Self {
            seen,
            files: Arc::new(files),
            current,
        })
    }

    /// Reads the files again. Handshakes from now on use the new certificate; on
    /// an error the old one stays in use (R31).
    pub fn reload(&self) -> Result<(), TlsError> {
        self.current.store(Arc::new(self.files.load()?));
        Ok(())
    }

    /// Reads the files again if they have changed, or if `asked` to; reads files. What cannot be used is logged and
    /// counted, and the certificate in use stays.
    pub fn refresh(&self, asked: bool, metrics: &Metrics) {
        let stamps = self.files.stamps();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == stamps && !asked {
            return;
        }
        *seen = stamps;
        drop(seen);
        match self.reload() {
            Ok(()) => {
                metrics.certificate_loaded(true);
                tracing::info!("a new certificate is in use");
            }
            Err(error) => {
                metrics.certificate_loaded(false);
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "the certificate stays as it is");
            }
        }
    }

    /// Performs the handshake.
    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        TlsAcceptor::from(self.current.load_full()).accept(stream).await
    }
}

#[cfg(test)]
mod tests;
