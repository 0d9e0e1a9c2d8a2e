-- leased_until: when another request may take over a claim without an outcome; fence: how often that has happened.
alter table idempotency_keys add column leased_until timestamptz not null default now();
alter table idempotency_keys add column fence bigint not null default 0;
