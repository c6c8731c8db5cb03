//! A password that others know is replaced after the second factor, and not before (PW3, MF10).

use domain::EventKind::{FactorVerified, Login, PasswordChangeRefused, PasswordChanged, RequestRefused};
use testkit::Backend;
use testkit::app::{Answer, PASSWORD, TestApp};
use testkit::browser::{Browser, authorize_path, query_value};

use super::factors::{code_now, enrol, next_step, wrong};
use super::watch::{Filled, Watch, is_account, is_signed_in, shows, sign_in};

const ALICE: &str = "alice@example.com";
const NEW: &str = "kettle umbrella granite 7 lagoon";

on_both_engines! {
    the_second_factor_comes_first
    who_has_only_the_password_replaces_nothing
    an_application_gets_its_code_after_all_of_it
}

/// Somebody with a second factor whose password others know; its secret.
async fn known_to_others(app: &TestApp) -> String {
    let mut browser = app.browser();
    sign_in(&mut browser, "", ALICE).await;
    let secret = enrol(app, &mut browser).await;
    next_step(app);
    let alice = app.user("default", ALICE).await.id;
    let ctx = app.ctx("default");
    app.app.mark_password_compromised(&ctx, alice).await.unwrap();
    secret
}

async fn half_way<'a>(app: &'a TestApp, path: &str) -> (Browser<'a>, Answer) {
    let mut browser = app.browser();
    let page = browser.open(path).await;
    let page = browser.sign_in(&page, ALICE).await;
    assert!(shows(&page, "totp-form"), "{} {}", page.status, page.text());
    (browser, page)
}

async fn the_second_factor_comes_first(backend: Backend) {
    let app = TestApp::start(backend).await;
    let secret = known_to_others(&app).await;
    let (mut browser, page) = half_way(&app, "/account").await;
    let mut watch = Watch::on(&app, "default").await;
    let code = code_now(&app, &secret);
    let page = browser.submit(&page, "totp-form", &[("code", &code)]).await;
    assert!(shows(&page, "replace-form"), "{} {}", page.status, page.text());
    assert!(
        !page.text().contains("name=\"password\""),
        "it is not typed twice"
    );
    assert_eq!(watch.told().await, [(FactorVerified, String::new())]);
    assert!(
        !is_signed_in(&browser, "").await,
        "nothing opens before it is replaced"
    );
    let form = Filled::of(&page, "replace-form", &[]);
    for (bad, why) in [
        ("", "too_short"),
        ("too short", "too_short"),
        (PASSWORD, "common"),
    ] {
        let answer = form.with("new_password", Some(bad)).send(&mut browser).await;
        assert_eq!(answer.status, 400, "{bad}");
        assert!(shows(&answer, "replace-form"), "{bad}");
        assert_eq!(
            watch.told().await,
            [(PasswordChangeRefused, why.to_owned())],
            "{bad}"
        );
    }
    let done = form.with("new_password", Some(NEW)).send(&mut browser).await;
    assert_eq!(
        watch.told().await,
        [(Login, String::new()), (PasswordChanged, String::new())]
    );
    let page = browser.follow(done).await;
    assert!(is_account(&page, ALICE), "{} {}", page.status, page.text());
    // Once, and in this flow only.
    let again = form.with("new_password", Some(PASSWORD)).send(&mut browser).await;
    assert!(again.status.as_u16() >= 300);
    let page = browser.open("/account").await;
    assert!(is_account(&page, ALICE));
    assert!(
        !watch
            .told()
            .await
            .iter()
            .any(|(kind, _)| *kind == PasswordChanged)
    );
}

async fn who_has_only_the_password_replaces_nothing(backend: Backend) {
    let app = TestApp::start(backend).await;
    let secret = known_to_others(&app).await;
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let fields = [("email", ALICE), ("password", PASSWORD), ("new_password", NEW)];
    let mut watch = Watch::on(&app, "default").await;
    let page = browser.submit(&page, "login-form", &fields).await;
    assert!(shows(&page, "totp-form"), "{} {}", page.status, page.text());
    assert_eq!(watch.told().await, [(FactorVerified, String::new())]);
    let code = wrong(&app, &secret);
    browser.submit(&page, "totp-form", &[("code", &code)]).await;
    watch.news().await;
    let form = Filled::of(&page, "totp-form", &[]);
    let early = Filled {
        action: "/login/replace".to_owned(),
        fields: form.with("new_password", Some(NEW)).fields,
    };
    let answer = early.send(&mut browser).await;
    assert_eq!(
        answer.header("location"),
        format!("/login?flow={}", form.field("flow"))
    );
    assert_eq!(watch.told().await, [(RequestRefused, "not_yet".to_owned())]);
    let path = format!("/login/replace?flow={}", form.field("flow"));
    assert!(shows(&browser.open(&path).await, "totp-form"));
    assert!(!is_signed_in(&browser, "").await);
    // The password is the one it was.
    half_way(&app, "/account").await;
}

async fn an_application_gets_its_code_after_all_of_it(backend: Backend) {
    let app = TestApp::start(backend).await;
    let secret = known_to_others(&app).await;
    let (mut browser, page) = half_way(&app, &authorize_path(&[])).await;
    let code = code_now(&app, &secret);
    let page = browser.submit(&page, "totp-form", &[("code", &code)]).await;
    let form = Filled::of(&page, "replace-form", &[("new_password", NEW)]);
    let mut stranger = app.browser();
    assert_eq!(
        form.send(&mut stranger).await.status,
        403,
        "another browser's flow"
    );
    let done = form.send(&mut browser).await;
    let page = browser.follow(done).await;
    let answer = browser.accept(page).await;
    let code = query_value(answer.header("location"), "code").unwrap_or_default();
    assert_eq!(app.redeem("web", &code).await.status, 200, "{}", answer.text());
}

/// A legitimate request, by somebody of its own.
pub(crate) async fn twin(app: &TestApp, method: &str) -> Answer {
    let email = format!("replaces-{}@example.com", method.to_lowercase());
    let user = app.add_user("default", &email).await;
    let mut browser = app.browser();
    sign_in(&mut browser, "", &email).await;
    let secret = enrol(app, &mut browser).await;
    next_step(app);
    let ctx = app.ctx("default");
    app.app.mark_password_compromised(&ctx, user.id).await.unwrap();
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let page = browser.sign_in(&page, &email).await;
    let code = code_now(app, &secret);
    let page = browser.submit(&page, "totp-form", &[("code", &code)]).await;
    match method {
        "GET" => page,
        _ => {
            Filled::of(&page, "replace-form", &[("new_password", NEW)])
                .send(&mut browser)
                .await
        }
    }
}
