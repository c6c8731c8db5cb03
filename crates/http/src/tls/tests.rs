use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, ProtocolVersion, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use super::{TlsError, TlsFiles, TlsHandle, TlsProfile, demo_ca};
use crate::listener::{Limits, Server};
use crate::management::{Catalogue, Metrics};

async fn serve(files: TlsFiles) -> (u16, TlsHandle, CancellationToken) {
    serve_within(files, Limits::default(), &mut Catalogue::default()).await
}

async fn serve_within(
    files: TlsFiles,
    limits: Limits,
    catalogue: &mut Catalogue,
) -> (u16, TlsHandle, CancellationToken) {
    let handle = TlsHandle::load(files).unwrap();
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let stop = CancellationToken::new();
    let router = Router::new().route("/", get(|| async { "hello" }));
    let metrics = Metrics::register(catalogue);
    let server = Server::new(router, limits, metrics)
        .on([socket])
        .with_tls(Some(handle.clone()));
    tokio::spawn(server.run(stop.clone()));
    (port, handle, stop)
}

/// What a client that trusts `ca` and speaks `versions` finds.
#[derive(Debug)]
struct Seen {
    version: ProtocolVersion,
    group: String,
    alpn: Vec<u8>,
    certificate: Vec<u8>,
    answer: String,
}

async fn visit(
    port: u16,
    ca: &Path,
    name: &str,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> std::io::Result<Seen> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (_, session) = stream.get_ref();
    Ok(Seen {
        version: session.protocol_version().unwrap(),
        group: format!("{:?}", session.negotiated_key_exchange_group().unwrap().name()),
        alpn: session.alpn_protocol().unwrap().to_vec(),
        certificate: session.peer_certificates().unwrap()[0].to_vec(),
        answer,
    })
}

const TLS12: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS12];
const BOTH: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

#[tokio::test]
async fn the_demo_certificate_is_good_for_every_loopback_name() {
    let dir = tempfile::tempdir().unwrap();
    let demo = demo_ca(dir.path()).unwrap();
    let (port, _, _) = serve(demo.server).await;
    for name in ["localhost", "127.0.0.1", "::1"] {
        let seen = visit(port, &demo.ca, name, BOTH).await.unwrap();
        assert!(seen.answer.ends_with("hello"), "{name}: {seen:?}");
        assert_eq!(seen.version, ProtocolVersion::TLSv1_3);
        assert_eq!(seen.group, "X25519MLKEM768");
        assert_eq!(seen.alpn, b"http/1.1");
    }
    assert!(visit(port, &demo.ca, "example.com", BOTH).await.is_err());
}

#[tokio::test]
async fn who_does_not_finish_the_handshake_is_cut() {
    const BOUND: Duration = Duration::from_secs(20);
    let dir = tempfile::tempdir().unwrap();
    let demo = demo_ca(dir.path()).unwrap();
    let limits = Limits {
        handshake_timeout: Duration::from_secs(2),
        ..Limits::default()
    };
    let mut catalogue = Catalogue::default();
    let (port, _, _) = serve_within(demo.server, limits, &mut catalogue).await;
    // The head of a handshake record, and nothing of its body.
    for (start, cut) in [(&b""[..], 1), (&b"\x16\x03\x01\x02\x00"[..], 2)] {
        let mut silent = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        silent.write_all(start).await.unwrap();
        let mut sent = Vec::new();
        tokio::time::timeout(BOUND, silent.read_to_end(&mut sent))
            .await
            .expect("still open")
            .ok();
        assert_eq!(sent, b"", "no answer in clear");
        let line = format!("rsp_connections_refused_total{{reason=\"timeout\"}} {cut}");
        let text = catalogue.exposition().unwrap();
        assert!(text.lines().any(|found| found == line), "{text}");
    }
    let seen = visit(port, &demo.ca, "localhost", BOTH).await.unwrap();
    assert!(seen.answer.ends_with("hello"), "{seen:?}");
}

#[tokio::test]
async fn the_strict_profile_refuses_what_the_compatible_one_takes() {
    let dir = tempfile::tempdir().unwrap();
    let demo = demo_ca(dir.path()).unwrap();
    let (port, _, _) = serve(TlsFiles {
        profile: TlsProfile::Strict,
        ..demo.server.clone()
    })
    .await;
    assert!(visit(port, &demo.ca, "localhost", TLS12).await.is_err());
    assert_eq!(
        visit(port, &demo.ca, "localhost", BOTH).await.unwrap().version,
        ProtocolVersion::TLSv1_3
    );
    let (port, _, _) = serve(demo.server).await;
    assert_eq!(
        visit(port, &demo.ca, "localhost", TLS12).await.unwrap().version,
        ProtocolVersion::TLSv1_2
    );
}

