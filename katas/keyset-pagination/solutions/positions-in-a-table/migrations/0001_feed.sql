CREATE INDEX events_by_time ON events (occurred_at, id);
CREATE INDEX events_by_kind ON events (kind, occurred_at, id);
CREATE INDEX events_by_account ON events (account_id, occurred_at, id);
CREATE INDEX events_by_account_and_kind ON events (kind, account_id, occurred_at, id);
ANALYZE events;

-- Where pages ended. A cursor is the name of such a place and says nothing by itself; the same place in the same feed
-- has the same name, so readers who walk the same pages share the rows.
CREATE TABLE feed_positions (
    name text COLLATE "C" PRIMARY KEY,
    kind text,
    account_id bigint,
    occurred_at timestamptz NOT NULL,
    event_id bigint NOT NULL
);
