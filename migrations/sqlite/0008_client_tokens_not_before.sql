-- What a client was given before this moment never counts again: set when it is switched off, raised when it is
-- switched on. A client that is off already gets its mark when it is switched on.

ALTER TABLE clients ADD COLUMN tokens_not_before INTEGER;
