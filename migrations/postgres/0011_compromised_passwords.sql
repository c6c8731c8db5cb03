-- Set while a password is known to others: it has to be changed at the next sign-in, and at no other time.

ALTER TABLE users ADD COLUMN password_compromised_at BIGINT;

-- What a person is shown of what happened to their account. Partial, because most events are about tokens.
CREATE INDEX audit_log_activity ON audit_log (tenant_id, user_id, occurred_at)
    WHERE kind IN ('account.locked', 'account.unlocked', 'consent.granted', 'consent.revoked', 'factor.enrolled',
        'factor.removed', 'invitation.accepted', 'login', 'login.failed', 'logout', 'passkey.added', 'passkey.removed',
        'password.change_refused', 'password.changed', 'password.compromised', 'profile.changed',
        'recovery_codes.made', 'session.ended');
