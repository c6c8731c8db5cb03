//! What it costs to find somebody in the crowd: the part of a sign-in that grows with the number of people, and that no
//! measurement of a whole sign-in would show beside its hash.

use domain::{Email, OpaqueToken, Slug, TokenHash, TokenKind};
use serde::Serialize;
use storage::{Db, access_tokens, tenants, users};

use super::{GrowError, Grown};

/// CPU time of one look-up, in microseconds of this process: on PostgreSQL the other half is the server's.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Lookups {
    /// A person by their address, as a sign-in begins.
    pub login_us: f64,
    /// An opaque access token by its hash.
    pub token_us: f64,
}

/// CPU time to spend on each kind, in ticks of the kernel.
const ENOUGH: u64 = 100;
/// Microseconds of a tick: Linux counts in hundredths of a second.
const MICROS_PER_TICK: u64 = 10_000;

/// Looks for everybody and everything that was told, again and again.
///
/// # Errors
/// When the database refuses, or something told is not found.
pub async fn measure(db: &Db, tenant: &Slug, grown: &Grown) -> Result<Lookups, GrowError> {
    let tenant = tenants::find_by_slug(db, tenant).await?;
    let tenant = tenant.ok_or(GrowError::Plan("the tenant is gone"))?.id;
    let addresses: Vec<String> = grown
        .logins
        .iter()
        .filter_map(|login| login.parse::<Email>().ok())
        .map(|email| email.folded())
        .collect();
    let hashes: Vec<TokenHash> = grown
        .access_tokens
        .iter()
        .filter_map(|token| OpaqueToken::parse(TokenKind::Access, token))
        .collect();
    let mut logins = Spent::new()?;
    while !addresses.is_empty() && logins.ticks()? < ENOUGH {
        for address in &addresses {
            let found = users::find_by_email(&mut db.read(tenant).await?, address).await?;
            found.ok_or(GrowError::Plan("a person is gone"))?;
            logins.count += 1;
        }
    }
    let login_us = logins.each()?;
    let mut tokens = Spent::new()?;
    while !hashes.is_empty() && tokens.ticks()? < ENOUGH {
        for hash in &hashes {
            let found = access_tokens::find(&mut db.read(tenant).await?, hash).await?;
            found.ok_or(GrowError::Plan("a token is gone"))?;
            tokens.count += 1;
        }
    }
    let token_us = tokens.each()?;
    Ok(Lookups { login_us, token_us })
}

/// CPU time since a moment, and for how many look-ups.
#[derive(Clone, Copy, Debug)]
struct Spent {
    since: u64,
    count: u64,
}

impl Spent {
    fn new() -> Result<Self, GrowError> {
        Ok(Self {
            since: ticks()?,
            count: 0,
        })
    }

    fn ticks(&self) -> Result<u64, GrowError> {
        Ok(ticks()?.saturating_sub(self.since))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "some hundred ticks and some million look-ups"
    )]
    fn each(&self) -> Result<f64, GrowError> {
        let micros = self.ticks()?.saturating_mul(MICROS_PER_TICK);
        Ok(micros as f64 / self.count.max(1) as f64)
    }
}

/// CPU time of this process, user and system: proc(5), fields 14 and 15 of `stat`.
fn ticks() -> Result<u64, GrowError> {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let fields = after_name.split(' ').skip(11).take(2);
    let times: Option<u64> = fields.map(|field| field.parse::<u64>().ok()).sum();
    times.ok_or(GrowError::Plan("the CPU time of this process cannot be read"))
}
