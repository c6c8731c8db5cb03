//! The addresses of the application and what they do.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequestParts, RawQuery, Request, State};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use domain::{RequestId, TokenHash};
use http_face::pages::Chrome;
use protocol::Params;

use super::refusal::Refusal;
use super::session::Session;
use super::sign_in::{self, Pending, unguessable};
use super::{Sample, assets, cookies, post_logout_redirect_uri, redirect_uri, view};

pub(super) fn router(sample: Arc<Sample>) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/sign-in", get(sign_in))
        .route("/callback", get(callback))
        .route("/refresh", post(refresh))
        .route("/sign-out", post(sign_out))
        .route("/bye", get(bye))
        .route("/assets/tenant.css", get(assets::brand))
        .route("/assets/{name}", get(assets::file))
        .fallback(nowhere)
        .layer(from_fn_with_state(Arc::clone(&sample), at_own_address))
        .with_state(sample)
}

/// Who visits: the language and the cookies of one request.
struct Visit {
    chrome: Chrome,
    headers: HeaderMap,
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let request_id = parts.extensions.get::<RequestId>().copied();
        Ok(Self {
            chrome: view::chrome(&parts.headers, request_id),
            headers: parts.headers.clone(),
        })
    }
}

impl Visit {
    fn cookie(&self, name: &str) -> Option<String> {
        cookies::read(&self.headers, name)
    }

    fn answer(&self, outcome: Result<Response, Refusal>) -> Response {
        outcome.unwrap_or_else(|refusal| {
            tracing::info!(code = refusal.code(), "the sample application refuses");
            view::refused(&refusal, &self.chrome)
        })
    }
}

async fn home(State(sample): State<Arc<Sample>>, visit: Visit) -> Response {
    match sample.session(&visit) {
        Some(session) => view::signed_in(&session, &visit.chrome).await,
        None => sample.home(&visit.chrome, false),
    }
}

async fn sign_in(State(sample): State<Arc<Sample>>, visit: Visit) -> Response {
    visit.answer(sample.begin(&visit).await)
}

async fn callback(State(sample): State<Arc<Sample>>, visit: Visit, RawQuery(query): RawQuery) -> Response {
    visit.answer(sample.finish(&visit, query.as_deref().unwrap_or_default()).await)
}

async fn refresh(State(sample): State<Arc<Sample>>, visit: Visit, form: Bytes) -> Response {
    let Some((cookie, session)) = sample.signed_in(&visit) else {
        return Redirect::to("/").into_response();
    };
    if let Err(refusal) = sent_by(&session, &form) {
        return visit.answer(Err(refusal));
    }
    let renewed = sample.renew(&session).await;
    if renewed.as_ref().is_err_and(Refusal::ends_session) {
        sample.sessions.take(sample.world.now(), &cookie);
    }
    visit.answer(renewed.map(|()| Redirect::to("/").into_response()))
}

async fn sign_out(State(sample): State<Arc<Sample>>, visit: Visit, form: Bytes) -> Response {
    let Some((cookie, session)) = sample.signed_in(&visit) else {
        return Redirect::to("/").into_response();
    };
    if let Err(refusal) = sent_by(&session, &form) {
        return visit.answer(Err(refusal));
    }
    sample.sessions.take(sample.world.now(), &cookie);
    visit.answer(sample.leave(&session).await)
}

/// Where the issuer sends people who signed out. Without the state of a sign-out of ours it says nothing.
async fn bye(State(sample): State<Arc<Sample>>, visit: Visit, RawQuery(query): RawQuery) -> Response {
    let params = Params::parse_query(query.as_deref().unwrap_or_default()).unwrap_or_default();
    let left = params
        .get("state")
        .and_then(|state| sample.leaving.take(sample.world.now(), state));
    match (left, sample.session(&visit)) {
        (Some(()), None) => sample.home(&visit.chrome, true),
        _ => Redirect::to("/").into_response(),
    }
}

async fn nowhere(visit: Visit) -> Response {
    view::not_found(&visit.chrome)
}