#[tokio::test]
async fn a_new_certificate_is_taken_and_a_broken_one_is_not() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let demo = demo_ca(dir.path()).unwrap();
    let fresh = demo_ca(other.path()).unwrap();
    let (port, handle, _) = serve(demo.server.clone()).await;
    let first = visit(port, &demo.ca, "localhost", BOTH).await.unwrap();

    std::fs::write(&demo.server.cert, "not a certificate").unwrap();
    handle.reload().unwrap_err();
    assert_eq!(
        visit(port, &demo.ca, "localhost", BOTH)
            .await
            .unwrap()
            .certificate,
        first.certificate
    );

    std::fs::copy(&fresh.server.cert, &demo.server.cert).unwrap();
    assert!(
        matches!(handle.reload(), Err(TlsError::Pair(_))),
        "certificate and key of two pairs"
    );
    std::fs::copy(&fresh.server.key, &demo.server.key).unwrap();
    handle.reload().unwrap();
    let second = visit(port, &fresh.ca, "localhost", BOTH).await.unwrap();
    assert_ne!(second.certificate, first.certificate);
}

#[test]
fn files_are_read_again_when_they_change_and_what_is_broken_counts() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let demo = demo_ca(dir.path()).unwrap();
    let fresh = demo_ca(other.path()).unwrap();
    let handle = TlsHandle::load(demo.server.clone()).unwrap();
    let mut catalogue = Catalogue::default();
    let metrics = Metrics::register(&mut catalogue);
    let counted = |outcome: &str| {
        let line = format!("rsp_tls_certificate_loads_total{{outcome=\"{outcome}\"}} ");
        let text = catalogue.exposition().unwrap();
        text.lines()
            .find_map(|found| found.strip_prefix(&line).map(str::to_owned))
    };
    handle.refresh(false, &metrics);
    assert_eq!(
        (counted("ok"), counted("failed")),
        (None, None),
        "nothing changed"
    );
    handle.refresh(true, &metrics);
    assert_eq!(counted("ok").unwrap(), "1", "asked to");

    // A new file has another time, however coarse the clock of the file system is.
    let replace = |from: &Path, to: &Path, seconds: u64| {
        std::fs::copy(from, to).unwrap();
        let time = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        std::fs::File::options()
            .write(true)
            .open(to)
            .unwrap()
            .set_modified(time)
            .unwrap();
    };
    replace(&fresh.server.cert, &demo.server.cert, 1);
    handle.refresh(false, &metrics);
    assert_eq!(
        counted("failed").unwrap(),
        "1",
        "certificate and key of two pairs"
    );
    handle.refresh(false, &metrics);
    assert_eq!(counted("failed").unwrap(), "1", "said once");
    replace(&fresh.server.key, &demo.server.key, 2);
    handle.refresh(false, &metrics);
    assert_eq!(counted("ok").unwrap(), "2");
}

#[test]
fn the_demo_keeps_its_certificates_across_runs() {
    let dir = tempfile::tempdir().unwrap();
    let first = demo_ca(dir.path()).unwrap();
    let ca = std::fs::read(&first.ca).unwrap();
    assert_eq!(demo_ca(dir.path()).unwrap(), first);
    assert_eq!(std::fs::read(&first.ca).unwrap(), ca);
    std::fs::remove_file(&first.server.key).unwrap();
    demo_ca(dir.path()).unwrap();
    assert_ne!(std::fs::read(&first.ca).unwrap(), ca, "half a set is of no use");
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_the_key() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let demo = demo_ca(dir.path()).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&demo.server.key), 0o600);
    assert_eq!(mode(&demo.ca), 0o644);
}

#[test]
fn errors_name_the_file_and_nothing_of_its_content() {
    let dir = tempfile::tempdir().unwrap();
    let demo = demo_ca(dir.path()).unwrap();
    std::fs::write(
        &demo.server.key,
        "-----BEGIN PRIVATE KEY-----\nc2VjcmV0LWNhbmFyeQ\n",
    )
    .unwrap();
    let error = demo.server.load().unwrap_err().to_string();
    assert!(
        error.contains("server.key") && !error.contains("c2VjcmV0"),
        "{error}"
    );
    let empty = TlsFiles {
        cert: dir.path().join("absent.pem"),
        ..demo.server
    };
    assert!(empty.load().unwrap_err().to_string().contains("absent.pem"));
}
