use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use domain::{FlowId, Slug};
use protocol::cookies::Cookies;

/// Reads the `Cookie` headers; what is no ASCII is left out.
pub(crate) fn read(headers: &HeaderMap) -> Cookies {
    let values = headers.get_all(COOKIE).iter();
    Cookies::read(values.filter_map(|value| value.to_str().ok()))
}

/// Name of the session cookie: tells the tenant, because path tenants share a host (SE3).
pub(crate) fn session_cookie(tenant: &Slug) -> String {
    format!("__Host-rsp_session_{}", tenant.as_str())
}

/// Name of the cookie that marks a browser in which somebody of the tenant has signed in before.
pub(crate) fn device_cookie(tenant: &Slug) -> String {
    format!("__Host-rsp_device_{}", tenant.as_str())
}

const FLOW: &str = "__Host-rsp_flow_";

/// Name of the cookie that binds a flow to this browser: one for each flow, so that tabs do not disturb each other.
pub(crate) fn flow_cookie(flow: FlowId) -> String {
    format!("{FLOW}{flow}")
}

/// The flows of which this browser has cookies, the newest first.
pub(crate) fn flows_of(cookies: &Cookies) -> Vec<FlowId> {
    let ids = cookies.names().filter_map(|name| name.strip_prefix(FLOW));
    let mut flows: Vec<FlowId> = ids.filter_map(|id| id.parse().ok()).collect();
    // The id begins with the time of its making.
    flows.sort_by_key(|flow| std::cmp::Reverse(flow.to_string()));
    flows.dedup();
    flows
}

/// Name of the cookie that binds links in mails to the browser in which they were asked for.
pub(crate) fn link_cookie(tenant: &Slug) -> String {
    format!("__Host-rsp_link_{}", tenant.as_str())
}

/// Name of the cookie with the reader's language.
pub(crate) const fn preference_cookie() -> &'static str {
    "__Host-rsp_lang"
}

/// Name of the cookie with the reader's choice of light or dark.
pub(crate) const fn theme_cookie() -> &'static str {
    "__Host-rsp_theme"
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
