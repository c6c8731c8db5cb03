//! The audit log: rows are added with the change they describe, and read; nothing else.

use std::sync::LazyLock;

use domain::{ClientId, EventId, EventKind, GrantId, Outcome, RequestId, SessionId, Timestamp, UserId};
use serde_json::Value;
use uuid::Uuid;

use crate::columns::{JsonText, KindName, Word};
use crate::mail_outbox::{self, Posted};
use crate::sql::{Binds, Insert};
use crate::{Query, StoreError, Tx};

/// One row of the audit log (E6). What says something about a person is in `sealed`, or in keyed hashes.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct AuditRow {
    /// Its id, a UUIDv7.
    pub id: EventId,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// What happened.
    #[sqlx(try_from = "KindName")]
    pub kind: EventKind,
    /// How it ended.
    #[sqlx(try_from = "Word<Outcome>")]
    pub outcome: Outcome,
    /// Why, from a closed list of short words.
    pub reason: Option<String>,
    /// Kind of who did it.
    pub actor_kind: String,
    /// Who did it.
    pub actor_id: Option<String>,
    /// The person it is about.
    pub user_id: Option<UserId>,
    /// The session it is about.
    pub session_id: Option<SessionId>,
    /// The client it is about.
    pub client_id: Option<ClientId>,
    /// The grant it is about.
    pub grant_id: Option<GrantId>,
    /// Kind of anything else it is about.
    pub target_kind: Option<String>,
    /// Id of anything else it is about.
    pub target_id: Option<String>,
    /// The request it happened in.
    pub request_id: Option<RequestId>,
    /// Facts that are not personal.
    #[sqlx(try_from = "JsonText")]
    pub details: Value,
    /// Facts that are, sealed.
    pub sealed: Option<Vec<u8>>,
    /// The data key they are sealed under.
    pub seal_key: Option<Uuid>,
    /// Keyed hash of the address.
    pub address_mac: Option<Vec<u8>>,
    /// Keyed hash of the address's network.
    pub network_mac: Option<Vec<u8>>,
    /// Keyed hash of the name typed or shown.
    pub name_mac: Option<Vec<u8>>,
    /// Coarse kind of the network.
    pub network_kind: Option<String>,
    /// Coarse kind of the program.
    pub agent_family: Option<String>,
    /// How many such events the row stands for; more than one only where refusals were counted together.
    pub count: i64,
    /// The mail that tells of it, kept in the same commit. Not a column: rows that are read have none.
    #[sqlx(skip)]
    pub mail: Option<Box<Posted>>,
}

pub(crate) const INSERT: &str =
    "INSERT INTO audit_log (tenant_id, id, occurred_at, kind, outcome, reason, actor_kind, actor_id,
    user_id, session_id, client_id, grant_id, target_kind, target_id, request_id, details, sealed, seal_key,
    address_mac, network_mac, name_mac, network_kind, agent_family, count)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
    $24)";
static INSERTS: LazyLock<Insert> = LazyLock::new(|| Insert::of(INSERT));

/// Adds one row; callers outside this crate commit with [`Tx::commit`].
pub(crate) async fn insert(tx: &mut Tx, row: &AuditRow) -> Result<(), StoreError> {
    insert_all(tx, &[row]).await
}

/// Adds several with the mails that tell of them, in few statements.
pub(crate) async fn insert_all(tx: &mut Tx, rows: &[&AuditRow]) -> Result<(), StoreError> {
    for posted in rows.iter().filter_map(|row| row.mail.as_deref()) {
        mail_outbox::insert(tx, posted).await?;
    }
    INSERTS.all(tx, rows, values).await
}

pub(crate) fn values(row: &AuditRow) -> impl Binds<'_> {
    (
        row.id,
        row.occurred_at,
        KindName(row.kind),
        Word(row.outcome),
        &row.reason,
        &row.actor_kind,
        &row.actor_id,
        row.user_id,
        row.session_id,
        &row.client_id,
        row.grant_id,
        &row.target_kind,
        &row.target_id,
        row.request_id,
        row.details.to_string(),
        &row.sealed,
        row.seal_key,
        &row.address_mac,
        &row.network_mac,
        &row.name_mac,
        &row.network_kind,
        &row.agent_family,
        row.count,
    )
}

/// Rows in the order of their ids, after `after`.
pub async fn list(
    q: &mut impl Query,
    after: Option<EventId>,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let after = after.unwrap_or(EventId::from_uuid(Uuid::nil()));
    q.handle()
        .all(
            "SELECT id, occurred_at, kind, outcome, reason, actor_kind, actor_id, user_id, session_id, client_id,
                grant_id, target_kind, target_id, request_id, details, sealed, seal_key, address_mac, network_mac,
                name_mac, network_kind, agent_family, count
             FROM audit_log WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
            (after, i64::from(limit)),
        )
        .await
}

/// When the tenant's last event happened.
pub async fn last_moment(q: &mut impl Query) -> Result<Option<Timestamp>, StoreError> {
    let row: Option<(Timestamp,)> = q
        .handle()
        .optional(
            "SELECT occurred_at FROM audit_log WHERE tenant_id = $1 ORDER BY id DESC LIMIT 1",
            (),
        )
        .await?;
    Ok(row.map(|(moment,)| moment))
}

/// How many rows the tenant has.
pub async fn count(q: &mut impl Query) -> Result<u64, StoreError> {
    let count = q
        .handle()
        .number("SELECT count(*) FROM audit_log WHERE tenant_id = $1", ())
        .await?;
    Ok(u64::try_from(count).unwrap_or(0))
}
