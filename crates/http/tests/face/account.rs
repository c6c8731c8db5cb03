//! The account page: own sessions and applications, and nobody else's (SE6, I1).

use domain::EventKind::SessionEnded;
use testkit::Backend;
use testkit::app::{Answer, TestApp};

use super::watch::{Filled, Watch, is_signed_in, sign_in, signed_in};

on_both_engines! {
    people_see_and_end_their_own_sessions
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
    assert_eq!(watch.told().await, []);
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
    assert_eq!(watch.told().await, []);
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
