//! Every route of the table: who may call it, which methods it has, what its answers carry (AZ1, CF5, CF11, SE11).

use http_face::{Access, Route, table};
use testkit::Backend;
use testkit::app::{Answer, TestApp};

const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND",
];

/// The route's paths with parameters filled in: at the default tenant and, unless it lives on the host, at another.
fn paths(route: &Route) -> Vec<String> {
    let path = route
        .path
        .replace("{id}", "0199c000-0000-7000-8000-000000000000")
        .replace("{client_id}", "web")
        .replace("{name}", "missing.css");
    let mut paths = vec![path.clone()];
    if route.is_per_tenant() {
        paths.push(format!("/t/acme{}", if path == "/" { "" } else { &path }));
    }
    paths
}

fn allowed(answer: &Answer) -> Vec<String> {
    let allow = answer.header("allow").to_owned();
    allow.split(',').map(|method| method.trim().to_owned()).collect()
}

/// A request without any credential.
async fn bare(app: &TestApp, method: &str, path: &str) -> Answer {
    let headers: &[(&str, &str)] = if method == "POST" {
        &[("content-type", "application/x-www-form-urlencoded")]
    } else {
        &[]
    };
    app.call(method, path, headers, "").await
}

#[tokio::test]
async fn without_a_credential_nothing_but_the_public_answers() {
    let app = TestApp::start(Backend::Sqlite).await;
    let mut seen = 0;
    for route in table() {
        for path in paths(&route) {
            let prefix = if path.starts_with("/t/acme") {
                "/t/acme"
            } else {
                ""
            };
            let methods = allowed(&bare(&app, "PUT", &path).await);
            for method in ["GET", "POST"] {
                let answer = bare(&app, method, &path).await;
                let case = format!("{method} {path} ({:?}): {}", route.access, answer.status);
                if !methods.iter().any(|m| m == method) {
                    assert_eq!(answer.status, 405, "{case}");
                    continue;
                }
                seen += 1;
                let status = answer.status.as_u16();
                let location = answer.header("location");
                match route.access {
                    Access::Admin | Access::Bearer => {
                        assert_eq!(status, 401, "{case}");
                        assert!(answer.header("www-authenticate").starts_with("Bearer "), "{case}");
                    }
                    Access::Client => {
                        assert!([400, 401].contains(&status), "{case}");
                        assert!(!answer.error().is_empty(), "{case}");
                    }
                    Access::Session if method == "GET" => {
                        assert_eq!(status, 303, "{case}");
                        assert!(location.starts_with(&format!("{prefix}/login?flow=")), "{case}");
                    }
                    Access::Session => assert_eq!(status, 403, "{case}"),
                    Access::Browser if route.path == "/oauth/logout" => {
                        // Nobody is signed in, so there is nobody to sign out.
                        assert!([200, 303].contains(&status), "{case}");
                    }
                    Access::Browser if route.path == "/login" && method == "GET" => {
                        assert_eq!(
                            (status, location),
                            (303, format!("{prefix}/account").as_str()),
                            "{case}"
                        );
                    }
                    Access::Browser => assert!([400, 403, 404, 410].contains(&status), "{case}"),
                    Access::Public => assert!([200, 303, 404].contains(&status), "{case}"),
                }
                let cookies = answer.headers.get_all("set-cookie");
                for cookie in cookies {
                    let text = cookie.to_str().unwrap();
                    let harmless = text.starts_with("__Host-rsp_flow_") || text.contains("Max-Age=0");
                    assert!(harmless, "{case} sets {text}");
                }
            }
        }
    }
    assert!(seen >= 60, "only {seen} requests were made");
}

