-- One for each combination of filters: what is compared with = first, then what decides the order.
create index events_by_time on events (occurred_at desc, id desc);
create index events_by_account on events (account_id, occurred_at desc, id desc);
create index events_by_account_and_kind on events (account_id, kind, occurred_at desc, id desc);
