//! Requests from other sites change nothing for a signed-in browser (SE10, H4).

use domain::EventKind::{CsrfRefused, LogoutRefused};
use testkit::Backend;
use testkit::app::{Answer, TestApp};
use testkit::browser::{Browser, authorize_path};

use super::watch::{Filled, Watch, cut, is_signed_in, shows, signed_in};

const SESSION: &str = "__Host-rsp_session_default";
const CROSS: &[(&str, &str)] = &[
    ("sec-fetch-site", "cross-site"),
    ("origin", "https://evil.example"),
];

on_both_engines! {
    a_form_from_another_site_is_refused_and_recorded
    the_pages_own_token_is_needed
    authorization_requests_from_another_site_are_only_kept
    logout_requests_from_another_site_only_ask
}

/// A filled form of each page that changes something, in a browser where it would work.
async fn own_form<'a>(app: &'a TestApp, which: &str) -> (Browser<'a>, Filled) {
    let login = [
        ("email", "alice@example.com"),
        ("password", testkit::app::PASSWORD),
    ];
    let mut browser = app.browser();
    let (page, form, fields): (Answer, String, &[(&str, &str)]) = match which {
        "login" => (browser.open("/account").await, "login-form".to_owned(), &login),
        "consent" => {
            let page = browser.open(&authorize_path(&[])).await;
            let page = browser.sign_in(&page, "alice@example.com").await;
            (page, "consent-form".to_owned(), &[("accept", "1")])
        }
        "logout" => {
            browser = signed_in(app, "", "alice@example.com").await.0;
            let page = browser.open("/oauth/logout").await;
            (page, "logout-form".to_owned(), &[("logout", "1")])
        }
        "invite" => {
            let email = format!("guest{}@example.com", app.audit("default").await.len());
            let ctx = app.ctx("default");
            let new = engine::users::NewUser {
                email: email.parse().unwrap(),
                email_verified: false,
                profile: domain::Profile::default(),
                password: None,
            };
            let user = app.app.create_user(&ctx, new).await.unwrap();
            let token = app.app.invite(&ctx, user.id).await.unwrap();
            let page = browser.open(&format!("/invite?token={}", token.expose())).await;
            (
                page,
                "invite-form".to_owned(),
                &[("password", "a long enough passphrase")],
            )
        }
        account => {
            browser.authorize("alice@example.com", &[]).await;
            let page = browser.open("/account").await;
            let session = page.text().split("id=\"session-").nth(1).map(str::to_owned);
            let session = session.unwrap().split('"').next().unwrap().to_owned();
            let form = match account {
                "end" => format!("session-{session}"),
                "end-all" => "sessions-end-all".to_owned(),
                _ => "app-web".to_owned(),
            };
            (page, form, &[])
        }
    };
    let filled = Filled::of(&page, &form, fields);
    (browser, filled)
}

const FORMS: [&str; 7] = ["login", "consent", "logout", "invite", "end", "end-all", "revoke"];

/// The answer to a form that was accepted: on to the next page, or the page that says goodbye.
fn done(which: &str) -> u16 {
    if which == "logout" { 200 } else { 303 }
}

/// What a browser says about where a request comes from, and whether that is our own page.
const SAYS: [(&[(&str, &str)], bool); 13] = [
    (&[("sec-fetch-site", "same-origin"), ("origin", "null")], true),
    (&[("sec-fetch-site", "same-origin")], true),
    (&[("sec-fetch-site", "none")], true),
    (&[("origin", "https://id.example.com")], true),
    (&[], true),
    (&[("sec-fetch-site", "same-site")], false),
    (&[("sec-fetch-site", "cross-site")], false),
    (
        &[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://id.example.com"),
        ],
        false,
    ),
    (
        &[
            ("sec-fetch-site", "same-origin"),
            ("origin", "https://evil.example"),
        ],
        false,
    ),
    (&[("origin", "https://id.example.com.evil.example")], false),
    (&[("origin", "http://id.example.com")], false),
    (&[("origin", "https://id.example.com:8443")], false),
    (&[("sec-fetch-site", "junk")], false),
];

async fn a_form_from_another_site_is_refused_and_recorded(backend: Backend) {
    let app = TestApp::start(backend).await;
    for which in FORMS {
        let (mut browser, form) = own_form(&app, which).await;
        let mut watch = Watch::on(&app, "default").await;
        for (says, own) in SAYS.into_iter().filter(|(_, own)| !own) {
            let cookies = browser.cookies.clone();
            let answer = form.send_as(&mut browser, says).await;
            assert_eq!(answer.status, 403, "{which} {says:?} is our own: {own}");
            assert_eq!(
                watch.told().await,
                [(CsrfRefused, "cross_site".to_owned())],
                "{which}"
            );
            assert_eq!(browser.cookies, cookies, "{which} {says:?}");
            // Ten refusals of a kind and a network are recorded one by one in a minute.
            app.clock.advance(std::time::Duration::from_secs(20));
        }
        // The very same form works when it is sent by our page.
        let answer = form.send(&mut browser).await;
        assert_eq!(answer.status, done(which), "{which}: {}", answer.text());
    }
    for (says, _) in SAYS.into_iter().filter(|(_, own)| *own) {
        let (mut browser, form) = own_form(&app, "login").await;
        let answer = form.send_as(&mut browser, says).await;
        assert_eq!(answer.status, 303, "{says:?}");
        assert!(browser.cookies.contains_key(SESSION), "{says:?}");
    }
}

