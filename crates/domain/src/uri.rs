use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// Why a URI cannot be registered (A9, OA3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UriRefused {
    /// Characters outside RFC 3986, or white space or control characters anywhere.
    #[error("contains characters that a URI cannot have")]
    Characters,
    /// A fragment.
    #[error("must not have a fragment")]
    Fragment,
    /// No or a strange host.
    #[error("must name a host")]
    Host,
    /// Not an absolute URI.
    #[error("is not an absolute URI")]
    Malformed,
    /// Not written the way a browser would send it.
    #[error("is not in its normal form")]
    NotNormal,
    /// A scheme that is not allowed for this kind of client.
    #[error("has a scheme that is not allowed here")]
    Scheme,
    /// Over 2,000 characters.
    #[error("is longer than 2000 characters")]
    TooLong,
    /// A user name or password before the host.
    #[error("must not have user information")]
    UserInfo,
}

const MAX_LENGTH: usize = 2_000;

/// A registered redirect URI: compared as an exact string (RFC 9700 section 2.1).
///
/// One exception, for public native clients: the port of a loopback IP literal may vary (RFC 8252 section 7.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RedirectUri(String);

impl RedirectUri {
    /// Accepts https with a host; http on loopback IP literals or `localhost`; for native clients also a private-use
    /// scheme, which must contain a dot (RFC 8252 section 7.1). Everything that can be read in two ways is refused.
    pub fn register(text: &str, native: bool) -> Result<Self, UriRefused> {
        let url = parse_strict(text)?;
        match url.scheme() {
            "https" => host_is_plain(&url)?,
            "http" => {
                host_is_plain(&url)?;
                if !is_loopback(&url) {
                    return Err(UriRefused::Scheme);
                }
            }
            private if native && private.contains('.') => return Ok(Self(text.to_owned())),
            _ => return Err(UriRefused::Scheme),
        }
        // `https://host` and `https://host/` are one URL but two strings; both may be registered.
        if url.as_str() != text && url.as_str() != format!("{text}/") {
            return Err(UriRefused::NotNormal);
        }
        Ok(Self(text.to_owned()))
    }

    /// The URI as registered.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a presented URI is this one. `vary_port` is for public native clients.
    pub fn matches(&self, presented: &str, vary_port: bool) -> bool {
        presented == self.0 || (vary_port && same_but_loopback_port(&self.0, presented))
    }

    /// Whether a page of `origin` is where this URI is. `vary_port` as in [`Self::matches`].
    pub fn is_of_origin(&self, origin: &str, vary_port: bool) -> bool {
        self.origin()
            .is_some_and(|own| own.0 == origin || (vary_port && same_but_loopback_port(&own.0, origin)))
    }

    /// The origin a browser gives a page of this URI; `None` for private-use schemes.
    pub fn origin(&self) -> Option<Origin> {
        let url = Url::parse(&self.0).ok()?;
        matches!(url.scheme(), "https" | "http").then(|| Origin(url.origin().ascii_serialization()))
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A web origin as browsers send it in `Origin` (RFC 6454 section 6.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Origin(String);

impl Origin {
    /// Accepts exactly what a browser would send for an http or https page.
    pub fn parse(text: &str) -> Result<Self, UriRefused> {
        let url = parse_strict(text)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(UriRefused::Scheme);
        }
        let origin = url.origin().ascii_serialization();
        if origin == text {
            Ok(Self(origin))
        } else {
            Err(UriRefused::NotNormal)
        }
    }

    /// The origin's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A protected resource's identifier (RFC 8707): an absolute URI without fragment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Resource(String);

impl Resource {
    /// Checks the form RFC 8707 section 2 asks for.
    pub fn parse(text: &str) -> Result<Self, UriRefused> {
        let url = parse_strict(text)?;
        match url.scheme() {
            "javascript" | "data" | "blob" | "vbscript" | "file" => Err(UriRefused::Scheme),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The resource's text, compared exactly.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn parse_strict(text: &str) -> Result<Url, UriRefused> {
    if text.len() > MAX_LENGTH {
        return Err(UriRefused::TooLong);
    }
    // RFC 3986 characters only: what `url` would silently repair (tabs, backslashes, spaces) is refused here.
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b);
    if !text.bytes().all(allowed) {
        return Err(UriRefused::Characters);
    }
    if text.contains('#') {
        return Err(UriRefused::Fragment);
    }
    let url = Url::parse(text).map_err(|_| UriRefused::Malformed)?;
    if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
        return Err(UriRefused::UserInfo);
    }
    // The scheme must be written in lower case: `jAvAsCrIpT:` and `HTTPS:` are refused alike (A5).
    if !text.starts_with(url.scheme()) {
        return Err(UriRefused::NotNormal);
    }
    Ok(url)
}

fn authority(text: &str) -> &str {
    text.split_once("://")
        .map_or("", |(_, rest)| rest.split(['/', '?']).next().unwrap_or(""))
}

fn host_is_plain(url: &Url) -> Result<(), UriRefused> {
    // A browser would look a host like `*` up, and somebody would think it stands for any (OA3).
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    match url.host() {
        Some(Host::Domain(name)) if name.ends_with('.') || name.is_empty() || !name.bytes().all(is_name) => {
            Err(UriRefused::Host)
        }
        // A punycode label that decodes to ASCII only is a disguise (RUSTSEC-2024-0421).
        Some(Host::Domain(name)) if name.split('.').any(|l| l.starts_with("xn--") && l.ends_with('-')) => {
            Err(UriRefused::Host)
        }
        Some(_) => Ok(()),
        None => Err(UriRefused::Host),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip == Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(ip)) => ip == Ipv6Addr::LOCALHOST,
        None => false,
    }
}

/// Exact string equality once the port after a loopback literal is taken out of both.
fn same_but_loopback_port(registered: &str, presented: &str) -> bool {
    ["http://127.0.0.1", "http://[::1]"].into_iter().any(|literal| {
        match (registered.strip_prefix(literal), presented.strip_prefix(literal)) {
            (Some(a), Some(b)) => match (after_port(a), after_port(b)) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
            _ => false,
        }
    })
}

/// What follows an optional `:PORT`; `None` if what follows is neither a port nor a path.
fn after_port(rest: &str) -> Option<&str> {
    let Some(port) = rest.strip_prefix(':') else {
        return (rest.is_empty() || rest.starts_with('/')).then_some(rest);
    };
    let digits = port.bytes().take_while(u8::is_ascii_digit).count();
    let (number, path) = port.split_at_checked(digits)?;
    let is_port = number.parse::<u16>().is_ok_and(|n| n > 0) && !number.starts_with('0');
    (is_port && (path.is_empty() || path.starts_with('/'))).then_some(path)
}
