//! What many opaque access tokens say alike: to whom they were issued, what they open, and where. Kept once, because it is
//! most of what a token says. Kinds stay: there are as many as clients ask for in different words.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use domain::TokenHash;
use sqlx::types::Json;
use uuid::Uuid;

use crate::access_tokens::AccessToken;
use crate::sql::{Binds, Insert};
use crate::{StoreError, Tx};

/// Adds a kind, unless it is there.
pub(crate) const INSERT: &str =
    "INSERT INTO access_token_kinds (tenant_id, id, client_id, scopes, audience) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING";
static INSERTS: LazyLock<Insert> = LazyLock::new(|| Insert::of(INSERT));

/// The id of the token's kind: half of a hash of what it says. No two kinds are ever found that share one, so what is
/// there already says the same.
pub(crate) fn id_of(token: &AccessToken) -> Uuid {
    // None of the parts can contain a NUL, and only the last is a list.
    let mut said = format!("{}\0{}", token.client_id, token.scopes);
    for audience in &token.audience {
        said.push('\0');
        said.push_str(audience);
    }
    let hash = TokenHash::of(&said);
    let half = hash.as_bytes().first_chunk::<16>();
    Uuid::from_bytes(half.copied().unwrap_or_default())
}

pub(crate) fn values(token: &AccessToken) -> impl Binds<'_> {
    (
        id_of(token),
        &token.client_id,
        &token.scopes,
        Json(&token.audience),
    )
}

/// One token for each kind, in one order: who adds the same ones at the same moment does not wait in a circle.
pub(crate) fn distinct<'a>(
    tokens: impl IntoIterator<Item = &'a AccessToken>,
) -> BTreeMap<Uuid, &'a AccessToken> {
    tokens.into_iter().map(|token| (id_of(token), token)).collect()
}

/// Adds the kinds of these tokens that are not there yet.
pub(crate) async fn insert_all(tx: &mut Tx, tokens: &[&AccessToken]) -> Result<(), StoreError> {
    let kinds: Vec<&AccessToken> = distinct(tokens.iter().copied()).into_values().collect();
    INSERTS.all(tx, &kinds, values).await
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::{Timestamp, TokenHash};

    use super::{AccessToken, distinct, id_of};

    fn token(client: &str, scopes: &str, audience: &[&str]) -> AccessToken {
        let hash = TokenHash::of(client);
        AccessToken {
            hash,
            jti: hash.public_id(),
            grant_id: None,
            client_id: client.parse().unwrap(),
            scopes: scopes.parse().unwrap(),
            audience: audience.iter().map(|&one| one.to_owned()).collect(),
            issued_at: Timestamp::default(),
            expires_at: Timestamp::default(),
            revoked_at: None,
        }
    }

    #[test]
    fn kinds_differ_by_each_part_and_by_nothing_else() {
        let kinds = [
            token("shop", "a b", &["x", "y"]),
            token("stop", "a b", &["x", "y"]),
            token("shop", "a c", &["x", "y"]),
            token("shop", "a", &["b", "x", "y"]),
            token("shop", "a b", &["y", "x"]),
            token("shop", "a b", &["xy"]),
            token("shop", "a b", &[]),
        ];
        let ids: BTreeSet<_> = kinds.iter().map(id_of).collect();
        assert_eq!(ids.len(), kinds.len());
        let later = AccessToken {
            hash: TokenHash::of("another"),
            expires_at: Timestamp::from_micros(5),
            ..token("shop", "a b", &["x", "y"])
        };
        assert_eq!(id_of(&later), id_of(&kinds[0]));
        assert_eq!(distinct(kinds.iter().chain([&later])).len(), kinds.len());
    }
}
