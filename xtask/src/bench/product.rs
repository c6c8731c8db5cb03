//! The product under measurement: a release build of `rsp demo`, with log, metrics, audit and counting of requests as anybody gets
//! them; only the limits are out of reach.

use std::fs;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{folder, program};
use crate::demo::{Demo, Engine};
use crate::grow::{Place, UNREFUSED};
use crate::plain_http;
use crate::process::Supervised;

/// The resource that tokens are asked for.
pub(super) const API: &str = "https://api.example.com";

/// What ends when the product is not measured any more.
#[derive(Debug)]
enum Server {
    Fresh { _demo: Demo },
    Grown { _server: Supervised },
}

/// A running server with clients made for the measurement.
#[derive(Debug)]
pub(super) struct Product {
    _server: Server,
    /// Port of the management listener, where it is known.
    management: Option<u16>,
    credentials: Value,
    /// Port of the public listener.
    pub(super) port: u16,
    /// Process whose CPU time counts.
    pub(super) pid: u32,
}

/// A confidential client that sends its secret in the form.
#[derive(Clone, Debug)]
pub(super) struct Registered {
    /// `client_id`.
    pub(super) id: String,
    /// `client_secret`.
    pub(super) secret: String,
}

impl Registered {
    /// A form with the client's proof and `rest`.
    pub(super) fn form(&self, rest: &str) -> String {
        format!("client_id={}&client_secret={}&{rest}", self.id, self.secret)
    }
}

impl Product {
    /// On a new SQLite file or a private PostgreSQL.
    pub(super) fn start(engine: Engine) -> Result<Self> {
        Self::start_as(&[], engine, &[])
    }

    /// With words before the command, as of `taskset`, and settings in the environment.
    pub(super) fn start_as(before: &[&str], engine: Engine, settings: &[(&str, &str)]) -> Result<Self> {
        let log = folder().join(format!("rsp-{}.log", engine.name()));
        let settings = [&[UNREFUSED], settings].concat();
        let demo = Demo::start_as(before, (&program("rsp"), engine, log), &settings)?;
        let credentials = serde_json::from_str(&fs::read_to_string(&demo.credentials)?)?;
        Ok(Self {
            port: demo.port,
            pid: demo.pid()?,
            management: Some(demo.management),
            _server: Server::Fresh { _demo: demo },
            credentials,
        })
    }

    /// On a database that is there already.
    pub(super) fn at(place: &Place, log: &str) -> Result<Self> {
        let server = place.serve(folder().join(log))?;
        Ok(Self {
            port: place.port(),
            pid: server.pid().context("the server has no process")?,
            credentials: serde_json::from_str(&fs::read_to_string(place.credentials())?)?,
            management: None,
            _server: Server::Grown { _server: server },
        })
    }

    /// Registers a client through the admin API: what it may do stands in `settings`.
    pub(super) fn register(&self, name: &str, settings: Value) -> Result<Registered> {
        let administration = format!("Bearer {}", self.administration()?);
        let body = json!({
            "name": name,
            "kind": "confidential",
            "token_endpoint_auth_method": "client_secret_post",
            "settings": settings,
        });
        let headers = [
            ("Authorization", administration.as_str()),
            ("Content-Type", "application/json"),
        ];
        let answer = plain_http::post(self.port, "/admin/v1/clients", &headers, &body.to_string())?;
        if answer.status != 201 {
            bail!("no client {name}: {} {}", answer.status, answer.body);
        }
        let made: Value = json_in(&answer.body)?;
        Ok(Registered {
            id: text(&made, "client_id")?,
            secret: text(&made, "client_secret")?,
        })
    }

    /// A client that may ask for tokens of this form and algorithm for itself.
    pub(super) fn service(&self, format: &str, alg: &str) -> Result<Registered> {
        let settings = json!({
            "grant_types": ["client_credentials"],
            "scopes": "api.read",
            "resources": [API],
            "default_resource": API,
            "access_token_format": format,
            "access_token_alg": alg,
        });
        self.register(&format!("bench {format} {alg}"), settings)
    }

