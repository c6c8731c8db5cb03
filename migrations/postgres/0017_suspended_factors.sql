-- Factors that were set aside: they prove nothing, and are still asked for.

ALTER TABLE passkeys ADD COLUMN suspended_at BIGINT;
ALTER TABLE totp_factors ADD COLUMN suspended_at BIGINT;
