//! Hostile text in every parameter of every page, and in every name that is stored (H3, LG4).

use domain::{Profile, Secret};
use engine::users::NewUser;
use serde_json::json;
use testkit::Backend;
use testkit::app::{Answer, PASSWORD, TestApp, encode};
use testkit::browser::{authorize_path, query_value};

use super::admin_gate::{ask, new_client, token};
use super::mail::{deliver, with_sink};
use super::mail_twins::open_registration;
use super::watch::{Filled, shows};

const PAYLOADS: [&str; 5] = [
    "\"'><script>alert(1)</script><img src=x onerror=alert(1)>",
    "</title></textarea></style><svg onload=alert(1)>",
    "{{7*7}}${7*7}<%= 7*7 %>#{7*7}",
    "javascript:alert(1)//\"onmouseover=\"alert(1)",
    "\u{1b}[31m\u{202e}\u{2066}\u{7}\u{85}<b>",
];

fn assert_calm(answer: &Answer, case: &str) {
    let text = answer.text();
    for raw in [
        "<script>alert",
        "<img src=x",
        "<svg onload",
        "\"onmouseover",
        "</textarea>",
        "<%=",
        "<b>",
        ">49<",
    ] {
        assert!(!text.contains(raw), "{case}: {raw} in {text}");
    }
    assert!(!text.contains("href=\"javascript:"), "{case}");
    for (name, value) in &answer.headers {
        let value = value
            .to_str()
            .unwrap_or_else(|_| panic!("{case}: {name} is not ASCII"));
        assert!(!value.contains("<script"), "{case}: {name}");
    }
}

#[tokio::test]
async fn in_a_parameter_it_stays_text() {
    let (app, _sink) = with_sink(Backend::Sqlite).await;
    open_registration(&app).await;
    let names = [
        "client_id",
        "redirect_uri",
        "response_type",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "response_mode",
        "prompt",
        "max_age",
        "ui_locales",
        "login_hint",
        "id_token_hint",
        "claims",
        "acr_values",
        "resource",
        "display",
        "request",
        "request_uri",
        "lang",
        "unknown",
    ];
    for payload in PAYLOADS {
        for name in names {
            let case = format!("authorize {name}={payload}");
            let mut browser = app.browser();
            let answer = browser.get(&authorize_path(&[(name, payload)])).await;
            assert_calm(&answer, &case);
            let page = browser.follow(answer).await;
            assert_calm(&page, &case);
            if shows(&page, "login-form") {
                let page = browser.sign_in(&page, "alice@example.com").await;
                assert_calm(&page, &case);
                if shows(&page, "consent-form") {
                    let done = browser.submit(&page, "consent-form", &[("deny", "1")]).await;
                    assert_calm(&done, &case);
                }
            }
        }
        let others = [
            ("/login", "flow"),
            ("/consent", "flow"),
            ("/oauth/logout", "flow"),
            ("/oauth/logout", "state"),
            ("/oauth/logout", "client_id"),
            ("/oauth/logout", "post_logout_redirect_uri"),
            ("/oauth/logout", "id_token_hint"),
            ("/oauth/logout", "logout_hint"),
            ("/oauth/logout", "ui_locales"),
            ("/invite", "token"),
            ("/account", "done"),
            ("/account", "lang"),
            ("/recover", "email"),
            ("/recover", "lang"),
            ("/recover/set", "token"),
            ("/recover/deny", "token"),
            ("/recover/factor", "token"),
            ("/recover/factor/stop", "token"),
            ("/register", "email"),
            ("/register", "lang"),
            ("/register/finish", "token"),
            ("/login/factor", "flow"),
            ("/account/email/verify", "token"),
            ("/account/email/change", "token"),
            ("/account/factors", "done"),
            ("/account/factors", "lang"),
            ("/", "lang"),
            ("/nothing", "lang"),
        ];
        for (path, name) in others {
            let mut browser = app.browser();
            let answer = browser
                .open(&format!("{path}?{}", encode(&[(name, payload)])))
                .await;
            assert_calm(&answer, &format!("{path} {name}={payload}"));
            assert!(!answer.status.is_server_error(), "{path} {name}={payload}");
        }
        let encoded = encode(&[("x", payload)]).split_off(2);
        for path in [
            format!("/{encoded}"),
            format!("/t/{encoded}/account"),
            format!("/assets/{encoded}"),
        ] {
            let answer = app.browser().get(&path).await;
            assert_calm(&answer, &path);
            assert_eq!(answer.status, 404, "{path}");
        }
    }
}

#[tokio::test]
async fn in_a_form_it_stays_text() {
    let (app, _sink) = with_sink(Backend::Sqlite).await;
    open_registration(&app).await;
    for payload in PAYLOADS {
        for path in ["/recover", "/register"] {
            let answer = super::mail::ask(&mut app.browser(), path, payload).await;
            assert_eq!(answer.status, 400, "{path} {payload}");
            assert_calm(&answer, &format!("{path} {payload}"));
        }
        let mut browser = app.browser();
        let page = browser.open("/account").await;
        let form = Filled::of(&page, "login-form", &[("email", payload), ("password", payload)]);
        let answer = form.send(&mut browser).await;
        assert_eq!(answer.status, 401);
        assert_calm(&answer, &format!("login {payload}"));
        for field in ["flow", "csrf"] {
            let answer = form.with(field, Some(payload)).send(&mut browser).await;
            assert_eq!(answer.status, 403, "{field}={payload}");
            assert_calm(&answer, &format!("login {field}={payload}"));
        }
        for header in ["user-agent", "accept-language", "origin", "referer", "cookie"] {
            let value: String = payload
                .chars()
                .filter(char::is_ascii)
                .filter(|c| !c.is_control())
                .collect();
            let answer = app
                .call(
                    "GET",
                    "/nothing",
                    &[(header, &value), ("accept", "text/html")],
                    "",
                )
                .await;
            assert_calm(&answer, header);
        }
    }
}

