//! What every request passes on its way to a handler and back: one function,
//! read from top to bottom, in `guard`.
//!
//! The connection itself (silence, slow heads, caps) is the listener's matter.

use std::future::ready;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{RequestId, World};
use futures_util::FutureExt as _;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::around::{Answering, Around, Later, Next};
use crate::client_ip::{ClientIp, TrustedProxies, forget, source_network};
use crate::listener::Peer;
use crate::management::Metrics;
use crate::management::metrics::{Rejection, Shed, method_label};
use crate::oauth;
use crate::state::AppState;

mod body;
mod headers;
mod load;
mod problem;
mod reader;
mod refusal;

pub use load::{Bounds, Class, LoadSettings};
pub use problem::problem;
pub(crate) use refusal::told;

use body::{Arrival, Gathered, Metered, Room};
use load::Load;
use reader::Reader;
use refusal::{Answered, Asker, shed};

/// The id of the request, ours alone; also in the `X-Request-Id` of the answer.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The methods any route here may have (CF5).
const METHODS: HeaderValue = HeaderValue::from_static("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT");

tokio::task_local! {
    /// The request this task is busy with. Lighter than a span for each request, of which most log nothing.
    static CURRENT: RequestId;
}

/// The request that is being handled here, for lines of the log.
pub fn current_request() -> Option<RequestId> {
    CURRENT.try_with(|id| *id).ok()
}

/// Bounds of a single request and what the answers say about the deployment.
#[derive(Debug, Clone)]
pub struct EdgeSettings {
    /// Time for a handler to begin its answer; 503 beyond. 30 s.
    pub request_timeout: Duration,
    /// Requests handled at once, of all classes; 503 beyond. What comes from memory is bounded by as many, and
    /// apart. 1,024.
    pub max_in_flight: usize,
    /// Bounds of each class of requests.
    pub load: LoadSettings,
    /// Bytes of a request body; 413 beyond. 64 KiB.
    pub max_body_bytes: usize,
    /// Other body bounds by route template, as written in the router.
    pub body_bytes_by_route: Vec<(&'static str, usize)>,
    /// Bytes of path and query; 414 beyond. 16 KiB: authorization requests carry much in their query.
    pub max_uri_bytes: usize,
    /// Whether the public address is https; adds `Strict-Transport-Security` (CR10).
    pub https: bool,
    /// Networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
}

impl Default for EdgeSettings {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(30),
            max_in_flight: 1024,
            load: LoadSettings::default(),
            max_body_bytes: 64 * 1024,
            body_bytes_by_route: Vec::new(),
            max_uri_bytes: 16 * 1024,
            https: false,
            trusted_proxies: TrustedProxies::default(),
        }
    }
}

struct Edge {
    settings: EdgeSettings,
    world: World,
    metrics: Metrics,
    load: Load,
    /// Bodies that are still arriving.
    room: Room,
    slots: Semaphore,
    /// The same for what is always served: nobody else can take these.
    metadata_slots: Semaphore,
    /// What pages are made from; without it everybody gets problem documents.
    pages: Option<AppState>,
}

/// Puts the edge around all routes and the fallback of `router`. With `pages`, browsers see what the edge refuses as a
/// page of their tenant; everybody else gets a problem document.
pub fn protect(
    router: Router,
    settings: EdgeSettings,
    world: World,
    metrics: Metrics,
    pages: Option<AppState>,
) -> Router {
    let slots = || Semaphore::new(settings.max_in_flight.min(Semaphore::MAX_PERMITS));
    let edge = Arc::new(Edge {
        load: Load::new(&settings.load, &metrics),
        room: Room::new(settings.load.body_bytes),
        slots: slots(),
        metadata_slots: slots(),
        settings,
        world,
        metrics,
        pages,
    });
    router.layer(Around::new(edge, enter))
}

/// The way in: who has no chance is turned away before anything is made for them.
fn enter(edge: &Arc<Edge>, request: Request, next: Next<'_>) -> Answering {
    match edge.turn_away(&request) {
        Some(refusal) => Box::pin(ready(refusal)),
        None => Box::pin(guard(Arc::clone(edge), request, next.keep())),
    }
}

