//! What a person is shown of the audit log: what happened to their account.

use domain::{EventId, Timestamp, UserId};
use uuid::Uuid;

use crate::audit::AuditRow;
use crate::{Query, StoreError};

/// Later than everything.
const LATEST: (Timestamp, EventId) = (Timestamp::from_micros(i64::MAX), EventId::from_uuid(Uuid::max()));

/// What happened to a person's account since a moment and before an event (its time and id), the newest first. The kinds
/// are those of the index, in its order: SQLite uses it for no others.
pub async fn list_for_user(
    q: &mut impl Query,
    user: UserId,
    since: Timestamp,
    before: Option<(Timestamp, EventId)>,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let (at, id) = before.unwrap_or(LATEST);
    q.handle()
        .all(
            "SELECT id, occurred_at, kind, outcome, reason, actor_kind, actor_id, user_id, session_id, client_id,
                grant_id, target_kind, target_id, request_id, details, sealed, seal_key, address_mac, network_mac,
                name_mac, network_kind, agent_family, count
             FROM audit_log WHERE tenant_id = $1 AND user_id = $2 AND occurred_at >= $3
             AND (occurred_at, id) < ($4, $5)
             AND kind IN ('account.denied', 'account.locked', 'account.unlocked', 'consent.granted', 'consent.revoked',
                'email.change_requested', 'email.changed', 'email.restored', 'email.verified', 'factor.blocked',
                'factor.enrolled', 'factor.failed', 'factor.recovery_started', 'factor.recovery_stopped',
                'factor.removed', 'invitation.accepted', 'login', 'login.failed', 'login.unfamiliar', 'logout',
                'passkey.added', 'passkey.counter_dropped', 'passkey.removed', 'passkey.renamed',
                'password.change_refused', 'password.changed', 'password.compromised', 'profile.changed',
                'recovery_code.used', 'recovery_codes.made', 'session.ended', 'user.disabled', 'user.enabled')
             ORDER BY occurred_at DESC, id DESC LIMIT $6",
            (user, since, at, id, i64::from(limit)),
        )
        .await
}

/// One event of a person's.
pub async fn find(q: &mut impl Query, user: UserId, event: EventId) -> Result<Option<AuditRow>, StoreError> {
    q.handle()
        .optional(
            "SELECT id, occurred_at, kind, outcome, reason, actor_kind, actor_id, user_id, session_id, client_id,
                grant_id, target_kind, target_id, request_id, details, sealed, seal_key, address_mac, network_mac,
                name_mac, network_kind, agent_family, count
             FROM audit_log WHERE tenant_id = $1 AND id = $2 AND user_id = $3",
            (event, user),
        )
        .await
}
