CREATE INDEX events_newest ON events (occurred_at DESC, id DESC);
CREATE INDEX events_kind_newest ON events (kind, occurred_at DESC, id DESC);
CREATE INDEX events_account_newest ON events (account_id, occurred_at DESC, id DESC);
CREATE INDEX events_account_kind_newest ON events (account_id, kind, occurred_at DESC, id DESC);
