//! Requests of programs: limited by class, client and tenant, each with its twin that is served (A16).

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use domain::EventKind::ThrottleBlocked;
use domain::{RequestSettings, TenantSettings};
use engine::throttle::{RequestLimits, ThrottlePolicy};
use http_face::listener::Peer;
use http_face::management::{Catalogue, Metrics};
use testkit::Backend;
use testkit::app::{Answer, Limits, Setup, TestApp, encode};
use testkit::browser::authorize_path;

use super::throttle::{WRONG, browser_at, limited, place, try_once};
use super::watch::Watch;

on_both_engines! {
    each_class_of_a_client_is_served_to_its_limit
    who_asks_for_authorization_is_served_to_the_limit
    a_public_client_is_not_used_up_by_strangers
    a_tenant_has_limits_of_its_own
    a_tenant_is_served_as_a_whole_to_its_limit
    limits_out_of_range_are_refused
    each_refusal_is_counted_by_its_limit
}

const SERVICE: [(&str, &str); 1] = [("grant_type", "client_credentials")];

/// One request of this class by `web`.
async fn ask(app: &TestApp, class: &str, access: &str) -> Answer {
    let web = app.basic("web");
    match class {
        "token" => app.token("web", &SERVICE).await,
        "introspection" => {
            app.post("/oauth/introspect", Some(&web), &[("token", access)])
                .await
        }
        "revocation" => app.post("/oauth/revoke", Some(&web), &[("token", "gone")]).await,
        "userinfo" => {
            let bearer = format!("Bearer {access}");
            app.call("GET", "/oauth/userinfo", &[("authorization", &bearer)], "")
                .await
        }
        other => panic!("no request of class {other}"),
    }
}

async fn each_class_of_a_client_is_served_to_its_limit(backend: Backend) {
    let app = limited(
        backend,
        RequestLimits {
            token: 3,
            introspection: 3,
            revocation: 3,
            userinfo: 3,
            ..RequestLimits::off()
        },
    )
    .await;
    let mut browser = app.browser();
    let access = browser
        .tokens("alice@example.com", "openid")
        .await
        .member("access_token");
    app.clock.advance(Duration::from_mins(1));
    for class in ["token", "introspection", "revocation", "userinfo"] {
        for left in [2, 1, 0] {
            let served = ask(&app, class, &access).await;
            assert_eq!(served.status, 200, "{class}: {}", served.text());
            assert_eq!(
                (served.header("ratelimit-policy"), served.header("ratelimit")),
                (
                    format!("\"{class}\";q=3;w=60").as_str(),
                    format!("\"{class}\";r={left};t=60").as_str()
                )
            );
        }
        let mut watch = Watch::on(&app, "default").await;
        let refused = ask(&app, class, &access).await;
        assert_eq!(
            (refused.status.as_u16(), refused.error().as_str()),
            (429, "temporarily_unavailable"),
            "{class}"
        );
        assert_eq!(refused.header("retry-after"), "60");
        assert_eq!(watch.told().await, [(ThrottleBlocked, class.to_owned())]);
    }
    // Another client, and the same one when the minute is over.
    assert_eq!(app.token("service", &SERVICE).await.status, 200);
    app.clock.advance(Duration::from_mins(1));
    for class in ["token", "introspection", "revocation", "userinfo"] {
        assert_eq!(ask(&app, class, &access).await.status, 200, "{class}");
    }
}

async fn who_asks_for_authorization_is_served_to_the_limit(backend: Backend) {
    let app = limited(
        backend,
        RequestLimits {
            authorize: 3,
            ..RequestLimits::off()
        },
    )
    .await;
    let path = authorize_path(&[]);
    for _ in 0..3 {
        assert_eq!(browser_at(&app, 1).get(&path).await.status, 303);
    }
    let refused = browser_at(&app, 1).get(&path).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("retry-after")),
        (429, "60")
    );
    assert!(refused.text().contains("RSP-1009"), "a page for people");
    assert_eq!(browser_at(&app, 2).get(&path).await.status, 303);
    // What is under way goes on.
    assert_eq!(browser_at(&app, 1).get("/account").await.status, 303);
}

async fn from_place(app: &TestApp, number: u32, form: &[(&str, &str)]) -> Answer {
    let request = Request::post("/oauth/token")
        .header("host", "id.example.com")
        .header("content-type", "application/x-www-form-urlencoded")
        .extension(Peer(SocketAddr::new(place(number), 40_000)))
        .body(Body::from(encode(form)));
    app.send(request.unwrap()).await
}

