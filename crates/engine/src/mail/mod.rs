//! Mails: what they say is decided here, rows of the outbox commit with the event they tell of, and a task sends them.
//!
//! Nothing is looked up for an address while somebody waits for an answer: a request becomes a row of the outbox like any
//! other, and only the task that sends finds out whether there is such an account (PW12).

mod familiar;
mod guessed;
mod limits;
mod notice;
mod outbox;
mod resolve;
mod smtp;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use domain::{LinkPurpose, MailId, OpaqueToken, Timestamp, User, UserId};
use serde::{Deserialize, Serialize};
use storage::mail_outbox::{Mail, Posted};

use crate::links::NewLink;
use crate::seal::{Place, Purpose, SealKey};
use crate::{App, Ctx, Fault, TenantView};

pub use guessed::Guessed;
pub use notice::Notice;
pub(crate) use notice::language_of;
pub use resolve::MailRequest;
pub use smtp::{Smtp, SmtpOptions, SmtpRefused, SmtpSecurity};

/// How long a row stays in the outbox, sent or not.
const KEPT: Duration = Duration::from_hours(14 * 24);

/// Which text a mail has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Template {
    /// Somebody wanted to register with an address that has an account.
    AlreadyRegistered,
    /// The new address of an account is to be proved.
    ChangeEmail,
    /// An account was made for the person, who sets the first password.
    Invitation,
    /// Something happened to the account.
    Notice(Notice),
    /// A second factor was lost.
    RecoverFactor,
    /// An account is to be made.
    Register,
    /// A new password.
    Reset,
    /// Not a mail yet: an account or address was tried so often that its owner is told.
    GuessedRequest(Guessed),
    /// Not a mail yet: somebody asked for an account.
    RegisterRequest,
    /// Not a mail yet: somebody asked for a new password.
    ResetRequest,
    /// Whether mail works.
    Test,
    /// The address of an account is to be proved.
    VerifyEmail,
}

impl Template {
    /// Every text that is sent.
    pub fn all() -> impl Iterator<Item = Self> {
        let plain = [
            Self::AlreadyRegistered,
            Self::ChangeEmail,
            Self::Invitation,
            Self::RecoverFactor,
            Self::Register,
            Self::Reset,
            Self::Test,
            Self::VerifyEmail,
        ];
        plain.into_iter().chain(Notice::ALL.into_iter().map(Self::Notice))
    }

    /// The name as stored; also the stem of its texts' keys.
    pub const fn key(self) -> &'static str {
        match self {
            Self::AlreadyRegistered => "already-registered",
            Self::ChangeEmail => "change-email",
            Self::GuessedRequest(guessed) => guessed.request_key(),
            Self::Invitation => "invitation",
            Self::Notice(notice) => notice.key(),
            Self::RecoverFactor => "recover-factor",
            Self::Register => "register",
            Self::RegisterRequest => "request-register",
            Self::Reset => "reset",
            Self::ResetRequest => "request-reset",
            Self::Test => "test",
            Self::VerifyEmail => "verify-email",
        }
    }

    fn parse(key: &str) -> Option<Self> {
        Self::all()
            .chain([Self::RegisterRequest, Self::ResetRequest])
            .chain(Guessed::ALL.map(Self::GuessedRequest))
            .find(|template| template.key() == key)
    }
}

/// What a mail says, for the one who puts it into words.
#[derive(Debug)]
pub struct Message<'a> {
    /// Which text.
    pub template: Template,
    /// Whose look it has.
    pub tenant: &'a TenantView,
    /// Language tag.
    pub language: &'a str,
    /// The link in it, absolute, under the tenant's issuer.
    pub link: Option<&'a str>,
    /// How long the link works, in seconds.
    pub link_lifetime: Option<u64>,
    /// When what it tells of happened, in seconds since 1970.
    pub at: i64,
    /// Browser and system, for notices.
    pub device: Option<&'a str>,
    /// When what it tells of can go on, in seconds since 1970.
    pub not_before: Option<i64>,
}

/// A mail in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Its subject, one line.
    pub subject: String,
    /// As plain text.
    pub text: String,
    /// As HTML.
    pub html: String,
}

/// A mail ready to go.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Its id, from which the Message-ID is made: the same with every attempt.
    pub id: MailId,
    /// The address it goes to.
    pub to: String,
    /// The sender's name.
    pub from_name: String,
    /// The host in the Message-ID.
    pub host: String,
    /// When it was made.
    pub at: Timestamp,
    /// What it says.
    pub rendered: Rendered,
}

/// A mail could not be handed over; it will be tried again.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the mail server did not take a mail: {0}")]
pub struct NotSent(pub String);

/// The future of handing over a mail.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), NotSent>> + Send + 'a>>;

/// Who takes mails away: a mail server, or the demo's catcher.
pub trait Carrier: Send + Sync {
    /// Hands over one mail.
    fn carry<'a>(&'a self, letter: &'a Letter) -> Sending<'a>;
}

/// All that is needed for mail.
pub struct Courier {
    /// Puts mails into words.
    pub render: fn(&Message<'_>) -> Rendered,
    /// Takes them away.
    pub carrier: Arc<dyn Carrier>,
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Courier")
    }
}

/// The sealed part of a row.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Content {
    to: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_before: Option<i64>,
    /// Of a request: hash of the cookie of the browser it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    browser: Option<Vec<u8>>,
}

