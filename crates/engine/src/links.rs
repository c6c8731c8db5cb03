//! Single-use links in mails: bound to a purpose, a person and, where a person starts it in a browser, to that browser.
//! Opening one changes nothing, because mail scanners open them; using one is a POST.

use domain::{
    Email, LinkId, LinkPurpose, OpaqueToken, Timestamp, TokenHash, TokenKind, User, UserId, UserStatus,
};
use storage::links::{self, Link, Shown};
use storage::users;

use crate::seal::{Place, Purpose};
use crate::users::UserError;
use crate::{App, Ctx, Fault};

/// A link as somebody shows it.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// The secret in it.
    pub token: &'a str,
    /// The browser's cookie for links.
    pub browser: Option<&'a str>,
}

/// Why a link could not be used.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Unknown, used, expired, for something else, or another browser's: nobody is told which.
    #[error("this link was already used or is too old")]
    Gone,
    /// What was asked for with it is not possible.
    #[error(transparent)]
    Refused(UserError),
    /// Something else.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<storage::StoreError> for LinkError {
    fn from(cause: storage::StoreError) -> Self {
        Self::Fault(cause.into())
    }
}

/// A link that works.
#[derive(Debug)]
pub struct Opened {
    /// Whose account it is about.
    pub user: Option<User>,
    /// The address it is about, where the account's is or may be another one.
    pub address: Option<Email>,
    /// When it ends.
    pub expires_at: Timestamp,
    pub(crate) created_at: Timestamp,
    pub(crate) hash: TokenHash,
    pub(crate) browser: TokenHash,
    pub(crate) purpose: LinkPurpose,
}

impl Opened {
    /// The same for the statement that uses it up.
    pub(crate) fn shown(&self, now: Timestamp) -> Shown<'_> {
        Shown {
            purpose: self.purpose,
            hash: &self.hash,
            browser: &self.browser,
            now,
        }
    }
}

/// A link to be made.
#[derive(Debug)]
pub(crate) struct NewLink {
    pub(crate) purpose: LinkPurpose,
    pub(crate) user: Option<UserId>,
    pub(crate) browser: Option<TokenHash>,
    pub(crate) address_mac: Option<Vec<u8>>,
    /// An address that the account does not have yet, or may not have any more when the link is used.
    pub(crate) address: Option<Email>,
}

impl NewLink {
    /// For a person's account, usable in any browser.
    pub(crate) const fn of(purpose: LinkPurpose, user: UserId) -> Self {
        Self {
            purpose,
            user: Some(user),
            browser: None,
            address_mac: None,
            address: None,
        }
    }
}

impl App {
    /// The link with this secret, if it works for this purpose in this browser. Changes nothing.
    pub async fn open_link(
        &self,
        ctx: &Ctx,
        purpose: LinkPurpose,
        presented: Presented<'_>,
    ) -> Result<Opened, LinkError> {
        let hash = OpaqueToken::parse(TokenKind::Link, presented.token).ok_or(LinkError::Gone)?;
        let browser = browser_hash(presented.browser);
        let shown = Shown {
            purpose,
            hash: &hash,
            browser: &browser,
            now: ctx.now,
        };
        let mut read = self.db.read(ctx.tenant_id()).await?;
        let link = links::find(&mut read, shown).await?.ok_or(LinkError::Gone)?;
        let user = match link.user_id {
            None => None,
            Some(id) => {
                let account = users::find(&mut read, id).await?;
                let user = account
                    .map(|account| account.user)
                    .filter(|user| user.status == UserStatus::Active);
                Some(user.ok_or(LinkError::Gone)?)
            }
        };
        let address = match (&link.sealed, link.seal_key) {
            (Some(sealed), Some(key)) => {
                let key = self.seals.opening(&mut read, key).await?.ok_or(LinkError::Gone)?;
                let plain = key.open(place(ctx, &link.id.to_string()), sealed)?;
                let text = String::from_utf8_lossy(plain.expose());
                Some(text.parse().map_err(|_| Fault::Internal("a link's address"))?)
            }
            _ => None,
        };
        Ok(Opened {
            user,
            address,
            expires_at: link.expires_at,
            created_at: link.created_at,
            hash,
            browser,
            purpose,
        })
    }

    /// A link with its secret.
    pub(crate) async fn new_link(&self, ctx: &Ctx, new: NewLink) -> Result<(OpaqueToken, Link), Fault> {
        let token = OpaqueToken::generate(TokenKind::Link, &self.world);
        let id = LinkId::generate(&self.world);
        let (seal_key, sealed) = match &new.address {
            None => (None, None),
            Some(address) => {
                let purpose = new
                    .user
                    .map_or_else(|| Purpose::anonymous_at(ctx.now), Purpose::Person);
                let (key_id, key) = self
                    .seals
                    .sealing(&self.db, &self.world, ctx.tenant_id(), &purpose)
                    .await?
                    .ok_or(Fault::Internal("no key for a link"))?;
                let row = id.to_string();
                let sealed = key.seal(&self.world, place(ctx, &row), address.as_str().as_bytes())?;
                (Some(key_id), Some(sealed))
            }
        };
        let link = Link {
            id,
            hash: token.hash(),
            purpose: new.purpose,
            user_id: new.user,
            browser_hash: new.browser,
            address_mac: new.address_mac,
            sealed,
            seal_key,
            created_at: ctx.now,
            expires_at: ctx.now.plus(new.purpose.lifetime()),
        };
        Ok((token, link))
    }

    /// The name an address has where links to it are counted.
    pub(crate) async fn address_mac(&self, ctx: &Ctx, email: &Email) -> Result<Vec<u8>, Fault> {
        let key = self
            .seals
            .pseudonyms(&self.db, &self.world, ctx.tenant_id())
            .await?;
        Ok(key.mac("link_address", &email.folded()))
    }
}

/// What a link is compared with. A browser without the cookie equals none.
pub(crate) fn browser_hash(cookie: Option<&str>) -> TokenHash {
    cookie
        .and_then(|cookie| OpaqueToken::parse(TokenKind::Browser, cookie))
        .unwrap_or_else(|| TokenHash::of(""))
}

fn place<'a>(ctx: &Ctx, row: &'a str) -> Place<'a> {
    Place {
        tenant: ctx.tenant_id(),
        column: "links.sealed",
        row,
    }
}