/// Cookies and redirect URI belong to one address, so visitors under another name are sent there. This also keeps away
/// pages of other sites whose names resolve to this machine.
async fn at_own_address(State(sample): State<Arc<Sample>>, request: Request, next: Next) -> Response {
    let in_header = || {
        request
            .headers()
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
    };
    let named = request
        .uri()
        .authority()
        .map(Authority::as_str)
        .or_else(in_header);
    let own = sample.own_url.split_once("://").map(|(_, authority)| authority);
    if named == own {
        next.run(request).await
    } else {
        Redirect::to(&format!("{}/", sample.own_url)).into_response()
    }
}

fn sent_by(session: &Session, form: &[u8]) -> Result<(), Refusal> {
    let params = Params::parse_form(form).map_err(|_| Refusal::CrossSite)?;
    if session.sent(params.get("csrf")) {
        Ok(())
    } else {
        Err(Refusal::CrossSite)
    }
}

impl Sample {
    /// The session of a visitor and the cookie it goes by.
    fn signed_in(&self, visit: &Visit) -> Option<(String, Arc<Session>)> {
        let cookie = visit.cookie(&self.cookies.session)?;
        let session = self.sessions.find(self.world.now(), &cookie)?;
        Some((cookie, session))
    }

    fn session(&self, visit: &Visit) -> Option<Arc<Session>> {
        self.signed_in(visit).map(|(_, session)| session)
    }

    /// Sends the browser to the issuer.
    async fn begin(&self, visit: &Visit) -> Result<Response, Refusal> {
        let endpoint = &self.provider.metadata().await?.authorization_endpoint;
        let browser = self.browser(visit);
        let state = unguessable(&self.world);
        let pending = Pending::begin(&browser, &self.world);
        let redirect_uri = redirect_uri(&self.own_url);
        let url = pending.authorization_url(endpoint, &self.client_id, &redirect_uri, &state);
        self.pending.put(self.world.now(), &state, pending);
        Ok(with_cookie(
            Redirect::to(url.as_str()),
            self.cookies.set_browser(&browser),
        ))
    }

    /// The value that ties sign-ins to the browser. The one it has is kept while a sign-in goes by it, so that two tabs
    /// can sign in side by side; one that we did not give is not taken.
    fn browser(&self, visit: &Visit) -> String {
        let now = self.world.now();
        visit
            .cookie(&self.cookies.browser)
            .filter(|cookie| {
                let hash = TokenHash::of(cookie);
                self.pending.any(now, |pending| pending.browser == hash)
            })
            .unwrap_or_else(|| unguessable(&self.world))
    }

    /// Takes the issuer's answer. Only the browser that began a sign-in can end it, and only once.
    async fn finish(&self, visit: &Visit, query: &str) -> Result<Response, Refusal> {
        let now = self.world.now();
        let params = Params::parse_query(query)?;
        let state = params.get("state").ok_or(Refusal::State)?;
        let browser = visit.cookie(&self.cookies.browser).ok_or(Refusal::State)?;
        let browser = TokenHash::of(&browser);
        let pending = self
            .pending
            .take_if(now, state, |pending| pending.browser == browser)
            .ok_or(Refusal::State)?;
        let code = sign_in::code(&params, &self.issuer)?;
        let session = self.establish(&pending, &code).await?;
        if let Some((earlier, _)) = self.signed_in(visit) {
            self.sessions.take(now, &earlier);
        }
        let cookie = unguessable(&self.world);
        self.sessions.put(self.world.now(), &cookie, Arc::new(session));
        Ok(with_cookie(Redirect::to("/"), self.cookies.set_session(&cookie)))
    }

    /// Sends the browser to the issuer to sign out there too. The session here has already ended.
    async fn leave(&self, session: &Session) -> Result<Response, Refusal> {
        let endpoint = &self.provider.metadata().await?.end_session_endpoint;
        let state = unguessable(&self.world);
        let back = post_logout_redirect_uri(&self.own_url);
        let url = sign_in::logout_url(endpoint, &session.tokens.lock().await.id_token, &back, &state);
        self.leaving.put(self.world.now(), &state, ());
        Ok(with_cookie(
            Redirect::to(url.as_str()),
            self.cookies.clear_session(),
        ))
    }
}

fn with_cookie(redirect: Redirect, cookie: Option<HeaderValue>) -> Response {
    let mut response = redirect.into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
