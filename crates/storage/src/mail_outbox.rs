//! Mails to be sent: added in the commit they tell of, claimed by one of the nodes at a time, kept sealed until they
//! are sent.

use domain::{MailId, Timestamp, UserId};
use uuid::Uuid;

use crate::links::{self, Link};
use crate::sql::Binds;
use crate::{Query, StoreError, Tx};

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Mail {
    /// Its id, and its Message-ID.
    pub id: MailId,
    /// Which text.
    pub template: String,
    /// Language tag of the text.
    pub language: String,
    /// Whom it goes to, if that is a person here.
    pub user_id: Option<UserId>,
    /// Address and values, sealed.
    pub sealed: Vec<u8>,
    /// The data key they are sealed under.
    pub seal_key: Uuid,
    /// How often it was tried.
    pub attempts: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// Not to be tried before.
    pub due_at: Timestamp,
    /// When the row is removed, whatever became of it.
    pub expires_at: Timestamp,
}

/// A mail and the link in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The mail.
    pub mail: Mail,
    /// The link it holds.
    pub link: Option<Link>,
}

pub(crate) const INSERT: &str =
    "INSERT INTO mail_outbox (tenant_id, id, template, language, user_id, sealed, seal_key, attempts, created_at,
    due_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// Adds a mail with its link; callers outside this crate give it to an event's row.
pub(crate) async fn insert(tx: &mut Tx, posted: &Posted) -> Result<(), StoreError> {
    tx.handle().execute(INSERT, values(&posted.mail)).await?;
    match &posted.link {
        Some(link) => links::insert(tx, link).await,
        None => Ok(()),
    }
}

pub(crate) fn values(mail: &Mail) -> impl Binds<'_> {
    (
        mail.id,
        &mail.template,
        &mail.language,
        mail.user_id,
        &mail.sealed,
        mail.seal_key,
        mail.attempts,
        mail.created_at,
        mail.due_at,
        mail.expires_at,
    )
}

/// Takes up to `limit` mails that are due: until `until` they are the caller's, who is the only one to get them.
pub async fn claim(
    tx: &mut Tx,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<Mail>, StoreError> {
    tx.handle()
        .all(
            "UPDATE mail_outbox SET due_at = $3, attempts = attempts + 1
             WHERE tenant_id = $1 AND ended_at IS NULL AND due_at <= $2 AND id IN (
                SELECT id FROM mail_outbox WHERE tenant_id = $1 AND ended_at IS NULL AND due_at <= $2
                ORDER BY due_at LIMIT $4)
             RETURNING id, template, language, user_id, sealed, seal_key, attempts, created_at, due_at, expires_at",
            (now, until, i64::from(limit)),
        )
        .await
}

/// Gives a claimed mail its text, now that it is known who gets it; `false` if the claim is somebody else's by now.
pub async fn update_text(tx: &mut Tx, mail: &Mail) -> Result<bool, StoreError> {
    let changed = tx
        .handle()
        .execute(
            "UPDATE mail_outbox SET template = $4, language = $5, user_id = $6, sealed = $7, seal_key = $8, due_at = $9
             WHERE tenant_id = $1 AND id = $2 AND attempts = $3 AND ended_at IS NULL",
            (
                mail.id,
                mail.attempts,
                &mail.template,
                &mail.language,
                mail.user_id,
                &mail.sealed,
                mail.seal_key,
                mail.due_at,
            ),
        )
        .await?;
    Ok(changed == 1)
}

/// Ends a claimed mail, and forgets what it said; `sent_at` is empty if it was never sent. `false` if the claim is
/// somebody else's by now.
pub async fn end(
    tx: &mut Tx,
    mail: &Mail,
    sent_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let ended = tx
        .handle()
        .execute(
            "UPDATE mail_outbox SET sent_at = $4, ended_at = $5, sealed = $6
             WHERE tenant_id = $1 AND id = $2 AND attempts = $3 AND ended_at IS NULL",
            (mail.id, mail.attempts, sent_at, now, &[] as &[u8]),
        )
        .await?;
    Ok(ended == 1)
}

/// Lets a claimed mail be tried again at `due`.
pub async fn release(tx: &mut Tx, mail: &Mail, due: Timestamp) -> Result<bool, StoreError> {
    let released = tx
        .handle()
        .execute(
            "UPDATE mail_outbox SET due_at = $4
             WHERE tenant_id = $1 AND id = $2 AND attempts = $3 AND ended_at IS NULL",
            (mail.id, mail.attempts, due),
        )
        .await?;
    Ok(released == 1)
}

/// How many mails wait, counted up to `limit`.
pub async fn count_waiting(q: &mut impl Query, limit: u32) -> Result<u64, StoreError> {
    let count = q
        .handle()
        .number(
            "SELECT count(*) FROM (SELECT tenant_id FROM mail_outbox
                WHERE tenant_id = $1 AND ended_at IS NULL AND due_at > $2 LIMIT $3) AS waiting",
            (0_i64, i64::from(limit)),
        )
        .await?;
    Ok(u64::try_from(count).unwrap_or(0))
}
