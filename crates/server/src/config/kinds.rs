//! Kinds of values: how each is read from text or TOML, and how it is shown.

use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;
use toml::Value;
use tracing_subscriber::EnvFilter;
use url::Url;

/// What a setting's value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// IP address and port.
    Address,
    /// One of some words.
    Choice(&'static [&'static str]),
    /// List of `mailto:` and `https:` addresses.
    Contacts,
    /// A whole number between bounds.
    Count { least: i64, most: i64 },
    /// `sqlite:` or `postgres:` URL; its password is masked.
    DatabaseUrl,
    /// A path.
    File,
    /// Log filter directives.
    Filter,
    /// A mail address.
    MailAddress,
    /// `smtp:`, `smtps:` or `smtp+plain:` URL of a mail server.
    MailServer,
    /// List of IP networks.
    Networks,
    /// Text that is never shown.
    Secret,
    /// `memory`, or a Redis URL; its password is masked.
    SharedUrl,
    /// `https:` URL.
    SecureUrl,
    /// Any text.
    Text,
    /// A length of time such as `10s`.
    Time,
    /// Name of an environment variable.
    Variable,
    /// `http:` or `https:` URL.
    WebUrl,
}

/// What stands where a secret would.
const MASK: &str = "********";

impl Kind {
    /// Reads the text of an environment variable or secret file.
    pub(crate) fn read(self, text: &str) -> Result<Value, String> {
        match self {
            Self::Count { .. } => {
                let number: i64 = text.trim().parse().map_err(|_| self.expectation())?;
                self.check(&Value::Integer(number))
            }
            Self::Contacts | Self::Networks => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                self.check(&items.map(Value::from).collect::<Vec<_>>().into())
            }
            _ => self.check(&Value::from(text)),
        }
    }

    /// Checks a TOML value. The reason says what was expected, never what was found: it may be a secret.
    pub(crate) fn check(self, value: &Value) -> Result<Value, String> {
        let good = match (self, value) {
            (Self::Count { least, most }, Value::Integer(number)) => (least..=most).contains(number),
            (Self::Contacts, Value::Array(items)) => items.iter().all(|item| {
                item.as_str()
                    .is_some_and(|text| is_url_of(text, &["mailto", "https"]))
            }),
            (Self::Networks, Value::Array(items)) => items
                .iter()
                .all(|item| item.as_str().is_some_and(|text| text.parse::<IpNet>().is_ok())),
            (_, Value::String(text)) => self.accepts(text),
            _ => false,
        };
        if good {
            Ok(value.clone())
        } else {
            Err(self.expectation())
        }
    }

    fn accepts(self, text: &str) -> bool {
        match self {
            Self::Address => text.parse::<SocketAddr>().is_ok(),
            Self::Choice(words) => words.contains(&text),
            Self::Contacts | Self::Count { .. } | Self::Networks => false,
            Self::DatabaseUrl => ["sqlite:", "postgres://", "postgresql://"]
                .iter()
                .any(|s| text.starts_with(s)),
            Self::File | Self::Secret | Self::Text => !text.is_empty(),
            Self::MailAddress => text
                .parse::<domain::Email>()
                .is_ok_and(|email| email.as_str().is_ascii()),
            Self::MailServer => {
                is_url_of(text, &["smtp", "smtps", "smtp+plain"])
                    && Url::parse(text).is_ok_and(|url| url.has_host() && url.username().is_empty())
            }
            Self::Filter => !text.is_empty() && EnvFilter::try_new(text).is_ok(),
            Self::SecureUrl => is_url_of(text, &["https"]),
            Self::SharedUrl => text == "memory" || is_url_of(text, &["redis", "rediss"]),
            Self::Time => parse_duration(text).is_ok(),
            Self::Variable => !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'),
            Self::WebUrl => Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https")),
        }
    }

    /// What a value of this kind looks like.
    pub(crate) fn expectation(self) -> String {
        match self {
            Self::Address => "an IP address and a port, like \"127.0.0.1:8080\"".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Contacts => {
                "a list of addresses, like [\"mailto:security@example.com\", \"https://example.com/report\"]"
                    .to_owned()
            }
            Self::Count { least, most } => format!("a whole number from {least} to {most}"),
            Self::DatabaseUrl => "a URL that starts with sqlite: or postgres://".to_owned(),
            Self::File => "a path".to_owned(),
            Self::Filter => "a level (error, warn, info, debug, trace) or directives target=level".to_owned(),
            Self::Networks => "a list of networks, like [\"10.0.0.0/8\", \"fd00::/8\"]".to_owned(),
            Self::MailAddress => "a mail address, like \"login@example.com\"".to_owned(),
            Self::MailServer => {
                "a URL that starts with smtps://, smtp:// or smtp+plain://, without a user".to_owned()
            }
            Self::Secret | Self::Text => "a text".to_owned(),
            Self::SecureUrl => "a URL that starts with https://".to_owned(),
            Self::SharedUrl => "memory, or a URL that starts with redis:// or rediss://".to_owned(),
            Self::Time => {
                "a time greater than zero, like \"500ms\", \"10s\", \"5m\", \"12h\" or \"90d\"".to_owned()
            }
            Self::Variable => "the name of an environment variable".to_owned(),
            Self::WebUrl => "a URL that starts with http:// or https://".to_owned(),
        }
    }

    /// The value as it may be shown.
    pub(crate) fn show(self, value: &Value) -> String {
        match (self, value) {
            (Self::Secret, _) => MASK.to_owned(),
            (Self::SharedUrl, Value::String(text)) if text == "memory" => text.clone(),
            (Self::DatabaseUrl | Self::SharedUrl, Value::String(text)) => mask_password(text),
            (_, Value::String(text)) => text.clone(),
            (_, other) => other.to_string(),
        }
    }
}

/// Whether a text is a URL with one of these schemes as it stands: the parser would overlook tabs and line ends.
fn is_url_of(text: &str, schemes: &[&str]) -> bool {
    text.chars().all(|c| c.is_ascii_graphic())
        && Url::parse(text).is_ok_and(|url| schemes.contains(&url.scheme()))
}

/// A database URL without its password, wherever it stands.
fn mask_password(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else {
        return MASK.to_owned();
    };
    if url.password().is_some() && url.set_password(Some(MASK)).is_err() {
        return MASK.to_owned();
    }
    if url.query_pairs().any(|(name, _)| name == "password") {
        let kept: Vec<(String, String)> = url
            .query_pairs()
            .map(|(name, value)| {
                let value = if name == "password" {
                    MASK.to_owned()
                } else {
                    value.into_owned()
                };
                (name.into_owned(), value)
            })
            .collect();
        url.query_pairs_mut().clear().extend_pairs(kept);
    }
    url.to_string()
}

/// A number and a unit: ms, s, m, h, d.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = text.strip_prefix(digits).unwrap_or_default();
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => 0,
    };
    digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(millis))
        .filter(|millis| (1..=MOST_MILLIS).contains(millis))
        .map(Duration::from_millis)
        .ok_or_else(|| Kind::Time.expectation())
}

/// A century: far from every overflow in timers and timestamps.
const MOST_MILLIS: u64 = 36_500 * 86_400_000;
