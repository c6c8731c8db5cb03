//! Refusals that no use case saw: the request could not be read, or what it is about is not there.
//!
//! Who refuses marks the answer; the layer of the route records it, as the kind the table of routes gives, before the
//! answer leaves. So an extractor that knows no route and a handler that knows no other way leave the same trace.

use axum::extract::Request;
use axum::response::Response;
use domain::{ClientId, Event, EventKind};
use engine::Ctx;
use protocol::OAuthError;

use crate::around::{Answering, Next};
use crate::extract::Visit;
use crate::reply::{fault_status, local_error};
use crate::state::AppState;

/// A refusal that still has to be recorded; travels with the answer.
#[derive(Debug, Clone)]
struct Unrecorded {
    ctx: Ctx,
    client: Option<ClientId>,
    reason: &'static str,
}

/// Marks an answer as a refusal to be recorded. `reason` is one of a closed list of short words.
pub(crate) fn refused(ctx: &Ctx, reason: &'static str, answer: Response) -> Response {
    marked(ctx, None, reason, answer)
}

/// The same for a request of a client that has proved itself.
pub(crate) fn refused_to(ctx: &Ctx, client: &ClientId, reason: &'static str, answer: Response) -> Response {
    marked(ctx, Some(client.clone()), reason, answer)
}

/// The page for parameters that cannot be read, to be recorded.
pub(crate) fn unreadable(visit: &Visit, error: OAuthError) -> Response {
    refused(&visit.ctx, error.code.as_str(), local_error(visit, error))
}

fn marked(ctx: &Ctx, client: Option<ClientId>, reason: &'static str, mut answer: Response) -> Response {
    answer.extensions_mut().insert(Unrecorded {
        ctx: ctx.clone(),
        client,
        reason,
    });
    answer
}

/// What the layer needs to know of its route.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    /// Where to.
    pub(crate) state: AppState,
    /// As what.
    pub(crate) kind: EventKind,
    /// The route's template.
    pub(crate) route: &'static str,
}

/// Records what the handler or an extractor refused. If that is impossible the caller is told to come again.
pub(crate) fn record(recorder: &Recorder, request: Request, next: Next<'_>) -> Answering {
    let recorder = recorder.clone();
    let answer = next.run(request);
    Box::pin(async move {
        let mut answer = answer.await;
        match answer.extensions_mut().remove() {
            Some(unrecorded) => Box::pin(recorder.record(unrecorded, answer)).await,
            None => answer,
        }
    })
}

impl Recorder {
    async fn record(&self, Unrecorded { ctx, client, reason }: Unrecorded, answer: Response) -> Response {
        let mut event = Event::failure(self.kind, reason).detail("route", self.route);
        event.client = client;
        match self.state.app.refuse(&ctx, event).await {
            Ok(()) => answer,
            Err(fault) => fault_status(&fault),
        }
    }
}