async fn the_pages_own_token_is_needed(backend: Backend) {
    let app = TestApp::start(backend).await;
    for which in FORMS {
        let (mut browser, form) = own_form(&app, which).await;
        let mut watch = Watch::on(&app, "default").await;
        let (_, other) = own_form(&app, if which == "login" { "consent" } else { "login" }).await;
        watch.news().await;
        let right = form.field("csrf").to_owned();
        let cut = cut(&right, 1);
        let wrong = [
            None,
            Some(""),
            Some(cut.as_str()),
            Some("AAAA"),
            Some(other.field("csrf")),
        ];
        for token in wrong {
            let answer = form.with("csrf", token).send(&mut browser).await;
            assert_eq!(answer.status, 403, "{which} {token:?}");
            assert_eq!(
                watch.told().await,
                [(CsrfRefused, "wrong_token".to_owned())],
                "{which}"
            );
        }
        // Without the cookie the token is bound to (a link's own secret stands in for it when invited).
        if which != "invite" {
            let answer = form.send(&mut app.browser()).await;
            assert_eq!(answer.status, 403, "{which}");
            assert_eq!(
                watch.told().await,
                [(CsrfRefused, "no_cookie".to_owned())],
                "{which}"
            );
        }
        let mut twice = form.pairs();
        twice.push(("csrf", &right));
        let answer = browser.post(&form.action, &twice).await;
        assert_eq!(answer.status, 400, "{which}: twice");
        let answer = form.send(&mut browser).await;
        assert_eq!(answer.status, done(which), "{which}: {}", answer.text());
        app.clock.advance(std::time::Duration::from_mins(1));
    }
}

async fn authorization_requests_from_another_site_are_only_kept(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    browser.authorize("alice@example.com", &[]).await;
    let path = authorize_path(&[]);
    let form = path.split_once('?').unwrap().1;
    let params = protocol::Params::parse_query(form).unwrap();
    let pairs: Vec<(&str, &str)> = [
        "client_id",
        "response_type",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
    ]
    .into_iter()
    .map(|name| (name, params.get(name).unwrap()))
    .collect();
    let mut watch = Watch::on(&app, "default").await;
    let answer = browser.post_as("/oauth/authorize", &pairs, CROSS).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(
        answer.header("location").starts_with("/login?flow="),
        "{}",
        answer.header("location")
    );
    assert_eq!(watch.told().await, [], "nothing was granted by the POST itself");
    // The GET that follows carries the cookies: signed in and allowed before, so the answer is there at once.
    let answer = browser.follow(answer).await;
    assert!(
        answer.header("location").contains("code="),
        "{} {}",
        answer.status,
        answer.header("location")
    );
    // In a browser where nobody is signed in the same POST ends on the sign-in page.
    let mut nobody = app.browser();
    let answer = nobody.post_as("/oauth/authorize", &pairs, CROSS).await;
    let page = nobody.follow(answer).await;
    assert!(shows(&page, "login-form"));
}

async fn logout_requests_from_another_site_only_ask(backend: Backend) {
    let app = TestApp::start(backend).await;
    let mut browser = app.browser();
    let tokens = browser.tokens("alice@example.com", "openid").await;
    let hint = tokens.member("id_token");
    let junk = vec![(LogoutRefused, "bad_hint".to_owned())];
    let cases = [
        (vec![], vec![]),
        (vec![("client_id", "web")], vec![]),
        (vec![("id_token_hint", "junk")], junk),
    ];
    for (form, expected) in cases {
        let mut watch = Watch::on(&app, "default").await;
        let answer = browser.post_as("/oauth/logout", &form, CROSS).await;
        assert_eq!(answer.status, 303, "{form:?}");
        assert!(
            answer.header("location").starts_with("/oauth/logout?flow="),
            "{form:?}"
        );
        assert_eq!(watch.told().await, expected, "{form:?}");
        let page = browser.follow(answer).await;
        assert!(
            shows(&page, "logout-form"),
            "{form:?}: {} {}",
            page.status,
            page.text()
        );
        assert!(is_signed_in(&browser, "").await, "{form:?}");
    }
    // With the person's own ID token it is the client's right to end the session.
    let form = [
        ("id_token_hint", hint.as_str()),
        ("post_logout_redirect_uri", "https://web.example.com/bye"),
    ];
    let answer = browser.post_as("/oauth/logout", &form, CROSS).await;
    let answer = browser.follow(answer).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "https://web.example.com/bye")
    );
    assert!(!is_signed_in(&browser, "").await);
}
