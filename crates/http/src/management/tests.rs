use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode};
use domain::Secret;
use engine::{PasswordEvent, PasswordRefusal};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tower::ServiceExt;

use super::metrics::commits::{self, Batches, Commits, SharedCommits};
use super::{Catalogue, Management, Metrics, QUESTIONS, Readiness};

async fn ask(router: &Router, path: &str, token: Option<&str>) -> (StatusCode, String) {
    let mut request = Request::get(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let response = router
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn face(readiness: Readiness) -> Management {
    let mut catalogue = Catalogue::default();
    let metrics = Metrics::register(&mut catalogue);
    metrics.answered(
        "/oauth/token",
        &Method::POST,
        StatusCode::OK,
        Duration::from_millis(2),
    );
    Management::new(catalogue, readiness).counting(metrics)
}

#[tokio::test]
async fn readiness_names_the_dependency_that_is_away() {
    let router = face(Readiness::default())
        .check("database", || async { Ok(()) })
        .check("mail", || async { Err("connection refused".to_owned()) })
        .router();
    let (status, body) = ask(&router, "/readyz", None).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let report: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(report["checks"][0]["status"], "ok");
    assert_eq!(report["checks"][1]["name"], "mail");
    assert_eq!(report["checks"][1]["status"], "unavailable");
    assert_eq!(
        report["checks"][1]["reason"],
        Value::Null,
        "details only when asked for"
    );
    let (_, body) = ask(&router, "/readyz?verbose", None).await;
    assert!(
        body.contains("connection refused") && body.contains("millis"),
        "{body}"
    );
}

#[tokio::test]
async fn readiness_drops_before_the_end_and_liveness_stays() {
    let readiness = Readiness::default();
    let router = face(readiness.clone())
        .check("database", || async { Ok(()) })
        .router();
    assert_eq!(ask(&router, "/readyz", None).await.0, StatusCode::OK);
    readiness.drain();
    let (status, body) = ask(&router, "/readyz", None).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("draining"), "{body}");
    assert_eq!(ask(&router, "/livez", None).await.0, StatusCode::OK);
}

/// Every node of a site may have been set wrong at once: that must not take the site away.
#[tokio::test]
async fn what_somebody_has_to_look_at_takes_no_traffic_away() {
    let router = face(Readiness::default())
        .check("database", || async { Ok(()) })
        .advise("clock", || async { Err("an hour ahead".to_owned()) })
        .router();
    let (status, body) = ask(&router, "/readyz?verbose", None).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        body.contains("\"degraded\"") && body.contains("an hour ahead"),
        "{body}"
    );
    let router = face(Readiness::default())
        .advise("clock", || async { Ok(()) })
        .router();
    let (status, body) = ask(&router, "/readyz", None).await;
    assert_eq!(
        (status, body.contains("degraded")),
        (StatusCode::OK, false),
        "{body}"
    );
}

#[tokio::test]
async fn a_dependency_that_hangs_counts_as_away() {
    let mut face = face(Readiness::default()).check("database", std::future::pending);
    face.probe_timeout = Duration::from_millis(20);
    let router = face.router();
    let (status, body) = ask(&router, "/readyz?verbose", None).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("no answer within 20 ms"), "{body}");
}

#[tokio::test]
async fn questions_are_bounded_and_liveness_is_not() {
    let gate = Arc::new(Semaphore::new(0));
    let asked = Arc::new(Semaphore::new(0));
    let probe = {
        let (gate, asked) = (Arc::clone(&gate), Arc::clone(&asked));
        move || {
            let (gate, asked) = (Arc::clone(&gate), Arc::clone(&asked));
            async move {
                asked.add_permits(1);
                drop(gate.acquire().await);
                Ok(())
            }
        }
    };
    let mut face = face(Readiness::default()).check("database", probe);
    face.probe_timeout = Duration::from_mins(1);
    let router = face.router();
    let waiting: Vec<_> = (0..QUESTIONS)
        .map(|_| {
            let router = router.clone();
            tokio::spawn(async move { ask(&router, "/readyz", None).await.0 })
        })
        .collect();
    let everybody = u32::try_from(QUESTIONS).unwrap();
    asked.acquire_many(everybody).await.unwrap().forget();
    for path in ["/readyz", "/metrics"] {
        let (status, _) = ask(&router, path, None).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
    }
    assert_eq!(ask(&router, "/livez", None).await.0, StatusCode::OK);

    gate.add_permits(1);
    for question in waiting {
        assert_eq!(question.await.unwrap(), StatusCode::OK);
    }
    for path in ["/readyz", "/metrics"] {
        assert_eq!(ask(&router, path, None).await.0, StatusCode::OK, "{path}");
    }
    let (_, text) = ask(&router, "/metrics", None).await;
    assert!(
        text.contains("rsp_management_refused_total{reason=\"busy\"} 2"),
        "{text}"
    );
}

