//! `/.well-known/security.txt` is there when somebody reads the reports, and only then (CF11, RFC 9116).

use http_face::SecurityContact;
use testkit::Backend;
use testkit::app::{ISSUER, Setup, TestApp};

const PATH: &str = "/.well-known/security.txt";

async fn app(contacts: &[&str], policy: Option<&str>) -> TestApp {
    let setup = Setup {
        security: SecurityContact {
            contacts: contacts.iter().map(|text| (*text).to_owned()).collect(),
            policy: policy.map(str::to_owned),
        },
        ..Setup::default()
    };
    TestApp::start_with(Backend::Sqlite, setup).await
}

#[tokio::test]
async fn who_reads_reports_is_told() {
    let contacts = ["mailto:security@example.com", "https://example.com/report"];
    let app = app(&contacts, Some("https://example.com/policy")).await;
    let answer = app.get(PATH).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    let now = app.app.world.now();
    let expires = now
        .second()
        .plus(std::time::Duration::from_hours(180 * 24))
        .rfc3339();
    let expected = format!(
        "Contact: mailto:security@example.com\nContact: https://example.com/report\nExpires: {expires}\n\
         Preferred-Languages: en, de\nCanonical: {ISSUER}{PATH}\nPolicy: https://example.com/policy\n"
    );
    assert_eq!(answer.text(), expected);
    // A copy is never for ever: the date moves with the clock.
    app.clock.advance(std::time::Duration::from_hours(24));
    assert!(!app.get(PATH).await.text().contains(&expires));
    // It is the host's, not a tenant's.
    assert_eq!(app.get(&format!("/t/acme{PATH}")).await.status, 404);
}

#[tokio::test]
async fn without_a_contact_there_is_none() {
    let app = app(&[], Some("https://example.com/policy")).await;
    let answer = app.get(PATH).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let page = app.call("GET", PATH, &[("accept", "text/html")], "").await;
    assert_eq!(page.status, 404);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.text().contains("RSP-1001"));
}

#[tokio::test]
async fn without_a_policy_none_is_named() {
    let app = app(&["mailto:security@example.com"], None).await;
    let text = app.get(PATH).await.text();
    assert!(
        text.starts_with("Contact: mailto:security@example.com\n"),
        "{text}"
    );
    assert!(!text.contains("Policy"), "{text}");
}
