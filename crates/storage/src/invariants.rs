//! What must hold in the database whatever happened to the programs that wrote it: every row beside the event that
//! tells of it, single use used once, one active key. Looks at the rows of one tenant and changes nothing.
//!
//! The statements read whole tables, so they are for drills and for looking into a suspicion, not for a request.

use domain::{SessionId, TokenHash};
use uuid::Uuid;

use crate::sessions::Sealed;
use crate::{Query, StoreError};

/// Rows that break a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The rule's name.
    pub rule: &'static str,
    /// How many rows, or groups of rows, break it.
    pub rows: u64,
}

/// A rule: its name, and how many rows break it.
type Rule = (&'static str, &'static str);

/// Names of all rules, in the order they are asked.
pub fn rules() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|(name, _)| *name)
}

/// The broken rules of the tenant; empty when everything holds.
pub async fn check(q: &mut impl Query) -> Result<Vec<Breach>, StoreError> {
    let mut breaches = Vec::new();
    for (rule, sql) in RULES {
        let rows = q.handle().number(*sql, ()).await?;
        if rows != 0 {
            breaches.push(Breach {
                rule,
                rows: u64::try_from(rows).unwrap_or(u64::MAX),
            });
        }
    }
    Ok(breaches)
}

const RULES: &[Rule] = &[
    (
        "a grant comes from one code at most",
        "SELECT count(*) FROM (SELECT tenant_id, grant_id FROM codes WHERE tenant_id = $1
            GROUP BY tenant_id, grant_id HAVING count(*) > 1) AS broken",
    ),
    (
        "a redeemed code has its token event",
        "SELECT count(*) FROM (
            SELECT tenant_id, grant_id FROM codes WHERE tenant_id = $1 AND consumed_at IS NOT NULL
            EXCEPT SELECT tenant_id, grant_id FROM audit_log
                WHERE tenant_id = $1 AND kind = 'token.issued' AND grant_id IS NOT NULL) AS broken",
    ),
    (
        "a living family has one living leaf at most",
        "SELECT count(*) FROM (SELECT r.tenant_id, r.grant_id FROM refresh_tokens r
            JOIN grants g ON g.tenant_id = r.tenant_id AND g.id = r.grant_id
            WHERE r.tenant_id = $1 AND r.consumed_at IS NULL AND g.revoked_at IS NULL
            GROUP BY r.tenant_id, r.grant_id HAVING count(*) > 1) AS broken",
    ),
    (
        "a used refresh token has a successor",
        "SELECT count(*) FROM (SELECT tenant_id, grant_id FROM refresh_tokens WHERE tenant_id = $1
            GROUP BY tenant_id, grant_id
            HAVING sum(CASE WHEN consumed_at IS NULL THEN 1 ELSE 0 END) = 0) AS broken",
    ),
    (
        "a refresh token has its token event",
        "SELECT count(*) FROM (SELECT tenant_id, grant_id, count(*) AS made FROM refresh_tokens WHERE tenant_id = $1
                GROUP BY tenant_id, grant_id) AS tokens
            LEFT JOIN (SELECT tenant_id, grant_id, count(*) AS told FROM audit_log
                WHERE tenant_id = $1 AND kind = 'token.issued' AND grant_id IS NOT NULL
                GROUP BY tenant_id, grant_id) AS events
            ON events.tenant_id = tokens.tenant_id AND events.grant_id = tokens.grant_id
         WHERE tokens.made > COALESCE(events.told, 0)",
    ),
    (
        "an access token's grant exists",
        "SELECT count(*) FROM (
            SELECT tenant_id, grant_id FROM access_tokens WHERE tenant_id = $1 AND grant_id IS NOT NULL
            EXCEPT SELECT tenant_id, id FROM grants WHERE tenant_id = $1) AS broken",
    ),
    (
        "an access token's client exists",
        "SELECT count(*) FROM (
            SELECT a.tenant_id, k.client_id FROM access_tokens a
                LEFT JOIN access_token_kinds k ON k.tenant_id = a.tenant_id AND k.id = a.kind_id
                WHERE a.tenant_id = $1
            EXCEPT SELECT tenant_id, client_id FROM clients WHERE tenant_id = $1) AS broken",
    ),
    (
        "a grant's client exists",
        "SELECT count(*) FROM (
            SELECT tenant_id, client_id FROM grants WHERE tenant_id = $1
            EXCEPT SELECT tenant_id, client_id FROM clients WHERE tenant_id = $1) AS broken",
    ),
    (
        "a grant has its event",
        "SELECT count(*) FROM (
            SELECT tenant_id, id FROM grants WHERE tenant_id = $1
            EXCEPT SELECT tenant_id, grant_id FROM audit_log
                WHERE tenant_id = $1 AND kind = 'authorization.granted' AND grant_id IS NOT NULL) AS broken",
    ),
    (
        "an event of a grant has its grant",
        "SELECT count(*) FROM (
            SELECT tenant_id, grant_id FROM audit_log
                WHERE tenant_id = $1 AND kind = 'authorization.granted' AND grant_id IS NOT NULL
            EXCEPT SELECT tenant_id, id FROM grants WHERE tenant_id = $1) AS broken",
    ),
    (
        "a person has their event",
        "SELECT count(*) FROM (
            SELECT tenant_id, id FROM users WHERE tenant_id = $1
            EXCEPT SELECT tenant_id, user_id FROM audit_log
                WHERE tenant_id = $1 AND kind = 'user.created' AND user_id IS NOT NULL) AS broken",
    ),
    (
        "an event of a person has its person",
        "SELECT count(*) FROM (
            SELECT tenant_id, user_id FROM audit_log
                WHERE tenant_id = $1 AND kind = 'user.created' AND user_id IS NOT NULL
            EXCEPT SELECT tenant_id, id FROM users WHERE tenant_id = $1) AS broken",
    ),
    (
        "a person has a data key",
        "SELECT count(*) FROM (
            SELECT tenant_id, id FROM users WHERE tenant_id = $1
            EXCEPT SELECT tenant_id, user_id FROM data_keys WHERE tenant_id = $1 AND user_id IS NOT NULL) AS broken",
    ),
    (
        "an invited person has an invitation event",
        "SELECT count(*) FROM (
            SELECT tenant_id, id FROM users WHERE tenant_id = $1 AND status = 'invited'
            EXCEPT SELECT tenant_id, user_id FROM audit_log
                WHERE tenant_id = $1 AND kind = 'invitation.created' AND user_id IS NOT NULL) AS broken",
    ),
    (
        "an invitation has its event",
        "SELECT count(*) FROM (SELECT tenant_id, user_id, count(*) AS made FROM invitations WHERE tenant_id = $1
                GROUP BY tenant_id, user_id) AS rows_made
            LEFT JOIN (SELECT tenant_id, user_id, count(*) AS told FROM audit_log
                WHERE tenant_id = $1 AND kind = 'invitation.created' AND user_id IS NOT NULL
                GROUP BY tenant_id, user_id) AS events
            ON events.tenant_id = rows_made.tenant_id AND events.user_id = rows_made.user_id
         WHERE rows_made.made > COALESCE(events.told, 0)",
    ),
    (
        "a person who is switched off has no live session",
        "SELECT count(*) FROM users u JOIN sessions s ON s.tenant_id = u.tenant_id AND s.user_id = u.id
         WHERE u.tenant_id = $1 AND u.status = 'disabled' AND s.ended_at IS NULL",
    ),
    (
        "a person who is switched off has no live grant",
        "SELECT count(*) FROM users u JOIN grants g ON g.tenant_id = u.tenant_id AND g.user_id = u.id
         WHERE u.tenant_id = $1 AND u.status = 'disabled' AND g.revoked_at IS NULL",
    ),
    (
        "a session's person exists",
        "SELECT count(*) FROM (
            SELECT tenant_id, user_id FROM sessions WHERE tenant_id = $1
            EXCEPT SELECT tenant_id, id FROM users WHERE tenant_id = $1) AS broken",
    ),
    (
        "a session has its event",
        "SELECT count(*) FROM (
            SELECT tenant_id, id FROM sessions WHERE tenant_id = $1
            EXCEPT SELECT tenant_id, session_id FROM audit_log
                WHERE tenant_id = $1 AND kind = 'login' AND session_id IS NOT NULL) AS broken",
    ),
    (
        "a client has its event",
        "SELECT count(*) FROM (
            SELECT tenant_id, client_id FROM clients WHERE tenant_id = $1
            EXCEPT SELECT tenant_id, client_id FROM audit_log
                WHERE tenant_id = $1 AND kind = 'client.created' AND client_id IS NOT NULL) AS broken",
    ),
    (
        "an event of a client has its client",
        "SELECT count(*) FROM (
            SELECT tenant_id, client_id FROM audit_log
                WHERE tenant_id = $1 AND kind = 'client.created' AND client_id IS NOT NULL
            EXCEPT SELECT tenant_id, client_id FROM clients WHERE tenant_id = $1) AS broken",
    ),
    (
        "a consent and its event stand together",
        "SELECT count(*) FROM (SELECT tenant_id, user_id, client_id, count(*) AS made FROM user_consents
                WHERE tenant_id = $1 GROUP BY tenant_id, user_id, client_id) AS consents
            FULL JOIN (SELECT tenant_id, user_id, client_id, count(*) AS told FROM audit_log
                WHERE tenant_id = $1 AND kind = 'consent.granted' GROUP BY tenant_id, user_id, client_id) AS events
            ON events.tenant_id = consents.tenant_id AND events.user_id = consents.user_id
                AND events.client_id = consents.client_id
         WHERE COALESCE(consents.made, 0) <> COALESCE(events.told, 0)",
    ),
    (
        "an algorithm in use has one active key",
        "SELECT count(*) FROM (SELECT tenant_id, alg FROM signing_keys
            WHERE tenant_id = $1 AND state IN ('active', 'retiring') GROUP BY tenant_id, alg
            HAVING sum(CASE WHEN state = 'active' THEN 1 ELSE 0 END) <> 1) AS broken",
    ),
    (
        "a key has its event",
        "SELECT count(*) FROM (
            SELECT tenant_id, kid FROM signing_keys WHERE tenant_id = $1
            EXCEPT SELECT tenant_id, target_id FROM audit_log
                WHERE tenant_id = $1 AND kind = 'key.created' AND target_id IS NOT NULL) AS broken",
    ),
    (
        "a key that signs or signed has its event",
        "SELECT count(*) FROM (
            SELECT tenant_id, kid FROM signing_keys WHERE tenant_id = $1 AND state <> 'next'
            EXCEPT SELECT tenant_id, target_id FROM audit_log
                WHERE tenant_id = $1 AND kind = 'key.activated' AND target_id IS NOT NULL) AS broken",
    ),
    (
        "a key that is not retired has its private half",
        "SELECT count(*) FROM signing_keys
         WHERE tenant_id = $1 AND state <> 'retired' AND length(sealed_private) = 0",
    ),
    (
        "a revoked token has its event",
        "SELECT count(*) FROM (SELECT tenant_id, count(*) AS made FROM revoked_tokens WHERE tenant_id = $1
                GROUP BY tenant_id) AS tokens
            LEFT JOIN (SELECT tenant_id, count(*) AS told FROM audit_log
                WHERE tenant_id = $1 AND kind = 'token.revoked' AND outcome = 'success' GROUP BY tenant_id) AS events
            ON events.tenant_id = tokens.tenant_id
         WHERE tokens.made > COALESCE(events.told, 0)",
    ),
    (
        "sealed fields name their key, and nothing else does",
        "SELECT count(*) FROM audit_log WHERE tenant_id = $1 AND (sealed IS NULL) <> (seal_key IS NULL)",
    ),
    (
        "the tenant has its event",
        "SELECT count(*) FROM tenants WHERE id = $1 AND NOT EXISTS (
            SELECT 1 FROM audit_log WHERE tenant_id = $1 AND kind = 'tenant.created')",
    ),
];

