//! People.

use domain::{Email, Profile, Timestamp, User, UserId, UserStatus};
use sqlx::types::Json;
use uuid::Uuid;

use crate::columns::Word;
use crate::sql::Binds;
use crate::{Query, StoreError, Tx};

/// A person with what only sign-in and sealing need.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The person.
    pub user: User,
    /// Their password's hash in PHC form, if they have one.
    pub password_hash: Option<String>,
    /// When that password was found to be known to others; it is to be changed.
    pub password_compromised_at: Option<Timestamp>,
    /// The key their personal data is sealed under.
    pub data_key: Option<Uuid>,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("user", &self.user.id)
            .finish_non_exhaustive()
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: UserId,
    email: Email,
    email_verified: bool,
    profile: Json<Profile>,
    status: Word<UserStatus>,
    created_at: Timestamp,
    updated_at: Timestamp,
    last_login_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct AccountRow {
    #[sqlx(flatten)]
    user: Row,
    password_hash: Option<String>,
    password_compromised_at: Option<Timestamp>,
    data_key: Option<Uuid>,
}

impl From<Row> for User {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            email: row.email,
            email_verified: row.email_verified,
            profile: row.profile.0,
            status: row.status.0,
            created_at: row.created_at,
            updated_at: row.updated_at,
            last_login_at: row.last_login_at,
        }
    }
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        Self {
            user: row.user.into(),
            password_hash: row.password_hash,
            password_compromised_at: row.password_compromised_at,
            data_key: row.data_key,
        }
    }
}

pub(crate) const INSERT: &str =
    "INSERT INTO users (tenant_id, id, email, email_folded, email_verified, profile, status, password_hash,
    created_at, updated_at, last_login_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING";

pub(crate) fn values<'a>(user: &'a User, password_hash: Option<&'a str>) -> impl Binds<'a> {
    (
        user.id,
        &user.email,
        user.email.folded(),
        user.email_verified,
        Json(&user.profile),
        Word(user.status),
        password_hash,
        user.created_at,
        user.updated_at,
        user.last_login_at,
    )
}

/// Adds a person; `false` if the address (or id) is taken.
pub async fn insert(tx: &mut Tx, user: &User, password_hash: Option<&str>) -> Result<bool, StoreError> {
    let added = tx.handle().execute(INSERT, values(user, password_hash)).await?;
    Ok(added == 1)
}

/// The person with this id.
pub async fn find(q: &mut impl Query, id: UserId) -> Result<Option<Account>, StoreError> {
    let row: Option<AccountRow> = q
        .handle()
        .optional(
            "SELECT u.id, u.email, u.email_verified, u.profile, u.status, u.created_at, u.updated_at,
                u.last_login_at, u.password_hash, u.password_compromised_at, k.id AS data_key
             FROM users u LEFT JOIN data_keys k ON k.tenant_id = u.tenant_id AND k.user_id = u.id
             WHERE u.tenant_id = $1 AND u.id = $2",
            (id,),
        )
        .await?;
    Ok(row.map(Account::from))
}

/// The person with this address, given as [`Email::folded`] makes it.
pub async fn find_by_email(q: &mut impl Query, folded: &str) -> Result<Option<Account>, StoreError> {
    let row: Option<AccountRow> = q
        .handle()
        .optional(
            "SELECT u.id, u.email, u.email_verified, u.profile, u.status, u.created_at, u.updated_at,
                u.last_login_at, u.password_hash, u.password_compromised_at, k.id AS data_key
             FROM users u LEFT JOIN data_keys k ON k.tenant_id = u.tenant_id AND k.user_id = u.id
             WHERE u.tenant_id = $1 AND u.email_folded = $2",
            (folded,),
        )
        .await?;
    Ok(row.map(Account::from))
}

/// People in the order they were made, after `after`.
pub async fn list(q: &mut impl Query, after: Option<UserId>, limit: u32) -> Result<Vec<User>, StoreError> {
    let after = after.unwrap_or(UserId::from_uuid(Uuid::nil()));
    let rows: Vec<Row> = q
        .handle()
        .all(
            "SELECT id, email, email_verified, profile, status, created_at, updated_at, last_login_at FROM users
             WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
            (after, i64::from(limit)),
        )
        .await?;
    Ok(rows.into_iter().map(User::from).collect())
}

/// Sets whether a person may sign in; `false` if there is no such person.
pub async fn set_status(
    tx: &mut Tx,
    id: UserId,
    status: UserStatus,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = tx
        .handle()
        .execute(
            "UPDATE users SET status = $3, updated_at = $4 WHERE tenant_id = $1 AND id = $2",
            (id, Word(status), now),
        )
        .await?;
    Ok(changed == 1)
}

