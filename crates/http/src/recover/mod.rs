//! Mails and the links in them: `/recover` and `/register` ask for a mail, the other pages open what is in it. Opening a
//! link changes nothing, a POST of its page uses it.

pub(crate) mod ask;
pub(crate) mod open;

use domain::{OpaqueToken, TokenKind};
use engine::App;
use engine::links::Presented;

use crate::extract::{Visit, link_cookie};

/// What a link is shown with: its secret, and the cookie that says which browser asked for it.
pub(crate) fn presented<'a>(visit: &'a Visit, token: &'a str) -> Presented<'a> {
    Presented {
        token,
        browser: visit.cookies.get(&link_cookie(&visit.ctx.tenant.tenant.slug)),
    }
}

/// The cookie that binds links to this browser: the one it has, or a fresh one.
pub(crate) enum LinkBrowser {
    /// It has one.
    Known(String),
    /// It gets one.
    Fresh(OpaqueToken),
}

impl LinkBrowser {
    /// The one of this browser.
    pub(crate) fn of(visit: &Visit, app: &App) -> Self {
        let name = link_cookie(&visit.ctx.tenant.tenant.slug);
        match visit.cookies.get(&name) {
            Some(value) if OpaqueToken::parse(TokenKind::Browser, value).is_some() => {
                Self::Known(value.to_owned())
            }
            _ => Self::Fresh(OpaqueToken::generate(TokenKind::Browser, &app.world)),
        }
    }

    /// The cookie's value.
    pub(crate) fn value(&self) -> &str {
        match self {
            Self::Known(value) => value,
            Self::Fresh(token) => token.expose(),
        }
    }
}
