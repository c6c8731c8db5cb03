//! The administration at work: people and clients made, read, listed, switched off and on.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::EventKind::{
    AdminRefused, ClientCreated, ClientDisabled, ClientEnabled, InvitationCreated, UserCreated, UserDisabled,
    UserEnabled,
};
use serde_json::{Value, json};
use testkit::Backend;
use testkit::app::TestApp;

use super::admin_gate::{ask, new_client, token};
use super::watch::{Watch, is_signed_in, signed_in};

on_both_engines! {
    people_are_made_by_invitation_and_switched_off_and_on
    clients_are_made_and_switched_off_and_on
    lists_come_in_pages
    dangerous_settings_are_refused
}

async fn people_are_made_by_invitation_and_switched_off_and_on(backend: Backend) {
    let app = TestApp::start(backend).await;
    let admin = token(&app, "default").await;
    let mut watch = Watch::on(&app, "default").await;
    let body = json!({"email": "Carol@example.com", "profile": {"name": "Carol"}});
    let made = ask(&app, &admin, "POST", "/admin/v1/users", &body).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.header("cache-control"), "no-store");
    assert_eq!(made.member("status"), "invited");
    assert_eq!(made.member("email"), "Carol@example.com");
    assert!(made.member("invitation").starts_with("rsp_in_"));
    for secret in ["password", "hash", "data_key"] {
        assert!(!made.text().contains(secret), "{secret}");
    }
    let mut rows = watch.news().await;
    rows.sort_by_key(|row| row.kind.as_str());
    assert_eq!(
        rows.iter().map(|row| row.kind).collect::<Vec<_>>(),
        [InvitationCreated, UserCreated]
    );
    for row in &rows {
        assert_eq!(
            (row.actor_kind.as_str(), row.actor_id.as_deref()),
            ("client", Some("admin"))
        );
        assert_eq!(row.user_id.map(|id| id.to_string()), Some(made.member("id")));
    }
    // The same address in another spelling is the same person.
    let body = json!({"email": "cAROL@EXAMPLE.com"});
    let taken = ask(&app, &admin, "POST", "/admin/v1/users", &body).await;
    assert_eq!(taken.status, 409, "{}", taken.text());
    assert_eq!(watch.told().await, [(AdminRefused, "taken".to_owned())]);
    let path = format!("/admin/v1/users/{}", made.member("id"));
    let read = ask(&app, &admin, "GET", &path, &Value::Null).await;
    assert_eq!(read.member("email"), "Carol@example.com");
    assert!(read.json().get("invitation").is_none(), "shown once");

    let (browser, _) = signed_in(&app, "", "alice@example.com").await;
    let alice = app.user("default", "alice@example.com").await.id;
    watch.news().await;
    let path = format!("/admin/v1/users/{alice}");
    let off = ask(&app, &admin, "POST", &format!("{path}/disable"), &Value::Null).await;
    assert_eq!(off.member("status"), "disabled");
    assert_eq!(watch.only().await.kind, UserDisabled);
    assert!(!is_signed_in(&browser, "").await);
    let mut refused = app.browser();
    let page = refused.open("/account").await;
    assert_eq!(refused.sign_in(&page, "alice@example.com").await.status, 401);
    watch.news().await;
    app.clock.advance(Duration::from_secs(1));
    let on = ask(&app, &admin, "POST", &format!("{path}/enable"), &Value::Null).await;
    assert_eq!(on.member("status"), "active");
    assert_eq!(watch.only().await.kind, UserEnabled);
    signed_in(&app, "", "alice@example.com").await;

    for id in ["0199c000-0000-7000-8000-000000000000", "junk", "%20", "web"] {
        for (method, end) in [("GET", ""), ("POST", "/disable"), ("POST", "/enable")] {
            let path = format!("/admin/v1/users/{id}{end}");
            let answer = ask(&app, &admin, method, &path, &Value::Null).await;
            assert_eq!(answer.status, 404, "{path}");
        }
    }
}

