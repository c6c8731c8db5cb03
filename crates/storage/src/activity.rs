//! What a person is shown of the audit log: what happened to their account.

use domain::{Timestamp, UserId};

use crate::audit::AuditRow;
use crate::{Query, StoreError};

/// What happened to a person's account since a moment, the newest first. The kinds are those of the index.
pub async fn list_for_user(
    q: &mut impl Query,
    user: UserId,
    since: Timestamp,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    q.handle()
        .all(
            "SELECT id, occurred_at, kind, outcome, reason, actor_kind, actor_id, user_id, session_id, client_id,
                grant_id, target_kind, target_id, request_id, details, sealed, seal_key, address_mac, network_mac,
                name_mac, network_kind, agent_family, count
             FROM audit_log WHERE tenant_id = $1 AND user_id = $2 AND occurred_at >= $3
             AND kind IN ('account.locked', 'account.unlocked', 'consent.granted', 'consent.revoked',
                'factor.enrolled', 'factor.removed', 'invitation.accepted', 'login', 'login.failed', 'logout',
                'passkey.added', 'passkey.removed', 'password.change_refused', 'password.changed',
                'password.compromised', 'profile.changed', 'recovery_codes.made', 'session.ended')
             ORDER BY occurred_at DESC LIMIT $4",
            (user, since, i64::from(limit)),
        )
        .await
}
