//! What a person sees when something is refused: a code, an id to quote, and nothing of what was sent (LG8, OA21).

use domain::EventKind;
use testkit::Backend;
use testkit::app::{Answer, TestApp};
use testkit::browser::authorize_path;

use super::watch::Watch;

/// Stands in every parameter and must not come back.
const MARK: &str = "zqxjkvmark";

fn code(answer: &Answer) -> String {
    let text = answer.text();
    let from = text.split("RSP-1").nth(1);
    from.map(|rest| format!("RSP-1{}", rest.chars().take(3).collect::<String>()))
        .unwrap_or_default()
}

#[tokio::test]
async fn an_error_page_shows_the_id_that_is_recorded() {
    let app = TestApp::start(Backend::Sqlite).await;
    let unknown = authorize_path(&[("client_id", MARK)]);
    let redirect = authorize_path(&[("redirect_uri", &format!("https://{MARK}.example/cb"))]);
    let twice = format!("{}&state={MARK}", authorize_path(&[]));
    let malformed = format!("/oauth/authorize?client_id=web&scope=%ff{MARK}");
    let cases = [
        (
            unknown.as_str(),
            400,
            "RSP-1041",
            Some(EventKind::AuthorizationRefused),
        ),
        (&redirect, 400, "RSP-1042", Some(EventKind::AuthorizationRefused)),
        (&twice, 400, "RSP-1043", Some(EventKind::AuthorizationRefused)),
        (&malformed, 400, "RSP-1040", Some(EventKind::AuthorizationRefused)),
        (
            "/invite?token=zqxjkvmark",
            410,
            "RSP-1060",
            Some(EventKind::RequestRefused),
        ),
        ("/zqxjkvmark", 404, "RSP-1001", None),
        ("/t/acme/zqxjkvmark", 404, "RSP-1001", None),
        ("/login?flow=zqxjkvmark", 400, "", Some(EventKind::RequestRefused)),
        (
            "/consent?flow=zqxjkvmark",
            400,
            "",
            Some(EventKind::RequestRefused),
        ),
        (
            "/oauth/logout?flow=zqxjkvmark",
            400,
            "",
            Some(EventKind::LogoutRefused),
        ),
        (
            "/oauth/logout?state=a&state=zqxjkvmark",
            400,
            "RSP-1043",
            Some(EventKind::LogoutRefused),
        ),
        (
            "/account?done=a&done=zqxjkvmark",
            400,
            "RSP-1043",
            Some(EventKind::RequestRefused),
        ),
    ];
    for (path, status, expected, recorded) in cases {
        let mut watch = Watch::on(&app, "default").await;
        let answer = app.browser().get(path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert_eq!(code(&answer), expected, "{path}");
        assert!(!answer.text().contains(MARK), "{path}: the input is repeated");
        assert!(answer.header("location").is_empty(), "{path}");
        let id = answer.header("x-request-id");
        if !expected.is_empty() {
            assert!(answer.text().contains(&format!("<code>{id}</code>")), "{path}");
        }
        let news = watch.news().await;
        if let Some(kind) = recorded {
            assert_eq!(news.len(), 1, "{path}: {news:?}");
            assert_eq!(
                (
                    news[0].kind,
                    news[0].request_id.map(|id| id.to_string()).as_deref()
                ),
                (kind, Some(id)),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn a_program_gets_a_problem_document() {
    let app = TestApp::start(Backend::Sqlite).await;
    let not_found = app.get(&format!("/{MARK}")).await;
    let method = app.call("PUT", "/oauth/token", &[], "").await;
    let json = [("content-type", "application/json")];
    let media = app.call("POST", "/oauth/token", &json, "{}").await;
    let big = "x".repeat(70 * 1024);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let large = app.call("POST", "/oauth/token", &form, &big).await;
    let long = app
        .get(&format!("/oauth/authorize?state={}", "x".repeat(17 * 1024)))
        .await;
    for (answer, status) in [
        (not_found, 404),
        (method, 405),
        (media, 415),
        (large, 413),
        (long, 414),
    ] {
        assert_eq!(answer.status, status);
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{status}"
        );
        let problem = answer.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], "about:blank");
        assert_eq!(problem["request_id"], answer.header("x-request-id"), "{status}");
        assert!(!answer.text().contains(MARK));
    }
}

#[tokio::test]
async fn pages_refuse_forms_of_other_kinds_and_sizes() {
    let app = TestApp::start(Backend::Sqlite).await;
    for path in [
        "/login",
        "/consent",
        "/invite",
        "/account/sessions/end-all",
        "/oauth/logout",
    ] {
        for kind in [
            "application/json",
            "text/plain",
            "multipart/form-data; boundary=x",
        ] {
            let answer = app.call("POST", path, &[("content-type", kind)], "a=1").await;
            assert_eq!(answer.status, 415, "{path} {kind}");
        }
        let big = format!("a={}", "x".repeat(70 * 1024));
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let answer = app.call("POST", path, &form, &big).await;
        assert_eq!(answer.status, 413, "{path}");
    }
}
