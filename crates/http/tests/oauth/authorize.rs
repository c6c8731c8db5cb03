//! The authorization endpoint: errors that travel, how answers travel, pages on the way (OA8, OA10 to OA13, OA21, B5).

use domain::{EventKind, GrantType};
use testkit::Backend;
use testkit::app::{Answer, CALLBACK, ISSUER, TestApp};
use testkit::browser::{PageForm, authorize_path, query_value};

use crate::ask::{ALICE, BOB, refusals, successes};

/// What is wrong, as changed parameters, and the error it makes.
fn causes() -> Vec<(Vec<(&'static str, &'static str)>, &'static str)> {
    let one = |name, value, error| (vec![(name, value)], error);
    vec![
        one("response_type", "", "invalid_request"),
        one("response_type", "token", "unsupported_response_type"),
        one("response_type", "id_token", "unsupported_response_type"),
        one("response_type", "id_token token", "unsupported_response_type"),
        one("response_type", "code token", "unsupported_response_type"),
        one("response_type", "code id_token", "unsupported_response_type"),
        one(
            "response_type",
            "code id_token token",
            "unsupported_response_type",
        ),
        one("response_type", "none", "unsupported_response_type"),
        one("response_type", "CODE", "unsupported_response_type"),
        one("response_type", "code code", "unsupported_response_type"),
        one("scope", "", "invalid_scope"),
        one("scope", "rsp.admin", "invalid_scope"),
        one("scope", "open\"id", "invalid_scope"),
        one("resource", "https://other.example.com", "invalid_target"),
        one("resource", "nonsense", "invalid_target"),
        one("code_challenge", "", "invalid_request"),
        one("code_challenge_method", "plain", "invalid_request"),
        one("prompt", "none login", "invalid_request"),
        one("prompt", "nonsense", "invalid_request"),
        one("prompt", "none", "login_required"),
        one("max_age", "-1", "invalid_request"),
        one("max_age", "1.5", "invalid_request"),
        one("max_age", "99999999999999999999", "invalid_request"),
        one("claims", "{", "invalid_request"),
        one("claims", r#"{"userinfo":{"name":1}}"#, "invalid_request"),
        one("claims", r#"{"userinfo":{},"userinfo":{}}"#, "invalid_request"),
        one("id_token_hint", "nonsense", "invalid_request"),
        one("request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"),
        one(
            "request_uri",
            "https://web.example.com/r",
            "request_uri_not_supported",
        ),
        one("registration", "{}", "registration_not_supported"),
    ]
}

/// The error, state and issuer of an answer, however it travels.
fn told(answer: &Answer, mode: &str) -> [Option<String>; 3] {
    let names = ["error", "state", "iss"];
    if mode == "form_post" {
        assert_eq!(answer.status, 200);
        let form = PageForm::find(&answer.text(), "form-post");
        assert_eq!(form.action, CALLBACK);
        return names.map(|name| {
            let found = form.hidden.iter().find(|(n, _)| n == name);
            found.map(|(_, value)| value.clone())
        });
    }
    assert_eq!(answer.status, 303);
    let joint = if mode == "fragment" { '#' } else { '?' };
    assert!(
        answer
            .header("location")
            .starts_with(&format!("{CALLBACK}{joint}")),
        "{}",
        answer.header("location")
    );
    names.map(|name| query_value(answer.header("location"), name))
}

async fn every_error_travels_with_state_and_issuer(backend: Backend) {
    let app = TestApp::start(backend).await;
    for (fields, error) in causes() {
        for mode in ["query", "fragment", "form_post"] {
            let mut all = fields.clone();
            all.push(("response_mode", mode));
            let answer = app.browser().get(&authorize_path(&all)).await;
            let expected = [Some(error), Some("st"), Some(ISSUER)].map(|text| text.map(str::to_owned));
            assert_eq!(told(&answer, mode), expected, "{fields:?} {mode}");
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }
    // No state asked, none told.
    let answer = app
        .browser()
        .get(&authorize_path(&[("state", ""), ("prompt", "none")]))
        .await;
    assert_eq!(told(&answer, "query")[1], None);
    // An unknown mode falls back to the one that is always there.
    let answer = app
        .browser()
        .get(&authorize_path(&[("response_mode", "web_message")]))
        .await;
    assert_eq!(told(&answer, "query")[0].as_deref(), Some("invalid_request"));
    let told = refusals(&app, "default", EventKind::AuthorizationRefused).await;
    assert!(told > 0);
    assert_eq!(successes(&app, EventKind::AuthorizationGranted).await, 0);
}

async fn a_client_without_the_grant_gets_no_code(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    browser.code(ALICE, &[]).await;
    app.change_client("default", "web", |settings| {
        settings.grant_types = vec![GrantType::ClientCredentials];
    })
    .await;
    let answer = browser.get(&authorize_path(&[])).await;
    assert_eq!(told(&answer, "query")[0].as_deref(), Some("unauthorized_client"));
    assert_eq!(successes(&app, EventKind::AuthorizationGranted).await, 1);
}

async fn a_code_travels_by_query_fragment_and_form(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    for mode in ["query", "fragment", "form_post"] {
        let answer = browser
            .authorize(ALICE, &[("response_mode", mode), ("state", "a&b=\"<c>\" ü")])
            .await;
        let [error, state, iss] = told(&answer, mode);
        assert_eq!((error, iss.as_deref()), (None, Some(ISSUER)));
        assert_eq!(state.as_deref(), Some("a&b=\"<c>\" ü"), "{mode}");
        let code = if mode == "form_post" {
            // The page may post to the client and nowhere else.
            let policy = answer.header("content-security-policy").to_owned();
            assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
            let hidden = PageForm::find(&answer.text(), "form-post").hidden;
            hidden.into_iter().find(|(name, _)| name == "code").unwrap().1
        } else {
            query_value(answer.header("location"), "code").unwrap()
        };
        assert_eq!(app.redeem("web", &code).await.status, 200, "{mode}");
    }
}

async fn a_request_may_come_by_post_from_anywhere(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    browser.code(ALICE, &[]).await;
    let path = authorize_path(&[]);
    let (_, query) = path.split_once('?').unwrap();
    let form: Vec<(String, String)> = query
        .split('&')
        .map(|pair| {
            let (name, _) = pair.split_once('=').unwrap();
            (name.to_owned(), query_value(&path, name).unwrap())
        })
        .collect();
    let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let cross = [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://web.example.com"),
    ];
    // A browser keeps Lax cookies back here, so the request is kept and the person goes on by GET.
    let kept = browser.post_as("/oauth/authorize", &form, &cross).await;
    assert_eq!(kept.status, 303);
    assert!(kept.header("location").starts_with("/login?flow="));
    let answer = browser.follow(kept).await;
    assert!(query_value(answer.header("location"), "code").is_some());
    // Somebody who is not signed in gets the page, and an error is an error.
    let mut other = app.browser();
    let kept = other.post_as("/oauth/authorize", &form, &cross).await;
    assert!(other.follow(kept).await.text().contains("id=\"login-form\""));
    let mut wrong = form.clone();
    wrong.retain(|(name, _)| *name != "response_type");
    let answer = other.post_as("/oauth/authorize", &wrong, &cross).await;
    assert_eq!(told(&answer, "query")[0].as_deref(), Some("invalid_request"));
}

async fn unknown_is_ignored_and_empty_is_absent(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    browser.code(ALICE, &[]).await;
    let path = authorize_path(&[]);
    for more in [
        "&foo=bar",
        "&max_age=&prompt=&claims=&request=&resource=",
        "&display=page&foo=&bar",
    ] {
        let answer = browser.get(&format!("{path}{more}")).await;
        assert!(query_value(answer.header("location"), "code").is_some(), "{more}");
    }
    let answer = browser.get(&format!("{path}&foo=1&foo=2")).await;
    assert_eq!(
        answer.status, 400,
        "a repeated parameter is refused even if unknown"
    );
}

/// Pages on the way: closed to frames and referrers, nothing from elsewhere, 303 after a password (OA12, OA13).
async fn pages_on_the_way_are_closed(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let login = browser.open(&authorize_path(&[])).await;
    let form = PageForm::find(&login.text(), "login-form");
    let mut fields: Vec<(&str, &str)> = form
        .hidden
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    fields.extend([("email", ALICE), ("password", testkit::app::PASSWORD)]);
    let sent = browser.post(&form.action, &fields).await;
    assert_eq!(sent.status, 303);
    let consent = browser.follow(sent).await;
    let error = browser.get("/oauth/authorize").await;
    for page in [&login, &consent, &error] {
        let policy = page.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(!policy.contains("unsafe-inline"), "{policy}");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cache-control"), "no-store");
        let text = page.text();
        for source in ["src=\"http", "src=\"//", "href=\"http", "href=\"//", "url("] {
            assert!(!text.contains(source), "{source} in a page");
        }
    }
    let accepted = browser.submit(&consent, "consent-form", &[("accept", "1")]).await;
    assert_eq!(accepted.status, 303);
    // A wrong password is no redirect at all.
    let mut other = app.browser();
    let login = other.open(&authorize_path(&[])).await;
    let wrong = other
        .submit(
            &login,
            "login-form",
            &[("email", ALICE), ("password", "wrong wrong wrong wrong")],
        )
        .await;
    assert_eq!(wrong.status, 401);
    assert_eq!(refusals(&app, "default", EventKind::LoginFailed).await, 1);
}

/// Nothing of a request comes back in an error, but the state to whom it belongs (OA21).
async fn errors_repeat_nothing(backend: Backend) {
    let app = TestApp::start(backend).await;
    let probe = "x7q\"<svg/onload=alert(1)>'\r\n";
    let names = [
        "response_type",
        "response_mode",
        "scope",
        "nonce",
        "resource",
        "code_challenge",
        "code_challenge_method",
        "prompt",
        "max_age",
        "claims",
        "id_token_hint",
        "acr_values",
        "ui_locales",
        "login_hint",
        "display",
        "client_id",
        "redirect_uri",
        "foo",
    ];
    for name in names {
        let answer = app
            .browser()
            .get(&authorize_path(&[(name, probe), ("prompt", "none")]))
            .await;
        let location = answer.header("location");
        assert!(
            !location.contains("x7q") && !answer.text().contains("x7q"),
            "{name}"
        );
        if let Some(text) = query_value(location, "error_description") {
            let allowed = |b: u8| matches!(b, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            assert!(text.bytes().all(allowed), "{text}");
        }
    }
    for name in [
        "grant_type",
        "code",
        "redirect_uri",
        "scope",
        "resource",
        "client_id",
        "refresh_token",
    ] {
        let answer = app
            .token("web", &[("grant_type", "client_credentials"), (name, probe)])
            .await;
        assert!(!answer.text().contains("x7q"), "{name}");
    }
}

/// What a browser carries has no say: ids, cookies and hidden fields of others lead nowhere (B5).
async fn a_flow_belongs_to_one_browser(backend: Backend) {
    let app = TestApp::start(backend).await;
    let (mut alice, mut bob) = (app.browser(), app.browser());
    let page = alice.open(&authorize_path(&[])).await;
    let form = PageForm::find(&page.text(), "login-form");
    let flow = form
        .hidden
        .iter()
        .find(|(name, _)| name == "flow")
        .unwrap()
        .1
        .clone();
    let path = format!("/login?flow={flow}");
    // Another browser, with nothing, with its own cookie under the flow's name, and with a changed id.
    assert_eq!(bob.get(&path).await.status, 400);
    let own = bob.open(&authorize_path(&[])).await;
    assert_eq!(own.status, 200);
    let (_, value) = bob
        .cookies
        .iter()
        .next()
        .map(|(n, v)| (n.clone(), v.clone()))
        .unwrap();
    let name = alice.cookies.keys().next().unwrap().clone();
    bob.cookies.insert(name, value);
    assert_eq!(bob.get(&path).await.status, 400);
    let hidden: Vec<(&str, &str)> = form
        .hidden
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let mut fields = hidden.clone();
    fields.extend([("email", BOB), ("password", testkit::app::PASSWORD)]);
    assert_eq!(bob.post("/login", &fields).await.status, 403);
    assert_eq!(refusals(&app, "default", EventKind::CsrfRefused).await, 1);
    // Parameters of the request added to the form or the address of the page are not looked at.
    let mut fields = hidden;
    fields.extend([
        ("email", ALICE),
        ("password", testkit::app::PASSWORD),
        ("response_type", "token"),
        ("redirect_uri", "https://evil.example/"),
        ("scope", "rsp.admin"),
        ("client_id", "native"),
    ]);
    let sent = alice.post("/login", &fields).await;
    let page = alice.follow(sent).await;
    let answer = alice
        .submit(
            &page,
            "consent-form",
            &[
                ("accept", "1"),
                ("redirect_uri", "https://evil.example/"),
                ("scope", "rsp.admin"),
            ],
        )
        .await;
    let code = query_value(answer.header("location"), "code").unwrap();
    assert!(answer.header("location").starts_with(&format!("{CALLBACK}?")));
    let tokens = app.redeem("web", &code).await;
    assert_eq!(tokens.member("scope"), "openid");
    // A finished flow is over, in its own browser too.
    assert_eq!(alice.get(&path).await.status, 400);
}

/// A consent page skipped: the accept button pressed before the sign-in, or both buttons at once.
async fn no_step_can_be_skipped(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let page = browser.open(&authorize_path(&[])).await;
    let form = PageForm::find(&page.text(), "login-form");
    let mut fields: Vec<(&str, &str)> = form
        .hidden
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    fields.push(("accept", "1"));
    let sent = browser.post("/consent", &fields).await;
    let page = browser.follow(sent).await;
    assert!(page.text().contains("id=\"login-form\""));
    let page = browser.sign_in(&page, ALICE).await;
    let page = browser
        .submit(&page, "consent-form", &[("accept", "1"), ("deny", "1")])
        .await;
    assert!(
        page.text().contains("id=\"consent-form\""),
        "both buttons are no answer"
    );
    assert_eq!(successes(&app, EventKind::AuthorizationGranted).await, 0);
    let answer = browser.submit(&page, "consent-form", &[("accept", "1")]).await;
    assert!(query_value(answer.header("location"), "code").is_some());
}

on_both_engines! {
    a_client_without_the_grant_gets_no_code
    a_code_travels_by_query_fragment_and_form
    a_flow_belongs_to_one_browser
    a_request_may_come_by_post_from_anywhere
    errors_repeat_nothing
    every_error_travels_with_state_and_issuer
    no_step_can_be_skipped
    pages_on_the_way_are_closed
    unknown_is_ignored_and_empty_is_absent
}
