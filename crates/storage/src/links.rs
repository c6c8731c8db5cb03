//! Single-use links in mails. Only the hash of a link's secret is kept.

use domain::{LinkId, LinkPurpose, Timestamp, TokenHash, UserId};
use uuid::Uuid;

use crate::columns::Word;
use crate::sql::Binds;
use crate::{Query, StoreError, Tx};

/// A link.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// Hash of the secret in it.
    pub hash: TokenHash,
    /// What it is for.
    #[sqlx(try_from = "Word<LinkPurpose>")]
    pub purpose: LinkPurpose,
    /// Whose account it is about; nobody's yet where one is to be made.
    pub user_id: Option<UserId>,
    /// Hash of the cookie of the only browser that may use it; any if there is none.
    pub browser_hash: Option<TokenHash>,
    /// Keyed hash of the address a notice went to.
    pub address_mac: Option<Vec<u8>>,
    /// An address that is not an account's yet, sealed.
    pub sealed: Option<Vec<u8>>,
    /// The data key it is sealed under.
    pub seal_key: Option<Uuid>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What is shown to open a link.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// What it is to be used for.
    pub purpose: LinkPurpose,
    /// Hash of the secret.
    pub hash: &'a TokenHash,
    /// Hash of the browser's cookie.
    pub browser: &'a TokenHash,
    /// The present moment.
    pub now: Timestamp,
}

pub(crate) const INSERT: &str =
    "INSERT INTO links (tenant_id, id, hash, purpose, user_id, browser_hash, address_mac, sealed, seal_key,
    created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// Adds a link.
pub async fn insert(tx: &mut Tx, link: &Link) -> Result<(), StoreError> {
    tx.handle().execute(INSERT, values(link)).await.map(drop)
}

pub(crate) fn values(link: &Link) -> impl Binds<'_> {
    (
        link.id,
        link.hash,
        Word(link.purpose),
        link.user_id,
        link.browser_hash,
        &link.address_mac,
        &link.sealed,
        link.seal_key,
        link.created_at,
        link.expires_at,
    )
}

/// The link that is shown, if it is of this purpose and browser, and neither used nor expired.
pub async fn find(q: &mut impl Query, shown: Shown<'_>) -> Result<Option<Link>, StoreError> {
    q.handle()
        .optional(
            "SELECT id, hash, purpose, user_id, browser_hash, address_mac, sealed, seal_key, created_at, expires_at
             FROM links WHERE tenant_id = $1 AND hash = $2 AND purpose = $3
             AND (browser_hash IS NULL OR browser_hash = $4) AND consumed_at IS NULL AND expires_at > $5",
            (shown.hash, Word(shown.purpose), shown.browser, shown.now),
        )
        .await
}

/// Uses a link; `false` if somebody was first, or it is none for this purpose and browser any more.
pub async fn consume(tx: &mut Tx, shown: Shown<'_>) -> Result<bool, StoreError> {
    let used = tx
        .handle()
        .execute(
            "UPDATE links SET consumed_at = $5 WHERE tenant_id = $1 AND hash = $2 AND purpose = $3
             AND (browser_hash IS NULL OR browser_hash = $4) AND consumed_at IS NULL AND expires_at > $5",
            (shown.hash, Word(shown.purpose), shown.browser, shown.now),
        )
        .await?;
    Ok(used == 1)
}

/// Which links stay when the others of a person end: those by which a reader of an earlier address can still say that
/// what happened to the account was not their doing, and those that stop a recovery. Whoever took an account over cannot
/// end these.
#[derive(Clone, Copy, Debug)]
pub struct Spared<'a> {
    /// Keyed hash of the address whose links end in any case.
    pub address_mac: &'a [u8],
    /// Only links made before this moment stay.
    pub before: Option<Timestamp>,
}

impl Spared<'static> {
    /// All of the first kind, whatever address they went to.
    pub const EVERY_DENIAL: Self = Self {
        address_mac: &[],
        before: None,
    };
}

/// Ends every link of a person that is still unused, but for those that are spared; how many.
pub async fn revoke_for_user(
    tx: &mut Tx,
    user: UserId,
    spared: Spared<'_>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let before = spared.before.unwrap_or(Timestamp::from_micros(i64::MAX));
    tx.handle()
        .execute(
            "UPDATE links SET consumed_at = $3 WHERE tenant_id = $1 AND user_id = $2 AND consumed_at IS NULL
             AND (purpose <> $4 OR address_mac IS NULL OR address_mac = $5 OR created_at >= $6) AND purpose <> $7",
            (
                user,
                now,
                Word(LinkPurpose::Deny),
                spared.address_mac,
                before,
                Word(LinkPurpose::StopRecovery),
            ),
        )
        .await
}