/// Notes that something of a person changed. Until the transaction ends nobody else changes them; `false` if there is no
/// such person.
pub async fn update_changed(tx: &mut Tx, id: UserId, now: Timestamp) -> Result<bool, StoreError> {
    let changed = tx
        .handle()
        .execute(
            "UPDATE users SET updated_at = $3 WHERE tenant_id = $1 AND id = $2",
            (id, now),
        )
        .await?;
    Ok(changed == 1)
}

/// Sets a person's password hash; `false` if there is no such person.
pub async fn set_password(tx: &mut Tx, id: UserId, hash: &str, now: Timestamp) -> Result<bool, StoreError> {
    let changed = tx
        .handle()
        .execute(
            "UPDATE users SET password_hash = $3, password_compromised_at = NULL, updated_at = $4
             WHERE tenant_id = $1 AND id = $2",
            (id, hash, now),
        )
        .await?;
    Ok(changed == 1)
}

/// Sets another password hash where `old` still is the present one; `false` if somebody was faster. A mark that the old
/// one is known to others goes with it.
pub async fn change_password(
    tx: &mut Tx,
    id: UserId,
    old: Option<&str>,
    new: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = tx
        .handle()
        .execute(
            "UPDATE users SET password_hash = $4, password_compromised_at = NULL, updated_at = $5
             WHERE tenant_id = $1 AND id = $2 AND COALESCE(password_hash, '') = $3",
            (id, old.unwrap_or_default(), new, now),
        )
        .await?;
    Ok(changed == 1)
}

/// Writes the same password down with today's parameters, if `old` still is the present hash. It stays the same
/// password, so nothing else changes.
pub async fn rewrite_password(tx: &mut Tx, id: UserId, old: &str, new: &str) -> Result<bool, StoreError> {
    let changed = tx
        .handle()
        .execute(
            "UPDATE users SET password_hash = $4 WHERE tenant_id = $1 AND id = $2 AND password_hash = $3",
            (id, old, new),
        )
        .await?;
    Ok(changed == 1)
}

/// Marks a person's password as known to others; `false` if there is no such person, or no password.
pub async fn mark_compromised(tx: &mut Tx, id: UserId, now: Timestamp) -> Result<bool, StoreError> {
    let changed = tx
        .handle()
        .execute(
            "UPDATE users SET password_compromised_at = $3
             WHERE tenant_id = $1 AND id = $2 AND password_hash IS NOT NULL",
            (id, now),
        )
        .await?;
    Ok(changed == 1)
}

/// Sets what is known about a person; `false` if there is no such person.
pub async fn update_profile(
    tx: &mut Tx,
    id: UserId,
    profile: &Profile,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = tx
        .handle()
        .execute(
            "UPDATE users SET profile = $3, updated_at = $4 WHERE tenant_id = $1 AND id = $2",
            (id, Json(profile), now),
        )
        .await?;
    Ok(changed == 1)
}

/// Takes a person's password away; `false` if there is no such person.
pub async fn clear_password(tx: &mut Tx, id: UserId, now: Timestamp) -> Result<bool, StoreError> {
    let changed = tx
        .handle()
        .execute(
            "UPDATE users SET password_hash = NULL, password_compromised_at = NULL, updated_at = $3 WHERE tenant_id = $1 AND id = $2",
            (id, now),
        )
        .await?;
    Ok(changed == 1)
}

/// Notes that the address is proved, as long as it is still this one; `false` otherwise.
pub async fn verify_email(
    tx: &mut Tx,
    id: UserId,
    email: &Email,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = tx
        .handle()
        .execute(
            "UPDATE users SET email_verified = $4, updated_at = $5 WHERE tenant_id = $1 AND id = $2 AND email = $3",
            (id, email, true, now),
        )
        .await?;
    Ok(changed == 1)
}

/// Gives a person another, proved address; `false` if there is no such person. Somebody else's address is an error of
/// the unique index, see [`StoreError`].
pub async fn change_email(
    tx: &mut Tx,
    id: UserId,
    email: &Email,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = tx
        .handle()
        .execute(
            "UPDATE users SET email = $3, email_folded = $4, email_verified = $5, updated_at = $6
             WHERE tenant_id = $1 AND id = $2",
            (id, email, email.folded(), true, now),
        )
        .await?;
    Ok(changed == 1)
}

/// Notes that a person signed in.
pub async fn record_login(tx: &mut Tx, id: UserId, now: Timestamp) -> Result<bool, StoreError> {
    let changed = tx
        .handle()
        .execute(
            "UPDATE users SET last_login_at = $3 WHERE tenant_id = $1 AND id = $2",
            (id, now),
        )
        .await?;
    Ok(changed == 1)
}

/// How many people the tenant has.
pub async fn count(q: &mut impl Query) -> Result<u64, StoreError> {
    let count = q
        .handle()
        .number("SELECT count(*) FROM users WHERE tenant_id = $1", ())
        .await?;
    Ok(u64::try_from(count).unwrap_or(0))
}
