//! Requests that change something for a signed-in browser must come from our own pages (SE10, H4).
//!
//! Two checks that fail in different ways: what the browser says about where the request comes from, and a token that
//! only our own page knows.

use axum::http::header::ORIGIN;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Event, EventKind, TokenHash, constant_time_eq};
use engine::App;

use crate::extract::Visit;

/// The CSRF token of pages bound to a cookie: a hash of the cookie, which no script and no other site can read.
pub(crate) fn csrf_token(cookie: &str) -> String {
    URL_SAFE_NO_PAD.encode(TokenHash::of(&format!("csrf|{cookie}")).as_bytes())
}

/// Whether a POST comes from our own page. A refusal is recorded.
pub(crate) async fn is_own_post(
    app: &App,
    visit: &Visit,
    cookie: Option<&str>,
    token: Option<&str>,
) -> Result<bool, engine::Fault> {
    let reason = match (cookie, token) {
        _ if !says_same_origin(visit) => "cross_site",
        (Some(cookie), Some(token)) if constant_time_eq(csrf_token(cookie).as_bytes(), token.as_bytes()) => {
            return Ok(true);
        }
        (None, _) => "no_cookie",
        _ => "wrong_token",
    };
    app.refuse(&visit.ctx, Event::failure(EventKind::CsrfRefused, reason))
        .await?;
    Ok(false)
}

/// What the browser says: `Sec-Fetch-Site` where there is one, and `Origin`. Under our own no-referrer policy browsers
/// send `Origin: null` even for our pages, so `null` alone decides nothing.
pub(crate) fn says_same_origin(visit: &Visit) -> bool {
    let fetch_site = visit
        .header("sec-fetch-site")
        .is_none_or(|site| matches!(site, "same-origin" | "none"));
    let origin = visit.header(ORIGIN.as_str()).filter(|origin| *origin != "null");
    fetch_site && origin.is_none_or(|origin| origin == own_origin(visit))
}

/// Scheme, host and port of this tenant's issuer.
fn own_origin(visit: &Visit) -> &str {
    let issuer = visit.ctx.issuer().as_str();
    let after_scheme = issuer.find("://").map_or(0, |at| at + 3);
    let end = issuer
        .get(after_scheme..)
        .and_then(|rest| rest.find('/'))
        .map_or(issuer.len(), |at| after_scheme + at);
    issuer.get(..end).unwrap_or(issuer)
}
