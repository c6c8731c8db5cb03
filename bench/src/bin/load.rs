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
use serde::Deserialize;

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
}

/// Requests of one kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asking {
    port: u16,
    path: String,
    /// Forms to post in turn; none for a GET.
    #[serde(default)]
    bodies: Vec<String>,
}

impl Asking {
    fn requests(&self) -> Result<Requests> {
        let all = if self.bodies.is_empty() {
            vec![request(self.port, &self.path, &[], None)]
        } else {
            let form = |body: &String| request(self.port, &self.path, &[], Some(body));
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
            let kept: Chains = serde_json::from_str(&fs::read_to_string(&chains)?)?;
            let (summary, kept) = rotate(&account, kept, Duration::from_secs_f64(seconds)).await?;
            save(&chains, &kept)?;
            summary
        }
    };
    println!("{}", serde_json::to_string(&summary)?);
    Ok(())
}

fn save(file: &PathBuf, chains: &Chains) -> Result<()> {
    fs::write(file, serde_json::to_string(chains)?).context("cannot keep the chains")
}
