use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{ACCEPT, ACCEPT_LANGUAGE, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use domain::{Actor, RequestId};
use engine::{App, Ctx, SignedIn, TenantView};
use protocol::cookies::Cookies;

use super::tenancy::{Tenancy, by_host};
use super::{cookies, device_cookie, preference_cookie, session_cookie, theme_cookie};
use crate::client_ip::ClientIp;
use crate::pages::{Accent, Brand, Chrome, Locale, Theme};
use crate::state::AppState;

/// One request: its context, its cookies, its language.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    /// Tenant, actor, time, address.
    pub(crate) ctx: Ctx,
    /// The browser's cookies.
    pub(crate) cookies: Cookies,
    /// All headers.
    pub(crate) headers: HeaderMap,
    /// `lang` of the query, when the reader just chose a language.
    pub(crate) chosen: Option<Locale>,
    /// Whether a person who cannot sign in gets help by mail, and whether one can make an account.
    pub(crate) offers: Offers,
    /// Path and query without `lang`.
    here: String,
}

/// Characters of `User-Agent` that are kept.
pub(crate) const MAX_AGENT: usize = 512;

/// What the sign-in page offers beside signing in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offers {
    /// A new password by mail.
    pub(crate) recovery: bool,
    /// An account of one's own making.
    pub(crate) registration: bool,
}

impl FromRequestParts<AppState> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let Tenancy(tenant) = Tenancy::from_request_parts(parts, state).await?;
        Ok(Self::of_tenant(tenant, parts, state))
    }
}

impl Visit {
    /// For an answer that is about no tenant's data: whoever asks for an unknown tenant sees the face of the host's.
    pub(crate) async fn of_anybody(parts: &mut Parts, state: &AppState) -> Option<Self> {
        match Self::from_request_parts(parts, state).await {
            Ok(visit) => Some(visit),
            Err(_) => by_host(&parts.headers, state).map(|tenant| Self::of_tenant(tenant, parts, state)),
        }
    }

    fn of_tenant(tenant: Arc<TenantView>, parts: &Parts, state: &AppState) -> Self {
        let client_ip: Option<IpAddr> = parts.extensions.get::<ClientIp>().map(|ip| ip.0);
        let request_id = match parts.extensions.get::<RequestId>() {
            Some(id) => *id,
            None => RequestId::generate(&state.app.world),
        };
        let agent = parts.headers.get(USER_AGENT);
        let ctx = of_nobody(state, tenant, (request_id, client_ip), agent);
        let (here, chosen) = without_lang(parts.uri.path(), parts.uri.query());
        let offers = Offers {
            recovery: state.app.has_mail(),
            registration: state.app.is_registration_open(&ctx),
        };
        Self {
            ctx,
            offers,
            cookies: cookies::read(&parts.headers),
            headers: parts.headers.clone(),
            chosen,
            here,
        }
    }

    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// What stands before each path of this tenant: nothing, or `/t/SLUG`.
    pub(crate) fn prefix(&self) -> String {
        let tenant = &self.ctx.tenant.tenant;
        if tenant.settings.host.is_some() {
            String::new()
        } else {
            tenant.slug.path()
        }
    }

    /// The session cookie's value.
    pub(crate) fn session_cookie(&self) -> Option<&str> {
        self.cookies.get(&session_cookie(&self.ctx.tenant.tenant.slug))
    }

    /// The value of the cookie that says who signed in in this browser before.
    pub(crate) fn device_cookie(&self) -> Option<&str> {
        self.cookies.get(&device_cookie(&self.ctx.tenant.tenant.slug))
    }

    /// Who is signed in in this browser.
    pub(crate) async fn signed_in(&self, app: &App) -> Result<Option<SignedIn>, engine::Fault> {
        match self.session_cookie() {
            Some(cookie) => app.signed_in(&self.ctx, cookie).await,
            None => Ok(None),
        }
    }

    /// Whether a page is wanted rather than JSON.
    pub(crate) fn wants_page(&self) -> bool {
        self.header(ACCEPT.as_str())
            .is_some_and(|accept| accept.contains("text/html"))
    }

    /// The language: what the reader chose, what the client asked for, what the browser says.
    pub(crate) fn locale(&self, ui_locales: &[String]) -> Locale {
        let asked: Vec<&str> = ui_locales.iter().map(String::as_str).collect();
        let said = self.header(ACCEPT_LANGUAGE.as_str());
        self.chosen
            .unwrap_or_else(|| Locale::negotiate(&asked, said, self.cookies.get(preference_cookie())))
    }

    /// What surrounds a page of this tenant.
    pub(crate) fn chrome(&self, ui_locales: &[String]) -> Chrome {
        let tenant = &self.ctx.tenant.tenant;
        let mut chrome = Chrome::new(self.locale(ui_locales), &tenant.name, &self.brand());
        chrome.logo_url.clone_from(&tenant.settings.brand.logo);
        chrome.path_prefix = self.prefix();
        chrome.theme = Theme::parse(self.cookies.get(theme_cookie()));
        chrome.request_id = self.ctx.request_id.to_string();
        chrome
    }

    /// The same, with the language switch: for pages that can be asked for again.
    pub(crate) fn chrome_here(&self, ui_locales: &[String]) -> Chrome {
        Chrome {
            self_url: Some(self.here.clone()),
            ..self.chrome(ui_locales)
        }
    }

    /// The tenant's look. An accent that cannot be read was refused when it was set.
    pub(crate) fn brand(&self) -> Brand {
        let accent = self.ctx.tenant.tenant.settings.brand.accent.as_deref();
        Brand {
            accent: accent.and_then(|text| Accent::parse(text).ok()),
            ..Brand::default()
        }
    }
}

/// The context of a request of which nobody is known yet.
pub(crate) fn of_nobody(
    state: &AppState,
    tenant: Arc<TenantView>,
    (request_id, client_ip): (RequestId, Option<IpAddr>),
    agent: Option<&HeaderValue>,
) -> Ctx {
    let agent = agent.and_then(|value| value.to_str().ok());
    Ctx {
        tenant,
        actor: Actor::Anonymous,
        request_id,
        client_ip,
        agent: agent.map(|agent| agent.chars().take(MAX_AGENT).collect()),
        now: state.app.world.now(),
    }
}

fn without_lang(path: &str, query: Option<&str>) -> (String, Option<Locale>) {
    let mut chosen = None;
    let kept: Vec<&str> = query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| match pair.strip_prefix("lang=") {
            Some(tag) => {
                chosen = Locale::matching(tag);
                false
            }
            None => !pair.is_empty(),
        })
        .collect();
    let here = if kept.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", kept.join("&"))
    };
    (here, chosen)
}
