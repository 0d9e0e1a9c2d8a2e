-- One for each combination of filters: what is compared with = first, then the order of the feed.
CREATE INDEX events_newest ON events (occurred_at DESC, id DESC);
CREATE INDEX events_of_kind ON events (kind, occurred_at DESC, id DESC);
CREATE INDEX events_of_account_and_kind ON events (account_id, kind, occurred_at DESC, id DESC);
