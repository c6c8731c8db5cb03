use std::fs;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};

use super::{TlsError, TlsFiles, TlsProfile};

/// The demo's private certificate authority and the server certificate it signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoCa {
    /// Certificate to trust in clients of the demo.
    pub ca: PathBuf,
    /// Certificate and key of the server.
    pub server: TlsFiles,
}

/// Finds the demo's certificates in `dir`, or makes them: `ca.pem` to be
/// trusted by clients, and a certificate for `localhost`, `127.0.0.1`, `::1`.
///
/// The authority's private key is never written: it signs once and is gone, so
/// a stolen demo directory cannot vouch for other names.
pub fn demo_ca(dir: &Path) -> Result<DemoCa, TlsError> {
    let files = DemoCa {
        ca: dir.join("ca.pem"),
        server: TlsFiles {
            cert: dir.join("server.pem"),
            key: dir.join("server.key"),
            profile: TlsProfile::Compatible,
        },
    };
    let kept = files.ca.exists() && files.server.load().is_ok();
    if !kept {
        make(dir, &files)?;
    }
    Ok(files)
}

fn make(dir: &Path, files: &DemoCa) -> Result<(), TlsError> {
    let ca_key = KeyPair::generate().map_err(TlsError::Generate)?;
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    ca.distinguished_name.push(DnType::CommonName, "rsp demo CA");
    let ca_cert = ca.self_signed(&ca_key).map_err(TlsError::Generate)?;
    let issuer = Issuer::new(ca, ca_key);

    let key = KeyPair::generate().map_err(TlsError::Generate)?;
    let mut leaf = CertificateParams::new(vec!["localhost".to_owned()]).map_err(TlsError::Generate)?;
    for address in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
        leaf.subject_alt_names.push(SanType::IpAddress(address));
    }
    leaf.distinguished_name.push(DnType::CommonName, "rsp demo");
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    let cert = leaf.signed_by(&key, &issuer).map_err(TlsError::Generate)?;

    fs::create_dir_all(dir).map_err(|source| keep(dir, source))?;
    write(&files.server.key, &key.serialize_pem(), Access::Owner)?;
    write(&files.server.cert, &cert.pem(), Access::Everyone)?;
    write(&files.ca, &ca_cert.pem(), Access::Everyone)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Everyone,
    Owner,
}

/// Writes beside the target and renames, so that a reader never sees half a file.
fn write(path: &Path, text: &str, access: Access) -> Result<(), TlsError> {
    let fresh = path.with_extension("new");
    let written = || -> io::Result<()> {
        fs::remove_file(&fresh).or_else(absent_is_fine)?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(
            &mut options,
            if access == Access::Owner { 0o600 } else { 0o644 },
        );
        let mut file = options.open(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, path)
    };
    written().map_err(|source| keep(path, source))
}

fn absent_is_fine(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound {
        Ok(())
    } else {
        Err(error)
    }
}

fn keep(path: &Path, source: io::Error) -> TlsError {
    TlsError::Keep {
        path: path.to_owned(),
        source,
    }
}
