//! How clients prove themselves, at each endpoint that asks (OA15, OA19).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{AuthMethod, ClientKind, ClientSettings, EventKind, GrantType};
use engine::clients::NewClient;
use testkit::Backend;
use testkit::app::{Answer, TestApp};

use crate::ask::{assert_refused, client_credentials, refusals, request};

const ENDPOINTS: [&str; 3] = ["/oauth/token", "/oauth/introspect", "/oauth/revoke"];
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// A request that is right but for the proof.
async fn ask(app: &TestApp, path: &str, authorization: Option<&str>, extra: &[(&str, &str)]) -> Answer {
    let mut form = vec![("grant_type", "client_credentials"), ("token", "whatever")];
    form.extend(extra);
    app.post(path, authorization, &form).await
}

async fn with_poster(backend: Backend) -> TestApp {
    let mut app = TestApp::start(backend).await;
    let poster = NewClient {
        client_id: Some("poster".parse().unwrap()),
        name: "poster".to_owned(),
        kind: ClientKind::Confidential,
        auth_method: AuthMethod::ClientSecretPost,
        settings: ClientSettings {
            grant_types: vec![GrantType::ClientCredentials],
            ..ClientSettings::default()
        },
    };
    app.add_client("default", poster).await;
    app
}

async fn a_wrong_proof_is_refused_everywhere_alike(backend: Backend) {
    let app = with_poster(backend).await;
    let id = "api".parse().unwrap();
    app.app.disable_client(&app.ctx("default"), &id).await.unwrap();
    let secret = app.secret("default", "service").to_owned();
    let poster = app.secret("default", "poster").to_owned();
    let other = app.secret("default", "web").to_owned();
    let foreign = app.secret("acme", "service").to_owned();
    let shorter = secret.strip_suffix(|_: char| true).unwrap();
    let headers = [
        basic("service", &other),
        basic("service", &foreign),
        basic("service", shorter),
        basic("service", &format!("{secret}x")),
        basic("service", ""),
        basic("Service", &secret),
        basic("nobody", &secret),
        basic("api", app.secret("default", "api")),
        basic("native", &secret),
        basic("poster", &poster),
        "Basic".to_owned(),
        "Basic !!!".to_owned(),
        format!("Basic {}", STANDARD.encode("no colon")),
        format!("Bearer {secret}"),
        format!("Digest {secret}"),
    ];
    let forms: [&[(&str, &str)]; 8] = [
        &[],
        &[("client_id", "service")],
        &[("client_id", "service"), ("client_secret", &secret)],
        &[("client_id", "poster"), ("client_secret", &secret)],
        &[("client_id", "poster")],
        &[("client_id", "native"), ("client_secret", &secret)],
        &[("client_id", "nobody")],
        &[
            ("client_id", "service"),
            ("client_assertion", "e30.e30."),
            ("client_assertion_type", ASSERTION),
        ],
    ];
    let mut bodies = std::collections::BTreeSet::new();
    for path in ENDPOINTS {
        for header in &headers {
            let answer = ask(&app, path, Some(header), &[]).await;
            assert_refused(&answer, 401, "invalid_client");
            assert!(
                answer.header("www-authenticate").starts_with("Basic "),
                "{header}"
            );
            bodies.insert(answer.text());
        }
        for form in forms {
            let answer = ask(&app, path, None, form).await;
            assert_refused(&answer, 401, "invalid_client");
            bodies.insert(answer.text());
        }
    }
    assert_eq!(bodies.len(), 1, "nobody learns what was wrong: {bodies:?}");
    let told = refusals(&app, "default", EventKind::ClientAuthenticationFailed).await;
    assert_eq!(
        told,
        ENDPOINTS.len() * (headers.len() + forms.len()),
        "each is recorded"
    );
    // The twins: the right secret by the registered method.
    for path in ENDPOINTS {
        let answer = ask(&app, path, Some(&app.basic("service")), &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let form = [("client_id", "poster"), ("client_secret", poster.as_str())];
        assert_eq!(ask(&app, path, None, &form).await.status, 200);
    }
}

async fn one_method_at_a_time(backend: Backend) {
    let app = with_poster(backend).await;
    let secret = app.secret("default", "service").to_owned();
    let right = app.basic("service");
    let twice: [&[(&str, &str)]; 3] = [
        &[("client_id", "service"), ("client_secret", &secret)],
        &[("client_secret", &secret)],
        &[
            ("client_assertion", "e30.e30."),
            ("client_assertion_type", ASSERTION),
        ],
    ];
    for path in ENDPOINTS {
        for form in twice {
            assert_refused(&ask(&app, path, Some(&right), form).await, 400, "invalid_request");
        }
        let answer = ask(&app, path, Some(&right), &[("client_id", "web")]).await;
        assert_refused(&answer, 400, "invalid_request");
        // Naming oneself besides is allowed (RFC 6749 section 3.2.1).
        let answer = ask(&app, path, Some(&right), &[("client_id", "service")]).await;
        assert_eq!(answer.status, 200);
    }
    let told = refusals(&app, "default", EventKind::ClientAuthenticationFailed).await;
    assert_eq!(told, ENDPOINTS.len() * 4);
}

async fn the_scheme_is_case_blind_and_ids_are_form_encoded(backend: Backend) {
    let app = TestApp::start(backend).await;
    let secret = app.secret("default", "service");
    let (_, encoded) = basic("service", secret)
        .split_once(' ')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    for header in [
        format!("basic {encoded}"),
        format!("BASIC  {encoded}"),
        basic("%73ervice", &secret.replace('_', "%5F")),
    ] {
        let answer = ask(&app, "/oauth/token", Some(&header), &[]).await;
        assert_eq!(answer.status, 200, "{header}: {}", answer.text());
    }
}

async fn a_secret_is_shown_once_and_is_in_no_answer(backend: Backend) {
    let app = TestApp::start(backend).await;
    let admin = client_credentials(&app, "admin", &[])
        .await
        .member("access_token");
    let bearer = format!("Bearer {admin}");
    let secret = app.secret("default", "service");
    for path in ["/admin/v1/clients", "/admin/v1/clients/service"] {
        let answer = request(&app, ("GET", path), &[("authorization", &bearer)], "").await;
        assert_eq!(answer.status, 200);
        assert!(!answer.text().contains(secret) && !answer.text().contains("secret_hash"));
    }
}

on_both_engines! {
    a_secret_is_shown_once_and_is_in_no_answer
    a_wrong_proof_is_refused_everywhere_alike
    one_method_at_a_time
    the_scheme_is_case_blind_and_ids_are_form_encoded
}
