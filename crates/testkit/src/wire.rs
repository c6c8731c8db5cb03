//! Just enough of the PostgreSQL wire protocol (version 3, simple query, trust) to run statements over a private
//! Unix socket. The product talks through sqlx; this exists so that starting a server needs nothing but std.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::process::LaunchError;

const PROTOCOL_3: i32 = 196_608;

/// One connection; closed when dropped.
#[derive(Debug)]
pub(crate) struct Session {
    stream: UnixStream,
}

impl Session {
    /// Connects to the server behind `socket` as `user`, to database `database`.
    pub(crate) fn connect(socket: &Path, user: &str, database: &str) -> Result<Self, LaunchError> {
        let stream = UnixStream::connect(socket)
            .map_err(LaunchError::io(format!("connect to {}", socket.display())))?;
        let mut session = Self { stream };
        let mut body = PROTOCOL_3.to_be_bytes().to_vec();
        for word in ["user", user, "database", database, ""] {
            body.extend_from_slice(word.as_bytes());
            body.push(0);
        }
        session
            .send(None, &body)
            .map_err(LaunchError::io("greet the server"))?;
        session.until_ready()?;
        Ok(session)
    }

    /// Runs one or more statements; rows are ignored.
    pub(crate) fn run(&mut self, statements: &str) -> Result<(), LaunchError> {
        let mut body = statements.as_bytes().to_vec();
        body.push(0);
        self.send(Some(b'Q'), &body)
            .map_err(LaunchError::io("send a statement"))?;
        self.until_ready()
    }

    fn send(&mut self, kind: Option<u8>, body: &[u8]) -> io::Result<()> {
        let length = i32::try_from(body.len() + 4).map_err(io::Error::other)?;
        let mut message = Vec::from_iter(kind);
        message.extend_from_slice(&length.to_be_bytes());
        message.extend_from_slice(body);
        self.stream.write_all(&message)
    }

    fn until_ready(&mut self) -> Result<(), LaunchError> {
        let mut refusal = None;
        loop {
            let (kind, body) = self.receive().map_err(|error| match refusal.take() {
                Some(text) => LaunchError::Refused(text),
                None => LaunchError::io("read the server's answer")(error),
            })?;
            match kind {
                b'Z' => return refusal.map_or(Ok(()), |text| Err(LaunchError::Refused(text))),
                b'E' => refusal = Some(String::from_utf8_lossy(&body).replace('\0', " ")),
                _ => {}
            }
        }
    }

    fn receive(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut kind = [0_u8; 1];
        let mut length = [0_u8; 4];
        self.stream.read_exact(&mut kind)?;
        self.stream.read_exact(&mut length)?;
        let length = usize::try_from(i32::from_be_bytes(length) - 4).map_err(io::Error::other)?;
        let mut body = vec![0_u8; length];
        self.stream.read_exact(&mut body)?;
        Ok((u8::from_be_bytes(kind), body))
    }
}
