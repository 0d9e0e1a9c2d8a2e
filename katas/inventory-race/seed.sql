-- Items SKU-1000 to SKU-5999 (times the scale) with 0 to 20 units: none where the number ends in 0 to 3. No orders.
insert into items (sku, name, stock)
select 'SKU-' || n, 'Item ' || n, case when n % 10 < 4 then 0 else n * 7 % 20 + 1 end
from generate_series(1000, 999 + 5000 * current_setting('kata.scale')::int) as n;
