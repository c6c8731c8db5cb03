//! What the application knows of the issuer, and the requests it sends there itself.

use std::sync::Arc;
use std::time::Duration;

use domain::{Issuer, Secret, Timestamp, World};
use protocol::discovery::path;
use protocol::jose::{self, Jwks, KeySet as _, VerifyingKey};
use reqwest::header::ACCEPT;
use reqwest::{Certificate, Client, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::sync::{Mutex, OnceCell};
use url::Url;

use super::refusal::Refusal;
use super::{SampleApp, SampleAppError};

/// Time for one request; a sign-in makes at most four, within the 30 s a handler has.
const TIMEOUT: Duration = Duration::from_secs(6);

/// Most bytes of one answer.
const MAX_ANSWER: usize = 256 * 1024;

/// An unknown key id makes us fetch the keys again, but not more often than this.
const KEYS_REST: Duration = Duration::from_secs(10);

const DISCOVERY: &str = "discovery document";
const KEYS: &str = "key set";
const TOKEN: &str = "token endpoint";
const USERINFO: &str = "userinfo endpoint";

/// The part of the server metadata (OIDC Discovery section 3) that is used here.
#[derive(Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    pub(super) authorization_endpoint: Url,
    pub(super) end_session_endpoint: Url,
    jwks_uri: Url,
    token_endpoint: Url,
    userinfo_endpoint: Url,
}

/// An answer of the token endpoint (RFC 6749 section 5.1).
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    token_type: String,
    expires_in: Option<u64>,
    refresh_token: Option<String>,
    id_token: Option<String>,
}

/// New tokens.
pub(super) struct Issued {
    pub(super) access_token: Secret<String>,
    /// Seconds from now; 0 if the issuer does not say.
    pub(super) expires_in: u64,
    pub(super) refresh_token: Option<Secret<String>>,
    pub(super) id_token: Option<String>,
}

#[derive(Default)]
struct KnownKeys {
    keys: Arc<Vec<VerifyingKey>>,
    fetched_at: Option<Timestamp>,
}

/// The issuer as this client sees it.
pub(super) struct Provider {
    issuer: Issuer,
    http: Client,
    client_id: String,
    client_secret: Secret<String>,
    world: World,
    metadata: OnceCell<Metadata>,
    keys: Mutex<KnownKeys>,
}

impl Provider {
    pub(super) fn new(issuer: &Issuer, app: &SampleApp) -> Result<Self, SampleAppError> {
        Ok(Self {
            issuer: issuer.clone(),
            http: http_client(issuer, app)?,
            client_id: app.client_id.clone(),
            client_secret: app.client_secret.clone(),
            world: app.world.clone(),
            metadata: OnceCell::new(),
            keys: Mutex::default(),
        })
    }

    /// The metadata, fetched when first needed and kept. A failure is not kept: the issuer may only just be starting.
    pub(super) async fn metadata(&self) -> Result<&Metadata, Refusal> {
        self.metadata.get_or_try_init(|| self.discover()).await
    }

    async fn discover(&self) -> Result<Metadata, Refusal> {
        let request = self.http.get(self.issuer.url(path::OPENID_CONFIGURATION));
        let metadata: Metadata = typed(self.answer(DISCOVERY, request).await?, DISCOVERY)?;
        // OIDC Discovery section 4.3: byte for byte.
        if metadata.issuer != self.issuer.as_str() {
            return Err(Refusal::Issuer);
        }
        Ok(metadata)
    }

    /// Keys among which the one of `token` is, if the issuer has it.
    pub(super) async fn keys_for(&self, token: &str) -> Result<Arc<Vec<VerifyingKey>>, Refusal> {
        let kid = jose::key_id_of(token).map_err(|error| Refusal::IdToken(error.into()))?;
        let mut known = self.keys.lock().await;
        let now = self.world.now();
        let rested = known.fetched_at.is_none_or(|at| now >= at.plus(KEYS_REST));
        if known.keys.find(&kid.0).is_none() && rested {
            let request = self.http.get(self.metadata().await?.jwks_uri.clone());
            let set: Jwks = typed(self.answer(KEYS, request).await?, KEYS)?;
            // A set may hold keys of kinds we do not know; they are not for us.
            let keys = set.keys.iter().filter_map(|jwk| VerifyingKey::from_jwk(jwk).ok());
            known.keys = Arc::new(keys.collect());
            known.fetched_at = Some(now);
        }
        Ok(Arc::clone(&known.keys))
    }

