CREATE TABLE operations (
    client_id    text NOT NULL,
    key          text NOT NULL,
    account_id   bigint NOT NULL,
    amount_cents bigint NOT NULL,
    reference    text NOT NULL,
    stored_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    status       int,
    location     text,
    body         json,
    PRIMARY KEY (client_id, key)
);
