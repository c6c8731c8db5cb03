//! Somebody at a browser who signs in once and lets an application have refresh tokens.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::Value;
use url::form_urlencoded;

use crate::connection::{Answer, Connection, request};

/// Redirects and pages on the way to a code, at most.
const MOST_STEPS: usize = 8;

/// PKCE verifier and its challenge, from RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Who signs in to what.
#[derive(Clone, Debug, Deserialize)]
pub struct Account {
    /// Port of the server on this machine.
    pub port: u16,
    /// Address to sign in with.
    pub email: String,
    /// Password.
    pub password: String,
    /// The application, which needs no consent.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Its redirect URI.
    pub redirect_uri: String,
}

/// Signs in and returns as many refresh tokens, each of a grant of its own.
pub async fn refresh_tokens(account: &Account, count: usize) -> Result<Vec<String>> {
    let mut browser = Browser::new(account.port, Connection::open(account.port).await?);
    let mut tokens = Vec::with_capacity(count);
    for _ in 0..count {
        let code = browser.authorize(account).await?;
        tokens.push(redeem(&mut browser.connection, account, &code).await?);
    }
    Ok(tokens)
}

async fn redeem(connection: &mut Connection, account: &Account, code: &str) -> Result<String> {
    let form = form(&[
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &account.redirect_uri),
        ("code_verifier", VERIFIER),
        ("client_id", &account.client_id),
        ("client_secret", &account.client_secret),
    ]);
    let answer = connection
        .exchange(&request(account.port, "/oauth/token", &[], Some(&form)))
        .await?;
    refresh_token_in(&answer)
}

/// The refresh token of a token answer; anything but 200 is an error with the answer in it.
pub fn refresh_token_in(answer: &Answer) -> Result<String> {
    let text = String::from_utf8_lossy(&answer.body);
    if answer.status != 200 {
        bail!("the token endpoint answered {}: {text}", answer.status);
    }
    let answer: Value = serde_json::from_slice(&answer.body)?;
    let token = answer.get("refresh_token").and_then(Value::as_str);
    Ok(token.context("the answer has no refresh token")?.to_owned())
}

/// A form as it goes over the wire.
pub fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

pub(crate) struct Browser {
    port: u16,
    connection: Connection,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// A new one, without cookies.
    pub(crate) fn new(port: u16, connection: Connection) -> Self {
        Self {
            port,
            connection,
            cookies: BTreeMap::new(),
        }
    }

    /// Its connection, for another one.
    pub(crate) fn into_connection(self) -> Connection {
        self.connection
    }

    /// What it sends as `Cookie`.
    pub(crate) fn jar(&self) -> String {
        let jar: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        jar.join("; ")
    }

    async fn authorize(&mut self, account: &Account) -> Result<String> {
        let query = form(&[
            ("response_type", "code"),
            ("client_id", &account.client_id),
            ("redirect_uri", &account.redirect_uri),
            ("scope", "openid offline_access"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "bench"),
        ]);
        let mut at = format!("/oauth/authorize?{query}");
        let mut answer = self.ask(&at, None).await?;
        for _ in 0..MOST_STEPS {
            let target = answer.headers("location").next().map(str::to_owned);
            answer = match target {
                Some(target) if target.starts_with(&account.redirect_uri) => return code_in(&target),
                Some(target) => {
                    at = self.path_of(&target)?;
                    self.ask(&at, None).await?
                }
                None => {
                    let page = String::from_utf8_lossy(&answer.body).into_owned();
                    let (action, mut fields) =
                        login_form(&page).with_context(|| format!("{at} shows no sign-in form: {page}"))?;
                    fields.retain(|(name, _)| name != "email" && name != "password");
                    let mut pairs: Vec<(&str, &str)> = fields
                        .iter()
                        .map(|(name, value)| (name.as_str(), value.as_str()))
                        .collect();
                    pairs.extend([("email", account.email.as_str()), ("password", &account.password)]);
                    let action = if action.is_empty() {
                        at.clone()
                    } else {
                        self.path_of(&action)?
                    };
                    self.ask(&action, Some(&form(&pairs))).await?
                }
            };
        }
        bail!("still no code at {at}")
    }