#[test]
fn shared_commits_are_told_as_they_are_when_asked() {
    let mut catalogue = Catalogue::default();
    commits::register(&mut catalogue, || Commits {
        shared: Some(SharedCommits {
            commits: 2,
            members: 7,
            waited: Duration::from_millis(1_500),
            ..SharedCommits::default()
        }),
        batches: Batches {
            batches: 3,
            events: 40,
            most: 20,
            ..Batches::default()
        },
    });
    let text = catalogue.exposition().unwrap();
    for line in [
        "rsp_sqlite_commits_total 2.0",
        "rsp_sqlite_commit_members_total 7.0",
        "rsp_sqlite_wait_seconds_total 1.5",
        "rsp_append_events_total 40.0",
        "rsp_append_batch_most 20.0",
        "# TYPE rsp_append_batch_most gauge",
        "# TYPE rsp_append_events counter",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
    // Another engine has no such commits.
    let mut catalogue = Catalogue::default();
    commits::register(&mut catalogue, Commits::default);
    let text = catalogue.exposition().unwrap();
    assert!(
        !text.contains("rsp_sqlite_") && text.contains("rsp_append_batches_total 0.0"),
        "{text}"
    );
}

#[tokio::test]
async fn a_token_guards_everything_but_liveness() {
    let router = face(Readiness::default())
        .token(Some(Secret::new("s3cret".to_owned())))
        .router();
    for path in ["/readyz", "/metrics"] {
        assert_eq!(ask(&router, path, None).await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(
            ask(&router, path, Some("s3cre")).await.0,
            StatusCode::UNAUTHORIZED
        );
        assert_eq!(ask(&router, path, Some("")).await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(ask(&router, path, Some("s3cret")).await.0, StatusCode::OK);
    }
    let (_, text) = ask(&router, "/metrics", Some("s3cret")).await;
    assert!(
        text.contains("rsp_management_refused_total{reason=\"unauthorized\"} 6"),
        "{text}"
    );
    assert_eq!(ask(&router, "/livez", None).await.0, StatusCode::OK);
}

#[tokio::test]
async fn metrics_are_exposed_under_their_documented_names() {
    let (status, text) = ask(&face(Readiness::default()).router(), "/metrics", None).await;
    assert_eq!(status, StatusCode::OK);
    let line = "rsp_http_requests_total{route=\"/oauth/token\",method=\"POST\",status=\"200\"} 1";
    assert!(text.lines().any(|found| found == line), "{text}");
    assert!(
        text.contains("rsp_http_request_duration_seconds_bucket{le=\"0.0025\""),
        "{text}"
    );
}

#[test]
fn a_method_of_the_clients_own_making_is_no_label() {
    let mut catalogue = Catalogue::default();
    let metrics = Metrics::register(&mut catalogue);
    let method = Method::from_bytes(b"ALICE-AT-EXAMPLE").unwrap();
    metrics.answered(
        "unmatched",
        &method,
        StatusCode::METHOD_NOT_ALLOWED,
        Duration::ZERO,
    );
    let text = catalogue.exposition().unwrap();
    assert!(
        !text.contains("ALICE") && text.contains("method=\"other\""),
        "{text}"
    );
}

#[test]
fn the_reference_is_current() {
    let mut catalogue = Catalogue::default();
    Metrics::register(&mut catalogue);
    commits::register(&mut catalogue, Commits::default);
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/generated/metrics.md");
    let kept = std::fs::read_to_string(page).unwrap_or_default();
    assert_eq!(
        kept,
        catalogue.markdown(),
        "run `cargo run -p rsp-http --example metrics-doc`"
    );
}

#[test]
fn what_happens_to_passwords_is_counted() {
    let mut catalogue = Catalogue::default();
    let metrics = Metrics::register(&mut catalogue);
    let waited = Duration::from_millis(20);
    for event in [
        PasswordEvent::Queued,
        PasswordEvent::Queued,
        PasswordEvent::Queued,
        PasswordEvent::Queued,
        PasswordEvent::Started { waited },
        PasswordEvent::Finished { computed: true },
        PasswordEvent::Started { waited },
        PasswordEvent::Left,
        PasswordEvent::Refused(PasswordRefusal::Deadline),
        PasswordEvent::Refused(PasswordRefusal::Full),
    ] {
        metrics.password(event);
    }
    let shown = catalogue.exposition().unwrap();
    for line in [
        "rsp_password_hashes_total 1",
        "rsp_password_waiting 1",
        "rsp_password_in_progress 1",
        "rsp_password_wait_seconds_count 2",
        "rsp_password_refused_total{reason=\"deadline\"} 1",
        "rsp_password_refused_total{reason=\"full\"} 1",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line} in {shown}");
    }
}
