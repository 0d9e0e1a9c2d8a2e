-- 100,000 * scale events of 200 accounts in whole seconds. Account 1 owns 40 % of them, account 3 owns 4 %, account 2 has
-- 60 events, all of them exports. In each thousand ids there is a burst of a hundred in one second, and smaller ones all
-- over the rest. Ids do not follow the time: some clients report late.
insert into accounts (id, name)
select n, 'Account ' || n from generate_series(1, 200) as n;

with numbers as (
    select n,
           n % 1000 < 100 as burst,
           -- A walk over all residues of a prime: looks random and is the same everywhere.
           (n * 48271::bigint) % 2147483647 as dice,
           current_setting('kata.scale')::int as scale
    from generate_series(1, 100000 * current_setting('kata.scale')::int) as n
), placed as (
    select n, dice,
           n % 1667 = 7 and n <= 100000 as of_the_small_account,
           case when burst then (n / 1000 * 7919) % 1000 * 37 else dice % 37000 end * scale as second
    from numbers
)
insert into events (id, account_id, kind, occurred_at, payload)
select n,
       case when of_the_small_account then 2
            when (dice / 7) % 100 < 40 then 1
            when (dice / 7) % 100 < 44 then 3
            else 4 + (dice / 11) % 197 end,
       case when of_the_small_account or (dice / 13) % 100 < 3 then 'export'
            when (dice / 13) % 100 < 10 then 'refund'
            when (dice / 13) % 100 < 30 then 'comment'
            when (dice / 13) % 100 < 50 then 'purchase'
            else 'login' end,
       timestamptz '2025-03-01 00:00:00Z' + second * interval '1 second',
       jsonb_build_object('n', n % 997)
from placed;