    pub(crate) async fn ask(&mut self, path: &str, form: Option<&str>) -> Result<Answer> {
        let jar = self.jar();
        let origin = format!("http://localhost:{}", self.port);
        let mut headers = vec![("Accept", "text/html"), ("Sec-Fetch-Site", "same-origin")];
        if form.is_some() {
            headers.push(("Origin", &origin));
        }
        if !jar.is_empty() {
            headers.push(("Cookie", &jar));
        }
        let answer = self
            .connection
            .exchange(&request(self.port, path, &headers, form))
            .await?;
        let set: Vec<(String, String)> = answer
            .headers("set-cookie")
            .filter_map(|cookie| cookie.split(';').next()?.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        self.cookies.extend(set);
        self.cookies.retain(|_, value| !value.is_empty());
        Ok(answer)
    }

    /// Path and query of a URL of this server.
    pub(crate) fn path_of(&self, url: &str) -> Result<String> {
        let own = format!("http://localhost:{}", self.port);
        let path = url.strip_prefix(&own).unwrap_or(url);
        if path.starts_with('/') {
            Ok(path.to_owned())
        } else {
            bail!("sent to {url}, which is somewhere else")
        }
    }
}

fn code_in(target: &str) -> Result<String> {
    let url = url::Url::parse(target)?;
    let code = url.query_pairs().find(|(name, _)| name == "code");
    Ok(code.with_context(|| format!("refused: {target}"))?.1.into_owned())
}

/// Action and fields of the form with the id `login-form`.
pub(crate) fn login_form(page: &str) -> Option<(String, Vec<(String, String)>)> {
    let start = page
        .match_indices("<form")
        .find(|(at, _)| {
            tag_at(page, *at).is_some_and(|tag| attribute(tag, "id") == Some("login-form".to_owned()))
        })?
        .0;
    let own = page.get(start..)?.split("</form>").next()?;
    let action = attribute(tag_at(own, 0)?, "action").unwrap_or_default();
    let inputs = own.match_indices("<input").filter_map(|(at, _)| tag_at(own, at));
    let fields = inputs.filter_map(|tag| {
        let name = attribute(tag, "name")?;
        Some((name, attribute(tag, "value").unwrap_or_default()))
    });
    Some((action, fields.collect()))
}

fn tag_at(page: &str, at: usize) -> Option<&str> {
    page.get(at..)?.split('>').next()
}

/// An attribute in double quotes, with the one entity that URLs and tokens of our pages have.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let rest = tag.split_once(&format!(" {name}=\""))?.1;
    Some(
        rest.split('"')
            .next()?
            .replace("&amp;", "&")
            .replace("&#38;", "&"),
    )
}

#[cfg(test)]
mod tests {
    use super::{code_in, login_form};

    #[test]
    fn the_right_form_is_found_with_its_hidden_fields() {
        let page = r#"<form id="language"><input name="lang" value="en"></form>
            <form method="post" id="login-form" action="/login?flow=a&amp;b=c">
            <input type="hidden" name="csrf" value="abc"><input name="email" required></form>"#;
        let (action, fields) = login_form(page).unwrap();
        assert_eq!(action, "/login?flow=a&b=c");
        assert_eq!(
            fields,
            [
                ("csrf".to_owned(), "abc".to_owned()),
                ("email".to_owned(), String::new())
            ]
        );
        assert!(login_form("<p>nothing</p>").is_none());
    }

    #[test]
    fn a_code_is_taken_and_a_refusal_is_told() {
        assert_eq!(code_in("http://c.example/cb?state=s&code=x%2By").unwrap(), "x+y");
        let refused = code_in("http://c.example/cb?error=access_denied").unwrap_err();
        assert!(refused.to_string().contains("access_denied"));
    }
}