/// A person and a client named by an attacker, on every page that shows them.
#[tokio::test]
async fn in_a_stored_name_it_stays_text() {
    let app = TestApp::start(Backend::Sqlite).await;
    let admin = token(&app, "default").await;
    for (at, payload) in PAYLOADS.into_iter().take(4).enumerate() {
        let email = format!("person{at}@example.com");
        let profile = Profile {
            name: Some(payload.to_owned()),
            given_name: Some(payload.to_owned()),
            website: Some(payload.to_owned()),
            picture: Some(payload.to_owned()),
            ..Profile::default()
        };
        let new = NewUser {
            email: email.parse().unwrap(),
            email_verified: true,
            profile,
            password: Some(Secret::new(PASSWORD.to_owned())),
        };
        app.app.create_user(&app.ctx("default"), new).await.unwrap();
        let client = format!("named{at}");
        let mut body = new_client(&client);
        body["name"] = json!(payload);
        body["settings"] = json!({
            "grant_types": ["authorization_code"], "scopes": "openid profile",
            "redirect_uris": ["https://web.example.com/callback"], "id_token_alg": "ES256",
            "post_logout_redirect_uris": ["https://web.example.com/bye"],
        });
        let made = ask(&app, &admin, "POST", "/admin/v1/clients", &body).await;
        assert_eq!(made.status, 201, "{}", made.text());
        assert_eq!(made.header("content-type"), "application/json");

        let mut browser = app.browser();
        let request = authorize_path(&[
            ("client_id", &client),
            ("scope", "openid profile"),
            ("state", payload),
        ]);
        let page = browser.open(&request).await;
        assert_calm(&page, "login");
        let page = browser.sign_in(&page, &email).await;
        assert!(shows(&page, "consent-form"));
        assert_calm(&page, "consent");
        let answer = browser.submit(&page, "consent-form", &[("accept", "1")]).await;
        let location = answer.header("location");
        assert_eq!(
            query_value(location, "state").as_deref(),
            Some(payload),
            "given back whole"
        );
        assert!(location.is_ascii());
        let posted = authorize_path(&[
            ("client_id", &client),
            ("scope", "openid profile"),
            ("state", payload),
            ("response_mode", "form_post"),
        ]);
        let page = browser.open(&posted).await;
        assert!(shows(&page, "form-post"), "{} {}", page.status, page.text());
        assert_calm(&page, "form post");
        let fields = Filled::of(&page, "form-post", &[]);
        assert_eq!(fields.field("state"), payload, "given back whole");
        let page = browser.open("/account").await;
        assert!(shows(&page, &format!("app-{client}")));
        assert_calm(&page, "account");
        let logout = encode(&[
            ("client_id", &client),
            ("post_logout_redirect_uri", "https://web.example.com/bye"),
            ("state", payload),
        ]);
        let page = browser.open(&format!("/oauth/logout?{logout}")).await;
        assert!(shows(&page, "logout-form"));
        assert_calm(&page, "logout");
        let page = browser.submit(&page, "logout-form", &[("stay", "1")]).await;
        assert_calm(&page, "stayed");
        assert!(page.text().contains("https://web.example.com/bye"));
    }
}

/// The person and the tenant named by an attacker, in the mails that go to people: text in one part, escaped in the other,
/// and never a header of its own.
#[tokio::test]
async fn in_a_mail_it_stays_text() {
    let (app, sink) = with_sink(Backend::Sqlite).await;
    for payload in PAYLOADS.into_iter().take(4) {
        let ctx = app.ctx("default");
        let settings = ctx.tenant.tenant.settings.clone();
        let tenant = format!("{payload}\r\nBcc: thief@evil.example");
        // Whether line ends are refused in a name or taken, no mail has them in a header.
        if app
            .app
            .update_tenant(&ctx, &tenant, settings.clone())
            .await
            .is_err()
        {
            app.app.update_tenant(&ctx, payload, settings).await.unwrap();
        }
        let people = app.app.list_users(&ctx, None, 200).await.unwrap().len();
        let email = format!("person{people}@example.com");
        let new = NewUser {
            email: email.parse().unwrap(),
            email_verified: true,
            profile: Profile {
                name: Some(payload.to_owned()),
                given_name: Some(payload.to_owned()),
                ..Profile::default()
            },
            password: Some(Secret::new(PASSWORD.to_owned())),
        };
        app.app.create_user(&app.ctx("default"), new).await.unwrap();
        super::mail::ask(&mut app.browser(), "/recover", &email).await;
        deliver(&app).await;
        let mails = sink.take();
        assert_eq!(mails.len(), 1, "{payload}");
        for mail in mails {
            assert_eq!(mail.to, email);
            let head = mail.raw.split("\r\n\r\n").next().unwrap();
            assert!(!head.to_lowercase().contains("\r\nbcc:"), "{head}");
            let html = mail.body().to_lowercase();
            let html = html.split_once("text/html").map_or("", |(_, html)| html);
            for raw in ["<script>alert", "<img src=x", "<svg onload", "\"onmouseover"] {
                assert!(!html.contains(raw), "{payload}: {html}");
            }
            for link in mail.links() {
                // A sentence may end with one.
                let rest = link.trim_end_matches('.').strip_prefix("https://id.example.com");
                assert!(
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
                    "{link}"
                );
            }
        }
    }
}
