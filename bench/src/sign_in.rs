//! Many people at the sign-in form.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use tokio::sync::{Barrier, Mutex};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::connection::{Connection, request};
use crate::person::{Browser, form, login_form};
use crate::summary::{End, Summary};

/// Nobody waits longer than this for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A sign-in form as a browser got it, with the cookie it is bound to. Good for one sign-in, or for many failed ones.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Form {
    action: String,
    cookie: String,
    fields: Vec<(String, String)>,
}

/// What is typed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// Address.
    pub email: String,
    /// Password.
    pub password: String,
}

/// As many forms, each for a browser of its own.
pub async fn fetch(port: u16, count: usize) -> Result<Vec<Form>> {
    let mut forms = Vec::with_capacity(count);
    let mut connection = Connection::open(port).await?;
    for _ in 0..count {
        let mut browser = Browser::new(port, connection);
        let answer = browser.ask("/account", None).await?;
        let to = answer
            .headers("location")
            .next()
            .context("the account page leads nowhere")?
            .to_owned();
        let path = browser.path_of(&to)?;
        let answer = browser.ask(&path, None).await?;
        let page = String::from_utf8_lossy(&answer.body).into_owned();
        let (action, fields) = login_form(&page).with_context(|| format!("no form at {path}: {page}"))?;
        forms.push(Form {
            action: browser.path_of(&action)?,
            cookie: browser.jar(),
            fields,
        });
        connection = browser.into_connection();
    }
    Ok(forms)
}

impl Form {
    /// The request a browser sends when this is typed in.
    pub fn filled(&self, port: u16, attempt: &Attempt) -> Vec<u8> {
        let kept = self
            .fields
            .iter()
            .filter(|(name, _)| name != "email" && name != "password");
        let mut pairs: Vec<(&str, &str)> = kept
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        pairs.extend([
            ("email", attempt.email.as_str()),
            ("password", attempt.password.as_str()),
        ]);
        let origin = format!("http://localhost:{port}");
        let headers = [
            ("Accept", "text/html"),
            ("Sec-Fetch-Site", "same-origin"),
            ("Origin", origin.as_str()),
            ("Cookie", self.cookie.as_str()),
        ];
        request(port, &self.action, &headers, Some(&form(&pairs)))
    }
}

/// Sign-ins as fast as answers come, each with a form of its own, on `connections` for `length`. Anything but a sign-in
/// is an error.
pub async fn one_after_the_other(
    port: u16,
    forms: Vec<Form>,
    attempt: &Attempt,
    connections: usize,
    length: Duration,
) -> Result<Summary> {
    let forms = Arc::new(Mutex::new(forms));
    let start = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..connections {
        let (forms, attempt) = (Arc::clone(&forms), attempt.clone());
        workers.spawn(async move {
            let mut connection = Connection::open(port).await?;
            let mut ends = Vec::new();
            while start.elapsed() < length {
                let form = forms.lock().await.pop().context("no form is left")?;
                let asked = form.filled(port, &attempt);
                let begun = Instant::now();
                let answer = tokio::time::timeout(PATIENCE, connection.exchange(&asked));
                let status = answer.await.context("no answer came")??.status;
                if status != 303 {
                    bail!("a sign-in was answered with {status}");
                }
                ends.push((End::Done, begun.elapsed()));
            }
            Ok::<_, anyhow::Error>(ends)
        });
    }
    let mut ends = Vec::new();
    while let Some(worker) = workers.join_next().await {
        ends.extend(worker??);
    }
    Ok(Summary::of(&ends, start.elapsed().as_secs_f64()))
}

/// All forms at the same moment, each on a connection that was open before. A refusal that does not say when to come
/// again counts as failed.
pub async fn at_once(port: u16, forms: Vec<Form>, attempt: &Attempt) -> Result<Summary> {
    let everybody = Arc::new(Barrier::new(forms.len()));
    let mut people = JoinSet::new();
    for form in forms {
        let (asked, everybody) = (form.filled(port, attempt), Arc::clone(&everybody));
        let mut connection = Connection::open(port).await?;
        people.spawn(async move {
            everybody.wait().await;
            let begun = Instant::now();
            let answer = tokio::time::timeout(PATIENCE, connection.exchange(&asked)).await;
            let end = match answer {
                Ok(Ok(answer)) => match End::of(answer.status) {
                    End::Refused if answer.headers("retry-after").next().is_none() => End::Failed,
                    end => end,
                },
                Ok(Err(_)) | Err(_) => End::Failed,
            };
            (end, begun.elapsed())
        });
    }
    let start = Instant::now();
    let mut ends = Vec::new();
    while let Some(end) = people.join_next().await {
        ends.push(end?);
    }
    Ok(Summary::of(&ends, start.elapsed().as_secs_f64()))
}

/// The same form filled in with each attempt in turn, `samples` times, beginning with another one each time: how long
/// each answer took, in milliseconds. All have to fail.
pub async fn compare(port: u16, form: &Form, attempts: &[Attempt], samples: usize) -> Result<Vec<Vec<f64>>> {
    let asked: Vec<Vec<u8>> = attempts
        .iter()
        .map(|attempt| form.filled(port, attempt))
        .collect();
    let mut connection = Connection::open(port).await?;
    let mut took = vec![Vec::with_capacity(samples); attempts.len()];
    for sample in 0..samples {
        for step in 0..attempts.len() {
            let which = (sample + step) % attempts.len();
            let (Some(asked), Some(took)) = (asked.get(which), took.get_mut(which)) else {
                continue;
            };
            let begun = Instant::now();
            let answer = tokio::time::timeout(PATIENCE, connection.exchange(asked));
            let status = answer.await.context("no answer came")??.status;
            took.push(begun.elapsed().as_secs_f64() * 1_000.0);
            if status != 401 {
                bail!("an attempt that had to fail was answered with {status}");
            }
        }
    }
    Ok(took)
}

#[cfg(test)]
mod tests {
    use super::{Attempt, Form};

    #[test]
    fn a_form_is_sent_as_its_page_sends_it() {
        let form = Form {
            action: "/login".to_owned(),
            cookie: "flow=secret".to_owned(),
            fields: vec![
                ("csrf".to_owned(), "a&b".to_owned()),
                ("email".to_owned(), "typed before".to_owned()),
            ],
        };
        let attempt = Attempt {
            email: "a@example.com".to_owned(),
            password: "p".to_owned(),
        };
        let text = String::from_utf8(form.filled(80, &attempt)).unwrap();
        assert!(text.starts_with("POST /login HTTP/1.1\r\n"), "{text}");
        assert!(text.contains("\r\nCookie: flow=secret\r\n"), "{text}");
        assert!(
            text.ends_with("\r\n\r\ncsrf=a%26b&email=a%40example.com&password=p"),
            "{text}"
        );
    }
}
