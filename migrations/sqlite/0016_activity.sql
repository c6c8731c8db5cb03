-- What a person is shown of what happened to their account: more of what concerns its safety, and in pages, so the id
-- stands in the index too. The kinds are those of the statement, in its order.

DROP INDEX audit_log_activity;
CREATE INDEX audit_log_activity ON audit_log (tenant_id, user_id, occurred_at, id)
    WHERE kind IN ('account.denied', 'account.locked', 'account.unlocked', 'consent.granted', 'consent.revoked',
        'email.change_requested', 'email.changed', 'email.restored', 'email.verified', 'factor.blocked',
        'factor.enrolled', 'factor.failed', 'factor.recovery_started', 'factor.recovery_stopped', 'factor.removed',
        'invitation.accepted', 'login', 'login.failed', 'login.unfamiliar', 'logout', 'passkey.added',
        'passkey.counter_dropped', 'passkey.removed', 'passkey.renamed', 'password.change_refused',
        'password.changed', 'password.compromised', 'profile.changed', 'recovery_code.used', 'recovery_codes.made',
        'session.ended', 'user.disabled', 'user.enabled');
