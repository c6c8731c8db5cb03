//! A browser for tests: keeps cookies, follows redirects inside the issuer, fills in forms as they are on the page.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use axum::http::{Method, Request};
use http_face::listener::Peer;

use crate::app::{Answer, CALLBACK, ISSUER, PASSWORD, TestApp, encode};

/// The PKCE verifier of the usual request, and its challenge (RFC 7636 appendix B).
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// Its challenge.
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// One browser.
#[derive(Debug, Clone)]
pub struct Browser<'a> {
    app: &'a TestApp,
    /// The cookie jar.
    pub cookies: BTreeMap<String, String>,
    /// Every `Set-Cookie` header so far, as it came.
    pub set_cookies: Vec<String>,
    /// Headers sent with every request.
    pub headers: Vec<(&'static str, String)>,
    /// Where it is; the usual place if it says nothing.
    pub address: Option<IpAddr>,
}

#[expect(clippy::expect_used, reason = "only called by tests")]
impl<'a> Browser<'a> {
    pub(crate) fn new(app: &'a TestApp) -> Self {
        Self {
            app,
            cookies: BTreeMap::new(),
            set_cookies: Vec::new(),
            headers: Vec::new(),
            address: None,
        }
    }

    /// GET, one answer, redirects not followed.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.request(Method::GET, path, None, &[]).await
    }

    /// POST of a form as a page of our own would send it.
    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let from_us = [("sec-fetch-site", "same-origin"), ("origin", "null")];
        self.request(Method::POST, path, Some(&encode(form)), &from_us)
            .await
    }

    /// POST of a form with these headers in place of those of our own page.
    pub async fn post_as(&mut self, path: &str, form: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        self.request(Method::POST, path, Some(&encode(form)), headers)
            .await
    }

    async fn request(
        &mut self,
        method: Method,
        path: &str,
        form: Option<&str>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let path = path.strip_prefix(ISSUER).unwrap_or(path);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "id.example.com")
            .header("accept", "text/html");
        if !self.cookies.is_empty() {
            let jar: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header("cookie", jar.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(address) = self.address {
            request = request.extension(Peer(SocketAddr::new(address, 40_000)));
        }
        let body = match form {
            Some(form) => {
                request = request.header("content-type", "application/x-www-form-urlencoded");
                Body::from(form.to_owned())
            }
            None => Body::empty(),
        };
        let answer = self.app.send(request.body(body).expect("a request")).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let text = cookie.to_str().expect("a readable cookie");
            self.set_cookies.push(text.to_owned());
            let (name, rest) = text.split_once('=').expect("a cookie with a value");
            let value = rest.split(';').next().unwrap_or_default();
            if text.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Follows redirects as long as they lead to the issuer; the answer that does not, or the page.
    pub async fn follow(&mut self, mut answer: Answer) -> Answer {
        for _ in 0..10 {
            let to = answer.header("location").to_owned();
            let inside = to.starts_with('/') || to.starts_with(&format!("{ISSUER}/"));
            if answer.status != 303 || !inside {
                return answer;
            }
            answer = self.get(&to).await;
        }
        answer
    }

    /// GET and follow.
    pub async fn open(&mut self, path: &str) -> Answer {
        let answer = self.get(path).await;
        self.follow(answer).await
    }

    /// Fills in the form with this id on a page and sends it: hidden fields as they are, `fields` on top.
    pub async fn submit(&mut self, page: &Answer, form_id: &str, fields: &[(&str, &str)]) -> Answer {
        let form = PageForm::find(&page.text(), form_id);
        let mut all: Vec<(&str, &str)> = form
            .hidden
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        all.retain(|(name, _)| !fields.iter().any(|(n, _)| n == name));
        all.extend(fields);
        let sent = self.post(&form.action, &all).await;
        self.follow(sent).await
    }

    /// Signs in on the page shown.
    pub async fn sign_in(&mut self, page: &Answer, email: &str) -> Answer {
        self.submit(page, "login-form", &[("email", email), ("password", PASSWORD)])
            .await
    }

    /// The usual request of `web` from the first page to the redirect back: signs in and accepts where asked.
    pub async fn authorize(&mut self, email: &str, extra: &[(&str, &str)]) -> Answer {
        self.walk(&authorize_path(extra), email).await
    }

    /// The same from any page: signs in and accepts where asked.
    pub async fn walk(&mut self, path: &str, email: &str) -> Answer {
        let mut answer = self.open(path).await;
        if answer.text().contains("id=\"login-form\"") {
            answer = self.sign_in(&answer, email).await;
        }
        self.accept(answer).await
    }

    /// Accepts if a page asks for consent.
    pub async fn accept(&mut self, page: Answer) -> Answer {
        if !page.text().contains("id=\"consent-form\"") {
            return page;
        }
        self.submit(&page, "consent-form", &[("accept", "1")]).await
    }

    /// The code of [`Self::authorize`].
    pub async fn code(&mut self, email: &str, extra: &[(&str, &str)]) -> String {
        let answer = self.authorize(email, extra).await;
        let code = query_value(answer.header("location"), "code");
        code.unwrap_or_else(|| format!("no code: {} {}", answer.status, answer.header("location")))
    }

    /// The token response of the usual request of `web`.
    pub async fn tokens(&mut self, email: &str, scope: &str) -> Answer {
        let code = self.code(email, &[("scope", scope)]).await;
        self.app.redeem("web", &code).await
    }
}

impl TestApp {
    /// Redeems a code of the usual request.
    pub async fn redeem(&self, client: &str, code: &str) -> Answer {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.token(client, &form).await
    }
}

/// The path of the usual authorization request of `web`, with parameters replaced or added; an empty value removes.
pub fn authorize_path(extra: &[(&str, &str)]) -> String {
    let usual = [
        ("client_id", "web"),
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid"),
        ("state", "st"),
        ("nonce", "no"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let mut all: Vec<(&str, &str)> = usual
        .into_iter()
        .filter(|(name, _)| !extra.iter().any(|(n, _)| n == name))
        .collect();
    all.extend(extra.iter().filter(|(_, value)| !value.is_empty()));
    format!("/oauth/authorize?{}", encode(&all))
}

/// A parameter of a URL's query or fragment, percent-decoded.
pub fn query_value(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once(['?', '#'])?;
    let params = protocol::Params::parse_query(query).ok()?;
    params.get(name).map(str::to_owned)
}

/// A form as it stands on a page.
#[derive(Debug, Default)]
pub struct PageForm {
    /// Where it goes.
    pub action: String,
    /// Its hidden fields.
    pub hidden: Vec<(String, String)>,
}

impl PageForm {
    /// The form with this id; empty if the page has none.
    pub fn find(page: &str, id: &str) -> Self {
        let named = |form: &&str| {
            form.split('>')
                .next()
                .is_some_and(|tag| attribute(tag, "id").as_deref() == Some(id))
        };
        let Some(rest) = page.split("<form").skip(1).find(named) else {
            return Self::default();
        };
        let inside = rest.split("</form>").next().unwrap_or_default();
        let tag = inside.split('>').next().unwrap_or_default();
        let hidden = inside
            .split("<input")
            .skip(1)
            .filter_map(|input| input.split('>').next())
            .filter(|input| attribute(input, "type").as_deref() == Some("hidden"))
            .filter_map(|input| {
                Some((
                    attribute(input, "name")?,
                    attribute(input, "value").unwrap_or_default(),
                ))
            })
            .collect();
        Self {
            action: attribute(tag, "action").unwrap_or_default(),
            hidden,
        }
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let value = rest.split('"').next()?;
    Some(
        value
            .replace("&#38;", "&")
            .replace("&amp;", "&")
            .replace("&#34;", "\"")
            .replace("&#60;", "<")
            .replace("&#62;", ">")
            .replace("&#39;", "'"),
    )
}