/// Ids of the opaque access tokens, to be compared with what the events name.
pub async fn access_token_ids(q: &mut impl Query) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(TokenHash, Option<String>)> = q
        .handle()
        .all("SELECT hash, jti FROM access_tokens WHERE tenant_id = $1", ())
        .await?;
    let id = |(hash, jti): (TokenHash, Option<String>)| jti.unwrap_or_else(|| hash.public_id());
    Ok(rows.into_iter().map(id).collect())
}

/// What is sealed in sessions, `limit` of them after `after`.
pub async fn sealed_sessions(
    q: &mut impl Query,
    after: Option<SessionId>,
    limit: u32,
) -> Result<Vec<(SessionId, Sealed)>, StoreError> {
    let after = after.map_or_else(Uuid::nil, SessionId::as_uuid);
    let rows: Vec<(SessionId, Vec<u8>, Uuid)> = q
        .handle()
        .all(
            "SELECT id, sealed, seal_key FROM sessions
             WHERE tenant_id = $1 AND id > $2 AND sealed IS NOT NULL AND seal_key IS NOT NULL ORDER BY id LIMIT $3",
            (after, i64::from(limit)),
        )
        .await?;
    let sealed = |(id, bytes, key)| (id, Sealed { key, bytes });
    Ok(rows.into_iter().map(sealed).collect())
}
