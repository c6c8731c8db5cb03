use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Extension;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{any, get, post};
use domain::{RequestId, World};
use futures_util::{StreamExt, stream};
use tokio::sync::Notify;
use tower::ServiceExt;

use super::{Bounds, EdgeSettings, LoadSettings, protect};
use crate::client_ip::{ClientIp, TrustedProxies};
use crate::listener::{Peer, RequestBody};
use crate::management::{Catalogue, Metrics};

struct House {
    router: Router,
    catalogue: Catalogue,
    entered: Arc<Notify>,
    release: Arc<Notify>,
}

fn house(settings: EdgeSettings) -> House {
    let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (inside, go) = (Arc::clone(&entered), Arc::clone(&release));
    let router = Router::new()
        .route("/", get(|| async { "hello" }).post(|| async { "posted" }))
        .route("/any", any(|| async { "any" }))
        .route("/echo", post(|body: Bytes| async move { body }))
        .route(
            "/large",
            post(|body: Bytes| async move { body.len().to_string() }),
        )
        .route(
            "/panic",
            get(|| async { panic!("canary-secret") as &'static str }),
        )
        .route("/people/{id}", get(|| async { "person" }))
        .route(
            "/own",
            get(|| async {
                (
                    [
                        ("cache-control", "max-age=60"),
                        ("content-security-policy", "default-src 'self'"),
                    ],
                    "",
                )
            }),
        )
        .route("/server", get(|| async { ([("server", "banner")], "") }))
        .route(
            "/seen",
            get(
                |Extension(ip): Extension<ClientIp>,
                 Extension(id): Extension<RequestId>,
                 headers: HeaderMap| async move {
                    let names: Vec<_> = headers.keys().map(ToString::to_string).collect();
                    format!("{} {id} {}", ip.0, names.join(","))
                },
            ),
        )
        .route(
            "/slow",
            get(move || async move {
                inside.notify_one();
                go.notified().await;
                "done"
            }),
        );
    let mut catalogue = Catalogue::default();
    let metrics = Metrics::register(&mut catalogue);
    House {
        router: protect(router, settings, World::system(), metrics, None),
        catalogue,
        entered,
        release,
    }
}

impl House {
    async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn get(&self, path: &str) -> Response<Body> {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, body: impl Into<Body>) -> Response<Body> {
        self.send(Request::post(path).body(body.into()).unwrap()).await
    }

    fn metric(&self, line: &str) -> bool {
        self.catalogue
            .exposition()
            .unwrap()
            .lines()
            .any(|found| found == line)
    }
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn every_answer_is_dressed() {
    let house = house(EdgeSettings::default());
    for path in ["/", "/nowhere", "/panic", "/people/7"] {
        let response = house.get(path).await;
        assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(&response, "referrer-policy"), "no-referrer", "{path}");
        assert_eq!(
            header(&response, "cross-origin-opener-policy"),
            "same-origin",
            "{path}"
        );
        assert_eq!(
            header(&response, "cross-origin-resource-policy"),
            "same-origin",
            "{path}"
        );
        assert_eq!(header(&response, "cache-control"), "no-store", "{path}");
        assert!(
            header(&response, "content-security-policy").contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert!(
            header(&response, "permissions-policy").contains("camera=()"),
            "{path}"
        );
        assert!(!header(&response, "x-request-id").is_empty(), "{path}");
        assert_eq!(
            header(&response, "strict-transport-security"),
            "",
            "{path}: plain http"
        );
    }
    assert_eq!(header(&house.get("/server").await, "server"), "");
}

#[tokio::test]
async fn a_handler_may_choose_for_itself() {
    let house = house(EdgeSettings {
        https: true,
        ..EdgeSettings::default()
    });
    let response = house.get("/own").await;
    assert_eq!(header(&response, "cache-control"), "max-age=60");
    assert_eq!(header(&response, "content-security-policy"), "default-src 'self'");
    assert_eq!(header(&response, "strict-transport-security"), "max-age=31536000");
}

#[tokio::test]
async fn the_request_id_is_ours() {
    let house = house(EdgeSettings::default());
    let request = Request::get("/seen")
        .header("x-request-id", "theirs")
        .body(Body::empty())
        .unwrap();
    let response = house.send(request).await;
    let id = header(&response, "x-request-id").to_owned();
    assert!(id.parse::<RequestId>().is_ok(), "{id}");
    let body = text(response).await;
    assert!(body.contains(&id) && !body.contains("x-request-id"), "{body}");
    assert_ne!(header(&house.get("/").await, "x-request-id"), id);
}

#[tokio::test]
async fn handlers_see_one_client_address_and_no_forwarding_header() {
    let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
    let house = house(EdgeSettings {
        trusted_proxies: proxies,
        ..EdgeSettings::default()
    });
    for (peer, client) in [("10.0.0.1:1", "198.51.100.7"), ("203.0.113.9:1", "203.0.113.9")] {
        let request = Request::get("/seen")
            .header("x-forwarded-for", "198.51.100.7")
            .header("x-forwarded-host", "evil.example.com")
            .header("x-forwarded-proto", "https")
            .header("forwarded", "for=1.1.1.1")
            .header("x-real-ip", "1.1.1.1")
            .extension(Peer(peer.parse::<SocketAddr>().unwrap()))
            .body(Body::empty())
            .unwrap();
        let body = text(house.send(request).await).await;
        assert!(
            body.starts_with(client) && !body.contains("forward") && !body.contains("real-ip"),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_panic_ends_its_own_request_only() {
    let house = house(EdgeSettings::default());
    let response = house.get("/panic").await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(header(&response, "content-type"), "application/problem+json");
    let id = header(&response, "x-request-id").to_owned();
    let body = text(response).await;
    assert!(body.contains(&id) && !body.contains("canary"), "{body}");
    assert!(house.metric("rsp_http_rejected_total{reason=\"panic\"} 1"));
    assert_eq!(house.get("/").await.status(), StatusCode::OK);
    assert!(house.metric("rsp_http_in_flight 0"));
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_ended() {
    let house = house(EdgeSettings {
        request_timeout: Duration::from_millis(50),
        ..EdgeSettings::default()
    });
    let response = house.get("/slow").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(header(&response, "retry-after"), "1");
    assert!(house.metric("rsp_http_rejected_total{reason=\"timeout\"} 1"));
    house.release.notify_one();
    assert_eq!(house.get("/slow").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn load_beyond_the_cap_is_shed() {
    let house = house(EdgeSettings {
        max_in_flight: 1,
        ..EdgeSettings::default()
    });
    let busy = tokio::spawn(
        house
            .router
            .clone()
            .oneshot(Request::get("/slow").body(Body::empty()).unwrap()),
    );
    house.entered.notified().await;
    let shed = house.get("/").await;
    assert_eq!(shed.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(header(&shed, "retry-after"), "1");
    house.release.notify_one();
    assert_eq!(busy.await.unwrap().unwrap().status(), StatusCode::OK);
    assert_eq!(house.get("/").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_body_that_dawdles_takes_no_place_from_a_prompt_one() {
    let one = Bounds {
        in_progress: 1,
        queue: 0,
    };
    let house = house(EdgeSettings {
        max_in_flight: 1,
        load: LoadSettings {
            pages: one,
            ..LoadSettings::default()
        },
        ..EdgeSettings::default()
    });
    let slow = Body::from_stream(chunks(1).into_data_stream().chain(stream::pending()));
    let request = Request::post("/echo").body(slow).unwrap();
    let dawdling = tokio::spawn(house.router.clone().oneshot(request));
    tokio::task::yield_now().await;
    assert_eq!(house.post("/echo", "prompt").await.status(), StatusCode::OK);
    dawdling.abort();
}

#[tokio::test]
async fn bodies_that_arrive_have_a_bound_together() {
    let house = house(EdgeSettings {
        load: LoadSettings {
            body_bytes: 25,
            ..LoadSettings::default()
        },
        ..EdgeSettings::default()
    });
    assert_eq!(
        house.post("/echo", chunks(3)).await.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert!(house.metric("rsp_http_shed_total{class=\"pages\",reason=\"bodies\"} 1"));
    // What was held is free again, and whole bodies do not count.
    let whole = house.post("/echo", chunks(2)).await;
    assert_eq!(text(whole).await, "x".repeat(20));
    assert_eq!(house.post("/echo", chunks(2)).await.status(), StatusCode::OK);
}

fn chunks(count: usize) -> Body {
    Body::from_stream(stream::iter(std::iter::repeat_n(
        Ok::<_, Infallible>(Bytes::from(vec![b'x'; 10])),
        count,
    )))
}

#[tokio::test]
async fn a_body_is_bounded_whether_announced_or_not() {
    let settings = EdgeSettings {
        max_body_bytes: 100,
        body_bytes_by_route: vec![("/large", 1000)],
        ..EdgeSettings::default()
    };
    let house = house(settings);
    assert_eq!(
        house.post("/echo", vec![b'x'; 100]).await.status(),
        StatusCode::OK
    );
    assert_eq!(house.post("/echo", chunks(10)).await.status(), StatusCode::OK);
    assert_eq!(
        house.post("/echo", vec![b'x'; 101]).await.status(),
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert_eq!(
        house.post("/echo", chunks(11)).await.status(),
        StatusCode::PAYLOAD_TOO_LARGE
    );
    // Even where no handler reads it.
    assert_eq!(
        house.post("/", vec![b'x'; 101]).await.status(),
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert_eq!(house.post("/large", chunks(100)).await.status(), StatusCode::OK);
    assert_eq!(
        house.post("/large", chunks(101)).await.status(),
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert!(house.metric("rsp_http_rejected_total{reason=\"body_too_large\"} 4"));
}

#[tokio::test]
async fn a_body_that_stops_arriving_is_408() {
    let house = house(EdgeSettings::default());
    let late = |body| Body::new(RequestBody::new(body, Duration::from_millis(50)));
    let begun = Body::from_stream(chunks(1).into_data_stream().chain(stream::pending()));
    assert_eq!(
        house.post("/echo", late(begun)).await.status(),
        StatusCode::REQUEST_TIMEOUT
    );
    assert!(house.metric("rsp_http_rejected_total{reason=\"body_timeout\"} 1"));
    assert_eq!(
        house.post("/echo", late(chunks(1))).await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_long_uri_is_414_and_a_long_enough_one_passes() {
    let house = house(EdgeSettings::default());
    assert_eq!(
        house
            .get(&format!("/?{}", "x".repeat(16 * 1024 - 1)))
            .await
            .status(),
        StatusCode::OK
    );
    assert_eq!(
        house.get(&format!("/?{}", "x".repeat(16 * 1024))).await.status(),
        StatusCode::URI_TOO_LONG
    );
}

#[tokio::test]
async fn methods_nobody_lists_are_405() {
    let house = house(EdgeSettings::default());
    for method in ["TRACE", "CONNECT", "TRACK", "PROPFIND"] {
        for path in ["/", "/any"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let request = Request::builder()
                .method(method)
                .uri(path)
                .body(Body::empty())
                .unwrap();
            let response = house.send(request).await;
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
            assert!(!header(&response, "allow").is_empty());
        }
    }
    let request = Request::delete("/").body(Body::empty()).unwrap();
    let response = house.send(request).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(header(&response, "allow"), "GET,HEAD,POST");
    assert_eq!(
        house
            .send(Request::delete("/any").body(Body::empty()).unwrap())
            .await
            .status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn metrics_hold_templates_never_paths() {
    let house = house(EdgeSettings::default());
    house.get("/people/alice@example.com").await;
    house.get("/alice@example.com").await;
    let text = house.catalogue.exposition().unwrap();
    assert!(!text.contains("alice"), "{text}");
    assert!(house.metric("rsp_http_requests_total{route=\"/people/{id}\",method=\"GET\",status=\"200\"} 1"));
    assert!(house.metric("rsp_http_requests_total{route=\"unmatched\",method=\"GET\",status=\"404\"} 1"));
}

#[tokio::test]
async fn a_head_request_gets_no_body() {
    let house = house(EdgeSettings::default());
    let response = house
        .send(Request::head("/nowhere").body(Body::empty()).unwrap())
        .await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(text(response.into_response()).await, "");
}
