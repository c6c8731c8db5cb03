use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use domain::{Clock, Issuer, Secret, SystemEntropy, Timestamp, World};
use http_face::pages::Accent;
use protocol::{Params, pkce};
use tokio::net::TcpListener;
use tower::ServiceExt as _;
use url::Url;

use super::refusal::Refusal;
use super::sign_in::{self, Pending};
use super::store::Store;
use super::view::Readable;
use super::{SampleApp, SampleAppError, bind_near, cookies, view};

const OWN: &str = "http://127.0.0.1:9999";
const ISSUER: &str = "http://localhost:8080";
const SECRET: &str = "rsp_cs_never-shown";

#[derive(Default)]
struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.0.load(Ordering::Relaxed))
    }
}

fn world() -> World {
    World::new(Arc::new(SetClock::default()), Arc::new(SystemEntropy))
}

fn app(issuer: &str) -> SampleApp {
    SampleApp {
        issuer: issuer.to_owned(),
        client_id: "demo-web-1".to_owned(),
        client_secret: Secret::new(SECRET.to_owned()),
        own_url: OWN.to_owned(),
        ca_file: None,
        world: world(),
    }
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

#[test]
fn a_store_forgets_after_its_time() {
    let store = Store::new(Duration::from_secs(10), 8);
    store.put(at(100), "key", "value");
    assert_eq!(store.find(at(109), "key"), Some("value"));
    assert_eq!(store.find(at(109), "other"), None);
    assert_eq!(store.find(at(110), "key"), None);
}

#[test]
fn a_store_gives_a_value_out_once_and_only_where_it_fits() {
    let store = Store::new(Duration::from_secs(10), 8);
    store.put(at(0), "key", 1);
    assert_eq!(store.take_if(at(1), "key", |value| *value == 2), None);
    assert_eq!(store.take_if(at(1), "key", |value| *value == 1), Some(1));
    assert_eq!(store.take(at(1), "key"), None);
}

#[test]
fn a_full_store_drops_its_oldest_value() {
    let store = Store::new(Duration::from_secs(10), 2);
    for (second, key) in [(0, "first"), (1, "second"), (2, "third")] {
        store.put(at(second), key, ());
    }
    assert_eq!(store.find(at(3), "first"), None);
    assert_eq!(store.find(at(3), "second"), Some(()));
    assert_eq!(store.find(at(3), "third"), Some(()));
}

#[test]
fn cookies_are_bound_to_the_port_and_out_of_reach_of_scripts() {
    let names = cookies::Names::new(OWN);
    let set = names.set_session("v").unwrap();
    assert_eq!(set, "sample-session-9999=v; Path=/; HttpOnly; SameSite=Lax");
    let secure = cookies::Names::new("https://app.example.com")
        .set_session("v")
        .unwrap();
    assert!(secure.to_str().unwrap().ends_with("; Secure"));
}

#[test]
fn a_cookie_that_comes_twice_has_no_value() {
    let read = |text: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static(text));
        cookies::read(&headers, "a")
    };
    assert_eq!(read("b=1; a=2").as_deref(), Some("2"));
    assert_eq!(read("a=1; a=2"), None);
    assert_eq!(read("aa=1"), None);
}

#[test]
fn the_authorization_request_says_all_it_must() {
    let pending = Pending::begin("browser", &world());
    let endpoint = Url::parse("http://localhost:8080/oauth/authorize?tenant=1").unwrap();
    let url = pending.authorization_url(&endpoint, "demo-web-1", "http://127.0.0.1:9999/callback", "st");
    let params = Params::parse_query(url.query().unwrap()).unwrap();
    let expected = [
        ("tenant", "1"),
        ("response_type", "code"),
        ("client_id", "demo-web-1"),
        ("redirect_uri", "http://127.0.0.1:9999/callback"),
        ("scope", "openid profile email offline_access"),
        ("state", "st"),
        ("nonce", &pending.nonce),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in expected {
        assert_eq!(params.get(name), Some(value), "{name}");
    }
    let challenge = pkce::Challenge::parse(params.get("code_challenge").unwrap()).unwrap();
    assert_eq!(pkce::verify(&challenge, pending.verifier.expose()), Ok(()));
    assert_ne!(
        pending.nonce,
        Pending::begin("browser", &world()).nonce,
        "every sign-in has its own nonce"
    );
}

#[test]
fn only_the_issuer_that_was_asked_can_answer() {
    let read = |query: &str| {
        let params = Params::parse_query(query).unwrap();
        sign_in::code(&params, &Issuer::new(ISSUER, "")).map(|code| code.expose().clone())
    };
    let iss = "iss=http%3A%2F%2Flocalhost%3A8080";
    assert_eq!(read(&format!("code=c&{iss}")), Ok("c".to_owned()));
    assert_eq!(read("code=c"), Err(Refusal::Issuer));
    assert_eq!(read("code=c&iss=http%3A%2F%2Fevil.test"), Err(Refusal::Issuer));
    assert_eq!(
        read("error=access_denied&iss=http%3A%2F%2Fevil.test"),
        Err(Refusal::Issuer)
    );
    let denied = read(&format!(
        "error=access_denied&error_description=the+person+refused&{iss}"
    ));
    let denied = denied.unwrap_err();
    assert_eq!(denied.code(), "access_denied");
    assert!(denied.words().ends_with("The issuer says: the person refused"));
    assert_eq!(read(iss), Err(Refusal::Malformed("authorization endpoint")));
}

#[test]
fn an_answer_is_shown_only_in_the_characters_it_may_have() {
    assert_eq!(
        Refusal::answered("access_denied", Some("a \"b\"\n\u{202e}c")),
        Some(Refusal::Answered {
            code: "access_denied".to_owned(),
            description: Some("a bc".to_owned())
        })
    );
    assert_eq!(Refusal::answered("a\nb", None), None);
    assert_eq!(Refusal::answered("", None), None);
}

#[test]
fn tokens_are_decoded_where_they_can_be() {
    let jwt = Readable::of("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln");
    let decoded = Readable::Jwt {
        header: "{\n  \"alg\": \"ES256\"\n}".to_owned(),
        claims: "{\n  \"sub\": \"a\"\n}".to_owned(),
    };
    assert_eq!(jwt, decoded);
    let opaque = Readable::of("rsp_at_0123456789abcdef");
    assert_eq!(opaque, Readable::Opaque("rsp_at_012345678…".to_owned()));
    assert!(matches!(
        Readable::of("eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0"),
        Readable::Opaque(_)
    ));
}

#[test]
fn the_accent_of_the_application_is_readable() {
    assert!(view::brand().accent.is_some());
    assert!(Accent::parse("#ffff00").is_err());
}

#[tokio::test]
async fn a_taken_port_leads_to_another() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let (socket, found) = bind_near(port).await.unwrap();
    assert_ne!(found, port);
    assert_eq!(socket.local_addr().unwrap().port(), found);
}

