//! Speaks HTTP to a node, as programs and as browsers do.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::RequestId;
use reqwest::header::{AUTHORIZATION, COOKIE, HOST, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, RequestBuilder};
use serde_json::Value;
use url::form_urlencoded;

use crate::site::{CALLBACK, Credential};

/// Whoever waits longer than this was left hanging.
pub(crate) const HANG: Duration = Duration::from_secs(10);

/// PKCE verifier and challenge of RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Pages one walk leads through at most.
const STEPS: usize = 12;

/// One listener.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: Client,
    base: String,
    host: String,
    /// Over TLS: the certificate the listener shows.
    trusted: Option<Certificate>,
}

/// An answer, whole.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: impl reqwest::header::AsHeaderName) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    /// The id the audit log knows the request by.
    pub(crate) fn request_id(&self) -> Option<RequestId> {
        self.header("x-request-id").parse().ok()
    }

    /// A text member of a JSON answer.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let document: Value = serde_json::from_str(&self.body).ok()?;
        Some(document.get(name)?.as_str()?.to_owned())
    }
}

impl Http {
    /// Speaks to `port` on loopback, under the name `host`.
    pub(crate) fn new(port: u16, host: &str) -> Result<Self> {
        Ok(Self {
            client: client(Client::builder())?,
            base: format!("http://127.0.0.1:{port}"),
            host: host.to_owned(),
            trusted: None,
        })
    }

    /// The same listener over TLS and HTTP/1.1; it shows this certificate, for the name it is asked under.
    pub(crate) fn over_tls(&self, pem: &str) -> Result<Self> {
        let trusted = Certificate::from_pem(pem.as_bytes()).context("not a certificate")?;
        Ok(Self {
            client: client(trusting(Some(&trusted)).http1_only())?,
            base: format!("https://{}", self.host),
            host: self.host.clone(),
            trusted: Some(trusted),
        })
    }

