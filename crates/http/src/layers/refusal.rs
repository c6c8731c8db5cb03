//! What the edge itself refuses leaves a row in the log like every other refusal (LG1): wrong method, address or body too
//! long, a body or a handler that took too long. What is shed for want of room is only counted, one row for each network
//! and minute: a crowd must not make us write.

use std::net::IpAddr;

use axum::http::header::{HOST, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use domain::{Event, EventKind, RequestId, Slug};
use engine::Ctx;

use crate::extract::{of_host, of_nobody};
use crate::reply::fault_status;
use crate::state::AppState;

/// Why the edge refused; travels with its answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Refusal {
    /// Recorded, with one of a closed list of short words.
    Told(&'static str),
    /// There was no room.
    Shed,
}

/// Marks an answer as a refusal to be recorded.
pub(crate) fn told(reason: &'static str, mut answer: Response) -> Response {
    answer.extensions_mut().insert(Refusal::Told(reason));
    answer
}

/// Marks an answer as shed.
pub(super) fn shed(mut answer: Response) -> Response {
    answer.extensions_mut().insert(Refusal::Shed);
    answer
}

/// What has to be known of a request once it is gone.
#[derive(Debug)]
pub(super) struct Asker {
    host: Option<HeaderValue>,
    agent: Option<HeaderValue>,
}

impl Asker {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self {
            host: headers.get(HOST).cloned(),
            agent: headers.get(USER_AGENT).cloned(),
        }
    }
}

/// One request that was answered.
#[derive(Debug)]
pub(super) struct Answered<'a> {
    pub(super) id: RequestId,
    pub(super) client_ip: IpAddr,
    pub(super) path: &'a str,
    pub(super) route: &'a str,
    pub(super) asker: &'a Asker,
}

/// Counts one that was shed.
pub(super) fn count(state: &AppState, asked: &Answered<'_>) {
    if let Some(ctx) = asked.ctx(state) {
        state.app.count_shed(&ctx);
    }
}

/// The mark of an answer with which the edge refused.
pub(super) fn taken(answer: &mut Response) -> Option<Refusal> {
    answer.extensions_mut().remove()
}

/// Records what the edge refused, before the answer leaves. If that is impossible the caller is told to come again.
pub(super) async fn record(
    state: &AppState,
    asked: &Answered<'_>,
    refusal: Refusal,
    answer: Response,
) -> Response {
    let Some(ctx) = asked.ctx(state) else {
        return answer;
    };
    match refusal {
        Refusal::Shed => {
            state.app.count_shed(&ctx);
            answer
        }
        Refusal::Told(reason) => {
            let event = Event::failure(EventKind::RequestRefused, reason).detail("route", asked.route);
            match state.app.refuse(&ctx, event).await {
                Ok(()) => answer,
                Err(fault) => fault_status(&fault),
            }
        }
    }
}

impl Answered<'_> {
    /// Nobody is known here; who asks for an unknown tenant is told to the host's.
    fn ctx(&self, state: &AppState) -> Option<Ctx> {
        let host = self.asker.host.as_ref().and_then(|host| host.to_str().ok());
        let tenant = self
            .named()
            .and_then(|slug| state.app.tenant(&slug))
            .or_else(|| of_host(host, state))?;
        let from = (self.id, Some(self.client_ip));
        Some(of_nobody(state, tenant, from, self.asker.agent.as_ref()))
    }

    /// The tenant in the path, where the route has one.
    fn named(&self) -> Option<Slug> {
        let before = self.route.split_once("{tenant}")?.0;
        let rest = self.path.strip_prefix(before)?;
        rest.split('/').next()?.parse().ok()
    }
}
