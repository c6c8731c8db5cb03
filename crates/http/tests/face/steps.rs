//! Odd forms and malformed headers at each step of a sign-in take nobody on; the form as it is does (F1). The step of the
//! second factor is looked at in `factors`.

use domain::EventKind;
use testkit::Backend;
use testkit::app::{Answer, PASSWORD, TestApp, encode};
use testkit::browser::{Browser, authorize_path, query_value};

use super::mail_links::NEW;
use super::watch::{Filled, Watch, is_signed_in, shows};

const ALICE: &str = "alice@example.com";

on_both_engines! {
    at_the_password_nothing_odd_signs_in
    at_consent_nothing_odd_gives_a_code
    at_the_replacement_nothing_odd_sets_a_password
}

/// The form once more with one field twice.
fn twice(form: &Filled, name: &str) -> Filled {
    let mut all = form.with("unrelated", None);
    all.fields.push((name.to_owned(), form.field(name).to_owned()));
    all
}

/// What is wrong about every form: its flow and token missing, of nobody, or there twice.
fn broken(form: &Filled) -> Vec<Filled> {
    let mut all: Vec<Filled> = ["flow", "csrf"]
        .into_iter()
        .flat_map(|name| {
            [None, Some(""), Some("0"), Some("\0"), Some("AAAA")].map(|value| form.with(name, value))
        })
        .collect();
    all.extend([twice(form, "flow"), twice(form, "csrf")]);
    all
}

/// The form as it is, with headers that no browser sends; what was answered.
async fn malformed(app: &TestApp, browser: &Browser<'_>, form: &Filled) -> Vec<Answer> {
    let jar: Vec<String> = browser
        .cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let (jar, body) = (jar.join("; "), encode(&form.pairs()));
    let typed = "application/x-www-form-urlencoded";
    let cut: String = jar.chars().take(jar.len() / 2).collect();
    let joined = jar.replace('=', "");
    let odd: [&[(&str, &str)]; 9] = [
        &[("content-type", "text/plain"), ("cookie", &jar)],
        &[("content-type", "application/json"), ("cookie", &jar)],
        &[
            ("content-type", "multipart/form-data; boundary=x"),
            ("cookie", &jar),
        ],
        &[("cookie", &jar)],
        &[("content-type", typed)],
        &[("content-type", typed), ("cookie", "; ;=;=x; __Host-rsp_flow_=")],
        &[("content-type", typed), ("cookie", &cut)],
        &[("content-type", typed), ("cookie", &joined)],
        &[
            ("content-type", typed),
            ("cookie", &jar),
            ("sec-fetch-site", "cross-site"),
        ],
    ];
    let mut answers = Vec::new();
    for headers in odd {
        answers.push(app.call("POST", &form.action, headers, &body).await);
    }
    answers
}

fn gives_no_session(answer: &Answer, case: &str) {
    assert!(!answer.status.is_server_error(), "{case}: {}", answer.status);
    for cookie in answer.headers.get_all("set-cookie") {
        let text = cookie.to_str().unwrap();
        let given = text.contains("rsp_session") && !text.contains("Max-Age=0");
        assert!(!given && !text.contains("rsp_device"), "{case}: {text}");
    }
}

async fn at_the_password_nothing_odd_signs_in(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let form = Filled::of(&page, "login-form", &[("email", ALICE), ("password", PASSWORD)]);
    let mut watch = Watch::on(&app, "default").await;
    for answer in malformed(&app, &browser, &form).await {
        gives_no_session(&answer, "malformed");
    }
    let mut odd = broken(&form);
    for name in ["email", "password"] {
        odd.extend([None, Some(""), Some("\0")].map(|value| form.with(name, value)));
        odd.push(twice(&form, name));
    }
    odd.push(form.with("password", None).with("new_password", Some(PASSWORD)));
    for odd in odd {
        let answer = odd.send(&mut browser).await;
        gives_no_session(&answer, &format!("{:?}", odd.fields));
        assert!(!is_signed_in(&browser, "").await, "{:?}", odd.fields);
    }
    let told = watch.news().await;
    assert!(told.iter().all(|row| row.kind != EventKind::Login));
    let done = form.send(&mut browser).await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert!(is_signed_in(&browser, "").await);
}

async fn at_consent_nothing_odd_gives_a_code(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let page = browser.open(&authorize_path(&[("prompt", "consent")])).await;
    let page = browser.sign_in(&page, ALICE).await;
    assert!(shows(&page, "consent-form"), "{} {}", page.status, page.text());
    let form = Filled::of(&page, "consent-form", &[("accept", "1")]);
    let mut watch = Watch::on(&app, "default").await;
    for answer in malformed(&app, &browser, &form).await {
        assert!(
            !answer.header("location").contains("code="),
            "{}",
            answer.header("location")
        );
    }
    let mut odd = broken(&form);
    odd.extend([
        form.with("accept", None),
        form.with("deny", Some("1")),
        form.with("accept", None).with("allow", Some("1")),
    ]);
    for odd in odd {
        let answer = odd.send(&mut browser).await;
        assert!(!answer.status.is_server_error(), "{:?}", odd.fields);
        assert!(!answer.header("location").contains("code="), "{:?}", odd.fields);
    }
    let told = watch.news().await;
    assert!(told.iter().all(|row| row.kind != EventKind::AuthorizationGranted));
    let done = form.send(&mut browser).await;
    let answer = browser.follow(done).await;
    assert!(
        query_value(answer.header("location"), "code").is_some(),
        "{} {}",
        answer.status,
        answer.text()
    );
}

async fn at_the_replacement_nothing_odd_sets_a_password(backend: Backend) {
    let app = TestApp::start(backend).await;
    let alice = app.user("default", ALICE).await;
    app.app
        .mark_password_compromised(&app.ctx("default"), alice.id)
        .await
        .unwrap();
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let page = browser.sign_in(&page, ALICE).await;
    let form = Filled::of(
        &page,
        "replace-form",
        &[("password", PASSWORD), ("new_password", NEW)],
    )
    .with("email", Some(ALICE));
    let mut watch = Watch::on(&app, "default").await;
    for answer in malformed(&app, &browser, &form).await {
        gives_no_session(&answer, "malformed");
    }
    let mut odd = broken(&form);
    for name in ["email", "password", "new_password"] {
        odd.extend([None, Some(""), Some("\0")].map(|value| form.with(name, value)));
        odd.push(twice(&form, name));
    }
    for odd in odd {
        let answer = odd.send(&mut browser).await;
        gives_no_session(&answer, &format!("{:?}", odd.fields));
        assert!(!is_signed_in(&browser, "").await, "{:?}", odd.fields);
    }
    let told = watch.news().await;
    assert!(told.iter().all(|row| row.kind != EventKind::PasswordChanged));
    let done = form.send(&mut browser).await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert!(is_signed_in(&browser, "").await);
}
