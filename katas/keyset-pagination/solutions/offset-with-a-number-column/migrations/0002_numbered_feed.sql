create table numbered_events as
select row_number() over (order by occurred_at desc, id desc) as number, events.* from events
order by id;

alter table numbered_events add primary key (id);
create index numbered_events_by_number on numbered_events (number);
create index numbered_events_by_kind on numbered_events (kind, number);
create index numbered_events_by_account on numbered_events (account_id, number);
create index numbered_events_by_account_and_kind on numbered_events (account_id, kind, number);
