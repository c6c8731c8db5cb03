//! The account page: own sessions and applications, and nobody else's (SE6, I1).

use std::time::Duration;

use domain::EventKind::{RequestRefused, SessionEnded};
use testkit::Backend;
use testkit::app::{Answer, TestApp};
use testkit::browser::authorize_path;

use super::watch::{Filled, Watch, is_signed_in, sign_in, signed_in};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
    Version/18.5 Mobile/15E148 Safari/604.1";

on_both_engines! {
    people_see_and_end_their_own_sessions
    people_recognise_the_browsers_they_signed_in_with
    what_a_browser_says_of_itself_is_never_markup
    what_is_not_theirs_does_not_exist
    everywhere_means_everywhere
}

/// Ids of the sessions an account page lists.
fn sessions(page: &Answer) -> Vec<String> {
    page.text()
        .split("<form id=\"session-")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

async fn people_see_and_end_their_own_sessions(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (first, page) = signed_in(&app, "", "alice@example.com").await;
    let other = sessions(&page).remove(0);
    let (mut second, page) = signed_in(&app, "", "alice@example.com").await;
    assert_eq!(sessions(&page).len(), 2);
    assert!(sessions(&page).contains(&other));
    assert_ne!(sessions(&page)[0], other, "this one stands first");
    let form = Filled::of(&page, &format!("session-{other}"), &[]);
    let mut watch = Watch::on(&app, "default").await;
    let answer = form.send(&mut second).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/account?done=session")
    );
    let row = watch.only().await;
    assert_eq!(row.kind, SessionEnded);
    assert_eq!(
        row.session_id.map(|id| id.to_string()).as_deref(),
        Some(other.as_str())
    );
    assert_eq!(row.actor_kind, "user");
    assert!(!is_signed_in(&first, "").await);
    assert!(is_signed_in(&second, "").await);
    let page = second.open("/account?done=session").await;
    assert!(page.text().contains("role=\"status\""), "it says that it is done");
    assert_eq!(sessions(&page).len(), 1);
    let again = form.send(&mut second).await;
    assert_eq!(again.status, 404, "ended is ended");
    assert_eq!(watch.told().await, [(RequestRefused, "not_found".to_owned())]);
}

/// The words of each session's entry.
fn entries(page: &Answer) -> Vec<String> {
    let text = page.text();
    let list = text.split("<h2 id=\"apps-title\"").next().unwrap();
    let entries = list.split("<div class=\"thing-text\">").skip(1);
    entries
        .map(|rest| rest.split("</div>").next().unwrap().to_owned())
        .collect()
}

async fn people_recognise_the_browsers_they_signed_in_with(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut phone = app.browser();
    phone.headers = vec![("user-agent", IPHONE.to_owned())];
    sign_in(&mut phone, "", "alice@example.com").await;
    let mut silent = app.browser();
    sign_in(&mut silent, "", "alice@example.com").await;
    app.clock.advance(Duration::from_mins(125));
    let mut browser = app.browser();
    browser.headers = vec![("user-agent", FIREFOX.to_owned())];
    let page = sign_in(&mut browser, "", "alice@example.com").await;
    let shown = entries(&page);
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert!(shown[0].contains("<h3>Firefox on Linux <span"), "{}", shown[0]);
    assert!(shown[0].contains("This browser"));
    assert!(
        shown[0].contains("Signed in just now from 203.0.113.7"),
        "{}",
        shown[0]
    );
    let rest = shown[1..].join("");
    assert!(rest.contains("<h3>Safari on iOS</h3>"), "{rest}");
    assert!(rest.contains("<h3>Unknown browser</h3>"), "{rest}");
    assert_eq!(rest.matches("Signed in 2 hours ago from 203.0.113.7").count(), 2);
    assert!(!rest.contains("This browser"));
    let german = browser.open("/account?lang=de").await;
    assert!(entries(&german)[0].contains("Firefox unter Linux"));
    assert!(german.text().contains("Angemeldet vor 2 Stunden von 203.0.113.7"));

    // The same person proves again who they are, in a browser that now says something else.
    app.clock.advance(Duration::from_mins(2));
    browser.headers = vec![("user-agent", IPHONE.to_owned())];
    let page = browser.open(&authorize_path(&[("prompt", "login")])).await;
    browser.sign_in(&page, "alice@example.com").await;
    let shown = entries(&browser.open("/account?lang=en").await);
    assert_eq!(shown.len(), 3);
    assert!(shown[0].contains("Safari on iOS"), "{}", shown[0]);
}

