use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use domain::{FlowId, Slug};

/// The cookies of a request, first value of each name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cookies(Vec<(String, String)>);

/// Cookies read at most; a browser sends a handful.
const MAX_COOKIES: usize = 100;

impl Cookies {
    /// Reads the `Cookie` headers (RFC 6265 section 5.4). What is malformed is left out.
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let pairs = headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .take(MAX_COOKIES)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Self(pairs)
    }

    /// The value of `name`. A name that comes twice is nobody's: somebody planted one of them.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(n, _)| n == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }
}

/// Name of the session cookie: tells the tenant, because path tenants share a host (SE3).
pub(crate) fn session_cookie(tenant: &Slug) -> String {
    format!("__Host-rsp_session_{}", tenant.as_str())
}

/// Name of the cookie that binds a flow to this browser: one for each flow, so that tabs do not disturb each other.
pub(crate) fn flow_cookie(flow: FlowId) -> String {
    format!("__Host-rsp_flow_{flow}")
}

/// Name of the cookie with the reader's language.
pub(crate) const fn preference_cookie() -> &'static str {
    "__Host-rsp_lang"
}

/// A `Set-Cookie` value: `__Host-` rules, not for scripts, not for requests from other sites (SE3).
pub(crate) fn set_cookie(name: &str, value: &str, lifetime: Option<Duration>) -> String {
    let age = lifetime.map_or_else(String::new, |span| format!("; Max-Age={}", span.as_secs()));
    format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}")
}

/// A `Set-Cookie` value that removes the cookie.
pub(crate) fn clear_cookie(name: &str) -> String {
    set_cookie(name, "", Some(Duration::ZERO))
}