async fn clients_are_made_and_switched_off_and_on(backend: Backend) {
    let app = TestApp::start(backend).await;
    let admin = token(&app, "default").await;
    let mut watch = Watch::on(&app, "default").await;
    let made = ask(&app, &admin, "POST", "/admin/v1/clients", &new_client("robot")).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let secret = made.member("client_secret");
    assert!(secret.starts_with("rsp_cs_"));
    assert_eq!(watch.only().await.kind, ClientCreated);
    let taken = ask(&app, &admin, "POST", "/admin/v1/clients", &new_client("robot")).await;
    assert_eq!(taken.status, 409);
    for path in ["/admin/v1/clients/robot", "/admin/v1/clients"] {
        let read = ask(&app, &admin, "GET", path, &Value::Null).await;
        assert_eq!(read.status, 200);
        assert!(!read.text().contains("secret_hash"), "{path}");
        assert!(
            !read.text().contains("rsp_cs_"),
            "{path}: the secret is shown once"
        );
    }
    let mut body = new_client("chosen");
    body.as_object_mut().unwrap().remove("client_id");
    let chosen = ask(&app, &admin, "POST", "/admin/v1/clients", &body).await;
    assert_eq!(chosen.status, 201, "{}", chosen.text());
    assert!(chosen.member("client_id").starts_with("c-"));
    watch.news().await;

    let works = async || {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", "robot"),
            ("client_secret", secret.as_str()),
        ];
        let basic = {
            use base64::Engine as _;
            let pair = format!("robot:{secret}");
            format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
        };
        let answer = app.post("/oauth/token", Some(&basic), &form[..1]).await;
        answer.status.as_u16()
    };
    assert_eq!(works().await, 200);
    watch.news().await;
    let path = "/admin/v1/clients/robot";
    let off = ask(&app, &admin, "POST", &format!("{path}/disable"), &Value::Null).await;
    assert_eq!(off.json()["disabled"], true);
    assert_eq!(watch.only().await.kind, ClientDisabled);
    assert_eq!(works().await, 401);
    watch.news().await;
    app.clock.advance(Duration::from_secs(1));
    let on = ask(&app, &admin, "POST", &format!("{path}/enable"), &Value::Null).await;
    assert_eq!(on.json()["disabled"], false);
    assert_eq!(watch.only().await.kind, ClientEnabled);
    assert_eq!(works().await, 200);
    for id in ["nothing", "%20", "0199c000-0000-7000-8000-000000000000"] {
        let path = format!("/admin/v1/clients/{id}");
        let answer = ask(&app, &admin, "GET", &path, &Value::Null).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

async fn lists_come_in_pages(backend: Backend) {
    let app = TestApp::start(backend).await;
    let admin = token(&app, "default").await;
    for n in 0..5 {
        app.add_user("default", &format!("person{n}@example.com")).await;
    }
    for (kind, key, total) in [("users", "id", 7_usize), ("clients", "client_id", 5)] {
        let mut seen = BTreeSet::new();
        let mut path = format!("/admin/v1/{kind}?limit=2");
        let mut pages = 0;
        loop {
            let page = ask(&app, &admin, "GET", &path, &Value::Null).await.json();
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 2);
            for item in items {
                assert!(
                    seen.insert(item[key].as_str().unwrap().to_owned()),
                    "{kind}: twice"
                );
            }
            pages += 1;
            let Some(next) = page["next"].as_str() else {
                break;
            };
            path = format!("/admin/v1/{kind}?limit=2&after={next}");
        }
        assert_eq!((seen.len(), pages), (total, total.div_ceil(2)), "{kind} in pages");
        let all = ask(
            &app,
            &admin,
            "GET",
            &format!("/admin/v1/{kind}?limit=200"),
            &Value::Null,
        )
        .await
        .json();
        assert_eq!(all["items"].as_array().unwrap().len(), total);
        assert!(all.get("next").is_none());
        for bad in [
            "limit=0",
            "limit=201",
            "limit=-1",
            "limit=many",
            "limit=1&limit=2",
            "limit=99999999999",
            "after=%27%20OR%201%3D1",
        ] {
            let path = format!("/admin/v1/{kind}?{bad}");
            let answer = ask(&app, &admin, "GET", &path, &Value::Null).await;
            assert_eq!(answer.status, 400, "{path}");
        }
    }
}

async fn dangerous_settings_are_refused(backend: Backend) {
    let app = TestApp::start(backend).await;
    let admin = token(&app, "default").await;
    let with = |member: &str, value: Value| {
        let mut body = new_client("evil");
        body["settings"][member] = value;
        body
    };
    let mut bodies = vec![
        with("grant_types", json!(["password"])),
        with("grant_types", json!(["implicit"])),
        with("grant_types", json!(["refresh_token"])),
        with("grant_types", json!(["authorization_code"])),
        with("access_token_secs", json!(86_401)),
        with("access_token_secs", json!(-1)),
        with("leeway_secs", json!(61)),
        with("id_token_alg", json!("none")),
        with("id_token_alg", json!("HS256")),
        with("default_resource", json!("https://elsewhere.example.com")),
    ];
    for uri in [
        "javascript:alert(1)",
        "jAvAsCrIpT:alert(1)",
        "data:text/html,x",
        "blob:https://web.example.com/x",
        " https://web.example.com/cb",
        "https://web.example.com/cb\0",
        "https://web.example.com/cb#x",
        "http://web.example.com/cb",
        "https://*.example.com/cb",
        "https://user@web.example.com/cb",
        "//web.example.com/cb",
        "",
    ] {
        bodies.push(with("redirect_uris", json!([uri])));
        bodies.push(with("post_logout_redirect_uris", json!([uri])));
        for link in ["logo_uri", "policy_uri", "tos_uri"] {
            bodies.push(with(link, json!(uri)));
        }
    }
    let mut public = new_client("evil");
    public["kind"] = json!("spa");
    bodies.push(public.clone());
    public["token_endpoint_auth_method"] = json!("none");
    bodies.push(public);
    // Every person it signs in would be an administrator (AZ4).
    let mut gate = new_client("evil");
    gate["settings"]["redirect_uris"] = json!(["https://web.example.com/cb"]);
    gate["settings"]["grant_types"] = json!(["authorization_code"]);
    gate["settings"]["scopes"] = json!("openid rsp.admin");
    bodies.push(gate);
    for body in bodies {
        let answer = ask(&app, &admin, "POST", "/admin/v1/clients", &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
    }
    let answer = ask(&app, &admin, "GET", "/admin/v1/clients/evil", &Value::Null).await;
    assert_eq!(answer.status, 404);
    let mut fine = new_client("fine");
    fine["settings"]["redirect_uris"] = json!(["https://web.example.com/cb"]);
    fine["settings"]["grant_types"] = json!(["authorization_code", "refresh_token"]);
    fine["settings"]["policy_uri"] = json!("https://web.example.com/privacy");
    let answer = ask(&app, &admin, "POST", "/admin/v1/clients", &fine).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let mut machine = new_client("machine");
    machine["settings"]["grant_types"] = json!(["client_credentials"]);
    machine["settings"]["scopes"] = json!("rsp.admin");
    let answer = ask(&app, &admin, "POST", "/admin/v1/clients", &machine).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
}
