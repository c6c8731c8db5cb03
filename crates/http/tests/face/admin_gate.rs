//! Who may use the administration, and that nobody reaches another tenant through it (AZ1, AZ3, I1).

use std::time::Duration;

use domain::EventKind::AdminRefused;
use serde_json::{Value, json};
use testkit::Backend;
use testkit::app::{API, Answer, TestApp};

use super::watch::{Watch, cut};

on_both_engines! {
    only_the_right_token_opens_it
    a_token_dies_with_its_client
    unknown_and_privileged_members_are_refused
    nothing_of_another_tenant_is_there
}

/// An access token of the tenant's client `admin` with the scope `rsp.admin`.
pub(crate) async fn token(app: &TestApp, slug: &str) -> String {
    let prefix = if slug == "default" { "" } else { "/t/acme" };
    let form = [("grant_type", "client_credentials"), ("scope", "rsp.admin")];
    let basic = app.basic_of(slug, "admin");
    let answer = app
        .post(&format!("{prefix}/oauth/token"), Some(&basic), &form)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.member("access_token")
}

/// A request with a bearer token and, if there is one, a JSON body.
pub(crate) async fn ask(app: &TestApp, token: &str, method: &str, path: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {token}");
    let mut headers = vec![("authorization", bearer.as_str())];
    if body.is_null() {
        return app.call(method, path, &headers, "").await;
    }
    headers.push(("content-type", "application/json"));
    app.call(method, path, &headers, &body.to_string()).await
}

/// Every route of the administration, filled in with ids that exist.
fn routes(user: &str) -> Vec<(&'static str, String, Value)> {
    let mut routes = vec![
        ("GET", "/admin/v1/users".to_owned(), Value::Null),
        (
            "POST",
            "/admin/v1/users".to_owned(),
            json!({"email": "new@example.com"}),
        ),
        ("GET", "/admin/v1/clients".to_owned(), Value::Null),
        ("POST", "/admin/v1/clients".to_owned(), new_client("new")),
    ];
    for (method, end) in [("GET", ""), ("POST", "/disable"), ("POST", "/enable")] {
        routes.push((method, format!("/admin/v1/users/{user}{end}"), Value::Null));
        routes.push((method, format!("/admin/v1/clients/web{end}"), Value::Null));
    }
    routes
}

pub(crate) fn new_client(id: &str) -> Value {
    json!({
        "client_id": id, "name": "New", "kind": "confidential", "token_endpoint_auth_method": "client_secret_basic",
        "settings": {"grant_types": ["client_credentials"], "scopes": "api.read", "resources": [API]},
    })
}

