//! Refresh tokens: each is used once and replaced (RFC 9700 section 4.14.2).

use std::collections::HashSet;
use std::sync::LazyLock;

use domain::{ClientId, Email, GrantId, Profile, Timestamp, TokenHash, User, UserStatus};
use sqlx::Arguments as _;
use sqlx::error::BoxDynError;
#[cfg(feature = "bulk")]
use sqlx::postgres::PgArgumentBuffer;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::types::Json;

use crate::append::Rotation;
use crate::columns::Word;
use crate::grants::Grant;
use crate::sql::{Binds, Insert};
use crate::{Query, StoreError, Tx};

/// A refresh token. A used one is kept until it expires, so that its reuse is recognized.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct RefreshToken {
    /// Hash of the token.
    pub hash: TokenHash,
    /// The grant it belongs to.
    pub grant_id: GrantId,
    /// The client it was issued to.
    pub client_id: ClientId,
    /// When it was used.
    pub consumed_at: Option<Timestamp>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

pub(crate) const INSERT: &str =
    "INSERT INTO refresh_tokens (tenant_id, hash, grant_id, client_id, consumed_at, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
static INSERTS: LazyLock<Insert> = LazyLock::new(|| Insert::of(INSERT));

pub(crate) fn values(token: &RefreshToken) -> impl Binds<'_> {
    (
        token.hash,
        token.grant_id,
        &token.client_id,
        token.consumed_at,
        token.created_at,
        token.expires_at,
    )
}

/// Adds a refresh token.
pub async fn insert(tx: &mut Tx, token: &RefreshToken) -> Result<(), StoreError> {
    insert_all(tx, &[token]).await
}

/// Adds several, in few statements.
pub(crate) async fn insert_all(tx: &mut Tx, tokens: &[&RefreshToken]) -> Result<(), StoreError> {
    INSERTS.all(tx, tokens, values).await
}

/// The refresh token with this hash, used or not, expired or not.
pub async fn find(q: &mut impl Query, hash: &TokenHash) -> Result<Option<RefreshToken>, StoreError> {
    q.handle()
        .optional(
            "SELECT hash, grant_id, client_id, consumed_at, created_at, expires_at FROM refresh_tokens
             WHERE tenant_id = $1 AND hash = $2",
            (hash,),
        )
        .await
}

/// A refresh token, the grant it belongs to, and the person who gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// The token.
    pub token: RefreshToken,
    /// Its grant.
    pub grant: Grant,
    /// Whose grant.
    pub user: User,
}

#[derive(sqlx::FromRow)]
struct FamilyRow {
    hash: TokenHash,
    held_by: ClientId,
    consumed_at: Option<Timestamp>,
    issued_at: Timestamp,
    expires_at: Timestamp,
    #[sqlx(flatten)]
    grant: Grant,
    email: Email,
    email_verified: bool,
    profile: Json<Profile>,
    status: Word<UserStatus>,
    joined_at: Timestamp,
    updated_at: Timestamp,
    last_login_at: Option<Timestamp>,
}

impl From<FamilyRow> for Family {
    fn from(row: FamilyRow) -> Self {
        Self {
            token: RefreshToken {
                hash: row.hash,
                grant_id: row.grant.id,
                client_id: row.held_by,
                consumed_at: row.consumed_at,
                created_at: row.issued_at,
                expires_at: row.expires_at,
            },
            user: User {
                id: row.grant.user_id,
                email: row.email,
                email_verified: row.email_verified,
                profile: row.profile.0,
                status: row.status.0,
                created_at: row.joined_at,
                updated_at: row.updated_at,
                last_login_at: row.last_login_at,
            },
            grant: row.grant,
        }
    }
}

/// The refresh token with this hash, used or not, expired or not, with all that decides about it, in one look.
pub async fn find_family(q: &mut impl Query, hash: &TokenHash) -> Result<Option<Family>, StoreError> {
    let row: Option<FamilyRow> = q
        .handle()
        .optional(
            "SELECT r.hash, r.client_id AS held_by, r.consumed_at, r.created_at AS issued_at, r.expires_at,
                g.id, g.client_id, g.user_id, g.session_id, g.scopes, g.resources, g.offline, g.acr, g.amr,
                g.auth_time, g.claims, g.created_at, g.revoked_at,
                u.email, u.email_verified, u.profile, u.status, u.created_at AS joined_at, u.updated_at,
                u.last_login_at
             FROM refresh_tokens r
             JOIN grants g ON g.tenant_id = r.tenant_id AND g.id = r.grant_id
             JOIN users u ON u.tenant_id = g.tenant_id AND u.id = g.user_id
             WHERE r.tenant_id = $1 AND r.hash = $2",
            (hash,),
        )
        .await?;
    Ok(row.map(Family::from))
}