#[test]
fn an_unreadable_certificate_file_is_named() {
    let mut app = app("https://localhost:8443");
    app.ca_file = Some("/nonexistent/ca.pem".into());
    let error = app.router().unwrap_err();
    assert!(matches!(&error, SampleAppError::CaFile { .. }));
    assert!(error.to_string().contains("/nonexistent/ca.pem"));
}

/// Asks the application, whose issuer is a port where nobody listens.
async fn ask(request: axum::http::request::Builder, body: &'static str) -> Response<Body> {
    let router = app("http://127.0.0.1:1").router().unwrap();
    router
        .oneshot(request.body(Body::from(body)).unwrap())
        .await
        .unwrap()
}

fn get(path: &str) -> axum::http::request::Builder {
    Request::get(path).header(header::HOST, "127.0.0.1:9999")
}

async fn text(response: Response<Body>) -> String {
    let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn the_home_page_leads_to_sign_in() {
    let response = ask(get("/"), "").await;
    assert_eq!(response.status(), StatusCode::OK);
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(
        !policy.contains("form-action"),
        "the sign-out form ends at the issuer"
    );
    assert!(text(response).await.contains("href=\"/sign-in\""));
}

#[tokio::test]
async fn pages_speak_the_language_of_the_browser() {
    let english = text(ask(get("/"), "").await).await;
    let german = text(ask(get("/").header(header::ACCEPT_LANGUAGE, "de"), "").await).await;
    assert!(english.contains("lang=\"en\""));
    assert!(german.contains("lang=\"de\""));
}

#[tokio::test]
async fn another_host_name_is_sent_to_the_own_address() {
    for host in ["localhost:9999", "evil.test", "127.0.0.1:9998"] {
        let response = ask(Request::get("/sign-in").header(header::HOST, host), "").await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{host}");
        assert_eq!(response.headers()[header::LOCATION], "http://127.0.0.1:9999/");
    }
}

#[tokio::test]
async fn an_answer_nobody_asked_for_is_refused() {
    let query = "/callback?code=stolen-code&state=guess&iss=http%3A%2F%2F127.0.0.1%3A1";
    for request in [
        get(query),
        get(query).header(header::COOKIE, "sample-sign-in-9999=guess"),
        get("/callback"),
    ] {
        let response = ask(request, "").await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert!(!response.headers().contains_key(header::SET_COOKIE));
        let page = text(response).await;
        assert!(page.contains("state_mismatch"));
        assert!(!page.contains("stolen-code"));
    }
    let doubled = ask(get("/callback?state=a&state=b"), "").await;
    assert!(text(doubled).await.contains("invalid_response"));
}

#[tokio::test]
async fn a_silent_issuer_is_said_in_words_without_secrets() {
    let response = ask(get("/sign-in"), "").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let page = text(response).await;
    assert!(page.contains("issuer_unreachable"));
    assert!(!page.contains(SECRET));
}

#[tokio::test]
async fn forms_without_a_session_do_nothing() {
    for path in ["/refresh", "/sign-out"] {
        let request = Request::post(path).header(header::HOST, "127.0.0.1:9999");
        let response = ask(request, "csrf=guess").await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{path}");
        assert_eq!(response.headers()[header::LOCATION], "/");
        let response = ask(get(path), "").await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}

#[tokio::test]
async fn bye_says_nothing_without_a_sign_out_of_ours() {
    let response = ask(get("/bye?state=guess"), "").await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()[header::LOCATION], "/");
}

#[tokio::test]
async fn every_file_a_page_names_is_served() {
    let page = text(ask(get("/"), "").await).await;
    let files: Vec<&str> = page
        .split(['"', '#'])
        .filter(|part| part.starts_with("/assets/"))
        .collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        assert_eq!(ask(get(file), "").await.status(), StatusCode::OK, "{file}");
    }
    let missing = ask(get("/assets/none.css"), "").await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
}