    /// An access token of `client` for itself.
    pub(super) fn token_of(&self, client: &Registered) -> Result<String> {
        self.token(&[], &client.form("grant_type=client_credentials"))
    }

    /// Address and password of somebody of the demo who administers nothing.
    pub(super) fn person(&self) -> Result<(String, String)> {
        let people = self.credentials.get("users").and_then(Value::as_array);
        let person = people
            .and_then(|people| people.first())
            .context("the demo has no person")?;
        Ok((text(person, "email")?, text(person, "password")?))
    }

    /// Address and password of somebody of the demo who is switched off from now on.
    pub(super) fn disabled_person(&self) -> Result<(String, String)> {
        let people = self.credentials.get("users").and_then(Value::as_array);
        let person = people
            .and_then(|people| people.get(1))
            .context("the demo has no second person")?;
        let (email, password) = (text(person, "email")?, text(person, "password")?);
        let bearer = format!("Bearer {}", self.administration()?);
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", "application/json"),
        ];
        let listed = plain_http::get_with(self.port, "/admin/v1/users?limit=100", &headers)?;
        let listed = json_in(&listed.body)?;
        let people = listed.get("items").and_then(Value::as_array);
        let found = people
            .and_then(|people| {
                people
                    .iter()
                    .find(|one| one.get("email").and_then(Value::as_str) == Some(email.as_str()))
            })
            .context("the second person is not listed")?;
        let path = format!("/admin/v1/users/{}/disable", text(found, "id")?);
        let answer = plain_http::post(self.port, &path, &headers, "")?;
        if answer.status >= 300 {
            bail!("not disabled: {} {}", answer.status, answer.body);
        }
        Ok((email, password))
    }

    /// Password hashes computed so far, by the metrics.
    pub(super) fn hashes(&self) -> Result<u32> {
        let metrics = plain_http::get(self.management.context("no metrics here")?, "/metrics")?.body;
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix("rsp_password_hashes_total "));
        let count = line.context("the metrics do not count hashes")?;
        count.trim().parse().context("the count of hashes is no number")
    }

    fn administration(&self) -> Result<String> {
        self.token(
            &[("Authorization", &self.basic("demo-admin")?)],
            "grant_type=client_credentials&scope=rsp.admin",
        )
    }

    /// The header `Authorization` of a client the demo has.
    pub(super) fn basic(&self, name: &str) -> Result<String> {
        let clients = self.credentials.get("clients").and_then(Value::as_array);
        let client = clients
            .and_then(|clients| {
                clients
                    .iter()
                    .find(|client| client.get("name").and_then(Value::as_str) == Some(name))
            })
            .with_context(|| format!("the demo has no {name}"))?;
        let pair = format!(
            "{}:{}",
            text(client, "client_id")?,
            text(client, "client_secret")?
        );
        Ok(format!("Basic {}", STANDARD.encode(pair)))
    }

    fn token(&self, headers: &[(&str, &str)], form: &str) -> Result<String> {
        token_with(self.port, "/oauth/token", headers, form)
    }
}

/// The access token that a server on `port` answers to `form`.
pub(super) fn token_from(port: u16, path: &str, form: &str) -> Result<String> {
    token_with(port, path, &[], form)
}

fn token_with(port: u16, path: &str, headers: &[(&str, &str)], form: &str) -> Result<String> {
    let answer = plain_http::post(port, path, headers, form)?;
    if answer.status != 200 {
        bail!("no token: {} {}", answer.status, answer.body);
    }
    text(&json_in(&answer.body)?, "access_token")
}

/// The JSON object in a body, chunked or not.
pub(super) fn json_in(body: &str) -> Result<Value> {
    let object = body
        .find('{')
        .zip(body.rfind('}'))
        .and_then(|(from, to)| body.get(from..=to))
        .context("the answer has no JSON object")?;
    serde_json::from_str(object).context("the answer is not JSON")
}

/// A member of a JSON object that is a string.
pub(super) fn text(object: &Value, name: &str) -> Result<String> {
    let found = object.get(name).and_then(Value::as_str);
    found
        .map(str::to_owned)
        .with_context(|| format!("the answer has no {name}"))
}
