//! Bytes on a socket that no client library would send.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::sleep;

/// What an HTTP/2 client says first, with settings that change nothing.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// The same, with a window for answers that is closed from the beginning (RFC 9113 section 6.5.2).
pub(crate) const PREFACE_WITHOUT_WINDOW: &[u8] =
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x06\x04\0\0\0\0\0\0\x04\0\0\0\0";

/// Frame types of RFC 9113 section 6.
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// Bytes of a socket that takes next to nothing.
const NARROW: u32 = 4_096;

/// A listener, and the name it is asked under.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) port: u16,
    pub(crate) host: String,
    /// Whether requests say `https`.
    pub(crate) over_tls: bool,
}

impl Target {
    /// A connection whose other end is 127.0.0.`source`: each is a source of its own.
    pub(crate) async fn connect(&self, source: u8) -> io::Result<TcpStream> {
        self.reach(TcpSocket::new_v4()?, source).await
    }

    /// The same, with hardly any room for answers that are not read.
    pub(crate) async fn connect_narrow(&self, source: u8) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(NARROW)?;
        self.reach(socket, source).await
    }

    async fn reach(&self, socket: TcpSocket, source: u8) -> io::Result<TcpStream> {
        socket.bind((Ipv4Addr::new(127, 0, 0, source), 0).into())?;
        let stream = socket
            .connect(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)))
            .await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// The header block of a request for `path` without a body, with HPACK's static table only.
    pub(crate) fn get(&self, path: &str) -> Vec<u8> {
        self.block(0x82, path)
    }

    pub(crate) fn post(&self, path: &str) -> Vec<u8> {
        self.block(0x83, path)
    }

    fn block(&self, method: u8, path: &str) -> Vec<u8> {
        // RFC 7541 appendix A: 2 and 3 the methods, 6 and 7 the schemes `http` and `https`, 4 `:path`, 1 `:authority`.
        let mut block = vec![method, if self.over_tls { 0x87 } else { 0x86 }];
        for (name, value) in [(0x04, path), (0x01, self.host.as_str())] {
            // Lengths below 127 take one byte; both texts are the drill's own.
            block.extend([name, u8::try_from(value.len().min(126)).unwrap_or_default()]);
            block.extend(value.bytes().take(126));
        }
        block
    }
}

/// One HTTP/2 frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, high, middle, low] = u32::try_from(payload.len()).unwrap_or_default().to_be_bytes();
    let mut bytes = vec![high, middle, low, kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// Reads until the other side has ended the connection, in whatever way.
pub(crate) async fn end(stream: &mut (impl AsyncRead + Unpin)) {
    let mut buffer = vec![0; 4_096];
    while matches!(stream.read(&mut buffer).await, Ok(count) if count > 0) {}
}

/// Writes `bit` every so often until the other side takes no more.
pub(crate) async fn trickle(stream: &mut (impl AsyncWrite + Unpin), bit: &[u8], pause: Duration) {
    while stream.write_all(bit).await.is_ok() {
        sleep(pause).await;
    }
}