/// The whole edge in order: name, admit, handle, dress, record. What most requests do not need waits in boxes, so that
/// they carry no room for it.
async fn guard(edge: Arc<Edge>, mut request: Request, next: Later) -> Response {
    let started = Instant::now();
    let _in_flight = edge.metrics.request_begun();
    let facts = edge.name(&mut request);
    let bodiless = request.method() == Method::HEAD;
    let reader = edge.pages.as_ref().zip(Reader::of(&request));
    let class = facts.class;
    // The body is not read and nothing is logged; the metric counts.
    let hopeless = edge.load.refuses(class);
    let mut response = match hopeless {
        Some(why) => edge.shed(class, why, facts.id),
        None => {
            let handled = async {
                match edge.admit(&request, &facts) {
                    ControlFlow::Continue(limit) => edge.handle(request, next, &facts, limit).await,
                    ControlFlow::Break(refusal) => refusal,
                }
            };
            CURRENT.scope(facts.id, handled).await
        }
    };
    if let (Some(state), Some(refusal)) = (&edge.pages, refusal::taken(&mut response)) {
        response = Box::pin(refusal::record(state, &facts.answered(), refusal, response)).await;
    }
    #[cfg(feature = "failpoints")]
    if engine::failpoint::reach(engine::failpoint::Point::Reply)
        .await
        .is_err()
    {
        response = busy(facts.id);
    }
    if !bodiless {
        problem::fill(&mut response, facts.id);
        if let Some((state, reader)) = reader {
            Box::pin(reader.show(state, &mut response)).await;
        }
    }
    headers::dress(&mut response, edge.settings.https);
    tell_id(&mut response, facts.id);
    let took = started.elapsed();
    edge.metrics
        .answered(facts.route(), &facts.method, response.status(), took);
    if hopeless.is_none() {
        CURRENT.sync_scope(facts.id, || facts.record(response.status(), took));
    }
    response
}

/// What is known about a request before it is handled.
#[derive(Debug)]
struct Facts {
    id: RequestId,
    client: ClientIp,
    method: Method,
    path: String,
    route: Option<MatchedPath>,
    asker: Asker,
    class: Class,
}

/// Stands for the template where no route matched.
const UNMATCHED: &str = "unmatched";

impl Facts {
    fn answered(&self) -> Answered<'_> {
        Answered {
            id: self.id,
            client_ip: self.client.0,
            path: &self.path,
            route: self.route(),
            asker: &self.asker,
        }
    }

    /// The template, never the client's own text: it becomes a metric label.
    fn route(&self) -> &str {
        self.route.as_ref().map_or(UNMATCHED, MatchedPath::as_str)
    }

    /// One line of the access log (E10). The query is left out because codes and
    /// hints travel in it, and of the address only its network is kept.
    fn record(&self, status: StatusCode, took: Duration) {
        tracing::info!(
            target: "access",
            method = method_label(&self.method),
            path = self.path,
            route = self.route(),
            status = status.as_u16(),
            micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            source = %source_network(self.client.0),
        );
    }
}

impl Edge {
    /// Gives the request its id and its client address, and takes away every
    /// header with which somebody else could have claimed either.
    fn name(&self, request: &mut Request) -> Facts {
        /// Longer paths are no route of ours; the log need not hold them.
        const LOGGED_PATH: usize = 256;
        let peer = request
            .extensions()
            .get::<Peer>()
            .map_or(UNKNOWN_PEER, |peer| peer.0);
        let client = self.settings.trusted_proxies.client(peer, request.headers());
        let id = RequestId::generate(&self.world);
        request.extensions_mut().insert(client);
        request.extensions_mut().insert(id);
        let headers = request.headers_mut();
        headers.remove(REQUEST_ID);
        forget(headers);
        let route = request.extensions().get::<MatchedPath>().cloned();
        Facts {
            class: Class::of(route.as_ref().map_or(UNMATCHED, MatchedPath::as_str)),
            id,
            client,
            method: request.method().clone(),
            path: match request.uri().path() {
                short if short.len() <= LOGGED_PATH => short.to_owned(),
                long => long.chars().take(LOGGED_PATH).collect(),
            },
            route,
            asker: Asker::of(request.headers()),
        }
    }

    /// Refuses what can be refused by the head alone; returns the body bound otherwise.
    fn admit(&self, request: &Request, facts: &Facts) -> ControlFlow<Response, usize> {
        let method = request.method();
        if method == Method::TRACE || method == Method::CONNECT || method_label(method) == "other" {
            self.metrics.reject(Rejection::Method);
            let mut response = problem(StatusCode::METHOD_NOT_ALLOWED, facts.id);
            response.headers_mut().insert(header::ALLOW, METHODS);
            return ControlFlow::Break(told("method", response));
        }
        let uri = request.uri();
        if uri.path().len() + uri.query().map_or(0, str::len) > self.settings.max_uri_bytes {
            self.metrics.reject(Rejection::UriTooLong);
            let answer = problem(StatusCode::URI_TOO_LONG, facts.id);
            return ControlFlow::Break(told("uri_too_long", answer));
        }
        let limit = self.body_limit(facts.route());
        let announced = axum::body::HttpBody::size_hint(request.body()).lower();
        if announced > u64::try_from(limit).unwrap_or(u64::MAX) {
            self.metrics.reject(Rejection::BodyTooLarge);
            let answer = problem(StatusCode::PAYLOAD_TOO_LARGE, facts.id);
            return ControlFlow::Break(told("body_too_large", answer));
        }
        ControlFlow::Continue(limit)
    }

    fn body_limit(&self, route: &str) -> usize {
        self.settings
            .body_bytes_by_route
            .iter()
            .find(|(template, _)| *template == route)
            .map_or(self.settings.max_body_bytes, |(_, limit)| *limit)
    }

