//! Fills an existing, migrated database with a crowd, see [`testkit::grow`]. Called by `cargo xtask grow`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command talks to the person who typed it"
)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{ClientId, Secret, Slug, World};
use engine::{App, AppOptions, PasswordPolicy};
use storage::{Db, DbOptions};
use testkit::grow::{Grown, Plan, fill, lookups};

const HELP: &str = "\
grow --url URL --kek FILE --public-url URL --users N --tokens N --out FILE
     [--owner-url URL] [--tenant SLUG] [--client ID] [--seed N] [--told N]

Fills a migrated database that nobody uses; writes some of its credentials to FILE.
--owner-url is needed on PostgreSQL: the role that owns the tables.";

type Failure = Box<dyn std::error::Error>;

struct Order {
    url: Secret<String>,
    owner_url: Secret<String>,
    kek: PathBuf,
    public_url: String,
    out: PathBuf,
    plan: Plan,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let order = match order(&words) {
        Ok(order) => order,
        Err(why) => {
            eprintln!("{why}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match run(order).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("grow: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn run(order: Order) -> Result<(), Failure> {
    let bytes = STANDARD.decode(std::fs::read_to_string(&order.kek)?.trim())?;
    let kek: [u8; 32] = bytes
        .try_into()
        .map_err(|_| "a key-encryption key has 32 bytes")?;
    let db = Db::open(&DbOptions::at(order.url.expose().clone())).await?;
    let options = AppOptions {
        password_filter: None,
        public_url: order.public_url,
        kek: Secret::new(kek),
        passwords: PasswordPolicy::default(),
        limits: engine::LimitOptions::default(),
    };
    let app = Arc::new(App::new(db, World::system(), options).await?);
    let start = tokio::time::Instant::now();
    let mut grown = fill(app, &order.owner_url, &order.plan).await?;
    println!("filled in {:.1} s", start.elapsed().as_secs_f64());
    let db = Db::open(&DbOptions::at(order.url.expose().clone())).await?;
    let found = lookups::measure(&db, &order.plan.tenant, &grown).await?;
    db.close().await;
    println!(
        "finding a person by address takes {:.1} us of CPU here, a token {:.1} us",
        found.login_us, found.token_us
    );
    grown.lookups = Some(found);
    tell(&grown);
    std::fs::write(&order.out, serde_json::to_string_pretty(&grown)?)?;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a rounded figure for a person to read")]
fn tell(grown: &Grown) {
    println!("table               rows   MB rows  MB indexes  bytes/row");
    for table in &grown.tables {
        let (rows, index) = (table.table_bytes as f64, table.index_bytes as f64);
        println!(
            "{:<15} {:>9} {:>9.1} {:>11.1} {:>10.0}",
            table.name,
            table.rows,
            rows / 1e6,
            index / 1e6,
            (rows + index) / table.rows.max(1) as f64
        );
    }
}

fn order(words: &[String]) -> Result<Order, String> {
    let mut pairs = std::collections::BTreeMap::new();
    let (chunks, rest) = words.as_chunks::<2>();
    for [name, value] in chunks {
        let name = name.strip_prefix("--").ok_or(format!("{name}?"))?;
        pairs.insert(name, value.as_str());
    }
    if !rest.is_empty() {
        return Err("every option has a value".to_owned());
    }
    let mut take = |name: &str| pairs.remove(name).map(str::to_owned);
    let url = take("url").ok_or("--url is missing")?;
    let owner_url = take("owner-url").unwrap_or_else(|| url.clone());
    let order = Order {
        url: Secret::new(url),
        owner_url: Secret::new(owner_url),
        kek: take("kek").ok_or("--kek is missing")?.into(),
        public_url: take("public-url").ok_or("--public-url is missing")?,
        out: take("out").ok_or("--out is missing")?.into(),
        plan: Plan {
            users: number(take("users"), None)?,
            tokens: number(take("tokens"), None)?,
            seed: number(take("seed"), Some(1))?,
            told: number(take("told"), Some(5_000))?,
            tenant: match take("tenant") {
                None => Slug::default_tenant(),
                Some(slug) => slug.parse().map_err(|why| format!("--tenant: {why}"))?,
            },
            client: take("client")
                .unwrap_or_else(|| "demo-web".to_owned())
                .parse::<ClientId>()
                .map_err(|why| format!("--client: {why}"))?,
        },
    };
    match pairs.keys().next() {
        None => Ok(order),
        Some(name) => Err(format!("--{name} is unknown")),
    }
}

fn number(text: Option<String>, usual: Option<u64>) -> Result<u64, String> {
    match (text, usual) {
        (Some(text), _) => text
            .replace('_', "")
            .parse()
            .map_err(|_| format!("{text} is no number")),
        (None, Some(usual)) => Ok(usual),
        (None, None) => Err("--users and --tokens are needed".to_owned()),
    }
}
