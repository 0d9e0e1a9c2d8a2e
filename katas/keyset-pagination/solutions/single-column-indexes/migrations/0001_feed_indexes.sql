create index events_occurred_at on events (occurred_at desc);
create index events_kind on events (kind);
create index events_account_id on events (account_id);
