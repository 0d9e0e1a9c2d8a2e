-- The shop's past, the same for the same kata.scale and kata.seed. Every oddity here is one that a query gets wrong.

SET jit = off;

-- A number in 0..(below - 1) that depends on nothing but the seed, `which`, and `use`: one for each use made of it.
CREATE FUNCTION pg_temp.pick(use bigint, which bigint, below int) RETURNS int LANGUAGE sql STABLE AS $$
    SELECT ((which * 1103515245 + use * 69621) % 2147483647
            * ((which * 48271 + use * current_setting('kata.seed')::bigint) % 2147483647) % 2147483647 % below)::int
$$;

-- Customers 1 to 9 have exactly 5, 20 or 80 orders, customer 10 has 25 heavy ones, 11 to 30 have none.
INSERT INTO customers (id, name, email)
SELECT id,
       (ARRAY['Ada', 'Bela', 'Chidi', 'Dana', 'Emre', 'Farah', 'Goro', 'Hanna', 'Ines', 'Jonas'])[1 + pg_temp.pick(1, id, 10)]
           || ' ' || (ARRAY['Okafor', 'Lindqvist', 'Moreau', 'Sato', 'Novak', 'Haddad', 'Reyes', 'Kaya'])[1 + pg_temp.pick(2, id, 8)],
       'customer' || id || '@example.com'
FROM generate_series(1, 600 * current_setting('kata.scale')::int) AS id;

-- Of every 16 products one (id % 16 = 7) is never sold, one (9) only in orders that were cancelled later, and the
-- sixteenth is dear: twelve of these are sold once each, for the same revenue.
INSERT INTO products (id, sku, name, price_cents)
SELECT id,
       'SKU-' || lpad(id::text, 6, '0'),
       (ARRAY['Walnut', 'Copper', 'Linen', 'Slate', 'Cedar', 'Brass', 'Cork', 'Wool'])[1 + pg_temp.pick(3, id, 8)]
           || ' ' || (ARRAY['lamp', 'tray', 'stool', 'vase', 'clock', 'shelf', 'bowl', 'rug', 'frame'])[1 + pg_temp.pick(4, id, 9)]
           || ' ' || id,
       500 + pg_temp.pick(5, id, 9000)
FROM generate_series(1, 320 * current_setting('kata.scale')::int) AS id;

-- One row an order, newest (rank 0) first. Three neighbours share a placed_at, two of them often a customer.
CREATE TEMP TABLE plan AS
SELECT rank,
       1 + ((rank + 1) * 7919) % total AS id,
       timestamptz '2025-06-30 12:00:00Z'
           - rank / 3 * interval '11 minutes' + rank / 3 % 4 * interval '123457 microseconds' AS placed_at,
       rank BETWEEN 300 AND 324 AS is_heavy_customer,
       rank % 10 = 0 AND rank BETWEEN 50 AND 160 AS is_luxury,
       -- The place in the queue of orders for the customers 1 to 9.
       CASE WHEN rank >= 405 AND rank % 9 < 2 THEN (rank - 405) / 9 * 2 + rank % 9 END AS sized
FROM (SELECT 5000 * current_setting('kata.scale')::bigint AS total) AS size,
     generate_series(0, total - 1) AS rank;

INSERT INTO orders (id, customer_id, status, placed_at)
SELECT id,
       CASE
           WHEN is_heavy_customer THEN 10
           WHEN sized < 15 THEN 1 + sized / 5
           WHEN sized < 75 THEN 4 + (sized - 15) / 20
           WHEN sized < 315 THEN 7 + (sized - 75) / 80
           ELSE 31 + pg_temp.pick(6, rank / 3 * 2 + (rank % 3) / 2, 600 * current_setting('kata.scale')::int - 30)
       END,
       CASE
           WHEN is_luxury THEN 'shipped'
           ELSE (ARRAY['open', 'open', 'paid', 'paid', 'paid', 'shipped', 'shipped', 'shipped', 'shipped', 'cancelled'])
                [1 + pg_temp.pick(7, rank, 10)]
       END,
       placed_at
FROM plan
ORDER BY pg_temp.pick(8, rank, 1 << 27), rank;

-- How many items and payments: 12 and 5 for every seventh order, none for some others.
CREATE TEMP TABLE shape AS
SELECT plan.id, rank, status, is_luxury,
       CASE
           WHEN is_luxury THEN 3
           WHEN is_heavy_customer OR rank % 7 = 3 THEN 12
           WHEN rank % 17 = 5 THEN 0
           ELSE 1 + pg_temp.pick(9, rank, 5)
       END AS items,
       CASE
           WHEN is_heavy_customer OR (rank % 7 = 3 AND NOT is_luxury) THEN 5
           WHEN rank % 5 = 1 THEN 0
           ELSE 1 + pg_temp.pick(10, rank, 2)
       END AS payments
FROM plan JOIN orders USING (id);

-- The twelfth item of an order repeats its eleventh. Prices are those of the day, not today's.
CREATE TEMP TABLE line AS
SELECT shape.id AS order_id, position,
       CASE
           WHEN is_luxury AND position = 1 THEN 16 * (rank - 40) / 10
           WHEN status = 'cancelled' AND position = 1
               THEN 9 + 16 * pg_temp.pick(11, rank, 20 * current_setting('kata.scale')::int)
           WHEN product % 16 IN (0, 7, 9) THEN product - 1
           ELSE product
       END AS product_id,
       CASE
           WHEN is_luxury AND position = 1 THEN 1 + rank / 10 % 4
           WHEN status = 'cancelled' AND position = 1 THEN 5
           ELSE 1 + pg_temp.pick(12, which, 4)
       END AS quantity,
       CASE
           WHEN is_luxury AND position = 1 THEN 6000000 / (1 + rank / 10 % 4)
           WHEN status = 'cancelled' AND position = 1 THEN 400000
           ELSE 300 + pg_temp.pick(13, which, 6000)
       END AS unit_price_cents
FROM shape, generate_series(1, items) AS position,
     LATERAL (SELECT rank * 16 + least(position, 11) AS which) AS repeated,
     LATERAL (SELECT 1 + pg_temp.pick(14, which, 320 * current_setting('kata.scale')::int) AS product) AS chosen;

-- An order's items lie together in the table, but in another order than their ids.
INSERT INTO order_items (id, order_id, product_id, quantity, unit_price_cents)
SELECT row_number() OVER (ORDER BY order_id, pg_temp.pick(15, order_id * 16 + position, 1 << 27), position),
       order_id, product_id, quantity, unit_price_cents
FROM line
ORDER BY order_id, position;

-- The first two payments of an order are of the same amount; some are refunds.
INSERT INTO payments (id, order_id, amount_cents, received_at)
SELECT row_number() OVER (ORDER BY pg_temp.pick(16, shape.id * 8 + position, 1 << 27), shape.id, position),
       shape.id,
       CASE WHEN pg_temp.pick(17, which, 12) = 0 THEN -1 ELSE 1 END * (500 + pg_temp.pick(18, which, 20000)),
       orders.placed_at + position * interval '90 minutes'
FROM shape JOIN orders USING (id), generate_series(1, payments) AS position,
     LATERAL (SELECT rank * 8 + greatest(position, 2) AS which) AS repeated
ORDER BY shape.id, position;

DROP TABLE plan, shape, line;
