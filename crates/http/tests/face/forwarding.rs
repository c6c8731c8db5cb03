//! What a request says about its own way here is not believed (J3, CF7, G1).

use domain::EventKind::LoginFailed;
use http_face::client_ip::TrustedProxies;
use http_face::layers::EdgeSettings;
use testkit::Backend;
use testkit::app::{Setup, TestApp};
use testkit::browser::authorize_path;

use super::watch::{Filled, Watch};

/// What an attacker sends to look like somebody else.
const SPOOFS: [&[(&str, &str)]; 8] = [
    &[("x-forwarded-for", "198.51.100.1")],
    &[("x-forwarded-for", "198.51.100.2, 198.51.100.3")],
    &[("x-forwarded-for", "127.0.0.1")],
    &[("x-forwarded-for", "evil.example")],
    &[("forwarded", "for=198.51.100.4;host=evil.example;proto=http")],
    &[("x-real-ip", "198.51.100.5")],
    &[
        ("true-client-ip", "198.51.100.6"),
        ("cf-connecting-ip", "198.51.100.6"),
    ],
    &[("x-request-id", "0199c000-0000-7000-8000-000000000000")],
];

/// A failed sign-in with these headers, as the audit log has it.
async fn failed_login(app: &TestApp, headers: &[(&str, &str)]) -> storage::audit::AuditRow {
    let mut browser = app.browser();
    let page = browser.open("/account").await;
    let form = Filled::of(
        &page,
        "login-form",
        &[("email", "alice@example.com"), ("password", "not the right one")],
    );
    let mut watch = Watch::on(app, "default").await;
    let answer = form.send_as(&mut browser, headers).await;
    assert_eq!(answer.status, 401);
    let row = watch.only().await;
    assert_eq!(row.kind, LoginFailed);
    assert_eq!(
        row.request_id.map(|id| id.to_string()).as_deref(),
        Some(answer.header("x-request-id"))
    );
    assert!(!answer.header("x-request-id").starts_with("0199c000"));
    row
}

#[tokio::test]
async fn a_stranger_cannot_choose_their_address() {
    let app = TestApp::start(Backend::Sqlite).await;
    let plain = failed_login(&app, &[]).await;
    assert!(plain.address_mac.is_some());
    for spoof in SPOOFS {
        let row = failed_login(&app, spoof).await;
        assert_eq!(row.address_mac, plain.address_mac, "{spoof:?}");
        assert_eq!(row.network_mac, plain.network_mac, "{spoof:?}");
        assert_eq!(row.network_kind, plain.network_kind, "{spoof:?}");
    }
}

#[tokio::test]
async fn a_trusted_proxy_names_its_client() {
    let edge = EdgeSettings {
        trusted_proxies: TrustedProxies::new(vec!["203.0.113.0/24".parse().unwrap()]),
        ..Setup::default().edge
    };
    let setup = Setup {
        edge,
        ..Setup::default()
    };
    let app = TestApp::start_with(Backend::Sqlite, setup).await;
    let proxy = failed_login(&app, &[]).await;
    let client = failed_login(&app, &[("x-forwarded-for", "198.51.100.1")]).await;
    assert_ne!(client.address_mac, proxy.address_mac);
    // Only the right-most address that is not a proxy's counts; what stands left of it was written by the client.
    for (same, header) in [
        (true, "10.0.0.1, 198.51.100.1"),
        (true, "junk, 198.51.100.1"),
        (true, "198.51.100.1, 203.0.113.9"),
        (false, "198.51.100.1, 198.51.100.9"),
        (false, "198.51.100.1, junk"),
    ] {
        let row = failed_login(&app, &[("x-forwarded-for", header)]).await;
        assert_eq!(row.address_mac == client.address_mac, same, "{header}");
    }
    // The other ways to say it are nobody's.
    for spoof in [SPOOFS[4], SPOOFS[5], SPOOFS[6]] {
        let row = failed_login(&app, spoof).await;
        assert_eq!(row.address_mac, proxy.address_mac, "{spoof:?}");
    }
}