async fn only_the_right_token_opens_it(backend: Backend) {
    let app = TestApp::start(backend).await;
    let alice = app.user("default", "alice@example.com").await.id.to_string();
    let right = token(&app, "default").await;
    let foreign = token(&app, "acme").await;
    let person = app.browser().tokens("alice@example.com", "openid").await;
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", "api.read"),
        ("resource", API),
    ];
    let elsewhere = app.token("service", &form).await.member("access_token");
    let unscoped = app.token("service", &form[..2]).await.member("access_token");
    let cases = [
        (String::new(), 401, ""),
        ("Bearer".to_owned(), 401, "invalid_token"),
        ("Bearer junk".to_owned(), 401, "invalid_token"),
        (format!("Bearer {}", cut(&right, 2)), 401, "invalid_token"),
        (app.basic("admin"), 401, ""),
        (format!("Bearer {foreign}"), 401, "invalid_token"),
        (format!("Bearer {elsewhere}"), 401, "invalid_token"),
        (
            format!("Bearer {}", person.member("id_token")),
            401,
            "invalid_token",
        ),
        (format!("Bearer {unscoped}"), 403, "insufficient_scope"),
        (
            format!("Bearer {}", person.member("access_token")),
            403,
            "insufficient_scope",
        ),
    ];
    let before = (app.audit("default").await.len(), app.audit("acme").await.len());
    let mut refused = 0;
    for (method, path, body) in routes(&alice) {
        for (authorization, status, error) in &cases {
            let mut headers = vec![("content-type", "application/json")];
            if !authorization.is_empty() {
                headers.push(("authorization", authorization.as_str()));
            }
            let mut watch = Watch::on(&app, "default").await;
            let answer = app.call(method, &path, &headers, &body.to_string()).await;
            let case = format!("{method} {path} with {authorization:.20}");
            assert_eq!(answer.status, *status, "{case}");
            let challenge = answer.header("www-authenticate");
            assert!(
                challenge.starts_with("Bearer realm=\"https://id.example.com\""),
                "{case}: {challenge}"
            );
            assert_eq!(
                challenge.contains("error="),
                !error.is_empty(),
                "{case}: {challenge}"
            );
            assert!(challenge.contains(error), "{case}: {challenge}");
            assert_eq!(
                answer.header("content-type"),
                "application/problem+json",
                "{case}"
            );
            let row = watch.only().await;
            assert_eq!(
                (row.kind, row.actor_kind.as_str()),
                (AdminRefused, "anonymous"),
                "{case}"
            );
            refused += 1;
            // Ten refusals of a kind and a network are recorded one by one in a minute.
            app.clock.advance(Duration::from_secs(7));
        }
        let in_query = format!("{path}?access_token={right}");
        let answer = app.call(method, &in_query, &[], "").await;
        assert_eq!(answer.status, 401, "{path}: a token in the query");
        refused += 1;
    }
    let after = (app.audit("default").await.len(), app.audit("acme").await.len());
    assert_eq!(
        after,
        (before.0 + refused, before.1),
        "nothing happened but refusals"
    );
    let right = token(&app, "default").await;
    for (method, path, body) in routes(&alice) {
        let answer = ask(&app, &right, method, &path, &body).await;
        assert!(answer.status.is_success(), "{method} {path}: {}", answer.text());
    }
}

async fn a_token_dies_with_its_client(backend: Backend) {
    let app = TestApp::start(backend).await;
    let before = token(&app, "default").await;
    let list = async |token: &str| {
        let answer = ask(&app, token, "GET", "/admin/v1/users", &Value::Null).await;
        answer.status.as_u16()
    };
    assert_eq!(list(&before).await, 200);
    let (ctx, id) = (app.ctx("default"), "admin".parse().unwrap());
    app.app.disable_client(&ctx, &id).await.unwrap();
    assert_eq!(list(&before).await, 401);
    app.clock.advance(Duration::from_secs(1));
    app.app.enable_client(&ctx, &id).await.unwrap();
    assert_eq!(list(&before).await, 401, "dead for good");
    let after = token(&app, "default").await;
    assert_eq!(list(&after).await, 200);
    app.clock.advance(Duration::from_hours(1));
    assert_eq!(list(&after).await, 401, "past its time");
}