    /// The same listener over HTTP/2, all requests on one connection as long as that lives.
    pub(crate) fn over_http2(&self) -> Result<Self> {
        Ok(Self {
            client: client(trusting(self.trusted.as_ref()).http2_prior_knowledge())?,
            // `:authority` and `Host` must say the same (RFC 9113 section 8.3.1).
            base: format!(
                "{}://{}",
                if self.trusted.is_some() { "https" } else { "http" },
                self.host
            ),
            host: self.host.clone(),
            trusted: self.trusted.clone(),
        })
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer, reqwest::Error> {
        self.send(self.client.get(self.url(path))).await
    }

    /// POST of a form by a client that proves itself with its secret.
    pub(crate) async fn form(
        &self,
        path: &str,
        by: &Credential,
        form: &[(&str, &str)],
    ) -> Result<Answer, reqwest::Error> {
        let proof = STANDARD.encode(format!("{}:{}", by.id, by.secret));
        let request = self.client.post(self.url(path)).form(form);
        self.send(request.header(AUTHORIZATION, format!("Basic {proof}")))
            .await
    }

    /// POST of JSON with an access token.
    pub(crate) async fn json(&self, path: &str, token: &str, body: &Value) -> Result<Answer, reqwest::Error> {
        self.send(self.client.post(self.url(path)).bearer_auth(token).json(body))
            .await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answer, reqwest::Error> {
        let response = request.header(HOST, &self.host).send().await?;
        Ok(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await?,
        })
    }
}

fn trusting(certificate: Option<&Certificate>) -> ClientBuilder {
    match certificate {
        None => Client::builder(),
        Some(certificate) => Client::builder().tls_certs_only([certificate.clone()]),
    }
}

fn client(builder: ClientBuilder) -> Result<Client> {
    builder
        .redirect(Policy::none())
        .timeout(HANG)
        .pool_max_idle_per_host(256)
        .build()
        .context("cannot make an HTTP client")
}

/// A browser with its cookies.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    http: Http,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new(http: &Http) -> Self {
        Self {
            http: http.clone(),
            cookies: BTreeMap::new(),
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Answer, reqwest::Error> {
        let request = self.http.client.get(self.http.url(path));
        self.send(request).await
    }

    async fn post(&mut self, path: &str, form: &[(String, String)]) -> Result<Answer, reqwest::Error> {
        let request = self.http.client.post(self.http.url(path)).form(form);
        self.send(request.header("sec-fetch-site", "same-origin")).await
    }

    async fn send(&mut self, request: RequestBuilder) -> Result<Answer, reqwest::Error> {
        let jar: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = request
            .header("accept", "text/html")
            .header(COOKIE, jar.join("; "));
        let answer = self.http.send(request).await?;
        for cookie in answer.headers.get_all(SET_COOKIE) {
            let text = cookie.to_str().unwrap_or_default();
            if let Some((name, rest)) = text.split_once('=') {
                let value = rest.split(';').next().unwrap_or_default();
                if text.contains("Max-Age=0") {
                    self.cookies.remove(name);
                } else {
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        Ok(answer)
    }

    /// Goes where the answer leads as long as that is here.
    async fn follow(&mut self, mut answer: Answer) -> Result<Answer, reqwest::Error> {
        for _ in 0..STEPS {
            let to = answer.header(LOCATION).to_owned();
            let here = format!("http://{}/", self.http.host);
            let path = match to.strip_prefix(&here) {
                Some(path) => format!("/{path}"),
                None => to,
            };
            if answer.status != 303 || !path.starts_with('/') {
                break;
            }
            answer = self.get(&path).await?;
        }
        Ok(answer)
    }

    /// Fills in the form of this id and sends it; the answer is not followed.
    pub(crate) async fn submit(
        &mut self,
        page: &Answer,
        id: &str,
        fields: &[(&str, &str)],
    ) -> Result<Answer, reqwest::Error> {
        let (action, mut all) = form_on(&page.body, id).unwrap_or_default();
        all.retain(|(name, _)| !fields.iter().any(|(other, _)| other == name));
        all.extend(
            fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        self.post(&action, &all).await
    }

    /// The page on which a person would sign in for `client`, or whatever comes instead.
    pub(crate) async fn open(&mut self, client: &str, scope: &str) -> Result<Answer, reqwest::Error> {
        let answer = self.get(&authorize_path(client, scope)).await?;
        self.follow(answer).await
    }
}

/// The code that the answer sends to the client.
pub(crate) fn code_in(answer: &Answer) -> Option<String> {
    let query = answer
        .header(LOCATION)
        .strip_prefix(CALLBACK)?
        .strip_prefix('?')?;
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "code")
        .map(|(_, code)| code.into_owned())
}

/// Whether the answer is the page with this form.
pub(crate) fn shows(answer: &Answer, form: &str) -> bool {
    answer.status < 500 && answer.body.contains(&format!("id=\"{form}\""))
}

fn authorize_path(client: &str, scope: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", client)
        .append_pair("response_type", "code")
        .append_pair("redirect_uri", CALLBACK)
        .append_pair("scope", scope)
        .append_pair("state", "drill")
        .append_pair("code_challenge", CHALLENGE)
        .append_pair("code_challenge_method", "S256")
        .finish();
    format!("/oauth/authorize?{query}")
}

/// Where the form of this id goes, and its hidden fields.
fn form_on(page: &str, id: &str) -> Option<(String, Vec<(String, String)>)> {
    let wanted = format!("id=\"{id}\"");
    let form = page
        .split("<form")
        .skip(1)
        .find(|form| form.split('>').next().is_some_and(|tag| tag.contains(&wanted)))?;
    let form = form.split("</form>").next()?;
    let hidden = form
        .split("<input")
        .skip(1)
        .filter_map(|input| input.split('>').next())
        .filter(|tag| tag.contains("type=\"hidden\""))
        .filter_map(|tag| {
            Some((
                attribute(tag, "name")?,
                attribute(tag, "value").unwrap_or_default(),
            ))
        })
        .collect();
    Some((attribute(form.split('>').next()?, "action")?, hidden))
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let value = rest.split('"').next()?;
    Some(value.replace("&#38;", "&").replace("&amp;", "&"))
}
