insert into people
select n, 'person ' || n from generate_series(1, 50 * current_setting('kata.scale')::int) as n;
