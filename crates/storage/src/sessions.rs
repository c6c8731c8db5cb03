//! Signed-in browsers.

use domain::{Acr, Amr, Browser, Device, Session, SessionId, System, Timestamp, TokenHash, UserId};
use sqlx::types::Json;
use uuid::Uuid;

use crate::columns::Word;
use crate::sql::Binds;
use crate::{Query, StoreError, Tx};

#[derive(sqlx::FromRow)]
struct Row {
    id: SessionId,
    user_id: UserId,
    acr: Word<Acr>,
    amr: Json<Vec<Amr>>,
    auth_time: Timestamp,
    agent_family: Option<Word<Browser>>,
    agent_system: Option<Word<System>>,
    created_at: Timestamp,
    last_seen_at: Timestamp,
    idle_expires_at: Timestamp,
    absolute_expires_at: Timestamp,
    ended_at: Option<Timestamp>,
}

impl From<Row> for Session {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            acr: row.acr.0,
            amr: row.amr.0,
            auth_time: row.auth_time,
            device: row
                .agent_family
                .zip(row.agent_system)
                .map(|(browser, system)| Device {
                    browser: browser.0,
                    system: system.0,
                }),
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            idle_expires_at: row.idle_expires_at,
            absolute_expires_at: row.absolute_expires_at,
            ended_at: row.ended_at,
        }
    }
}

/// Address and user agent of a sign-in, sealed under the person's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The data key.
    pub key: Uuid,
    /// What it sealed.
    pub bytes: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct Listed {
    #[sqlx(flatten)]
    session: Row,
    sealed: Option<Vec<u8>>,
    seal_key: Option<Uuid>,
}

impl Listed {
    fn parts(self) -> (Session, Option<Sealed>) {
        let sealed = self.seal_key.zip(self.sealed);
        (
            self.session.into(),
            sealed.map(|(key, bytes)| Sealed { key, bytes }),
        )
    }
}

pub(crate) const INSERT: &str =
    "INSERT INTO sessions (tenant_id, id, token_hash, user_id, acr, amr, auth_time, created_at, last_seen_at,
    idle_expires_at, absolute_expires_at, ended_at, agent_family, agent_system, sealed, seal_key)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";

pub(crate) fn values<'a>(
    session: &'a Session,
    token: &'a TokenHash,
    sealed: Option<&'a Sealed>,
) -> impl Binds<'a> {
    (
        session.id,
        token,
        session.user_id,
        Word(session.acr),
        Json(&session.amr),
        session.auth_time,
        session.created_at,
        session.last_seen_at,
        session.idle_expires_at,
        session.absolute_expires_at,
        session.ended_at,
        session.device.map(|device| Word(device.browser)),
        session.device.map(|device| Word(device.system)),
        sealed.map(|sealed| sealed.bytes.as_slice()),
        sealed.map(|sealed| sealed.key),
    )
}

/// Adds a session under the hash of its cookie.
pub async fn insert(
    tx: &mut Tx,
    session: &Session,
    token: &TokenHash,
    sealed: Option<&Sealed>,
) -> Result<(), StoreError> {
    tx.handle()
        .execute(INSERT, values(session, token, sealed))
        .await
        .map(drop)
}

/// The session of this cookie, live or not.
pub async fn find_by_token(q: &mut impl Query, token: &TokenHash) -> Result<Option<Session>, StoreError> {
    let row: Option<Row> = q
        .handle()
        .optional(
            "SELECT id, user_id, acr, amr, auth_time, agent_family, agent_system, created_at, last_seen_at,
                idle_expires_at, absolute_expires_at, ended_at
             FROM sessions WHERE tenant_id = $1 AND token_hash = $2",
            (token,),
        )
        .await?;
    Ok(row.map(Session::from))
}

/// The session with this id, live or not.
pub async fn find(q: &mut impl Query, id: SessionId) -> Result<Option<Session>, StoreError> {
    let row: Option<Row> = q
        .handle()
        .optional(
            "SELECT id, user_id, acr, amr, auth_time, agent_family, agent_system, created_at, last_seen_at,
                idle_expires_at, absolute_expires_at, ended_at
             FROM sessions WHERE tenant_id = $1 AND id = $2",
            (id,),
        )
        .await?;
    Ok(row.map(Session::from))
}

/// Notes that a session was used; `false` if it has ended, or a later use is noted already.
pub async fn touch(
    tx: &mut Tx,
    id: SessionId,
    last_seen: Timestamp,
    idle_expires: Timestamp,
) -> Result<bool, StoreError> {
    let changed = tx
        .handle()
        .execute(
            "UPDATE sessions SET last_seen_at = $3, idle_expires_at = $4
             WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL AND last_seen_at <= $3",
            (id, last_seen, idle_expires),
        )
        .await?;
    Ok(changed == 1)
}

