//! The main road: a person signs in, a client gets its tokens, on both engines.
#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]

use testkit::Backend;
use testkit::app::TestApp;
use testkit::browser::query_value;

async fn a_person_signs_in(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let answer = browser
        .authorize("alice@example.com", &[("scope", "openid email offline_access")])
        .await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let location = answer.header("location");
    assert!(
        location.starts_with("https://web.example.com/callback?"),
        "{location}"
    );
    assert_eq!(query_value(location, "state").as_deref(), Some("st"));
    assert_eq!(
        query_value(location, "iss").as_deref(),
        Some("https://id.example.com")
    );
    let tokens = app.redeem("web", &query_value(location, "code").unwrap()).await;
    assert_eq!(tokens.status, 200, "{}", tokens.text());
    for member in ["access_token", "refresh_token", "id_token"] {
        assert!(!tokens.member(member).is_empty(), "{member} is missing");
    }
}

#[tokio::test]
async fn a_person_signs_in_on_sqlite() {
    a_person_signs_in(Backend::Sqlite).await;
}

#[tokio::test]
async fn a_person_signs_in_on_postgres() {
    a_person_signs_in(Backend::Postgres).await;
}
