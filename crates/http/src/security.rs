//! Whom to tell of a weakness (RFC 9116).

use std::fmt::Write as _;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use domain::Timestamp;

use crate::extract::Visit;
use crate::pages::Locale;
use crate::router;
use crate::state::AppState;

/// Where reports of weaknesses go. Without a contact there is no file.
#[derive(Clone, Debug, Default)]
pub struct SecurityContact {
    /// `mailto:` and `https:` addresses, the preferred one first.
    pub contacts: Vec<String>,
    /// Where the policy on reports stands.
    pub policy: Option<String>,
}

/// The file is made anew with each answer, so this is how old a copy of it may become. RFC 9116 section 2.5.5 advises
/// less than a year.
const VALID: Duration = Duration::from_hours(180 * 24);

/// `GET /.well-known/security.txt`
pub(crate) async fn get(State(state): State<AppState>, visit: Result<Visit, Response>) -> Response {
    let security = &state.security;
    if security.contacts.is_empty() {
        return router::not_found(State(state), visit).await;
    }
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
        (CACHE_CONTROL, "public, max-age=86400"),
    ];
    let text = security.text(&state.app.public_url, state.app.world.now());
    (headers, text).into_response()
}

impl SecurityContact {
    fn text(&self, public_url: &str, now: Timestamp) -> String {
        let mut text = String::new();
        // Writing into a String cannot fail.
        for contact in &self.contacts {
            writeln!(text, "Contact: {contact}").ok();
        }
        writeln!(text, "Expires: {}", now.second().plus(VALID).rfc3339()).ok();
        let languages: Vec<&str> = Locale::all().map(Locale::tag).collect();
        writeln!(text, "Preferred-Languages: {}", languages.join(", ")).ok();
        writeln!(text, "Canonical: {public_url}/.well-known/security.txt").ok();
        if let Some(policy) = &self.policy {
            writeln!(text, "Policy: {policy}").ok();
        }
        text
    }
}
