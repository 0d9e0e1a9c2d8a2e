create index events_feed on events (occurred_at desc, id desc, kind, account_id);