/// Gives a session that its person proved again a new cookie and new limits; the old cookie is dead (SE2). `false` if
/// the session has ended or is another person's. What it is shown with is that of the last proof.
pub async fn renew(
    tx: &mut Tx,
    session: &Session,
    token: &TokenHash,
    sealed: Option<&Sealed>,
) -> Result<bool, StoreError> {
    let renewed = tx
        .handle()
        .execute(
            "UPDATE sessions SET token_hash = $4, acr = $5, amr = $6, auth_time = $7, last_seen_at = $8,
                idle_expires_at = $9, absolute_expires_at = $10, agent_family = $11, agent_system = $12, sealed = $13,
                seal_key = $14
             WHERE tenant_id = $1 AND id = $2 AND user_id = $3 AND ended_at IS NULL",
            (
                session.id,
                session.user_id,
                token,
                Word(session.acr),
                Json(&session.amr),
                session.auth_time,
                session.last_seen_at,
                session.idle_expires_at,
                session.absolute_expires_at,
                session.device.map(|device| Word(device.browser)),
                session.device.map(|device| Word(device.system)),
                sealed.map(|sealed| sealed.bytes.as_slice()),
                sealed.map(|sealed| sealed.key),
            ),
        )
        .await?;
    Ok(renewed == 1)
}

/// Ends a session; `false` if it had ended.
pub async fn end(tx: &mut Tx, id: SessionId, now: Timestamp) -> Result<bool, StoreError> {
    let ended = tx
        .handle()
        .execute(
            "UPDATE sessions SET ended_at = $3 WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL",
            (id, now),
        )
        .await?;
    Ok(ended == 1)
}

/// Ends every session of a person; which ones.
pub async fn end_for_user(tx: &mut Tx, user: UserId, now: Timestamp) -> Result<Vec<SessionId>, StoreError> {
    let ended: Vec<(SessionId,)> = tx
        .handle()
        .all(
            "UPDATE sessions SET ended_at = $3 WHERE tenant_id = $1 AND user_id = $2 AND ended_at IS NULL RETURNING id",
            (user, now),
        )
        .await?;
    Ok(ended.into_iter().map(|(id,)| id).collect())
}

/// Ends every session of a person but one; which ones.
pub async fn end_others_for_user(
    tx: &mut Tx,
    user: UserId,
    but: SessionId,
    now: Timestamp,
) -> Result<Vec<SessionId>, StoreError> {
    let ended: Vec<(SessionId,)> = tx
        .handle()
        .all(
            "UPDATE sessions SET ended_at = $4
             WHERE tenant_id = $1 AND user_id = $2 AND id <> $3 AND ended_at IS NULL RETURNING id",
            (user, but, now),
        )
        .await?;
    Ok(ended.into_iter().map(|(id,)| id).collect())
}

/// A person's live sessions, oldest first, with what was sealed at their sign-in.
pub async fn list_for_user(
    q: &mut impl Query,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<(Session, Option<Sealed>)>, StoreError> {
    let rows: Vec<Listed> = q
        .handle()
        .all(
            "SELECT id, user_id, acr, amr, auth_time, agent_family, agent_system, created_at, last_seen_at,
                idle_expires_at, absolute_expires_at, ended_at, sealed, seal_key
             FROM sessions WHERE tenant_id = $1 AND user_id = $2 AND ended_at IS NULL AND idle_expires_at > $3
             AND absolute_expires_at > $3 ORDER BY id",
            (user, now),
        )
        .await?;
    Ok(rows.into_iter().map(Listed::parts).collect())
}

/// Sealed whereabouts and browser family of a person's sessions, ended ones too, the last used first.
pub async fn list_recent_for_user(
    q: &mut impl Query,
    user: UserId,
    limit: u32,
) -> Result<Vec<(Session, Option<Sealed>)>, StoreError> {
    let rows: Vec<Listed> = q
        .handle()
        .all(
            "SELECT id, user_id, acr, amr, auth_time, agent_family, agent_system, created_at, last_seen_at,
                idle_expires_at, absolute_expires_at, ended_at, sealed, seal_key
             FROM sessions WHERE tenant_id = $1 AND user_id = $2 ORDER BY last_seen_at DESC LIMIT $3",
            (user, i64::from(limit)),
        )
        .await?;
    Ok(rows.into_iter().map(Listed::parts).collect())
}
