//! In which language a page comes: what the reader chose, what the client asked for, what the browser says.

use testkit::Backend;
use testkit::app::TestApp;
use testkit::browser::{Browser, authorize_path};

fn with_language<'a>(app: &'a TestApp, said: &str) -> Browser<'a> {
    let mut browser = app.browser();
    browser.headers = vec![("accept-language", said.to_owned())];
    browser
}

async fn language(browser: &mut Browser<'_>, path: &str) -> String {
    let page = browser.open(path).await;
    let text = page.text();
    let (_, rest) = text.split_once("<html lang=\"").expect("a page");
    rest.chars().take_while(|c| *c != '"').collect()
}

#[tokio::test]
async fn the_browsers_language_is_taken_where_there_is_one() {
    let app = TestApp::start(Backend::Sqlite).await;
    for (said, expected) in [
        ("de", "de"),
        ("de-AT,de;q=0.9", "de"),
        ("fr, de;q=0.5, en;q=0.4", "de"),
        ("en;q=0.1, de;q=0.9", "de"),
        ("en-GB", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("de;q=0, en", "en"),
        (";;;,,,q=;de;q=x", "en"),
    ] {
        for path in ["/account", "/nothing", "/t/acme/account"] {
            assert_eq!(
                language(&mut with_language(&app, said), path).await,
                expected,
                "{path} with {said}"
            );
        }
    }
}

#[tokio::test]
async fn the_client_may_ask_and_the_reader_decides() {
    let app = TestApp::start(Backend::Sqlite).await;
    let asked = authorize_path(&[("ui_locales", "fr-CA de en")]);
    let mut browser = with_language(&app, "en");
    assert_eq!(language(&mut browser, &asked).await, "de");
    assert_eq!(
        language(&mut browser, "/account").await,
        "en",
        "only in that flow"
    );
    // The reader's choice is kept, over what client and browser say.
    assert_eq!(
        language(&mut browser, "/account?lang=de").await,
        "en",
        "a redirect is no page"
    );
    let flow = browser.get("/account").await.header("location").to_owned();
    assert_eq!(language(&mut browser, &format!("{flow}&lang=de")).await, "de");
    assert_eq!(browser.cookies["__Host-rsp_lang"], "de");
    assert_eq!(language(&mut browser, "/account").await, "de");
    let asked = authorize_path(&[("ui_locales", "en")]);
    assert_eq!(language(&mut browser, &asked).await, "de");
    assert_eq!(language(&mut browser, "/nothing").await, "de");
    // The choice leads back to the same page, without itself.
    let page = browser.open("/account").await;
    assert!(page.text().contains("hreflang=\"en\""), "{}", page.text());
    assert!(!page.text().contains("lang=de&"), "{}", page.text());
}

#[tokio::test]
async fn an_unknown_language_changes_nothing() {
    let app = TestApp::start(Backend::Sqlite).await;
    for wish in [
        "xx",
        "",
        "../../etc/passwd",
        "de%0d%0aset-cookie:x=y",
        "%00",
        "de\"onload",
    ] {
        let mut browser = app.browser();
        let flow = browser.get("/account").await.header("location").to_owned();
        let path = format!("{flow}&lang={}", wish.replace('"', "%22"));
        let answer = browser.get(&path).await;
        // A NUL is in no parameter of any request.
        let expected = if wish == "%00" { 400 } else { 200 };
        assert_eq!(answer.status, expected, "{wish}");
        assert!(!browser.cookies.contains_key("__Host-rsp_lang"), "{wish}");
        assert!(answer.text().contains("<html lang=\"en\""), "{wish}");
    }
}
