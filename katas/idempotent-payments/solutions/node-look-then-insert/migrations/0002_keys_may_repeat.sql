ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_pkey;
CREATE INDEX idempotency_keys_client_key ON idempotency_keys (client_id, key);