    async fn handle(&self, request: Request, next: Later, facts: &Facts, limit: usize) -> Response {
        // A panicking handler holds nothing of ours, so its state is not observed afterwards.
        let served = tokio::time::timeout(
            self.settings.request_timeout,
            AssertUnwindSafe(self.serve(request, next, facts, limit)).catch_unwind(),
        );
        match served.await {
            Ok(Ok(response)) => response,
            Ok(Err(_panic)) => {
                self.metrics.reject(Rejection::Panic);
                tracing::error!(route = facts.route(), "the handler panicked");
                problem(StatusCode::INTERNAL_SERVER_ERROR, facts.id)
            }
            Err(_) => {
                self.metrics.reject(Rejection::Timeout);
                tracing::warn!(route = facts.route(), "the handler took too long");
                told("handler_timeout", busy(facts.id))
            }
        }
    }

    /// Reads the body, then takes a place, then calls the handler: who sends slowly holds no place.
    async fn serve(&self, request: Request, next: Later, facts: &Facts, limit: usize) -> Response {
        let (class, arrival) = (facts.class, Arrival::default());
        let (parts, body) = request.into_parts();
        let body = match self.room.gather(Metered::wrap(body, limit, &arrival)).await {
            Gathered::Whole(body) => body,
            Gathered::Broken => {
                return self.judge(problem(StatusCode::BAD_REQUEST, facts.id), &arrival, facts.id);
            }
            Gathered::NoRoom => return self.shed(class, Shed::Bodies, facts.id),
        };
        let _place = match self.load.enter(class).await {
            Ok(place) => place,
            Err(why) => return self.shed(class, why, facts.id),
        };
        let slots = match class {
            Class::Metadata => &self.metadata_slots,
            Class::Machine | Class::Pages | Class::Admin => &self.slots,
        };
        let Ok(_slot) = slots.try_acquire() else {
            self.metrics.reject(Rejection::Capacity);
            return shed(busy(facts.id));
        };
        let request = Request::from_parts(parts, body);
        #[cfg(feature = "failpoints")]
        return failing(next, request, facts.id).await;
        #[cfg(not(feature = "failpoints"))]
        next.run(request).await
    }

    /// Programs that have no chance now. A refusal has to cost much less than an answer, or beyond twice the peak there
    /// is time for nothing else: so this comes before everything that takes any.
    fn turn_away(&self, request: &Request) -> Option<Response> {
        let class = Class::of(request.extensions().get::<MatchedPath>()?.as_str());
        if class != Class::Machine {
            return None;
        }
        let why = self.load.refuses(class)?;
        let id = RequestId::generate(&self.world);
        let mut response = self.shed(class, why, id);
        self.count_shed(request, id);
        headers::dress(&mut response, self.settings.https);
        tell_id(&mut response, id);
        Some(response)
    }

    fn count_shed(&self, request: &Request, id: RequestId) {
        let Some(state) = &self.pages else { return };
        let peer = request
            .extensions()
            .get::<Peer>()
            .map_or(UNKNOWN_PEER, |peer| peer.0);
        let answered = Answered {
            id,
            client_ip: self.settings.trusted_proxies.client(peer, request.headers()).0,
            path: request.uri().path(),
            route: request
                .extensions()
                .get::<MatchedPath>()
                .map_or("unmatched", MatchedPath::as_str),
            asker: &Asker::of(request.headers()),
        };
        refusal::count(state, &answered);
    }

    /// 503 in the form callers of this class read; a browser gets its page from [`Reader::show`].
    fn shed(&self, class: Class, why: Shed, id: RequestId) -> Response {
        self.metrics.shed(class.name(), why);
        shed(match class {
            Class::Machine => {
                let mut response = oauth::error::busy();
                say_when(&mut response);
                response
            }
            Class::Metadata | Class::Pages | Class::Admin => busy(id),
        })
    }

    /// The answer to a body that did not come whole.
    fn judge(&self, response: Response, arrival: &Arrival, id: RequestId) -> Response {
        let (rejection, status, reason) = match arrival.fault() {
            None => return told("body", response),
            Some(body::Fault::Late) => (
                Rejection::BodyTimeout,
                StatusCode::REQUEST_TIMEOUT,
                "body_timeout",
            ),
            Some(body::Fault::TooLarge) => (
                Rejection::BodyTooLarge,
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
            ),
        };
        self.metrics.reject(rejection);
        told(reason, problem(status, id))
    }
}

/// The handler, unless a drill armed the point before it.
#[cfg(feature = "failpoints")]
async fn failing(next: Later, request: Request, id: RequestId) -> Response {
    match engine::failpoint::reach(engine::failpoint::Point::Handler).await {
        Ok(()) => next.run(request).await,
        Err(_) => busy(id),
    }
}

/// Stands for the peer where a router is driven without a socket.
const UNKNOWN_PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// Puts the request's id into its answer.
fn tell_id(response: &mut Response, id: RequestId) {
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
}

/// 503 as a problem document.
fn busy(id: RequestId) -> Response {
    let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, id).into_response();
    say_when(&mut response);
    response
}

/// The shortest wait there is: shed load returns spread out (RFC 9110 section 10.2.3).
fn say_when(response: &mut Response) {
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
}

#[cfg(test)]
mod tests;
