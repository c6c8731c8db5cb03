//! Headers of every answer, unless a handler chose its own (CF11, OA13).

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;

/// Defaults in the spirit of default deny: a page that needs more says so itself.
const DEFAULTS: [(HeaderName, HeaderValue); 7] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), \
         microphone=(), midi=(), payment=(), serial=(), usb=()",
        ),
    ),
];

/// One year (CR10). Subdomains are left to whoever owns them.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

pub(super) fn dress(response: &mut Response, https: bool) {
    let headers = response.headers_mut();
    // With the id, the date and the length: one growth instead of three.
    headers.reserve(DEFAULTS.len() + 4);
    for (name, value) in DEFAULTS {
        headers.entry(name).or_insert(value);
    }
    if https {
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(HSTS);
    }
    headers.remove(header::SERVER);
}
