//! One HTTP/1.1 exchange with a server on this machine.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};

use anyhow::{Context as _, Result};

/// Status and body of an answer.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body as text; a chunked body keeps its chunk lines.
    pub body: String,
}

/// A GET of `path` from 127.0.0.1.
pub fn get(port: u16, path: &str) -> Result<Answer> {
    exchange(port, &format!("GET {path}"), "", "")
}

/// A GET of `path` from 127.0.0.1 with these headers.
pub fn get_with(port: u16, path: &str, headers: &[(&str, &str)]) -> Result<Answer> {
    let mut lines = String::new();
    for (name, value) in headers {
        write!(lines, "{name}: {value}\r\n")?;
    }
    exchange(port, &format!("GET {path}"), &lines, "")
}

/// A form POST to 127.0.0.1 with an `Authorization` header.
pub fn post_form(port: u16, path: &str, authorization: &str, form: &str) -> Result<Answer> {
    post(port, path, &[("Authorization", authorization)], form)
}

/// A POST to 127.0.0.1; a form, unless `headers` name another type.
pub fn post(port: u16, path: &str, headers: &[(&str, &str)], body: &str) -> Result<Answer> {
    let mut lines = format!("Content-Length: {}\r\n", body.len());
    for (name, value) in headers {
        write!(lines, "{name}: {value}\r\n")?;
    }
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("Content-Type"))
    {
        lines.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
    }
    exchange(port, &format!("POST {path}"), &lines, body)
}

fn exchange(port: u16, line: &str, headers: &str, body: &str) -> Result<Answer> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).context("cannot connect")?;
    write!(
        stream,
        "{line} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n{headers}\r\n{body}"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .context("the answer has no end of headers")?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|word| word.parse().ok())
        .context("the answer has no status")?;
    Ok(Answer {
        status,
        body: body.to_owned(),
    })
}
