//! Tokens wait in a short form until a whole round of them can be written in the order of their keys.

use std::time::Duration;

use domain::{GrantId, Timestamp, TokenHash};
use storage::access_tokens::AccessToken;
use storage::refresh_tokens::RefreshToken;

use super::crowd::Crowd;

/// What differs between access tokens.
pub(super) struct AccessSeed {
    pub(super) hash: TokenHash,
    pub(super) grant: GrantId,
    pub(super) issued: Timestamp,
    pub(super) expires: Timestamp,
}

/// What differs between refresh tokens.
pub(super) struct RefreshSeed {
    pub(super) hash: TokenHash,
    pub(super) grant: GrantId,
    pub(super) created: Timestamp,
}

#[derive(Default)]
pub(super) struct AccessSeeds(pub(super) Vec<AccessSeed>);

#[derive(Default)]
pub(super) struct RefreshSeeds(pub(super) Vec<RefreshSeed>);

/// Rows made at once.
const ROWS: usize = 20_000;
/// As long as a refresh token may lie unused.
const REFRESH: Duration = Duration::from_hours(14 * 24);

impl AccessSeeds {
    /// All rows, sorted by their keys; afterwards there are none.
    pub(super) fn drain_sorted<'a>(
        &mut self,
        crowd: &'a Crowd,
    ) -> impl Iterator<Item = Vec<AccessToken>> + use<'a> {
        let mut seeds = std::mem::take(&mut self.0);
        seeds.sort_unstable_by_key(|seed| *seed.hash.as_bytes());
        pages(seeds, |seed| AccessToken {
            hash: seed.hash,
            jti: seed.hash.public_id(),
            grant_id: Some(seed.grant),
            client_id: crowd.plan.client.clone(),
            scopes: crowd.scopes.clone(),
            audience: crowd.audience.clone(),
            issued_at: seed.issued,
            expires_at: seed.expires,
            revoked_at: None,
        })
    }
}

impl RefreshSeeds {
    /// All rows, sorted by their keys; afterwards there are none.
    pub(super) fn drain_sorted<'a>(
        &mut self,
        crowd: &'a Crowd,
    ) -> impl Iterator<Item = Vec<RefreshToken>> + use<'a> {
        let mut seeds = std::mem::take(&mut self.0);
        seeds.sort_unstable_by_key(|seed| *seed.hash.as_bytes());
        pages(seeds, |seed| RefreshToken {
            hash: seed.hash,
            grant_id: seed.grant,
            client_id: crowd.plan.client.clone(),
            consumed_at: None,
            created_at: seed.created,
            expires_at: seed.created.plus(REFRESH),
        })
    }
}

/// The rows of `seeds`, some at a time: all of them at once would be several times the size.
fn pages<S, R>(seeds: Vec<S>, row: impl Fn(S) -> R) -> impl Iterator<Item = Vec<R>> {
    let mut rows = seeds.into_iter().map(row);
    std::iter::from_fn(move || {
        let page: Vec<_> = rows.by_ref().take(ROWS).collect();
        (!page.is_empty()).then_some(page)
    })
}
