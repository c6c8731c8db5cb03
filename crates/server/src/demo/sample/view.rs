//! What is shown, and how tokens become readable.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::RequestId;
use http_face::pages::{
    Accent, Brand, Chrome, Corners, ErrorPage, Locale, Problem, SampleErrorPage, SampleHomePage,
    SampleSignedInPage, TokenView, headers,
};
use protocol::jose::json;
use serde_json::{Map, Value};

use super::Sample;
use super::refusal::Refusal;
use super::session::Session;

/// The name of the application, as its client record has it.
const NAME: &str = "demo-web";

/// Its own colour, so that nobody takes its pages for the issuer's.
const ACCENT: &str = "oklch(0.47 0.16 295)";

/// How much of an opaque token is shown: enough to see it change, too little to use it.
const OPAQUE_SHOWN: usize = 16;

/// How the application looks.
pub(super) fn brand() -> Brand {
    Brand {
        accent: Accent::parse(ACCENT).ok(),
        corners: Corners::Round,
    }
}

/// What surrounds a page for one request.
pub(super) fn chrome(headers: &HeaderMap, request_id: Option<RequestId>) -> Chrome {
    let accept_language = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    let mut chrome = Chrome::new(Locale::negotiate(&[], accept_language, None), NAME, &brand());
    chrome.request_id = request_id.map(|id| id.to_string()).unwrap_or_default();
    chrome
}

impl Sample {
    /// The page before signing in, or just after signing out.
    pub(super) fn home(&self, chrome: &Chrome, signed_out: bool) -> Response {
        let page = SampleHomePage {
            sign_in_url: "/sign-in",
            issuer: self.issuer.as_str(),
            client_id: &self.client_id,
            signed_out,
        };
        html(StatusCode::OK, page.render(chrome))
    }
}

/// The page with the tokens.
pub(super) async fn signed_in(session: &Session, chrome: &Chrome) -> Response {
    let mut tokens = session.tokens.lock().await;
    let refreshed = std::mem::take(&mut tokens.just_refreshed);
    let id_token = Readable::of(&tokens.id_token);
    let access_token = Readable::of(tokens.access_token.expose());
    let userinfo = indented(&tokens.userinfo);
    let page = SampleSignedInPage {
        csrf: &session.csrf,
        who: who(&tokens.userinfo),
        id_token: id_token.view(),
        access_token: access_token.view(),
        access_expires_at: tokens.access_expires_at.secs(),
        userinfo: &userinfo,
        can_refresh: tokens.refresh_token.is_some(),
        refreshed,
    };
    html(StatusCode::OK, page.render(chrome))
}

/// The error page.
pub(super) fn refused(refusal: &Refusal, chrome: &Chrome) -> Response {
    let words = refusal.words();
    let page = SampleErrorPage {
        error: refusal.code(),
        description: Some(&words),
        retry_url: "/",
    };
    html(refusal.status(), page.render(chrome))
}

/// The page for an address where nothing is.
pub(super) fn not_found(chrome: &Chrome) -> Response {
    let page = ErrorPage {
        problem: Problem::NotFound,
        detail: None,
        next_url: Some("/"),
    };
    html(StatusCode::NOT_FOUND, page.render(chrome))
}

/// A page with the headers of flow pages: signing out is a form whose redirect leaves this origin, and `form-action`
/// would stop it.
fn html(status: StatusCode, text: String) -> Response {
    let mut response = (status, text).into_response();
    for (name, value) in headers::flow() {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// The best name the issuer told for the person.
fn who(userinfo: &Map<String, Value>) -> &str {
    ["name", "email", "preferred_username", "sub"]
        .iter()
        .find_map(|claim| userinfo.get(*claim).and_then(Value::as_str))
        .unwrap_or_default()
}

/// A token made readable. Showing it is not trusting it: only the ID token is checked by a client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Readable {
    Jwt { header: String, claims: String },
    Opaque(String),
}

impl Readable {
    pub(super) fn of(token: &str) -> Self {
        let mut parts = token.split('.');
        let (header, claims) = (object(parts.next()), object(parts.next()));
        if let (Some(header), Some(claims), 1) = (header, claims, parts.count()) {
            return Self::Jwt {
                header: indented(&header),
                claims: indented(&claims),
            };
        }
        let shown: String = token.chars().take(OPAQUE_SHOWN).collect();
        Self::Opaque(format!("{shown}…"))
    }

    fn view(&self) -> TokenView<'_> {
        match self {
            Self::Jwt { header, claims } => TokenView::Jwt { header, claims },
            Self::Opaque(text) => TokenView::Opaque { text },
        }
    }
}

fn object(part: Option<&str>) -> Option<Map<String, Value>> {
    json::parse_object(&URL_SAFE_NO_PAD.decode(part?).ok()?).ok()
}

fn indented(object: &Map<String, Value>) -> String {
    // Maps of strings to JSON values always serialise.
    serde_json::to_string_pretty(object).unwrap_or_default()
}