async fn what_a_browser_says_of_itself_is_never_markup(backend: Backend) {
    let app = TestApp::start(backend).await;
    let long = format!("Firefox/1 {}", "<img src=x>".repeat(400));
    for agent in ["<script>alert(1)</script> Firefox/1 Linux", "\"'><b>", &long] {
        let mut browser = app.browser();
        browser.headers = vec![("user-agent", agent.to_owned())];
        let page = sign_in(&mut browser, "", "alice@example.com").await;
        let text = page.text();
        for mark in ["alert(1)", "<b>", "<img src=x", "&lt;script", "\"'>"] {
            assert!(!text.contains(mark), "{mark} of {agent}");
        }
        assert!(text.contains("This browser"));
    }
}

async fn what_is_not_theirs_does_not_exist(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (bob, page) = signed_in(&app, "", "bob@example.com").await;
    let bobs = sessions(&page).remove(0);
    let (acme, page) = signed_in(&app, "/t/acme", "alice@example.com").await;
    let acmes = sessions(&page).remove(0);
    let (mut alice, page) = signed_in(&app, "", "alice@example.com").await;
    let own = sessions(&page).remove(0);
    let form = Filled::of(&page, &format!("session-{own}"), &[]);
    let mut watch = Watch::on(&app, "default").await;
    let mut first: Option<String> = None;
    for id in [
        bobs.as_str(),
        acmes.as_str(),
        "0199c000-0000-7000-8000-000000000000",
        "junk",
        "%00",
        "..",
    ] {
        let action = format!("/account/sessions/{id}/end");
        let answer = alice.post(&action, &form.pairs()).await;
        assert_eq!(answer.status, 404, "{id}");
        let body = answer.text().replace(answer.header("x-request-id"), "ID");
        let first = first.get_or_insert_with(|| body.clone());
        assert_eq!(*first, body, "{id} can be told from bob's session");
    }
    for client in ["web", "nothing", "%2e%2e", "a b"] {
        let action = format!("/account/apps/{}/revoke", client.replace(' ', "%20"));
        let answer = alice.post(&action, &form.pairs()).await;
        assert_eq!(answer.status, 404, "{client}");
    }
    let refused = vec![(RequestRefused, "not_found".to_owned()); 10];
    assert_eq!(watch.told().await, refused);
    assert!(is_signed_in(&bob, "").await);
    assert!(is_signed_in(&acme, "/t/acme").await);
    assert_eq!(form.send(&mut alice).await.status, 303);
}

async fn everywhere_means_everywhere(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (other, _) = signed_in(&app, "", "alice@example.com").await;
    let (bob, _) = signed_in(&app, "", "bob@example.com").await;
    let mut browser = app.browser();
    sign_in(&mut browser, "/t/acme", "alice@example.com").await;
    let page = sign_in(&mut browser, "", "alice@example.com").await;
    let mut watch = Watch::on(&app, "default").await;
    let answer = browser.submit(&page, "sessions-end-all", &[]).await;
    assert!(super::watch::shows(&answer, "login-form"));
    assert_eq!(
        watch.told().await,
        [(SessionEnded, String::new()), (SessionEnded, String::new())]
    );
    assert!(!is_signed_in(&other, "").await);
    assert!(!is_signed_in(&browser, "").await);
    assert!(is_signed_in(&bob, "").await, "another person");
    assert!(is_signed_in(&browser, "/t/acme").await, "another tenant");
}
