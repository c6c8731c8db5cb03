//! Chains of refresh tokens: each answer's token is the next request's.

use std::time::Duration;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::connection::{Connection, request};
use crate::person::{self, Account, form};
use crate::summary::{End, Summary};

/// Where each chain stands, kept between turns.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Chains {
    /// The newest refresh token of each chain.
    pub tokens: Vec<String>,
}

/// Continues every chain over a connection of its own for `length`. Any answer that is not a new token is an error.
pub async fn rotate(account: &Account, chains: Chains, length: Duration) -> Result<(Summary, Chains)> {
    let start = Instant::now();
    let mut workers = JoinSet::new();
    for token in chains.tokens {
        let account = account.clone();
        workers.spawn(async move {
            let mut connection = Connection::open(account.port).await?;
            let mut token = token;
            let mut ends = Vec::new();
            while start.elapsed() < length {
                let form = form(&[
                    ("grant_type", "refresh_token"),
                    ("refresh_token", &token),
                    ("client_id", &account.client_id),
                    ("client_secret", &account.client_secret),
                ]);
                let begun = Instant::now();
                let asked = request(account.port, "/oauth/token", &[], Some(&form));
                token = person::refresh_token_in(&connection.exchange(&asked).await?)?;
                ends.push((End::Done, begun.elapsed()));
            }
            Ok::<_, anyhow::Error>((ends, token))
        });
    }
    let (mut ends, mut tokens) = (Vec::new(), Vec::new());
    while let Some(worker) = workers.join_next().await {
        let (own, token) = worker??;
        ends.extend(own);
        tokens.push(token);
    }
    let summary = Summary::of(&ends, start.elapsed().as_secs_f64());
    Ok((summary, Chains { tokens }))
}
