//! `bench-load ORDER`: sends requests as the JSON text ORDER says and prints what became of them as JSON.
#![expect(clippy::print_stdout, reason = "its caller reads the result")]

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bench::connection::request;
use bench::loops::{self, Requests};
use bench::person::{Account, refresh_tokens};
use bench::refresh::{Chains, rotate};
use bench::sign_in::{self, Attempt, Form};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What to do.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum Order {
    /// As fast as answers come.
    Closed {
        asking: Asking,
        connections: usize,
        seconds: f64,
    },
    /// At a rate of its own.
    Open {
        asking: Asking,
        connections: usize,
        seconds: f64,
        rate: f64,
    },
    /// A sign-in, and refresh tokens written to `chains`.
    Grants {
        account: Account,
        count: usize,
        chains: PathBuf,
    },
    /// The chains of that file continued.
    Refresh {
        account: Account,
        chains: PathBuf,
        seconds: f64,
    },
    /// Sign-in forms written to `forms`.
    Forms { port: u16, count: usize, forms: PathBuf },
    /// Sign-ins with the forms of that file, as fast as answers come.
    SignIns {
        port: u16,
        forms: PathBuf,
        attempt: Attempt,
        connections: usize,
        seconds: f64,
    },
    /// Sign-ins with all forms of that file at the same moment.
    Flood {
        port: u16,
        forms: PathBuf,
        attempt: Attempt,
    },
    /// Attempts in turn with the first form of that file; prints how long each took.
    Compare {
        port: u16,
        forms: PathBuf,
        attempts: Vec<Attempt>,
        samples: usize,
    },
}

/// Requests of one kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asking {
    port: u16,
    path: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    /// Forms to post in turn; none for a GET.
    #[serde(default)]
    bodies: Vec<String>,
}

impl Asking {
    fn requests(&self) -> Result<Requests> {
        let headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        let all = if self.bodies.is_empty() {
            vec![request(self.port, &self.path, &headers, None)]
        } else {
            let form = |body: &String| request(self.port, &self.path, &headers, Some(body));
            self.bodies.iter().map(form).collect()
        };
        Requests::new(self.port, all)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let order = std::env::args().nth(1).context("say what to do")?;
    let order: Order = serde_json::from_str(&order).context("the order is not understood")?;
    let summary = match order {
        Order::Closed {
            asking,
            connections,
            seconds,
        } => loops::closed(&asking.requests()?, connections, Duration::from_secs_f64(seconds)).await?,
        Order::Open {
            asking,
            connections,
            seconds,
            rate,
        } => {
            let length = Duration::from_secs_f64(seconds);
            loops::open(&asking.requests()?, rate, connections, length).await?
        }
        Order::Grants {
            account,
            count,
            chains,
        } => {
            let tokens = refresh_tokens(&account, count).await?;
            return save(&chains, &Chains { tokens });
        }
        Order::Refresh {
            account,
            chains,
            seconds,
        } => {
            let (summary, kept) = rotate(&account, kept(&chains)?, Duration::from_secs_f64(seconds)).await?;
            save(&chains, &kept)?;
            summary
        }
        Order::Forms { port, count, forms } => {
            let fetched = sign_in::fetch(port, count).await?;
            return save(&forms, &fetched);
        }
        Order::SignIns {
            port,
            forms,
            attempt,
            connections,
            seconds,
        } => {
            let length = Duration::from_secs_f64(seconds);
            sign_in::one_after_the_other(port, kept(&forms)?, &attempt, connections, length).await?
        }
        Order::Flood { port, forms, attempt } => sign_in::at_once(port, kept(&forms)?, &attempt).await?,
        Order::Compare {
            port,
            forms,
            attempts,
            samples,
        } => {
            let forms: Vec<Form> = kept(&forms)?;
            let form = forms.first().context("there is no form")?;
            let took = sign_in::compare(port, form, &attempts, samples).await?;
            println!("{}", serde_json::to_string(&took)?);
            return Ok(());
        }
    };
    println!("{}", serde_json::to_string(&summary)?);
    Ok(())
}

fn save(file: &PathBuf, what: &impl Serialize) -> Result<()> {
    fs::write(file, serde_json::to_string(what)?).context("cannot keep the file between two orders")
}

fn kept<T: DeserializeOwned>(file: &PathBuf) -> Result<T> {
    let text = fs::read_to_string(file).context("there is no file from an order before")?;
    Ok(serde_json::from_str(&text)?)
}
