//! The application's two cookies.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

use super::sign_in;

/// Names and attributes. Cookies do not know ports (RFC 6265 section 8.5), so the port is part of the name: another
/// demo on this machine keeps its own.
pub(super) struct Names {
    /// Ties sign-ins under way to one browser.
    pub(super) browser: String,
    /// The session.
    pub(super) session: String,
    /// `; Secure` where the application has https.
    secure: &'static str,
}

impl Names {
    pub(super) fn new(own_url: &str) -> Self {
        let port = own_url
            .rsplit_once(':')
            .map_or("", |(_, port)| port)
            .trim_start_matches('/');
        let port: String = port.chars().filter(char::is_ascii_digit).collect();
        Self {
            browser: format!("sample-sign-in-{port}"),
            session: format!("sample-session-{port}"),
            secure: if own_url.starts_with("https://") {
                "; Secure"
            } else {
                ""
            },
        }
    }

    /// Sets the cookie of sign-ins under way.
    pub(super) fn set_browser(&self, value: &str) -> Option<HeaderValue> {
        self.set(
            &self.browser,
            value,
            &format!("; Max-Age={}", sign_in::LIFETIME.as_secs()),
        )
    }

    /// Sets the session cookie, until the browser closes.
    pub(super) fn set_session(&self, value: &str) -> Option<HeaderValue> {
        self.set(&self.session, value, "")
    }

    /// Removes the session cookie.
    pub(super) fn clear_session(&self) -> Option<HeaderValue> {
        self.set(&self.session, "", "; Max-Age=0")
    }

    /// Lax, because the way back from the issuer is a navigation that starts on another site.
    fn set(&self, name: &str, value: &str, age: &str) -> Option<HeaderValue> {
        let text = format!(
            "{name}={value}; Path=/; HttpOnly; SameSite=Lax{age}{}",
            self.secure
        );
        HeaderValue::try_from(text).ok()
    }
}

/// The value of the cookie `name`. A name that comes twice has no value: somebody else may have set one of them.
pub(super) fn read(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut values = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(found, _)| *found == name)
        .map(|(_, value)| value);
    let value = values.next()?;
    (values.next().is_none() && !value.is_empty()).then(|| value.to_owned())
}
