//! Handing mails to a mail server (RFC 5321, RFC 8314).

use std::fmt;
use std::time::Duration;

use domain::Secret;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use super::{Carrier, Letter, NotSent, Sending};

/// Connections to the mail server at most.
const CONNECTIONS: u32 = 4;
/// Longest wait for one answer of the mail server.
const WAIT: Duration = Duration::from_secs(20);

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// Not at all: for a mail server on the same machine.
    None,
    /// TLS after the greeting; a server without it gets nothing.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

/// Where mails go.
#[derive(Clone, Debug)]
pub struct SmtpOptions {
    /// Host name of the mail server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: SmtpSecurity,
    /// Name and password, if it asks for them.
    pub credentials: Option<(String, Secret<String>)>,
    /// Address mails come from.
    pub from: String,
}

/// Why mails cannot be sent with these options.
#[derive(Clone, Debug, thiserror::Error)]
#[error("mail cannot be set up: {0}")]
pub struct SmtpRefused(String);

/// A mail server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Smtp")
    }
}

impl Smtp {
    /// The mail server of `options`; nothing is connected yet.
    pub fn new(options: &SmtpOptions) -> Result<Self, SmtpRefused> {
        let refused = |cause: &dyn fmt::Display| SmtpRefused(cause.to_string());
        let from = options.from.parse::<Address>().map_err(|cause| refused(&cause))?;
        let host = options.host.as_str();
        let builder = match options.security {
            SmtpSecurity::None => AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host),
            SmtpSecurity::StartTls => {
                AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host).map_err(|cause| refused(&cause))?
            }
            SmtpSecurity::Tls => {
                AsyncSmtpTransport::<Tokio1Executor>::relay(host).map_err(|cause| refused(&cause))?
            }
        };
        let mut builder = builder
            .port(options.port)
            .timeout(Some(WAIT))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS));
        if let Some((name, password)) = &options.credentials {
            builder = builder.credentials(Credentials::new(name.clone(), password.expose().clone()));
        }
        Ok(Self {
            transport: builder.build(),
            from,
        })
    }

    fn message(&self, letter: &Letter) -> Result<Message, NotSent> {
        let refused = |cause: &dyn fmt::Display| NotSent(format!("it cannot be written: {cause}"));
        let to = letter.to.parse::<Address>().map_err(|cause| refused(&cause))?;
        let at = std::time::UNIX_EPOCH + Duration::from_secs(u64::try_from(letter.at.secs()).unwrap_or(0));
        Message::builder()
            .from(Mailbox::new(Some(one_line(&letter.from_name)), self.from.clone()))
            .to(Mailbox::new(None, to))
            .subject(letter.rendered.subject.clone())
            .date(at)
            // The same with every attempt, so that a mail that came twice can be told.
            .message_id(Some(format!("<{}@{}>", letter.id, letter.host)))
            // RFC 3834: nobody's absence note answers it.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .multipart(MultiPart::alternative_plain_html(
                letter.rendered.text.clone(),
                letter.rendered.html.clone(),
            ))
            .map_err(|cause| refused(&cause))
    }
}

impl Carrier for Smtp {
    fn carry<'a>(&'a self, letter: &'a Letter) -> Sending<'a> {
        Box::pin(async move {
            let message = self.message(letter)?;
            match self.transport.send(message).await {
                Ok(_) => Ok(()),
                // The server's own words may name the address.
                Err(cause) => Err(NotSent(match cause.status() {
                    Some(code) => format!("status {code}"),
                    None => "no connection".to_owned(),
                })),
            }
        })
    }
}

/// A name for the head of a mail. The library panics at what no head can hold; a name may be older than its check.
fn one_line(name: &str) -> String {
    name.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}
