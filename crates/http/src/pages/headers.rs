//! The response headers of pages (ASVS 3.4.3-3.4.8, CF11, OA13).
//!
//! Flow pages end in a redirect to the application, and browsers check `form-action` on every hop of it;
//! so flow pages carry none and account pages carry `'self'`.

/// Sign-in, consent, sign-out, form-post and error pages: no `form-action`.
pub const FLOW_CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Account, invitation, demo and sample pages: forms go to this origin only.
pub const ACCOUNT_CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/// A header name in lower case and its value.
pub type Header = (&'static str, &'static str);

const COMMON: [Header; 8] = [
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    // Cuts the tie to a window that opened us, so a page cannot watch or steer a sign-in in a pop-up.
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), \
         publickey-credentials-get=(self)",
    ),
];

/// The headers of a flow page.
pub fn flow() -> impl Iterator<Item = Header> {
    COMMON.into_iter().chain([("content-security-policy", FLOW_CSP)])
}

/// The headers of an account, invitation, demo or sample page.
pub fn account() -> impl Iterator<Item = Header> {
    COMMON
        .into_iter()
        .chain([("content-security-policy", ACCOUNT_CSP)])
}