    /// Redeems a code (RFC 6749 section 4.1.3).
    pub(super) async fn redeem(
        &self,
        code: &Secret<String>,
        verifier: &Secret<String>,
        redirect_uri: &str,
    ) -> Result<Issued, Refusal> {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier.expose()),
        ])
        .await
    }

    /// New tokens for a refresh token (RFC 6749 section 6).
    pub(super) async fn refresh(&self, refresh_token: &Secret<String>) -> Result<Issued, Refusal> {
        self.token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.expose()),
        ])
        .await
    }

    async fn token(&self, form: &[(&str, &str)]) -> Result<Issued, Refusal> {
        // Both halves are form-encoded before they are joined (RFC 6749 section 2.3.1).
        let encoded =
            |text: &str| -> String { url::form_urlencoded::byte_serialize(text.as_bytes()).collect() };
        let request = self
            .http
            .post(self.metadata().await?.token_endpoint.clone())
            .basic_auth(
                encoded(&self.client_id),
                Some(encoded(self.client_secret.expose())),
            )
            .form(form);
        let answer: TokenAnswer = typed(self.answer(TOKEN, request).await?, TOKEN)?;
        if !answer.token_type.eq_ignore_ascii_case("Bearer") {
            return Err(Refusal::Malformed(TOKEN));
        }
        Ok(Issued {
            access_token: Secret::new(answer.access_token),
            expires_in: answer.expires_in.unwrap_or(0),
            refresh_token: answer.refresh_token.map(Secret::new),
            id_token: answer.id_token,
        })
    }

    /// The claims about the person `subject` (OIDC Core section 5.3).
    pub(super) async fn userinfo(
        &self,
        access_token: &Secret<String>,
        subject: &str,
    ) -> Result<Map<String, Value>, Refusal> {
        let request = self
            .http
            .get(self.metadata().await?.userinfo_endpoint.clone())
            .bearer_auth(access_token.expose());
        let claims = self.answer(USERINFO, request).await?;
        // Section 5.3.2: an answer about somebody else must not be used.
        if claims.get("sub").and_then(Value::as_str) == Some(subject) {
            Ok(claims)
        } else {
            Err(Refusal::Userinfo)
        }
    }

    /// Sends a request and reads the JSON object of its answer.
    async fn answer(
        &self,
        endpoint: &'static str,
        request: RequestBuilder,
    ) -> Result<Map<String, Value>, Refusal> {
        let unreachable = |error: reqwest::Error| {
            tracing::debug!(error = %error.without_url(), endpoint, "the issuer does not answer the sample application");
            Refusal::Unreachable
        };
        let request = request.header(ACCEPT, "application/json");
        let mut response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(Refusal::Malformed(endpoint));
            }
            body.extend_from_slice(&chunk);
        }
        let object = jose::json::parse_object(&body);
        match (status, object) {
            (StatusCode::OK, Ok(object)) => Ok(object),
            (StatusCode::SERVICE_UNAVAILABLE | StatusCode::BAD_GATEWAY, Err(_)) => Err(Refusal::Unreachable),
            (_, Ok(object)) => Err(Refusal::from_json(endpoint, &object)),
            (_, Err(_)) => Err(Refusal::Malformed(endpoint)),
        }
    }
}

fn typed<T: DeserializeOwned>(object: Map<String, Value>, endpoint: &'static str) -> Result<T, Refusal> {
    serde_json::from_value(Value::Object(object)).map_err(|_| Refusal::Malformed(endpoint))
}

/// The one client, for the one host. Redirects are not followed and no proxy is asked: codes and secrets go where the
/// metadata says or nowhere.
fn http_client(issuer: &Issuer, app: &SampleApp) -> Result<Client, SampleAppError> {
    let https = issuer.as_str().starts_with("https://");
    let mut builder = Client::builder()
        .user_agent("rsp-sample")
        .connect_timeout(TIMEOUT)
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .https_only(https);
    if let Some(path) = &app.ca_file {
        let pem = std::fs::read(path).map_err(|source| SampleAppError::CaFile {
            path: path.clone(),
            source,
        })?;
        builder = builder.tls_certs_only(Certificate::from_pem_bundle(&pem)?);
    } else if !https {
        // Nothing to verify, so the system's certificates are not needed: a bare container may have none.
        builder = builder.tls_certs_only([]);
    }
    Ok(builder.build()?)
}
