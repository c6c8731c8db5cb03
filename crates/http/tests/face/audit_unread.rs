//! Requests that cannot be read, at every route that reads something: each changes nothing, leaves exactly one row of
//! the kind the table of routes names, and its legitimate twin works (LG1).

use std::time::Duration;

use domain::{Actor, EventKind, Profile};
use engine::users::NewUser;
use http_face::{Access, Route, table};
use serde_json::json;
use storage::audit::AuditRow;
use testkit::Backend;
use testkit::app::{Answer, PASSWORD, TestApp};
use testkit::browser::authorize_path;
use testkit::smtp::SmtpSink;

use super::admin_gate::{ask, new_client, token};
use super::mail::with_sink;
use super::mail_twins;
use super::watch::{Filled, Watch, signed_in};

on_both_engines! {
    each_leaves_one_row
    a_flood_of_them_is_counted
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");
/// An id no account has.
const NOBODY: &str = "0199c000-0000-7000-8000-000000000000";

/// Routes that read nothing but their path: their GET cannot be wrong.
const READ_NOTHING: [&str; 15] = [
    "/health",
    "/assets/{name}",
    "/assets/tenant.css",
    "/",
    "/.well-known/security.txt",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/change-password",
    "/.well-known/passkey-endpoints",
    "/oauth/jwks",
    "/console",
    "/console/",
    "/dev/mail",
    "/dev/mail/{id}",
    "/dev/mail/{id}/html",
];

/// A request that cannot be read.
struct Bad {
    path: String,
    headers: Vec<(&'static str, String)>,
    body: String,
    status: u16,
    reason: &'static str,
    /// Who is known to have sent it.
    actor: Actor,
}

fn bad(path: &str, status: u16, reason: &'static str) -> Bad {
    Bad {
        path: path.to_owned(),
        headers: Vec::new(),
        body: String::new(),
        status,
        reason,
        actor: Actor::Anonymous,
    }
}

impl Bad {
    fn header(mut self, (name, value): (&'static str, &str)) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn body(self, body: &str) -> Self {
        Self {
            body: body.to_owned(),
            ..self
        }
    }

    fn by(self, client: &str) -> Self {
        Self {
            actor: Actor::Client(client.parse().unwrap()),
            ..self
        }
    }
}

/// What every route with a form refuses.
fn bad_forms(path: &str) -> Vec<Bad> {
    vec![
        bad(path, 415, "content_type"),
        bad(path, 415, "content_type").header(JSON).body("{}"),
        bad(path, 415, "content_type")
            .header(("content-type", "multipart/form-data; boundary=x"))
            .body("--x--"),
        bad(path, 400, "invalid_request").header(FORM).body("a=1&a=2"),
        bad(path, 400, "invalid_request").header(FORM).body("a=%ff"),
    ]
}

fn bad_queries(path: &str) -> Vec<Bad> {
    vec![
        bad(&format!("{path}?a=1&a=2"), 400, "invalid_request"),
        bad(&format!("{path}?a=%ff"), 400, "invalid_request"),
    ]
}

/// Unreadable requests of a route. A route that is not here fails the test.
async fn unreadable(app: &TestApp, method: &str, route: &Route) -> Vec<Bad> {
    let path = route
        .path
        .replace("{id}", "nonsense")
        .replace("{client_id}", "nonsense");
    if route.access == Access::Admin {
        return unreadable_by_admin(app, method, &path).await;
    }
    match (method, route.path) {
        ("POST", "/oauth/introspect" | "/oauth/revoke") => {
            let basic = app.basic("service");
            let empty = |body: &str| {
                bad(&path, 400, "invalid_request")
                    .header(FORM)
                    .header(("authorization", &basic))
                    .body(body)
                    .by("service")
            };
            let mut all = bad_forms(&path);
            all.extend([empty(""), empty("token="), empty("token_type_hint=access_token")]);
            all
        }
        ("POST", "/oauth/userinfo") => vec![
            bad(&path, 401, "no_token"),
            bad(&path, 401, "no_token").header(JSON).body("{}"),
            bad(&path, 400, "invalid_request").header(FORM).body("a=1&a=2"),
            bad(&path, 400, "invalid_request").header(FORM).body("a=%ff"),
        ],
        ("GET", "/oauth/userinfo") => vec![
            bad(&path, 401, "no_token"),
            bad(&path, 401, "invalid_token").header(("authorization", "Bearer")),
            bad(&path, 401, "invalid_token").header(("authorization", "Bearer a b")),
        ],
        (
            "POST",
            "/login"
            | "/login/factor"
            | "/login/replace"
            | "/consent"
            | "/invite"
            | "/oauth/token"
            | "/oauth/authorize"
            | "/oauth/logout"
            | "/login/passkey/options"
            | "/login/passkey/finish"
            | "/invite/passkey/options"
            | "/invite/passkey/finish",
        ) => bad_forms(&path),
        ("POST", of_account) if of_account.starts_with("/account/") => bad_forms(&path),
        ("POST", of_mail) if of_mail.starts_with("/recover") || of_mail.starts_with("/register") => {
            bad_forms(&path)
        }
        (
            "GET",
            "/invite"
            | "/recover/set"
            | "/recover/deny"
            | "/recover/factor"
            | "/recover/factor/stop"
            | "/register/finish"
            | "/account/email/verify"
            | "/account/email/change",
        ) => {
            let mut all = bad_queries(&path);
            all.extend([
                bad(&path, 410, "gone"),
                bad(&format!("{path}?token=x"), 410, "gone"),
            ]);
            all
        }
        ("GET", "/login" | "/login/factor" | "/login/replace" | "/consent" | "/oauth/logout") => {
            let mut all = bad_queries(&path);
            all.push(bad(&format!("{path}?flow=nonsense"), 400, "flow_over"));
            all.push(bad(&format!("{path}?flow={NOBODY}"), 400, "flow_over"));
            all
        }
        (
            "GET",
            "/account"
            | "/account/activity"
            | "/account/activity/not-me"
            | "/account/factors"
            | "/account/factors/totp"
            | "/account/password"
            | "/account/profile"
            | "/oauth/authorize"
            | "/recover"
            | "/register",
        ) => bad_queries(&path),
        _ => panic!("no unreadable request for {method} {}: add some", route.path),
    }
}

async fn unreadable_by_admin(app: &TestApp, method: &str, path: &str) -> Vec<Bad> {
    let bearer = format!("Bearer {}", token(app, "default").await);
    let proven = |bad: Bad| bad.header(("authorization", &bearer)).by("admin");
    let mut all = vec![
        bad(path, 401, "no_token"),
        bad(path, 401, "invalid_token").header(("authorization", "Bearer")),
    ];
    match (method, path) {
        ("GET", "/admin/v1/users" | "/admin/v1/clients") => {
            for query in ["a=1&a=2", "a=%ff", "limit=0", "limit=x", "limit=201", "after=%20"] {
                all.push(proven(bad(&format!("{path}?{query}"), 400, "invalid_request")));
            }
        }
        ("POST", "/admin/v1/users" | "/admin/v1/clients") => {
            all.push(proven(bad(path, 415, "content_type")));
            all.push(proven(bad(path, 415, "content_type").header(FORM).body("a=1")));
            for body in ["", "{", "null", "{\"junk\":1}"] {
                all.push(proven(bad(path, 400, "invalid_request").header(JSON).body(body)));
            }
        }
        _ if path.contains("/nonsense") => {
            all.push(proven(bad(path, 404, "unknown")));
            all.push(proven(bad(&path.replace("nonsense", NOBODY), 404, "unknown")));
        }
        _ => panic!("no unreadable request for {method} {path}: add some"),
    }
    all
}

/// The same route, asked as it should be.
async fn twin(app: &TestApp, sink: &SmtpSink, method: &str, route: &Route) {
    let answer = match (method, route.path) {
        (_, path) if mail_twins::has(path) => mail_twins::answer(app, sink, method, path).await,
        (_, path) if route.access == Access::Admin => twin_of_admin(app, method, path).await,
        ("GET", "/oauth/authorize") => app.get(&authorize_path(&[])).await,
        ("POST", "/oauth/authorize") => {
            let query = authorize_path(&[]);
            let (_, form) = query.split_once('?').unwrap();
            app.post_text("/oauth/authorize", None, form).await
        }
        ("POST", "/oauth/token") => service_token(app).await,
        ("POST", "/oauth/introspect" | "/oauth/revoke") => {
            let token = service_token(app).await.member("access_token");
            app.post(route.path, Some(&app.basic("service")), &[("token", &token)])
                .await
        }
        (_, "/oauth/userinfo") => {
            let tokens = app.browser().tokens("alice@example.com", "openid").await;
            let bearer = format!("Bearer {}", tokens.member("access_token"));
            app.call(method, "/oauth/userinfo", &[("authorization", &bearer)], "")
                .await
        }
        (_, "/account/activity/not-me") => super::not_me::twin(app, method).await,
        ("GET", "/oauth/logout" | "/login") => app.get(route.path).await,
        ("GET", path) if path.starts_with("/account") => app.get(path).await,
        ("POST", "/account/password") => {
            let fields = [("current", PASSWORD), ("password", "a new and long passphrase")];
            from_own_page(app, "/account/password", ("password-form", &fields)).await
        }
        ("POST", "/account/profile") => {
            let fields = [("name", "Bob Other")];
            from_own_page(app, "/account/profile", ("profile-form", &fields)).await
        }
        ("POST", "/account/theme") => {
            // Bob has another password by now.
            let (mut browser, _) = signed_in(app, "", "alice@example.com").await;
            let page = browser.open("/account/profile").await;
            Filled::of(&page, "theme-form", &[("theme", "dark")])
                .send(&mut browser)
                .await
        }
        ("POST", "/oauth/logout") => app.post("/oauth/logout", None, &[("state", "x")]).await,
        (_, "/login" | "/consent") => {
            let code = app.browser().code("alice@example.com", &[]).await;
            assert!(!code.is_empty());
            return;
        }
        (_, "/invite") => accepted_invitation(app).await,
        (_, "/login/replace") => super::replace_last::twin(app, method).await,
        (_, "/login/factor") => return super::factors::round(app).await,
        ("POST", path) if path.contains("/passkey") => return super::passkeys::round(app).await,
        (_, "/account/factors/recovery/stop") => super::mail_lost_account::twin(app, sink).await,
        (_, path) if path.starts_with("/account/factors") => return super::factors::round(app).await,
        ("POST", "/account/sessions/end-all") => from_account(app, "sessions-end-all").await,
        ("POST", "/account/sessions/{id}/end") => {
            signed_in(app, "", "alice@example.com").await;
            from_account(app, "session-").await
        }
        ("POST", "/account/apps/{client_id}/revoke") => {
            app.browser().code("alice@example.com", &[]).await;
            from_account(app, "app-web").await
        }
        _ => panic!("no legitimate request for {method} {}: add one", route.path),
    };
    let status = answer.status.as_u16();
    assert!(
        status < 400,
        "{method} {}: {status} {}",
        route.path,
        answer.text()
    );
}

async fn twin_of_admin(app: &TestApp, method: &str, path: &str) -> Answer {
    let right = token(app, "default").await;
    let alice = app.user("default", "alice@example.com").await.id.to_string();
    let id = if path.contains("users") {
        alice.as_str()
    } else {
        "native"
    };
    let body = match (method, path) {
        ("POST", "/admin/v1/users") => json!({"email": "new@example.com"}),
        ("POST", "/admin/v1/clients") => new_client("new"),
        _ => serde_json::Value::Null,
    };
    if path.contains("{session}") {
        return end_one_session(app, &right, path).await;
    }
    ask(app, &right, method, &path.replace("{id}", id), &body).await
}

/// Ends the session of somebody whom no other request here is about.
async fn end_one_session(app: &TestApp, right: &str, path: &str) -> Answer {
    let new = NewUser {
        email: "visitor@example.com".parse().unwrap(),
        email_verified: true,
        profile: Profile::default(),
        password: Some(domain::Secret::new(PASSWORD.to_owned())),
    };
    let id = app
        .app
        .create_user(&app.ctx("default"), new)
        .await
        .unwrap()
        .id
        .to_string();
    signed_in(app, "", "visitor@example.com").await;
    let list = format!("/admin/v1/users/{id}/sessions");
    let sessions = ask(app, right, "GET", &list, &serde_json::Value::Null)
        .await
        .json();
    let session = sessions["items"][0]["id"].as_str().unwrap();
    let path = path.replace("{id}", &id).replace("{session}", session);
    ask(app, right, "POST", &path, &serde_json::Value::Null).await
}

async fn service_token(app: &TestApp) -> Answer {
    let form = [("grant_type", "client_credentials"), ("scope", "api.read")];
    app.token("service", &form).await
}

async fn accepted_invitation(app: &TestApp) -> Answer {
    let ctx = app.ctx("default");
    let (people, _) = everything_there(app).await;
    let new = NewUser {
        email: format!("guest{people}@example.com").parse().unwrap(),
        email_verified: false,
        profile: Profile::default(),
        password: None,
    };
    let guest = app.app.create_user(&ctx, new).await.unwrap().id;
    let link = app.app.invite(&ctx, guest).await.unwrap();
    let mut browser = app.browser();
    let page = browser.open(&format!("/invite?token={}", link.expose())).await;
    let password = [("password", "a new and long passphrase")];
    let form = Filled::of(&page, "invite-form", &password);
    form.send(&mut browser).await
}

/// A form of one of Bob's pages; his password changes with it, so nothing else uses him.
async fn from_own_page(app: &TestApp, path: &str, (form, fields): (&str, &[(&str, &str)])) -> Answer {
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let mut page = browser.sign_in(&page, "bob@example.com").await;
    if !page.text().contains("id=\"sessions-end-all\"") {
        let new = [
            ("email", "bob@example.com"),
            ("password", "a new and long passphrase"),
        ];
        page = browser.submit(&page, "login-form", &new).await;
    }
    assert!(page.text().contains("id=\"sessions-end-all\""), "{}", page.text());
    let page = browser.open(path).await;
    Filled::of(&page, form, fields).send(&mut browser).await
}

/// The form whose id begins so, sent from the account page.
async fn from_account(app: &TestApp, form: &str) -> Answer {
    let (mut browser, page) = signed_in(app, "", "alice@example.com").await;
    let text = page.text();
    let rest = text.split(&format!("id=\"{form}")).nth(1).unwrap();
    let id = format!("{form}{}", rest.split('"').next().unwrap());
    Filled::of(&page, &id, &[]).send(&mut browser).await
}

/// The methods a route has, as it tells them.
async fn methods(app: &TestApp, route: &Route) -> Vec<&'static str> {
    let path = route
        .path
        .replace("{id}", NOBODY)
        .replace("{client_id}", "web")
        .replace("{name}", "missing.css");
    let allow = app.call("PUT", &path, &[], "").await.header("allow").to_owned();
    assert!(!allow.is_empty(), "{path}");
    let known = ["GET", "POST", "PATCH", "DELETE"];
    known
        .into_iter()
        .filter(|method| allow.split(',').any(|m| m.trim() == *method))
        .collect()
}

async fn everything_there(app: &TestApp) -> (usize, usize) {
    let ctx = app.ctx("default");
    (
        app.app.list_users(&ctx, None, 1_000).await.unwrap().len(),
        app.app.list_clients(&ctx, None, 1_000).await.unwrap().len(),
    )
}

fn check(row: &AuditRow, kind: EventKind, bad: &Bad, case: &str) {
    assert_eq!(
        (row.kind, row.reason.as_deref()),
        (kind, Some(bad.reason)),
        "{case}"
    );
    assert_eq!(row.outcome, domain::Outcome::Failure, "{case}");
    assert_eq!(
        (row.actor_kind.as_str(), row.actor_id.clone()),
        (bad.actor.kind(), bad.actor.id()),
        "{case}"
    );
}

async fn each_leaves_one_row(backend: Backend) {
    let (app, sink) = with_sink(backend).await;
    mail_twins::open_registration(&app).await;
    let mut seen = 0;
    for route in table() {
        let Some(kind) = route.refusal else {
            assert!(
                READ_NOTHING.contains(&route.path),
                "{}: say in the table of routes as what an unreadable request is recorded",
                route.path
            );
            assert_eq!(methods(&app, &route).await, ["GET"], "{}", route.path);
            continue;
        };
        for method in methods(&app, &route).await {
            let requests = unreadable(&app, method, &route).await;
            assert!(!requests.is_empty());
            for bad in requests {
                let case = format!("{method} {} {:?} {:?}", bad.path, bad.headers, bad.body);
                // Another minute, so that each is recorded on its own.
                app.clock.advance(Duration::from_secs(61));
                let before = everything_there(&app).await;
                let mut watch = Watch::on(&app, "default").await;
                let headers: Vec<_> = bad.headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
                let answer = app.call(method, &bad.path, &headers, &bad.body).await;
                assert_eq!(answer.status, bad.status, "{case}: {}", answer.text());
                let row = watch.only().await;
                check(&row, kind, &bad, &case);
                let id = row.request_id.map(|id| id.to_string());
                assert_eq!(id.as_deref(), Some(answer.header("x-request-id")), "{case}");
                assert!(
                    answer.headers.get_all("set-cookie").iter().next().is_none(),
                    "{case}"
                );
                assert_eq!(everything_there(&app).await, before, "{case}");
                seen += 1;
            }
            twin(&app, &sink, method, &route).await;
        }
    }
    assert!(seen > 100, "only {seen} requests were made");
}

/// Whatever strangers send, the log grows by ten rows a minute for each network and kind, and one with the count.
async fn a_flood_of_them_is_counted(backend: Backend) {
    let app = TestApp::start(backend).await;
    app.clock.advance(Duration::from_secs(61));
    let mut watch = Watch::on(&app, "default").await;
    for _ in 0..25 {
        let answer = app.call("POST", "/login", &[JSON], "{}").await;
        assert_eq!(answer.status, 415);
    }
    let expected = vec![(EventKind::RequestRefused, "content_type".to_owned()); 10];
    assert_eq!(watch.told().await, expected);
    app.clock.advance(Duration::from_secs(61));
    app.app.upkeep(false).await.unwrap();
    let counts = watch.news().await;
    let counted: Vec<_> = counts
        .iter()
        .filter(|row| row.kind == EventKind::RefusalsCounted)
        .collect();
    assert_eq!(counted.len(), 1, "{counts:?}");
    assert_eq!(counted[0].count, 15);
}
