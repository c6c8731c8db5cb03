//! What has an address or a button already and does nothing yet says so.

use testkit::Backend;
use testkit::app::TestApp;
use testkit::browser::{PageForm, authorize_path};

use super::watch::shows;

on_both_engines! {
    the_passkey_choice_leads_back_to_the_password
}

async fn the_passkey_choice_leads_back_to_the_password(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let hint = [("login_hint", "alice@example.com")];
    let page = browser.open(&authorize_path(&hint)).await;
    let form = PageForm::find(&page.text(), "passkey-form");
    let (name, flow) = &form.hidden[0];
    assert_eq!(name, "flow");
    let told = browser
        .get(&format!("{}?flow={flow}&passkey=1", form.action))
        .await;
    assert_eq!(told.status, 200);
    assert!(told.text().contains("No passkey could be used"));
    assert!(
        told.text().contains("value=\"alice@example.com\""),
        "the hint is kept"
    );
    let page = browser.sign_in(&told, "alice@example.com").await;
    assert!(shows(&page, "consent-form"), "{} {}", page.status, page.text());

    // Once somebody is signed in the flow is elsewhere, whatever the address says.
    let later = browser
        .get(&format!("{}?flow={flow}&passkey=1", form.action))
        .await;
    assert_eq!(later.status, 303);
    let mut stranger = app.browser();
    let gone = stranger
        .get(&format!("{}?flow={flow}&passkey=1", form.action))
        .await;
    assert_eq!(gone.status, 400, "another browser");
}

#[tokio::test]
async fn the_console_says_what_does_its_work() {
    let app = TestApp::start(Backend::Sqlite).await;
    for (prefix, at) in [("", "/admin/v1"), ("/t/acme", "/t/acme/admin/v1")] {
        let mut browser = app.browser();
        let page = browser.open(&format!("{prefix}/console")).await;
        assert_eq!(page.status, 200, "{prefix}");
        let text = page.text();
        assert!(text.contains("There is no console here yet"), "{prefix}");
        assert!(text.contains(&format!("{at}</code>")), "{prefix}");
        assert!(text.contains(&format!("href=\"{prefix}/account\"")), "{prefix}");
        let german = browser.open(&format!("{prefix}/console/?lang=de")).await;
        assert!(
            german.text().contains("Hier gibt es noch keine Konsole"),
            "{prefix}"
        );
        let below = browser.get(&format!("{prefix}/console/users")).await;
        assert_eq!(below.status, 404, "there is one page only");
    }
}
