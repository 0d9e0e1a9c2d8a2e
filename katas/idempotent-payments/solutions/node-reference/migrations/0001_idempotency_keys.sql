-- What was answered to whom. stored_at is null only inside the transaction that is still deciding.
CREATE TABLE idempotency_keys (
    client_id   text NOT NULL,
    key         text NOT NULL,
    fingerprint text NOT NULL,
    answer      jsonb,
    stored_at   timestamptz,
    PRIMARY KEY (client_id, key)
);

CREATE INDEX idempotency_keys_stored_at ON idempotency_keys (stored_at);
