//! One kept connection, one exchange at a time. No library in between: what the client spends, the server on the same
//! machine does not get.

use std::net::Ipv4Addr;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Bytes read at once at most.
const ROOM: usize = 8 * 1024;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// The body, without chunk marks.
    pub body: Vec<u8>,
}

impl Answer {
    /// Every value of a header, whatever the case of its name.
    pub fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        header_values(&self.head, name)
    }
}

fn header_values<'a>(head: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    head.lines().filter_map(move |line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// A connection to a port of this machine.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(ROOM),
        })
    }

    /// Sends a whole request, as [`request`] lays it out, and reads the answer.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Answer> {
        self.stream.write_all(request).await?;
        let end = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
            self.fill().await?;
        };
        let head = String::from_utf8_lossy(&self.take(end)).into_owned();
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|word| word.parse().ok())
            .context("the answer has no status")?;
        let length = header_values(&head, "content-length")
            .next()
            .map(str::parse::<usize>)
            .transpose()?;
        let body = match length {
            Some(length) => self.exactly(length).await?,
            None if header_values(&head, "transfer-encoding").any(|coding| coding == "chunked") => {
                self.chunks().await?
            }
            None if matches!(status, 204 | 304) => Vec::new(),
            None => bail!("the answer's body has no end"),
        };
        Ok(Answer { status, head, body })
    }

    async fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = loop {
                if let Some(at) = find(&self.buffer, b"\r\n") {
                    break self.take(at + 2);
                }
                self.fill().await?;
            };
            let text = String::from_utf8_lossy(&line);
            let size = usize::from_str_radix(text.split(';').next().unwrap_or_default().trim(), 16)?;
            let mut chunk = self.exactly(size + 2).await?;
            chunk.truncate(size);
            if size == 0 {
                return Ok(body);
            }
            body.append(&mut chunk);
        }
    }

    async fn exactly(&mut self, length: usize) -> Result<Vec<u8>> {
        while self.buffer.len() < length {
            self.fill().await?;
        }
        Ok(self.take(length))
    }

    async fn fill(&mut self) -> Result<()> {
        // Otherwise what is read at once starts at 64 bytes, and a document takes six calls instead of one.
        self.buffer.reserve(ROOM);
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        self.buffer.drain(..length.min(self.buffer.len())).collect()
    }
}

/// The bytes of a request: a GET without a body, a form POST with one.
pub fn request(port: u16, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Vec<u8> {
    let method = if body.is_some() { "POST" } else { "GET" };
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\n");
    for (name, value) in headers {
        text.extend([name, ": ", value, "\r\n"]);
    }
    if let Some(body) = body {
        text.push_str("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ");
        text.push_str(&body.len().to_string());
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    text.push_str(body.unwrap_or_default());
    text.into_bytes()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::{Connection, request};

    #[tokio::test]
    async fn answers_are_read_one_after_the_other_in_both_framings() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let both = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n\r\none\
                        HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ntw\r\n1\r\no\r\n0\r\n\r\n";
            stream.write_all(both.as_bytes()).await.unwrap();
            // Both requests are read before the end: closing over unread bytes is a reset, which takes answers with it.
            let mut asked = vec![0; 2 * request(port, "/", &[], None).len()];
            stream.read_exact(&mut asked).await.unwrap();
        });
        let mut connection = Connection::open(port).await.unwrap();
        let asked = request(port, "/", &[], None);
        let first = connection.exchange(&asked).await.unwrap();
        assert_eq!((first.status, first.body.as_slice()), (200, &b"one"[..]));
        assert_eq!(first.headers("Set-Cookie").collect::<Vec<_>>(), ["a=1", "b=2"]);
        let second = connection.exchange(&asked).await.unwrap();
        assert_eq!((second.status, second.body.as_slice()), (503, &b"two"[..]));
        server.await.unwrap();
        assert!(connection.exchange(&asked).await.is_err());
    }

    #[test]
    fn a_form_has_its_length_and_a_get_has_none() {
        let form = String::from_utf8(request(80, "/token", &[("X-A", "b")], Some("a=b&c"))).unwrap();
        assert!(form.starts_with("POST /token HTTP/1.1\r\nHost: localhost:80\r\nX-A: b\r\n"));
        assert!(form.ends_with("Content-Length: 5\r\n\r\na=b&c"));
        let get = String::from_utf8(request(80, "/", &[], None)).unwrap();
        assert_eq!(get, "GET / HTTP/1.1\r\nHost: localhost:80\r\n\r\n");
    }
}
