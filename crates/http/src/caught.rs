//! `/dev/mail`: where the mails of `rsp demo` go. Nowhere else are these pages.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Mutex;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use axum::response::Response;
use engine::mail::{Carrier, Letter, Sending};

use crate::extract::Visit;
use crate::pages::{CaughtMail, CaughtPage};
use crate::reply::account_page;
use crate::router::not_found;
use crate::state::AppState;

/// Mails kept, the newest ones.
const KEPT: usize = 200;

/// Mails may bring their own look and nothing else: no script, nothing from elsewhere, no way out but a click.
const MAIL_CSP: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'; sandbox allow-top-navigation-by-user-activation";

/// Keeps mails instead of sending them.
#[derive(Debug, Default)]
pub struct MailCatcher {
    kept: Mutex<VecDeque<Letter>>,
}

impl MailCatcher {
    /// The mails, the newest first.
    pub fn letters(&self) -> Vec<Letter> {
        let kept = self
            .kept
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        kept.iter().cloned().collect()
    }
}

impl Carrier for MailCatcher {
    fn carry<'a>(&'a self, letter: &'a Letter) -> Sending<'a> {
        Box::pin(async move {
            let mut kept = self
                .kept
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            kept.push_front(letter.clone());
            kept.truncate(KEPT);
            Ok(())
        })
    }
}

/// `GET /dev/mail`
pub(crate) async fn list(State(state): State<AppState>, visit: Visit) -> Response {
    let Some(demo) = &state.demo else {
        return not_found(State(state), Ok(visit)).await;
    };
    shown(&visit, &demo.mail.letters(), None)
}

/// `GET /dev/mail/{id}`
pub(crate) async fn read(
    State(state): State<AppState>,
    Path(path): Path<HashMap<String, String>>,
    visit: Visit,
) -> Response {
    let found = find(&state, &path);
    match found {
        Some(letter) => shown(&visit, std::slice::from_ref(&letter), Some(&letter.rendered.text)),
        None => not_found(State(state), Ok(visit)).await,
    }
}

/// `GET /dev/mail/{id}/html`
pub(crate) async fn html(
    State(state): State<AppState>,
    Path(path): Path<HashMap<String, String>>,
    visit: Visit,
) -> Response {
    let Some(letter) = find(&state, &path) else {
        return not_found(State(state), Ok(visit)).await;
    };
    let mut response = account_page(&visit, StatusCode::OK, letter.rendered.html);
    response
        .headers_mut()
        .insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(MAIL_CSP));
    response
}

fn find(state: &AppState, path: &HashMap<String, String>) -> Option<Letter> {
    let id = path.get("id")?;
    let letters = state.demo.as_ref()?.mail.letters();
    letters.into_iter().find(|letter| letter.id.to_string() == *id)
}

fn shown(visit: &Visit, letters: &[Letter], text: Option<&str>) -> Response {
    let ids: Vec<String> = letters.iter().map(|letter| letter.id.to_string()).collect();
    let mails = letters.iter().zip(&ids).map(|(letter, id)| CaughtMail {
        id,
        to: &letter.to,
        subject: &letter.rendered.subject,
        at: letter.at.secs(),
    });
    let page = CaughtPage {
        mails: mails.collect(),
        text,
    };
    account_page(visit, StatusCode::OK, page.render(&visit.chrome_here(&[])))
}
