//! One connection from its first byte to its end.

use std::convert::Infallible;
use std::error::Error;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Version, header};
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::activity::{Activity, Verdict, Watchdog, Watched};
use super::body::{RequestBody, ResponseBody};
use super::{Limits, Peer, Shared};
use crate::management::metrics::Refusal;
use crate::pressure::{Pressure, behind_everybody};

/// The smallest buffer hyper works with; below it, it panics.
const SMALLEST_HEAD: usize = 8 * 1024;

pub(super) async fn serve<I>(io: I, peer: SocketAddr, shared: &Shared)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Activity::new(Arc::clone(&shared.limits));
    let mut watchdog = Watchdog::new(Arc::clone(&activity));
    let io = TokioIo::new(Watched::new(io, Arc::clone(&activity)));
    let requests = Requests {
        peer,
        router: shared.router.clone(),
        pressure: shared.pressure.clone(),
        body_read_timeout: shared.limits.body_read_timeout,
        leaving: shared.leaving.clone(),
        draining: shared.draining.clone(),
        activity: Arc::clone(&activity),
    };
    let service = service_fn(move |request| requests.clone().answer(request));
    let builder = builder(&shared.limits);
    let mut connection = pin!(builder.serve_connection(io, service));
    let (mut asked_to_go, mut said_goodbye, mut draining) = (false, false, false);
    loop {
        let over = poll_fn(|cx| {
            activity.has_a_turn();
            match connection.as_mut().poll(cx) {
                Poll::Ready(end) => Poll::Ready(Err(end)),
                // HTTP/2 has a goodbye that loses nothing once a request has begun; HTTP/1.1 has one in the head of the
                // next answer.
                Poll::Pending if asked_to_go && !said_goodbye && activity.has_asked_over_http2() => {
                    Poll::Ready(Ok(Verdict::Retire))
                }
                Poll::Pending => watchdog.poll(cx).map(Ok),
            }
        });
        let over = tokio::select! {
            biased;
            () = shared.cut.cancelled() => return,
            () = shared.draining.cancelled(), if !draining => {
                (asked_to_go, draining) = (true, true);
                activity.leave();
                continue;
            }
            () = shared.leaving.cancelled(), if !asked_to_go => {
                asked_to_go = true;
                continue;
            }
            over = over => over,
        };
        match over {
            Ok(Verdict::Retire) => {
                said_goodbye = true;
                activity.leave();
                connection.as_mut().graceful_shutdown();
            }
            Ok(Verdict::Cut) => {
                if !draining {
                    shared.metrics.refuse(Refusal::Timeout);
                }
                return;
            }
            Err(end) => {
                let refusal = match &end {
                    _ if activity.flooded() => Some(Refusal::Flood),
                    Err(error) => refusal(error.as_ref()),
                    Ok(()) => None,
                };
                if let Some(refusal) = refusal {
                    shared.metrics.refuse(refusal);
                }
                if let Err(error) = end {
                    tracing::debug!(error, "connection ended early");
                }
                return;
            }
        }
    }
}

/// What the protocol libraries refused; nothing if the peer or the network ended the connection.
///
/// HTTP/2 answers a header list that is too large on its stream (431) and goes on: that is no end of a connection.
fn refusal(error: &(dyn Error + Send + Sync + 'static)) -> Option<Refusal> {
    let error = error.downcast_ref::<hyper::Error>()?;
    if error.is_parse_too_large() {
        return Some(Refusal::HeadTooLarge);
    }
    if error.is_parse() {
        return Some(Refusal::Malformed);
    }
    // A ping was not answered.
    if error.is_timeout() {
        return Some(Refusal::Timeout);
    }
    let error = error.source()?.downcast_ref::<h2::Error>()?;
    if !error.is_library() {
        return None;
    }
    // RFC 9113 section 7: the peer "is exhibiting a behavior that might be generating excessive load".
    Some(match error.reason() {
        Some(h2::Reason::ENHANCE_YOUR_CALM) => Refusal::Flood,
        _ => Refusal::Protocol,
    })
}

/// What turns the requests of one connection into calls of the router.
#[derive(Clone)]
struct Requests {
    peer: SocketAddr,
    router: Router,
    pressure: Option<Pressure>,
    body_read_timeout: Duration,
    leaving: CancellationToken,
    draining: CancellationToken,
    activity: Arc<Activity>,
}

impl Requests {
    async fn answer(
        self,
        request: hyper::Request<Incoming>,
    ) -> Result<hyper::Response<ResponseBody>, Infallible> {
        let version = request.version();
        let mut in_flight = self.activity.begin(version);
        if in_flight.is_greedy() {
            behind_everybody().await;
        }
        let (pressure, path) = (self.pressure.as_ref(), request.uri().path());
        if let Some(refusal) = pressure.and_then(|pressure| pressure.turn_away(path, in_flight.crowds())) {
            in_flight.answered();
            return Ok(refusal.map(|body| ResponseBody::new(body, in_flight)));
        }
        let mut request: Request = request.map(|body| {
            if body.is_end_stream() {
                Body::empty()
            } else {
                Body::new(RequestBody::new(body, self.body_read_timeout).told(in_flight.arriving()))
            }
        });
        request.extensions_mut().insert(Peer(self.peer));
        let mut response = self.router.oneshot(request).await?;
        in_flight.answered();
        let is_last = self.leaving.is_cancelled() || self.draining.is_cancelled();
        if is_last && version != Version::HTTP_2 {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        Ok(response.map(|body| ResponseBody::new(body, in_flight)))
    }
}

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // Timed by the watchdog, which also sees silence before the first byte.
        .header_read_timeout(None)
        .max_buf_size(limits.max_header_bytes.max(SMALLEST_HEAD))
        .max_headers(limits.max_headers);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.h2_max_concurrent_streams)
        .max_header_list_size(u32::try_from(limits.max_header_bytes).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(limits.h2_max_pending_reset_streams)
        .max_local_error_reset_streams(limits.h2_max_local_reset_streams)
        .keep_alive_interval(limits.h2_ping_interval)
        .keep_alive_timeout(limits.header_read_timeout);
    builder
}