#[tokio::test]
async fn methods_a_route_does_not_have_are_refused() {
    let app = TestApp::start(Backend::Sqlite).await;
    for route in table() {
        for path in paths(&route) {
            for accept in ["application/json", "text/html"] {
                let refused = app.call("PUT", &path, &[("accept", accept)], "").await;
                assert_eq!(refused.status, 405, "PUT {path}");
                let methods = allowed(&refused);
                assert!(
                    !methods.is_empty() && !methods[0].is_empty(),
                    "PUT {path} tells no method"
                );
                for method in METHODS {
                    let has = methods.iter().any(|m| m == method);
                    let answer = app.call(method, &path, &[("accept", accept)], "").await;
                    if !has && method != "OPTIONS" {
                        assert_eq!(answer.status, 405, "{method} {path}");
                    } else if has {
                        assert_ne!(answer.status, 405, "{method} {path}");
                    }
                }
                assert!(
                    methods
                        .iter()
                        .all(|m| ["GET", "HEAD", "POST", "OPTIONS"].contains(&m.as_str())),
                    "{path}: {methods:?}"
                );
            }
            for method in ["TRACE", "CONNECT", "TRACK", "get"] {
                let answer = app
                    .call(method, &path, &[("x-canary", "canary-value")], "canary-value")
                    .await;
                assert_eq!(answer.status, 405, "{method} {path}");
                assert!(!answer.text().contains("canary-value"), "{method} {path} echoes");
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_in_the_table_is_not_there() {
    let app = TestApp::start(Backend::Sqlite).await;
    for path in [
        "/admin",
        "/admin/v1",
        "/admin/v1/",
        "/admin/v1/users/",
        "/admin/v2/users",
        "/metrics",
        "/livez",
        "/readyz",
        "/assets/",
        "/assets/../Cargo.toml",
        "/assets/%2e%2e%2fCargo.toml",
        "/.git/config",
        "/.env",
        "/server-status",
        "/oauth/",
        "/oauth/token/",
        "//oauth/token",
        "/OAUTH/token",
        "/t/",
        "/t/nobody/login",
        "/t/default/login",
        "/t/ACME/account",
        "/t/%61cme%00/account",
        "/t/acme/t/acme/account",
        "/t/acme/health",
    ] {
        for accept in ["application/json", "text/html"] {
            let answer = app.call("GET", path, &[("accept", accept)], "").await;
            assert_eq!(answer.status, 404, "{path}");
            lint(&answer, path);
        }
    }
    // Only the public listener's own health is here, and it tells nothing more (CF6).
    let health = app.get("/health").await;
    assert_eq!(health.text(), "{\"status\":\"ok\"}");
}

/// What every answer carries.
fn lint(answer: &Answer, case: &str) {
    let csp = answer.header("content-security-policy");
    assert!(csp.contains("default-src 'none'"), "{case}: {csp}");
    assert!(csp.contains("frame-ancestors 'none'"), "{case}: {csp}");
    for bad in ["unsafe-inline", "unsafe-eval", "http:", "https:", "*"] {
        assert!(!csp.contains(bad), "{case}: {csp}");
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{case}: {name}");
    }
    let policy = answer.header("cross-origin-resource-policy");
    assert!(
        ["same-origin", "cross-origin"].contains(&policy),
        "{case}: {policy}"
    );
    assert!(
        answer.header("permissions-policy").contains("camera=()"),
        "{case}"
    );
    let hsts = answer.header("strict-transport-security");
    let age = hsts
        .strip_prefix("max-age=")
        .and_then(|age| age.parse::<u64>().ok());
    assert!(age.is_some_and(|age| age >= 31_536_000), "{case}: {hsts}");
    assert!(answer.header("x-request-id").len() >= 16, "{case}");
    for banner in ["server", "x-powered-by", "via"] {
        assert!(answer.headers.get(banner).is_none(), "{case}: {banner}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let app = TestApp::start(Backend::Sqlite).await;
    for route in table() {
        for path in paths(&route) {
            for method in ["GET", "POST", "PUT", "HEAD", "OPTIONS", "TRACE"] {
                let answer = bare(&app, method, &path).await;
                let case = format!("{method} {path}");
                lint(&answer, &case);
                let cache = answer.header("cache-control");
                let may_be_kept = route.access == Access::Public && answer.status == 200;
                assert!(
                    cache.contains("no-store") || (may_be_kept && !cache.is_empty()),
                    "{case}: {cache}"
                );
                assert!(
                    answer.headers.get("access-control-allow-origin").is_none(),
                    "{case}: nobody asked from another origin"
                );
                if answer.text().starts_with('<') {
                    assert_eq!(answer.header("x-frame-options"), "DENY", "{case}");
                    assert_eq!(
                        answer.header("content-type"),
                        "text/html; charset=utf-8",
                        "{case}"
                    );
                }
            }
        }
    }
}

/// Pages with a person on them, beside those anybody gets.
#[tokio::test]
async fn pages_of_a_person_carry_them_too() {
    let app = TestApp::start(Backend::Sqlite).await;
    let (mut browser, account) = super::watch::signed_in(&app, "", "alice@example.com").await;
    let login = app.browser().open("/account").await;
    let consent = browser.open(&testkit::browser::authorize_path(&[])).await;
    let form_post = [("response_mode", "form_post"), ("prompt", "none")];
    let posted = browser.open(&testkit::browser::authorize_path(&form_post)).await;
    assert!(posted.text().contains("id=\"form-post\""), "{}", posted.text());
    let logout = browser.open("/oauth/logout").await;
    let gone = browser.submit(&logout, "logout-form", &[("logout", "1")]).await;
    for (name, page) in [
        ("account", account),
        ("login", login),
        ("consent", consent),
        ("form post", posted),
        ("logout", logout),
        ("gone", gone),
    ] {
        lint(&page, name);
        assert_eq!(page.status, 200, "{name}");
        assert_eq!(page.header("cache-control"), "no-store", "{name}");
        assert_eq!(page.header("x-frame-options"), "DENY", "{name}");
        let text = page.text();
        for inline in ["<style", "onclick=", "style=", "javascript:", "<script>"] {
            assert!(!text.contains(inline), "{name}: {inline}");
        }
        for attribute in ["src=\"", "href=\"", "action=\""] {
            for value in text.split(attribute).skip(1) {
                let own = value.starts_with('#') || (value.starts_with('/') && !value.starts_with("//"));
                let data = attribute == "src=\"" && value.starts_with("data:image/");
                let client = name == "form post" && value.starts_with("https://web.example.com/");
                assert!(own || data || client, "{name}: {attribute}{value:.60}");
            }
        }
    }
}
