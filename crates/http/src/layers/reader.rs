//! A browser that is refused sees a page with a code and the request's id, not a problem document.

use axum::extract::Request;
use axum::http::header::ACCEPT;
use axum::http::request::Parts;
use axum::response::Response;

use super::problem::is_filled;
use crate::extract::Visit;
use crate::pages::Problem;
use crate::reply::problem_page;
use crate::state::AppState;

/// A request of somebody who reads pages, kept until its answer is known.
#[derive(Debug)]
pub(super) struct Reader {
    /// In a box: programs have none.
    parts: Box<Parts>,
}

impl Reader {
    /// Whoever asks for HTML. Programs do not, and cost nothing here.
    pub(super) fn of(request: &Request) -> Option<Self> {
        let accept = request.headers().get(ACCEPT)?.to_str().ok()?;
        if !accept.contains("text/html") {
            return None;
        }
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.method = request.method().clone();
        parts.uri = request.uri().clone();
        parts.headers = request.headers().clone();
        parts.extensions = request.extensions().clone();
        Some(Self {
            parts: Box::new(parts),
        })
    }

    /// Puts a page in the place of a problem document the edge made. Headers that say more (`Allow`, `Retry-After`)
    /// stay, and so does the status.
    pub(super) async fn show(mut self, state: &AppState, response: &mut Response) {
        let Some(problem) = Problem::of_status(response.status().as_u16()).filter(|_| is_filled(response))
        else {
            return;
        };
        let Some(visit) = Visit::of_anybody(&mut self.parts, state).await else {
            return;
        };
        let (page, body) = problem_page(&visit, problem, None).into_parts();
        *response.body_mut() = body;
        response.headers_mut().extend(page.headers);
    }
}
