-- Factors that were set aside: they prove nothing, and are still asked for.

ALTER TABLE passkeys ADD COLUMN suspended_at INTEGER;
ALTER TABLE totp_factors ADD COLUMN suspended_at INTEGER;