async fn a_public_client_is_not_used_up_by_strangers(backend: Backend) {
    let app = limited(
        backend,
        RequestLimits {
            token: 3,
            tenant: 5,
            ..RequestLimits::off()
        },
    )
    .await;
    let guess = [
        ("grant_type", "authorization_code"),
        ("client_id", "native"),
        ("code", "made up"),
        (
            "code_verifier",
            "made up as well, and long enough to be one of them",
        ),
    ];
    for _ in 0..3 {
        assert_eq!(from_place(&app, 1, &guess).await.status, 400);
    }
    assert_eq!(from_place(&app, 1, &guess).await.status, 429);
    assert_eq!(
        from_place(&app, 2, &guess).await.status,
        400,
        "its people elsewhere"
    );
    // What proves nothing counts for nobody else: wrong secrets, neither.
    for _ in 0..10 {
        let answer = app
            .post("/oauth/token", Some("Basic d2ViOndyb25n"), &SERVICE)
            .await;
        assert_eq!(answer.status, 401);
    }
    for _ in 0..3 {
        assert_eq!(app.token("web", &SERVICE).await.status, 200);
    }
}

async fn set(app: &TestApp, slug: &str, requests: RequestSettings) -> Result<(), String> {
    let settings = TenantSettings {
        requests,
        ..TenantSettings::default()
    };
    let ctx = app.ctx(slug);
    let set = app.app.update_tenant(&ctx, slug, settings).await;
    set.map(drop).map_err(|cause| cause.to_string())
}

async fn service_of(app: &TestApp, slug: &str) -> Answer {
    let path = if slug == "default" {
        "/oauth/token".to_owned()
    } else {
        format!("/t/{slug}/oauth/token")
    };
    app.post(&path, Some(&app.basic_of(slug, "service")), &SERVICE)
        .await
}

async fn a_tenant_has_limits_of_its_own(backend: Backend) {
    let app = limited(
        backend,
        RequestLimits {
            token: 3,
            ..RequestLimits::off()
        },
    )
    .await;
    let one = RequestSettings {
        token: Some(1),
        ..RequestSettings::default()
    };
    set(&app, "acme", one).await.unwrap();
    assert_eq!(service_of(&app, "acme").await.status, 200);
    let refused = service_of(&app, "acme").await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("ratelimit-policy")),
        (429, "\"token\";q=1;w=60")
    );
    for _ in 0..3 {
        assert_eq!(service_of(&app, "default").await.status, 200);
    }
    assert_eq!(service_of(&app, "default").await.status, 429);
    let none = RequestSettings {
        token: Some(0),
        ..RequestSettings::default()
    };
    set(&app, "acme", none).await.unwrap();
    for _ in 0..10 {
        let served = service_of(&app, "acme").await;
        assert_eq!((served.status.as_u16(), served.header("ratelimit")), (200, ""));
    }
}

async fn a_tenant_is_served_as_a_whole_to_its_limit(backend: Backend) {
    let app = limited(backend, RequestLimits::off()).await;
    let four = RequestSettings {
        tenant: Some(4),
        ..RequestSettings::default()
    };
    set(&app, "default", four).await.unwrap();
    for client in ["service", "web", "service", "admin"] {
        assert_eq!(app.token(client, &SERVICE).await.status, 200);
    }
    let refused = app.token("web", &SERVICE).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("ratelimit-policy")),
        (429, "\"tenant\";q=4;w=60")
    );
    assert_eq!(service_of(&app, "acme").await.status, 200, "another tenant");
    assert_eq!(
        browser_at(&app, 1).get("/account").await.status,
        303,
        "people sign in all the same"
    );
    app.clock.advance(Duration::from_mins(1));
    assert_eq!(app.token("web", &SERVICE).await.status, 200);
}

async fn limits_out_of_range_are_refused(backend: Backend) {
    let app = TestApp::start(backend).await;
    let of = |most| RequestSettings {
        pages: Some(most),
        ..RequestSettings::default()
    };
    assert!(set(&app, "acme", of(RequestSettings::MOST)).await.is_ok());
    let refused = set(&app, "acme", of(RequestSettings::MOST + 1)).await;
    assert!(refused.unwrap_err().contains("at most"));
}

async fn each_refusal_is_counted_by_its_limit(backend: Backend) {
    let throttle = ThrottlePolicy {
        pair: 2,
        ..ThrottlePolicy::off()
    };
    let requests = RequestLimits {
        token: 2,
        pages: 100,
        ..RequestLimits::off()
    };
    let limits = Limits {
        throttle,
        requests,
        ..Limits::default()
    };
    let setup = Setup {
        limits,
        ..Setup::default()
    };
    let app = TestApp::start_with(backend, setup).await;
    let mut catalogue = Catalogue::default();
    let metrics = Metrics::register(&mut catalogue);
    app.app.observe_limits(move |limit| metrics.limited(limit));
    for _ in 0..5 {
        app.token("service", &SERVICE).await;
        try_once(&mut browser_at(&app, 1), "alice@example.com", WRONG).await;
    }
    for _ in 0..200 {
        browser_at(&app, 2).get("/account").await;
    }
    let text = catalogue.exposition().unwrap();
    for counted in [
        "rsp_limited_total{limit=\"token\"} 3",
        "rsp_limited_total{limit=\"pair\"} 3",
        "rsp_limited_total{limit=\"pages\"} 100",
    ] {
        assert!(text.contains(counted), "{counted}: {text}");
    }
    assert!(!text.contains("alice"), "numbers, nobody's name");
}
