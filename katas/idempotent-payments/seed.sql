-- Accounts 1 .. 100 * scale with some money, and a few payments that were made before today.
insert into accounts (id, owner, balance_cents)
select n, 'Owner ' || n, 100000 + (n * 7919) % 900000
from generate_series(1, 100 * current_setting('kata.scale')::int) as n;

insert into payments (account_id, amount_cents, reference, created_at)
select 1 + (n * 31) % (100 * current_setting('kata.scale')::int),
       100 + (n * 613) % 20000,
       'order-' || n,
       timestamptz '2025-01-01 00:00:00Z' + n * interval '37 minutes'
from generate_series(1, 300 * current_setting('kata.scale')::int) as n;
