-- What was answered to a client's key. Inside the transaction that claims the key, status is still null.
create table idempotency_keys (
    client_id text not null,
    key text not null,
    payload jsonb not null,
    status integer,
    location text,
    body jsonb,
    expires_at timestamptz
);

create index idempotency_keys_by_key on idempotency_keys (client_id, key);
