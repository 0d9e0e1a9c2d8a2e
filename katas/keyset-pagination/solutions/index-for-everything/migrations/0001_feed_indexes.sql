-- One for each combination of filters: what is compared with = first, then what decides the order.
create index events_by_time on events (occurred_at desc, id desc);
create index events_by_kind on events (kind, occurred_at desc, id desc);
create index events_by_account on events (account_id, occurred_at desc, id desc);
create index events_by_account_and_kind on events (account_id, kind, occurred_at desc, id desc);
create index events_occurred_at on events (occurred_at desc);
create index events_kind on events (kind);
create index events_account_id on events (account_id);
