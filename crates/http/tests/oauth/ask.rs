//! What a client sends, and what it sees of the answer.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Request;
use domain::{EventKind, Outcome};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Header, Validation};
use serde_json::Value;
use testkit::app::{Answer, TestApp};
use testkit::browser::{VERIFIER, authorize_path};

pub(crate) const ALICE: &str = "alice@example.com";
pub(crate) const BOB: &str = "bob@example.com";
/// A scope that gets everything: an ID token, a refresh token, the API.
pub(crate) const ALL: &str = "openid email offline_access api.read";

/// Any request at all.
pub(crate) async fn request(
    app: &TestApp,
    line: (&str, &str),
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    let mut request = Request::builder()
        .method(line.0)
        .uri(line.1)
        .header("host", "id.example.com");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.send(request.body(body.into()).unwrap()).await
}

pub(crate) async fn userinfo(app: &TestApp, token: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    request(
        app,
        ("GET", "/oauth/userinfo"),
        &[("authorization", &bearer)],
        Body::empty(),
    )
    .await
}

pub(crate) async fn introspect(app: &TestApp, caller: &str, token: &str) -> Answer {
    app.post("/oauth/introspect", Some(&app.basic(caller)), &[("token", token)])
        .await
}

pub(crate) async fn is_active(app: &TestApp, caller: &str, token: &str) -> bool {
    let answer = introspect(app, caller, token).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["active"] == true
}

pub(crate) async fn refresh(app: &TestApp, client: &str, token: &str) -> Answer {
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    app.token(client, &form).await
}

pub(crate) async fn revoke(app: &TestApp, client: &str, token: &str) -> Answer {
    app.post("/oauth/revoke", Some(&app.basic(client)), &[("token", token)])
        .await
}

pub(crate) async fn client_credentials(app: &TestApp, client: &str, extra: &[(&str, &str)]) -> Answer {
    let mut form = vec![("grant_type", "client_credentials")];
    form.extend(extra);
    app.token(client, &form).await
}

/// The usual request of `native`, to this redirect URI.
pub(crate) fn native_path(uri: &str, extra: &[(&str, &str)]) -> String {
    let mut all = vec![("client_id", "native"), ("redirect_uri", uri), ("scope", ALL)];
    all.retain(|(name, _)| !extra.iter().any(|(other, _)| other == name));
    all.extend(extra);
    authorize_path(&all)
}

pub(crate) async fn redeem_native(app: &TestApp, code: &str, uri: &str) -> Answer {
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "native"),
        ("code", code),
        ("redirect_uri", uri),
        ("code_verifier", VERIFIER),
    ];
    app.post("/oauth/token", None, &form).await
}

/// More parameters than a request may have, all different.
pub(crate) fn too_many() -> String {
    let names: Vec<String> = (0..70).map(|n| format!("a{n}=1")).collect();
    names.join("&")
}

/// What a token response brought.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) id: String,
}

impl Tokens {
    pub(crate) fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.text());
        Self {
            access: answer.member("access_token"),
            refresh: answer.member("refresh_token"),
            id: answer.member("id_token"),
        }
    }

    /// Everything for alice by `web`, in a browser of its own.
    pub(crate) async fn fresh(app: &TestApp) -> Self {
        Self::of(&app.browser().tokens(ALICE, ALL).await)
    }

    /// The access token opens userinfo, and introspection by a client that may see everything knows both.
    pub(crate) async fn assert_alive(&self, app: &TestApp, caller: &str) {
        app.change_client("default", caller, |settings| settings.may_introspect = true)
            .await;
        assert!(
            is_active(app, caller, &self.access).await,
            "the access token is dead"
        );
        assert!(
            is_active(app, caller, &self.refresh).await,
            "the refresh token is dead"
        );
        assert_eq!(userinfo(app, &self.access).await.status, 200);
    }

    /// Nothing of it does anything any more; `client` is the one it was issued to, `caller` one that may see everything.
    pub(crate) async fn assert_dead(&self, app: &TestApp, client: &str, caller: &str) {
        app.change_client("default", caller, |settings| settings.may_introspect = true)
            .await;
        for token in [&self.access, &self.refresh] {
            let seen = introspect(app, caller, token).await;
            assert_eq!(seen.text(), r#"{"active":false}"#);
        }
        let refused = userinfo(app, &self.access).await;
        assert_eq!(refused.status, 401, "{}", refused.text());
        assert!(
            refused
                .header("www-authenticate")
                .contains("error=\"invalid_token\"")
        );
        let refused = refresh(app, client, &self.refresh).await;
        assert_eq!(
            (refused.status.as_u16(), refused.error()),
            (400, "invalid_grant".into())
        );
    }
}

/// A JWT read by an implementation that is not ours, with the keys served at `jwks`. The times are for the test.
pub(crate) async fn read_jwt(app: &TestApp, token: &str, jwks: &str) -> (Header, BTreeMap<String, Value>) {
    let set: JwkSet = serde_json::from_slice(&app.get(jwks).await.body).unwrap();
    let header = jsonwebtoken::decode_header(token).unwrap();
    let key = set.find(header.kid.as_deref().unwrap()).unwrap();
    let mut validation = Validation::new(header.alg);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let decoding = DecodingKey::from_jwk(key).unwrap();
    let read = jsonwebtoken::decode::<BTreeMap<String, Value>>(token, &decoding, &validation).unwrap();
    (read.header, read.claims)
}

/// The claims of a JWT of the default tenant.
pub(crate) async fn claims(app: &TestApp, token: &str) -> BTreeMap<String, Value> {
    read_jwt(app, token, "/oauth/jwks").await.1
}

/// How many rows of the log tell of a refusal of this kind.
pub(crate) async fn refusals(app: &TestApp, slug: &str, kind: EventKind) -> usize {
    let rows = app.audit(slug).await;
    rows.iter()
        .filter(|row| row.kind == kind && row.outcome == Outcome::Failure)
        .count()
}

/// How many rows of the log tell of something that was done.
pub(crate) async fn successes(app: &TestApp, kind: EventKind) -> usize {
    let rows = app.audit("default").await;
    rows.iter()
        .filter(|row| row.kind == kind && row.outcome == Outcome::Success)
        .count()
}

/// A refusal in JSON: its status, code, and a text that repeats nothing and has only the characters it may have (OA21).
pub(crate) fn assert_refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.error().as_str()),
        (status, error),
        "{}",
        answer.text()
    );
    let text = answer.member("error_description");
    let allowed = |b: u8| matches!(b, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    assert!(!text.is_empty() && text.bytes().all(allowed), "{text}");
    assert_eq!(answer.header("cache-control"), "no-store");
}
