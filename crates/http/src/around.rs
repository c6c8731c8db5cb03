//! Steps around the handlers of routes: what `axum::middleware::from_fn` does, for those that every request of a program
//! passes. One allocation each instead of four, and what is further inside is only copied by a step that waits before it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::Response;
use axum::routing::Route;
use tower::{Layer, Service};

/// An answer that is being made.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// What a step does with its state, a request and what is further inside.
type Step<S> = fn(&S, Request, Next<'_>) -> Answering;

/// A step with its state, for `layer`.
#[derive(Debug, Clone)]
pub(crate) struct Around<S> {
    state: S,
    step: Step<S>,
}

impl<S> Around<S> {
    /// Calls `step` for each request.
    pub(crate) const fn new(state: S, step: Step<S>) -> Self {
        Self { state, step }
    }
}

impl<S: Clone> Layer<Route> for Around<S> {
    type Service = Surrounded<S>;

    fn layer(&self, inner: Route) -> Surrounded<S> {
        Surrounded {
            around: self.clone(),
            inner,
        }
    }
}

/// A route with a step around it.
#[derive(Debug, Clone)]
pub(crate) struct Surrounded<S> {
    around: Around<S>,
    inner: Route,
}

impl<S> Service<Request> for Surrounded<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Answered;

    /// A route is always ready.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Answered {
        Answered((self.around.step)(
            &self.around.state,
            request,
            Next(&mut self.inner),
        ))
    }
}

/// What is further inside: other steps, and in the end the handler.
#[derive(Debug)]
pub(crate) struct Next<'a>(&'a mut Route);

impl Next<'_> {
    /// Lets it answer.
    pub(crate) fn run(self, request: Request) -> impl Future<Output = Response> + Send + use<> {
        let answer = self.0.call(request);
        async move {
            match answer.await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        }
    }

    /// For a step that does something else first.
    pub(crate) fn keep(self) -> Later {
        Later(self.0.clone())
    }
}

/// What is further inside, for later.
#[derive(Debug)]
pub(crate) struct Later(Route);

impl Later {
    /// Lets it answer.
    pub(crate) fn run(mut self, request: Request) -> impl Future<Output = Response> + Send + use<> {
        Next(&mut self.0).run(request)
    }
}

/// An answer, as the router wants it.
pub(crate) struct Answered(Answering);

impl Future for Answered {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}
