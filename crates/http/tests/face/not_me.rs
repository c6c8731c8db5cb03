//! Legitimate requests of the page on which something is said to be somebody else's doing.

use testkit::app::{Answer, TestApp};

use super::watch::{Filled, signed_in};

/// Looks at the last sign-in of somebody, and ends what came of it.
pub(crate) async fn twin(app: &TestApp, method: &str) -> Answer {
    let email = format!("denies-{}@example.com", method.to_lowercase());
    app.add_user("default", &email).await;
    let (mut browser, _) = signed_in(app, "", &email).await;
    let page = browser.open("/account/activity").await;
    let text = page.text();
    let (_, rest) = text.split_once("/account/activity/not-me?event=").unwrap();
    let event = rest.split('"').next().unwrap();
    let page = browser
        .open(&format!("/account/activity/not-me?event={event}"))
        .await;
    match method {
        "GET" => page,
        _ => Filled::of(&page, "not-me-form", &[]).send(&mut browser).await,
    }
}
