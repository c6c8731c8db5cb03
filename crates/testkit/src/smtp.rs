//! A mail server that keeps what it gets (RFC 5321): for tests of mail, over a real socket.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A mail as it came over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caught {
    /// Address of the envelope.
    pub to: String,
    /// Headers and body.
    pub raw: String,
}

impl Caught {
    /// A header's text; empty if there is none. Folded lines are joined.
    pub fn header(&self, name: &str) -> String {
        let head = self.raw.split("\r\n\r\n").next().unwrap_or_default();
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let start = format!("{}:", name.to_ascii_lowercase());
        let found = unfolded
            .split("\r\n")
            .find(|line| line.to_ascii_lowercase().starts_with(&start));
        found
            .and_then(|line| line.get(start.len()..))
            .unwrap_or_default()
            .trim()
            .to_owned()
    }

    /// The body with quoted-printable undone, all parts one after the other.
    pub fn body(&self) -> String {
        let body = self.raw.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let joined = body.replace("=\r\n", "");
        let mut bytes = Vec::new();
        let mut rest = joined.as_bytes();
        while let Some((first, tail)) = rest.split_first() {
            let pair = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
            let code = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok());
            match (first, code) {
                (b'=', Some(code)) => {
                    bytes.push(code);
                    rest = tail.get(2..).unwrap_or_default();
                }
                _ => {
                    bytes.push(*first);
                    rest = tail;
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Every link in the body, without doubles.
    pub fn links(&self) -> Vec<String> {
        let body = self.body().replace("&#38;", "&").replace("&#61;", "=");
        let mut links: Vec<String> = Vec::new();
        for (at, _) in body.match_indices("http") {
            let rest = body.get(at..).unwrap_or_default();
            let end = rest
                .find(|c: char| c.is_whitespace() || "\"<>,".contains(c))
                .unwrap_or(rest.len());
            let link = rest.get(..end).unwrap_or_default().to_owned();
            if link.starts_with("http://") || link.starts_with("https://") {
                links.push(link);
            }
        }
        links.sort();
        links.dedup();
        links
    }
}

/// The server.
#[derive(Debug)]
pub struct SmtpSink {
    address: SocketAddr,
    caught: Arc<Mutex<Vec<Caught>>>,
    task: Option<JoinHandle<()>>,
}

#[expect(clippy::expect_used, reason = "only called by tests")]
impl SmtpSink {
    /// A server on a free port of this machine.
    ///
    /// # Panics
    /// When there is none: that is a failed test.
    pub async fn start() -> Self {
        let mut sink = Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            caught: Arc::default(),
            task: None,
        };
        sink.restart().await;
        sink
    }

    /// Where it listens, or listened.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it: nobody listens any more, and open connections end.
    pub async fn stop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            drop(task.await);
        }
    }

    /// Starts it again on the same port.
    ///
    /// # Panics
    /// When the port is taken: that is a failed test.
    pub async fn restart(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("a port");
        self.address = listener.local_addr().expect("an address");
        self.task = Some(tokio::spawn(serve(listener, Arc::clone(&self.caught))));
    }

    /// Everything so far, oldest first.
    pub fn mails(&self) -> Vec<Caught> {
        self.caught.lock().expect("the mails").clone()
    }

    /// Everything so far, and forgets it.
    pub fn take(&self) -> Vec<Caught> {
        std::mem::take(&mut *self.caught.lock().expect("the mails"))
    }
}

async fn serve(listener: TcpListener, caught: Arc<Mutex<Vec<Caught>>>) {
    let mut talks = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let caught = Arc::clone(&caught);
        talks.spawn(async move { drop(talk(stream, &caught).await) });
    }
}

async fn talk(stream: TcpStream, caught: &Mutex<Vec<Caught>>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read);
    let mut to = String::new();
    write.write_all(b"220 sink.test ESMTP\r\n").await?;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let verb = line.trim_end().to_ascii_uppercase();
        let answer: &[u8] = if verb.starts_with("EHLO") {
            b"250-sink.test\r\n250 8BITMIME\r\n"
        } else if verb.starts_with("RCPT TO:") {
            to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
            b"250 ok\r\n"
        } else if verb == "DATA" {
            write.write_all(b"354 go on\r\n").await?;
            let raw = data(&mut lines).await?;
            if let Ok(mut all) = caught.lock() {
                all.push(Caught { to: to.clone(), raw });
            }
            b"250 kept\r\n"
        } else if verb == "QUIT" {
            return write.write_all(b"221 bye\r\n").await;
        } else {
            b"250 ok\r\n"
        };
        write.write_all(answer).await?;
    }
}

/// The lines of a mail up to the lone dot, with doubled dots undone.
async fn data(lines: &mut (impl tokio::io::AsyncBufRead + Unpin)) -> std::io::Result<String> {
    let mut raw = String::new();
    loop {
        let mut bytes = Vec::new();
        if lines.read_until(b'\n', &mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let line = String::from_utf8_lossy(&bytes);
        if line.trim_end() == "." {
            return Ok(raw);
        }
        raw.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