/// Ways to make a server believe it lives elsewhere.
const HOSTS: [&[(&str, &str)]; 9] = [
    &[("host", "evil.example")],
    &[("host", "id.example.com.evil.example")],
    &[("host", "id.example.com@evil.example")],
    &[("host", "id.example.com"), ("host", "evil.example")],
    &[("x-forwarded-host", "evil.example")],
    &[
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-port", "1"),
    ],
    &[("forwarded", "host=evil.example;proto=http")],
    &[
        ("x-original-url", "/evil.example"),
        ("x-rewrite-url", "/evil.example"),
    ],
    &[("x-forwarded-prefix", "/evil.example")],
];

#[tokio::test]
async fn no_host_but_the_configured_one_gets_into_answers() {
    let app = TestApp::start(Backend::Sqlite).await;
    let admin = super::admin_gate::token(&app, "default").await;
    let authorize = authorize_path(&[]);
    let silent = authorize_path(&[("prompt", "none")]);
    let paths = [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration/t/acme",
        "/t/acme/.well-known/openid-configuration",
        "/",
        "/account",
        "/oauth/logout",
        "/oauth/userinfo",
        "/admin/v1/users",
        "/nothing",
        authorize.as_str(),
        silent.as_str(),
    ];
    let plain = |text: &str, answer: &testkit::app::Answer| {
        let flow = answer
            .header("location")
            .split_once("flow=")
            .map_or("", |(_, flow)| flow)
            .to_owned();
        let id = answer.header("x-request-id").to_owned();
        let mut text = text.replace(&id, "ID");
        if !flow.is_empty() {
            text = text.replace(&flow, "FLOW");
        }
        text
    };
    let told = |answer: &testkit::app::Answer| {
        let shown: Vec<String> = answer
            .headers
            .iter()
            .filter(|(name, _)| *name != "set-cookie")
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        plain(
            &format!("{} {}\n{}", answer.status, shown.join("\n"), answer.text()),
            answer,
        )
    };
    for path in paths {
        let html = [("accept", "text/html")];
        let usual = app.call("GET", path, &html, "").await;
        for hostile in HOSTS {
            let headers = [html.as_slice(), hostile].concat();
            let answer = app.call("GET", path, &headers, "").await;
            assert_eq!(told(&answer), told(&usual), "{path} with {hostile:?}");
        }
        // Absolute-form (RFC 9112 section 3.2.2): what stands in the request line names no issuer either.
        let absolute = format!("http://evil.example{path}");
        let answer = app.call("GET", &absolute, &html, "").await;
        assert_eq!(told(&answer), told(&usual), "{absolute}");
        assert!(!told(&answer).contains("evil.example"));
    }
    // A whole sign-in under a hostile name: links, redirects and tokens name the configured issuer.
    let mut browser = app.browser();
    browser.headers = vec![("x-forwarded-host", "evil.example".to_owned())];
    let tokens = browser.tokens("alice@example.com", "openid").await;
    assert_eq!(tokens.status, 200, "{}", tokens.text());
    let bearer = format!("Bearer {admin}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
    ];
    let made = app
        .call(
            "POST",
            "/admin/v1/users",
            &headers,
            "{\"email\":\"new@example.com\"}",
        )
        .await;
    assert_eq!(made.status, 201);
    assert!(!made.text().contains("evil.example"));
}

#[tokio::test]
async fn a_tenants_own_host_leads_to_that_tenant_only() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ctx = app.ctx("acme");
    let settings = domain::TenantSettings {
        host: Some("login.acme.example".to_owned()),
        ..domain::TenantSettings::default()
    };
    app.app.update_tenant(&ctx, "acme", settings).await.unwrap();
    let issuer = async |host: &str| {
        let headers = [("host", host)];
        let answer = app
            .call("GET", "/.well-known/openid-configuration", &headers, "")
            .await;
        answer.member("issuer")
    };
    assert_eq!(issuer("login.acme.example").await, "https://login.acme.example");
    assert_eq!(
        issuer("login.acme.example:443").await,
        "https://login.acme.example"
    );
    for other in [
        "id.example.com",
        "x.login.acme.example",
        "login.acme.example.evil.example",
        "evil.example",
    ] {
        assert_eq!(issuer(other).await, "https://id.example.com", "{other}");
    }
}
