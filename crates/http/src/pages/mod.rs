//! The pages people see, as pure functions from a typed view model to HTML.
//!
//! A handler builds a [`Chrome`] (what surrounds every page) and one view model, calls
//! `render(&chrome)`, and answers with the string and the headers of [`headers`]:
//!
//! | page | view model | headers |
//! |---|---|---|
//! | sign-in | [`LoginPage`] | [`headers::flow`] |
//! | second factor | [`FactorPage`] | [`headers::flow`] |
//! | consent | [`ConsentPage`] | [`headers::flow`] |
//! | sign-out question, signed out | [`LogoutPage`], [`LoggedOutPage`] | [`headers::flow`] |
//! | `response_mode=form_post` | [`FormPostPage`] | [`headers::flow`] |
//! | sign-in ended (expired, already done) | [`FlowEndedPage`] | [`headers::flow`] |
//! | any refusal shown to a person | [`ErrorPage`] with a [`Problem`] | [`headers::flow`] |
//! | first administrator sets a password | [`InvitePage`] | [`headers::account`] |
//! | what happened to the account, what was somebody else, profile | [`ActivityPage`], [`NotMePage`], [`ProfilePage`] | [`headers::account`] |
//! | change of the own password | [`PasswordPage`] | [`headers::account`] |
//! | sign-in with a password that others know | [`ReplacePage`] | [`headers::flow`] |
//! | asking for a mail, what its link opens, what was done | [`AskPage`], [`LinkPage`], [`ToldPage`] | [`headers::account`] |
//! | `/dev/mail` of `rsp demo` | [`CaughtPage`] | [`headers::account`] |
//! | account overview | [`AccountPage`] | [`headers::account`] |
//! | own factors, setting one up, recovery codes | [`FactorsPage`], [`TotpPage`], [`RecoveryCodesPage`] | [`headers::account`] |
//! | `/` of `rsp demo` | [`DemoHomePage`] | [`headers::account`] |
//! | sample application | [`SampleHomePage`], [`SampleSignedInPage`], [`SampleErrorPage`] | [`headers::account`] |
//!
//! Beside them: [`asset`] for `GET /assets/{name}`, [`tenant_css`] for `GET {prefix}/assets/tenant.css`
//! (content type `text/css; charset=utf-8`), [`Locale::negotiate`] for the language.
//!
//! What the forms send (all `application/x-www-form-urlencoded`, method POST, action as given):
//!
//! | form | fields |
//! |---|---|
//! | `login-form` | `flow`, `csrf`, `email`, `password` |
//! | `totp-form`, `recovery-form` | `flow`, `csrf`, `method`, `code` |
//! | `consent-form` | `flow`, `csrf`, and `accept=1` or `deny=1` |
//! | `logout-form` | `flow`, `csrf`, and `logout=1` or `stay=1` |
//! | `invite-form` | `token`, `csrf`, `password` |
//! | `password-form` | `csrf`, `current`, `password`, to `{prefix}/account/password` |
//! | `replace-form` | `flow`, `csrf`, `email`, `password`, `new_password` |
//! | `profile-form`, `theme-form` | `csrf` and the fields, to `{prefix}/account/profile`, `{prefix}/account/theme` |
//! | `ask-form` | `csrf`, `email` |
//! | `link-form` | `token`, `csrf`, and `password`, `name` where asked for |
//! | `not-me-form` | `csrf`, `event`, to `{prefix}/account/activity/not-me` |
//! | `recovery-stop` | `csrf`, to `{prefix}/account/factors/recovery/stop` |
//! | `email-prove` | `csrf`, to `{prefix}/account/email/prove` |
//! | `email-change` | `csrf`, `email`, to `{prefix}/account/email` |
//! | `session-<id>` | `csrf`, to `{prefix}/account/sessions/<id>/end` |
//! | `sessions-end-all` | `csrf`, to `{prefix}/account/sessions/end-all` |
//! | `app-<client_id>` | `csrf`, to `{prefix}/account/apps/<client_id>/revoke` |
//! | `sample-refresh`, `sample-sign-out` | `csrf`, to `/refresh` and `/sign-out` of the sample application |
//!
//! The language switch links to [`Chrome::self_url`] with `lang=TAG` added: the handler answers in that
//! language and keeps it in the preference cookie it passes to [`Locale::negotiate`]. Every text is in
//! `locales/LANGUAGE/*.ftl`; every time is seconds since 1970-01-01T00:00:00Z, shown in UTC.
//! Every page works without a script; nothing is inline, so no nonce is needed.

mod account;
mod activity;
mod assets;
mod brand;
mod catalogue;
mod caught;
mod chrome;
mod colour;
mod consent;
mod console;
mod demo;
mod factors;
mod form_post;
pub mod headers;
mod invite;
mod link;
mod links;
mod locale;
mod login;
mod logout;
mod mail;
mod not_me;
mod password;
mod problem;
mod sample;
mod words;

pub use account::{AccountNotice, AccountPage, ConnectedApp, SessionItem};
pub use activity::{ActivityItem, ActivityPage, ProfileField, ProfilePage};
pub use assets::{Asset, asset, asset_url};
pub use brand::{Accent, AccentRefused, Brand, Corners, tenant_css};
pub use catalogue::Catalogue;
pub use caught::{CaughtMail, CaughtPage};
pub use chrome::{Chrome, Theme};
pub use colour::{Oklch, contrast};
pub use consent::{ClaimItem, ClaimValue, ConsentPage, ScopeItem, claim_key};
pub use console::ConsolePage;
pub use demo::{DemoAccount, DemoClient, DemoHomePage, DemoLink, DemoLinkKind};
pub use factors::{
    FactorError, FactorPage, FactorsNotice, FactorsPage, PasskeyItem, RecoveryCodesPage, TotpPage,
};
pub use form_post::FormPostPage;
pub use invite::InvitePage;
pub use links::{Ask, AskPage, LinkError, LinkKind, LinkPage, Told, ToldPage};
pub use locale::{Direction, Locale};
pub use login::{App, FlowEnd, FlowEndedPage, LoginError, LoginNotice, LoginPage, Work};
pub use logout::{LoggedOutPage, LogoutPage};
pub use mail::mail;
pub use not_me::NotMePage;
pub use password::{
    NewPasswordField, PasswordAdvice, PasswordError, PasswordPage, ReplacePage, strength_key,
};
pub use problem::{ErrorPage, Problem};
pub use sample::{SampleErrorPage, SampleHomePage, SampleSignedInPage, TokenView};
pub use words::Words;

/// Ties a view model to its template: a private template struct that sees `page`, `chrome` and `words`,
/// and the public `render`.
macro_rules! page {
    ($page:ident, $template:ident, $path:tt) => {
        #[derive(askama::Template)]
        #[template(path = $path)]
        struct $template<'a> {
            page: &'a $page<'a>,
            chrome: &'a $crate::pages::Chrome,
            words: $crate::pages::Words,
        }

        impl $page<'_> {
            /// The whole HTML document.
            pub fn render(&self, chrome: &$crate::pages::Chrome) -> String {
                let template = $template {
                    page: self,
                    chrome,
                    words: chrome.words(),
                };
                // Rendering fails only when a `Display` implementation does; strings and numbers do not.
                askama::Template::render(&template).unwrap_or_default()
            }
        }
    };
}
use page;