/// A mail to be put into the outbox.
struct Draft<'a> {
    template: Template,
    language: &'a str,
    user: Option<UserId>,
    content: Content,
}

impl App {
    /// Lets mails be written from now on; the first to ask is the one. Without it there are none: no notices, and nobody
    /// can ask for a new password.
    pub fn use_mail(&self, courier: Courier) {
        self.courier.get_or_init(|| courier);
    }

    /// Whether mails are written.
    pub fn has_mail(&self) -> bool {
        self.courier.get().is_some()
    }

    /// The row of a mail. Sealed under its person's key, or a key of the tenant for the month; a person without a key
    /// was erased and gets none.
    async fn written(&self, ctx: &Ctx, draft: Draft<'_>) -> Result<Option<Mail>, Fault> {
        let purpose = draft
            .user
            .map_or_else(|| Purpose::anonymous_at(ctx.now), Purpose::Person);
        let key = self
            .seals
            .sealing(&self.db, &self.world, ctx.tenant_id(), &purpose)
            .await?;
        let Some((seal_key, key)) = key else {
            return Ok(None);
        };
        let id = MailId::generate(&self.world);
        Ok(Some(Mail {
            id,
            template: draft.template.key().to_owned(),
            language: draft.language.to_owned(),
            user_id: draft.user,
            sealed: self.seal_content(ctx, &key, id, &draft.content)?,
            seal_key,
            attempts: 0,
            created_at: ctx.now,
            due_at: ctx.now,
            expires_at: ctx.now.plus(KEPT),
        }))
    }

    fn seal_content(
        &self,
        ctx: &Ctx,
        key: &SealKey,
        id: MailId,
        content: &Content,
    ) -> Result<Vec<u8>, Fault> {
        let plain = serde_json::to_vec(content).map_err(|_| Fault::Internal("a mail does not serialize"))?;
        key.seal(&self.world, place(ctx, &id.to_string()), &plain)
    }

    /// A mail with a new link in it.
    pub(crate) async fn linked(
        &self,
        ctx: &Ctx,
        template: Template,
        link: NewLink,
        (to, language): (&str, &str),
    ) -> Result<Option<Box<Posted>>, Fault> {
        if !self.has_mail() {
            return Ok(None);
        }
        let user = link.user;
        let (token, link) = self.new_link(ctx, link).await?;
        let content = Content {
            to: to.to_owned(),
            link: Some(token.expose().to_owned()),
            ..Content::default()
        };
        let draft = Draft {
            template,
            language,
            user,
            content,
        };
        let mail = self.written(ctx, draft).await?;
        Ok(mail.map(|mail| {
            Box::new(Posted {
                mail,
                link: Some(link),
            })
        }))
    }

    /// The mail that brings an invited person their link.
    pub(crate) async fn invitation_mail(
        &self,
        ctx: &Ctx,
        user: &User,
        token: &OpaqueToken,
    ) -> Result<Option<Box<Posted>>, Fault> {
        if !self.has_mail() {
            return Ok(None);
        }
        let draft = Draft {
            template: Template::Invitation,
            language: language_of(user),
            user: Some(user.id),
            content: Content {
                to: user.email.to_string(),
                link: Some(token.expose().to_owned()),
                ..Content::default()
            },
        };
        let mail = self.written(ctx, draft).await?;
        Ok(mail.map(|mail| Box::new(Posted { mail, link: None })))
    }

    /// What a mail would say, with made-up values: for a look at it, and for tests.
    pub fn preview(&self, ctx: &Ctx, template: Template, language: &str) -> Option<Rendered> {
        let courier = self.courier.get()?;
        let link = purpose_of(template)
            .map(LinkPurpose::path)
            .or_else(|| page_of(template))
            .map(|path| ctx.issuer().url(path));
        Some((courier.render)(&Message {
            template,
            tenant: &ctx.tenant,
            language,
            link: link.as_deref(),
            link_lifetime: purpose_of(template).map(|purpose| purpose.lifetime().as_secs()),
            at: ctx.now.secs(),
            device: Some("Firefox, Linux"),
            not_before: (template == Template::Notice(Notice::FactorRecoveryStarted)).then(|| ctx.now.secs()),
        }))
    }
}

/// What the link in a mail is for.
const fn purpose_of(template: Template) -> Option<LinkPurpose> {
    match template {
        Template::AlreadyRegistered | Template::Reset => Some(LinkPurpose::Reset),
        Template::ChangeEmail => Some(LinkPurpose::ChangeEmail),
        Template::Notice(notice) => notice.link(),
        Template::RecoverFactor => Some(LinkPurpose::RecoverFactor),
        Template::Register => Some(LinkPurpose::Register),
        Template::VerifyEmail => Some(LinkPurpose::VerifyEmail),
        Template::GuessedRequest(_)
        | Template::Invitation
        | Template::RegisterRequest
        | Template::ResetRequest
        | Template::Test => None,
    }
}

/// The page a mail leads to without a secret.
const fn page_of(template: Template) -> Option<&'static str> {
    match template {
        Template::Notice(notice) => notice.page(),
        _ => None,
    }
}

fn place<'a>(ctx: &Ctx, row: &'a str) -> Place<'a> {
    Place {
        tenant: ctx.tenant_id(),
        column: "mail_outbox.sealed",
        row,
    }
}
