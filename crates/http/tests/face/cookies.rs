//! Session cookies: form, renewal, end (SE1-SE5).

use std::time::Duration;

use domain::EventKind::{Login, Logout, SessionEnded, UserDisabled, UserEnabled};
use testkit::Backend;
use testkit::app::TestApp;
use testkit::browser::authorize_path;

use super::watch::{Watch, is_account, is_signed_in, sign_in, signed_in};

const SESSION: &str = "__Host-rsp_session_default";
const DAY: Duration = Duration::from_hours(24);

on_both_engines! {
    a_sign_in_gives_a_new_cookie_and_kills_the_old_one
    another_person_in_the_same_browser_ends_the_first_session
    sessions_end_by_themselves
    whatever_ends_a_session_ends_it_on_every_node
    two_tenants_in_one_browser_do_not_mix
}

#[tokio::test]
async fn every_cookie_follows_the_rules() {
    let app = TestApp::start(Backend::Sqlite).await;
    let mut browser = app.browser();
    browser.authorize("alice@example.com", &[]).await;
    browser
        .open(&format!("{}&lang=de", authorize_path(&[("prompt", "login")])))
        .await;
    sign_in(&mut browser, "/t/acme", "alice@example.com").await;
    let page = browser.open("/oauth/logout").await;
    browser.submit(&page, "logout-form", &[("logout", "1")]).await;

    let names = [
        "__Host-rsp_session_default=",
        "__Host-rsp_session_acme=",
        "__Host-rsp_flow_",
    ];
    for name in names {
        assert!(
            browser.set_cookies.iter().any(|line| line.starts_with(name)),
            "no {name}"
        );
    }
    for line in &browser.set_cookies {
        assert!(line.starts_with("__Host-rsp_"), "{line}");
        assert!(line.len() <= 4096, "{line}");
        let attributes: Vec<&str> = line.split("; ").skip(1).collect();
        for needed in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
            assert!(attributes.contains(&needed), "{line}");
        }
        assert!(!line.to_ascii_lowercase().contains("domain="), "{line}");
    }
    assert!(
        browser
            .cookies
            .keys()
            .all(|name| !name.ends_with("session_default")),
        "the cookie is taken away at sign-out"
    );
}

async fn a_sign_in_gives_a_new_cookie_and_kills_the_old_one(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (mut browser, _) = signed_in(&app, "", "alice@example.com").await;
    let old = browser.clone();
    let before = browser.cookies[SESSION].clone();
    app.clock.advance(Duration::from_secs(5));
    let again = browser.open(&authorize_path(&[("prompt", "login")])).await;
    browser.sign_in(&again, "alice@example.com").await;
    assert_ne!(browser.cookies[SESSION], before);
    assert!(is_signed_in(&browser, "").await);
    assert!(!is_signed_in(&old, "").await, "the old cookie still works");

    // A wrong password changes nothing of the session there is.
    let now = browser.cookies[SESSION].clone();
    app.clock.advance(Duration::from_secs(5));
    let again = browser.open(&authorize_path(&[("prompt", "login")])).await;
    let fields = [("email", "alice@example.com"), ("password", "not the password")];
    let refused = browser.submit(&again, "login-form", &fields).await;
    assert_eq!(refused.status, 401);
    assert_eq!(browser.cookies[SESSION], now);
    assert!(is_signed_in(&browser, "").await);
}

async fn another_person_in_the_same_browser_ends_the_first_session(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (mut browser, _) = signed_in(&app, "", "alice@example.com").await;
    let alices = browser.clone();
    let mut watch = Watch::on(&app, "default").await;
    app.clock.advance(Duration::from_secs(5));
    let page = browser.open(&authorize_path(&[("prompt", "login")])).await;
    browser.sign_in(&page, "bob@example.com").await;
    assert_eq!(
        watch.told().await,
        [(Login, String::new()), (SessionEnded, String::new())]
    );
    let page = browser.open("/account").await;
    assert!(is_account(&page, "bob@example.com"));
    assert!(!is_signed_in(&alices, "").await);
}