/// Uses refresh tokens; gives those that were neither used nor expired. One write decides, so one caller wins.
const CONSUME: &str =
    "UPDATE refresh_tokens SET consumed_at = $2 WHERE tenant_id = $1 AND hash IN ($3) AND consumed_at IS NULL
    AND expires_at > $2 RETURNING hash";

/// The same for more tokens, and as the first statement of a transaction on SQLite.
struct Consumes {
    texts: [String; 7],
    first: [String; 7],
}

static CONSUMES: LazyLock<Consumes> = LazyLock::new(|| {
    let texts = [1, 2, 4, 8, 16, 32, Consume::MOST].map(|many: usize| {
        let hashes: Vec<String> = (0..many).map(|number| format!("${}", number + 3)).collect();
        CONSUME.replace("$3", &hashes.join(", "))
    });
    Consumes {
        first: texts.each_ref().map(|text| format!("BEGIN IMMEDIATE; {text}")),
        texts,
    }
});

/// The use of several refresh tokens at once, and its values.
pub(crate) struct Consume {
    now: Timestamp,
    /// As many as one of the texts takes: the last stands there several times.
    hashes: Vec<TokenHash>,
}

impl Consume {
    /// How many fit into one statement.
    pub(crate) const MOST: usize = 64;

    /// Of these, at most [`Consume::MOST`], at the latest of their moments.
    pub(crate) fn of<'a>(rotations: impl Iterator<Item = &'a Rotation> + Clone) -> Self {
        let now = rotations.clone().map(|rotation| rotation.at).max();
        let mut hashes: Vec<TokenHash> = rotations.map(|rotation| rotation.used).collect();
        if let Some(last) = hashes.last().copied() {
            hashes.resize(hashes.len().next_power_of_two(), last);
        }
        Self {
            now: now.unwrap_or_default(),
            hashes,
        }
    }

    fn nth<'a>(&self, texts: &'a [String]) -> &'a str {
        let nth = usize::try_from(self.hashes.len().trailing_zeros()).unwrap_or_default();
        texts.get(nth).map_or(CONSUME, String::as_str)
    }

    /// Its statement.
    pub(crate) fn text(&self) -> &'static str {
        let consumes: &'static Consumes = &CONSUMES;
        self.nth(&consumes.texts)
    }

    /// Its statement, as the first of a transaction.
    pub(crate) fn first(&self) -> &'static str {
        let consumes: &'static Consumes = &CONSUMES;
        self.nth(&consumes.first)
    }
}

impl Binds<'_> for Consume {
    fn postgres(self, to: &mut PgArguments) -> Result<(), BoxDynError> {
        to.add(self.now)?;
        self.hashes.into_iter().try_for_each(|hash| to.add(hash))
    }

    fn sqlite(self, to: &mut SqliteArguments) -> Result<(), BoxDynError> {
        to.add(self.now)?;
        self.hashes.into_iter().try_for_each(|hash| to.add(hash))
    }

    #[cfg(feature = "bulk")]
    fn copy(self, to: &mut PgArgumentBuffer) -> Result<(), BoxDynError> {
        crate::bulk::field(to, self.now)?;
        self.hashes
            .into_iter()
            .try_for_each(|hash| crate::bulk::field(to, hash))
    }
}

/// Uses several refresh tokens of a batch; those that were neither used nor expired.
pub(crate) async fn consume_all(
    tx: &mut Tx,
    rotations: &[&Rotation],
) -> Result<HashSet<TokenHash>, StoreError> {
    let mut used = HashSet::new();
    for some in rotations.chunks(Consume::MOST) {
        let consume = Consume::of(some.iter().copied());
        let found: Vec<(TokenHash,)> = tx.handle().all(consume.text(), consume).await?;
        used.extend(found.into_iter().map(|(hash,)| hash));
    }
    Ok(used)
}

/// Uses a refresh token; `false` if it was used or has expired. One write decides, so one caller wins.
pub async fn consume(tx: &mut Tx, hash: &TokenHash, now: Timestamp) -> Result<bool, StoreError> {
    let consume = Consume {
        now,
        hashes: vec![*hash],
    };
    let found: Vec<(TokenHash,)> = tx.handle().all(consume.text(), consume).await?;
    Ok(!found.is_empty())
}