async fn unknown_and_privileged_members_are_refused(backend: Backend) {
    let app = TestApp::start(backend).await;
    let right = token(&app, "default").await;
    let ctx = app.ctx("default");
    let count = async || {
        let users = app.app.list_users(&ctx, None, 1_000).await.unwrap().len();
        let clients = app.app.list_clients(&ctx, None, 1_000).await.unwrap().len();
        (users, clients)
    };
    let before = count().await;
    let users = [
        "id",
        "sub",
        "password",
        "password_hash",
        "status",
        "tenant_id",
        "created_at",
        "last_login_at",
        "roles",
        "is_admin",
        "data_key",
        "junk",
    ];
    for member in users {
        let mut body = json!({"email": "new@example.com"});
        body[member] = json!("0199c000-0000-7000-8000-000000000000");
        let answer = ask(&app, &right, "POST", "/admin/v1/users", &body).await;
        assert_eq!(answer.status, 400, "{member}: {}", answer.text());
        assert!(!answer.text().contains("0199c000"), "the answer repeats {member}");
    }
    let clients = [
        "client_secret",
        "secret_hash",
        "secret",
        "disabled",
        "disabled_at",
        "tenant_id",
        "created_at",
        "owner",
        "junk",
    ];
    for member in clients {
        let mut body = new_client("new");
        body[member] = json!("x");
        let answer = ask(&app, &right, "POST", "/admin/v1/clients", &body).await;
        assert_eq!(answer.status, 400, "{member}: {}", answer.text());
        let mut body = new_client("new");
        body["settings"][member] = json!("x");
        let answer = ask(&app, &right, "POST", "/admin/v1/clients", &body).await;
        assert_eq!(answer.status, 400, "settings.{member}: {}", answer.text());
    }
    let malformed = [
        "",
        "null",
        "[]",
        "\"text\"",
        "{",
        "{\"email\":\"new@example.com\",\"email\":\"other@example.com\"}",
        "{\"email\":7}",
        "{\"email\":\"no address\"}",
        "{\"email\":\"new@example.com\",\"profile\":{\"sub\":\"x\"}}",
    ];
    let bearer = format!("Bearer {right}");
    for body in malformed {
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let answer = app.call("POST", "/admin/v1/users", &headers, body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let headers = [("authorization", bearer.as_str()), ("content-type", kind)];
        let body = json!({"email": "new@example.com"}).to_string();
        let answer = app.call("POST", "/admin/v1/users", &headers, &body).await;
        assert_eq!(answer.status, 415, "{kind}");
    }
    assert_eq!(count().await, before);
    let body = json!({"email": "new@example.com", "email_verified": true, "profile": {"name": "New"}});
    let answer = ask(&app, &right, "POST", "/admin/v1/users", &body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let answer = ask(&app, &right, "POST", "/admin/v1/clients", &new_client("new")).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(count().await, (before.0 + 1, before.1 + 1));
}

async fn nothing_of_another_tenant_is_there(backend: Backend) {
    let app = TestApp::start(backend).await;
    let tokens = [token(&app, "default").await, token(&app, "acme").await];
    let tenants = [("default", ""), ("acme", "/t/acme")];
    for (slug, _) in tenants {
        let own = format!("only-{slug}");
        let token = &tokens[usize::from(slug == "acme")];
        let prefix = if slug == "acme" { "/t/acme" } else { "" };
        let path = format!("{prefix}/admin/v1/clients");
        let made = ask(&app, token, "POST", &path, &new_client(&own)).await;
        assert_eq!(made.status, 201, "{}", made.text());
    }
    for (here, there) in [(0, 1), (1, 0)] {
        let (slug, prefix) = tenants[here];
        let other = tenants[there].0;
        let foreign = [
            format!("users/{}", app.user(other, "alice@example.com").await.id),
            format!("clients/only-{other}"),
        ];
        let own = [
            format!("users/{}", app.user(slug, "alice@example.com").await.id),
            format!("clients/only-{slug}"),
        ];
        let mut watch = Watch::on(&app, if other == "acme" { "acme" } else { "default" }).await;
        for (id, own) in foreign.iter().zip(&own) {
            for (method, end) in [("GET", ""), ("POST", "/disable"), ("POST", "/enable")] {
                let path = format!("{prefix}/admin/v1/{id}{end}");
                let answer = ask(&app, &tokens[here], method, &path, &Value::Null).await;
                assert_eq!(answer.status, 404, "{path}");
                let path = format!("{prefix}/admin/v1/{own}{end}");
                let twin = ask(&app, &tokens[here], method, &path, &Value::Null).await;
                assert_eq!(twin.status, 200, "{path}: {}", twin.text());
            }
        }
        assert_eq!(watch.told().await, [], "something happened at {other}");
        let user = app.user(other, "alice@example.com").await;
        assert_eq!(user.status, domain::UserStatus::Active);
        // A foreign id as the start of a page shows own entries only.
        for kind in ["users", "clients"] {
            let list = format!("{prefix}/admin/v1/{kind}");
            let all = ask(&app, &tokens[here], "GET", &list, &Value::Null).await;
            assert!(!all.text().contains(&format!("only-{other}")));
            let foreign_id = foreign.iter().find_map(|id| id.strip_prefix(&format!("{kind}/")));
            let after = format!("{list}?after={}", foreign_id.unwrap());
            let page = ask(&app, &tokens[here], "GET", &after, &Value::Null).await;
            assert_eq!(page.status, 200);
            assert!(!page.text().contains(&format!("only-{other}")));
        }
    }
}