async fn sessions_end_by_themselves(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (used, _) = signed_in(&app, "", "alice@example.com").await;
    let (unused, _) = signed_in(&app, "", "alice@example.com").await;
    app.clock.advance(29 * DAY);
    assert!(is_signed_in(&used, "").await);
    app.clock.advance(DAY.saturating_sub(Duration::from_secs(1)));
    assert!(is_signed_in(&used, "").await);
    app.clock.advance(Duration::from_secs(1));
    assert!(
        !is_signed_in(&used, "").await,
        "use does not outlast the absolute end"
    );
    assert!(!is_signed_in(&unused, "").await);
    let (mut fresh, _) = signed_in(&app, "", "alice@example.com").await;
    let page = fresh.open("/account").await;
    assert_eq!(
        page.text().matches("action=\"/account/sessions/").count(),
        2,
        "the one session there is, and the button for all"
    );
}

async fn whatever_ends_a_session_ends_it_on_every_node(backend: Backend) {
    let app = TestApp::start(backend).await;
    let node = app.another_node(1).await;
    let ctx = app.ctx("default");
    let alice = app.user("default", "alice@example.com").await.id;
    for way in ["disable", "logout", "end-all"] {
        let (mut browser, page) = signed_in(&app, "", "alice@example.com").await;
        let cookie = browser.cookies[SESSION].clone();
        assert!(node.signed_in(&ctx, &cookie).await.unwrap().is_some());
        let before = browser.clone();
        let mut watch = Watch::on(&app, "default").await;
        let expected = match way {
            "disable" => {
                app.app.disable_user(&ctx, alice).await.unwrap();
                assert!(
                    node.signed_in(&ctx, &cookie).await.unwrap().is_none(),
                    "while disabled"
                );
                app.app.enable_user(&ctx, alice).await.unwrap();
                vec![(UserDisabled, String::new()), (UserEnabled, String::new())]
            }
            "logout" => {
                let page = browser.open("/oauth/logout").await;
                let gone = browser.submit(&page, "logout-form", &[("logout", "1")]).await;
                assert!(
                    gone.header("clear-site-data").contains("\"cache\""),
                    "SE11 wants the cache cleared"
                );
                vec![(Logout, String::new())]
            }
            _ => {
                browser.submit(&page, "sessions-end-all", &[]).await;
                vec![(SessionEnded, String::new())]
            }
        };
        assert_eq!(watch.told().await, expected, "{way}");
        assert!(
            !is_signed_in(&before, "").await,
            "{way}: the old cookie still works"
        );
        assert!(
            node.signed_in(&ctx, &cookie).await.unwrap().is_none(),
            "{way}: the other node did not notice"
        );
    }
}

async fn two_tenants_in_one_browser_do_not_mix(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (mut browser, _) = signed_in(&app, "", "alice@example.com").await;
    assert!(!is_signed_in(&browser, "/t/acme").await);
    sign_in(&mut browser, "/t/acme", "bob@example.com").await;
    let (here, there) = (
        browser.open("/account").await,
        browser.open("/t/acme/account").await,
    );
    assert!(is_account(&here, "alice@example.com"));
    assert!(is_account(&there, "bob@example.com"));

    // The cookie of one tenant under the name of the other opens nothing.
    let mut swapped = browser.clone();
    let (ours, theirs) = (
        browser.cookies[SESSION].clone(),
        browser.cookies["__Host-rsp_session_acme"].clone(),
    );
    swapped.cookies.insert(SESSION.to_owned(), theirs);
    swapped.cookies.insert("__Host-rsp_session_acme".to_owned(), ours);
    assert!(!is_signed_in(&swapped, "").await);
    assert!(!is_signed_in(&swapped, "/t/acme").await);

    // Signing out of one leaves the other.
    let page = browser.open("/t/acme/oauth/logout").await;
    browser.submit(&page, "logout-form", &[("logout", "1")]).await;
    assert!(is_signed_in(&browser, "").await);
    assert!(!is_signed_in(&browser, "/t/acme").await);
}
