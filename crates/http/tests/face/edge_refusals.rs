//! What the edge refuses before any handler sees it leaves one row each, like every other refusal (LG1); the legitimate
//! twin leaves none.

use std::time::Duration;

use domain::EventKind::{RequestRefused, RequestsShed};
use testkit::Backend;
use testkit::app::TestApp;

use super::oversize::stream_of;
use super::watch::{Filled, Watch, signed_in};

on_both_engines! {
    each_leaves_one_row_where_it_belongs
    a_request_of_a_signed_in_person_names_the_person
    what_was_shed_is_only_counted
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn each_leaves_one_row_where_it_belongs(backend: Backend) {
    let app = TestApp::start(backend).await;
    let large = format!("a={}", "x".repeat(64 * 1024));
    let long = format!("/login?a={}", "x".repeat(16 * 1024));
    let cases = [
        ("PUT", "/oauth/token", "", 405, "method"),
        ("TRACE", "/login", "", 405, "method"),
        ("POST", "/oauth/jwks", "", 405, "method"),
        ("POST", "/oauth/token", large.as_str(), 413, "body_too_large"),
        ("GET", long.as_str(), "", 414, "uri_too_long"),
    ];
    for prefix in ["", "/t/acme"] {
        let (ours, others) = match prefix {
            "" => ("default", "acme"),
            _ => ("acme", "default"),
        };
        for (method, path, body, status, reason) in cases {
            app.clock.advance(Duration::from_secs(61));
            let (mut watch, mut other) = (Watch::on(&app, ours).await, Watch::on(&app, others).await);
            let path = format!("{prefix}{path}");
            let answer = app.call(method, &path, &[FORM], body).await;
            let case = format!("{method} {}", path.chars().take(40).collect::<String>());
            assert_eq!(answer.status, status, "{case}");
            let row = watch.only().await;
            assert_eq!(
                (row.kind, row.reason.as_deref(), row.actor_kind.as_str()),
                (RequestRefused, Some(reason), "anonymous"),
                "{case}"
            );
            let id = row.request_id.map(|id| id.to_string());
            assert_eq!(id.as_deref(), Some(answer.header("x-request-id")), "{case}");
            assert!(row.network_mac.is_some(), "{case}");
            assert_eq!(other.told().await, [], "{case}");
        }
        app.clock.advance(Duration::from_secs(61));
        let mut watch = Watch::on(&app, ours).await;
        let answer = stream_of(&app, &format!("{prefix}/oauth/token"), &[FORM], &large).await;
        assert_eq!(answer.status, 413);
        assert_eq!(
            watch.told().await,
            [(RequestRefused, "body_too_large".to_owned())]
        );
        // The twins: right method, short address, and nothing is refused.
        assert_eq!(app.get(&format!("{prefix}/oauth/jwks")).await.status, 200);
        assert_eq!(app.get(&format!("{prefix}/login?a=b")).await.status, 303);
        assert_eq!(watch.told().await, []);
    }
    // Nobody's: told to whom the host belongs.
    let mut watch = Watch::on(&app, "default").await;
    assert_eq!(app.call("PUT", "/t/nobody/login", &[], "").await.status, 405);
    assert_eq!(watch.told().await, [(RequestRefused, "method".to_owned())]);
    for path in ["/t/nobody/oauth/jwks", "/t/nobody/login"] {
        assert_eq!(app.get(path).await.status, 404, "{path}");
        let told = watch.told().await;
        assert_eq!(told, [(RequestRefused, "unknown_tenant".to_owned())], "{path}");
    }
}

async fn a_request_of_a_signed_in_person_names_the_person(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (mut browser, page) = signed_in(&app, "", "alice@example.com").await;
    let alice = app.user("default", "alice@example.com").await;
    let mut watch = Watch::on(&app, "default").await;
    let form = Filled::of(&page, "sessions-end-all", &[]);
    let twice = [form.pairs(), form.pairs()].concat();
    assert_eq!(browser.post(&form.action, &twice).await.status, 400);
    // Every form of the account names them.
    for path in ["/account/password", "/account/profile", "/account/theme"] {
        assert_eq!(browser.post(path, &twice).await.status, 400, "{path}");
        let row = watch.news().await.pop().unwrap();
        assert_eq!(row.actor_id, Some(alice.id.to_string()), "{path}");
    }
    assert_eq!(browser.post(&form.action, &twice).await.status, 400);
    app.clock.advance(Duration::from_secs(1));
    let unknown = "/account/sessions/0199c000-0000-7000-8000-000000000000/end";
    assert_eq!(browser.post(unknown, &form.pairs()).await.status, 404);
    let rows = watch.news().await;
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.kind,
                row.reason.as_deref().unwrap_or_default(),
                row.actor_id.clone(),
            )
        })
        .collect();
    let who = Some(alice.id.to_string());
    assert_eq!(
        told,
        [
            (RequestRefused, "invalid_request", who.clone()),
            (RequestRefused, "not_found", who)
        ]
    );
    assert_eq!(
        form.send(&mut browser).await.status,
        303,
        "the form itself is good"
    );
}

async fn what_was_shed_is_only_counted(backend: Backend) {
    let app = TestApp::start(backend).await;
    app.app.upkeep(false).await.unwrap();
    let mut watch = Watch::on(&app, "default").await;
    let ctx = engine::Ctx {
        client_ip: Some("203.0.113.9".parse().unwrap()),
        ..app.ctx("default")
    };
    for _ in 0..7 {
        app.app.count_shed(&ctx);
    }
    app.app.upkeep(false).await.unwrap();
    assert_eq!(watch.told().await, [], "the minute is not over");
    app.clock.advance(Duration::from_mins(1));
    app.app.upkeep(false).await.unwrap();
    let row = watch.only().await;
    assert_eq!((row.kind, row.count), (RequestsShed, 7));
    assert!(row.network_mac.is_some());
}
