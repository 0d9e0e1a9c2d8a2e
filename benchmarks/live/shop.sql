create table customer (
  id serial primary key, name text not null, email text not null unique, tenant_id int not null default 1
);
create table orders (
  id serial primary key, customer_id int not null references customer, status varchar(20) not null default 'new',
  total numeric(10, 2) not null default 0, created_at timestamptz not null default now()
);
create index orders_customer on orders (customer_id);
create index orders_created on orders (created_at, id);
create table product (id serial primary key, name text not null, price numeric(10, 2) not null);
create table line (
  id serial primary key, order_id int not null references orders, product_id int not null references product,
  qty int not null default 1
);
create index line_order on line (order_id);
create index line_product on line (product_id);
create table note (id serial primary key, body text not null, seen boolean not null default false);
insert into customer (name, email, tenant_id)
  select 'customer ' || g, 'c' || g || '@shop.test', 1 + g % 5 from generate_series(1, 200) g;
insert into product (name, price) select 'product ' || g, g from generate_series(1, 200) g;
insert into orders (customer_id, status, total, created_at)
  select g, (array['new', 'paid', 'sent'])[1 + g % 3], g, timestamptz '2026-01-01' + g * interval '1 hour'
  from generate_series(1, 200) g;
insert into line (order_id, product_id, qty) select 1 + (g - 1) / 3, 1 + g % 200, 1 + g % 4 from generate_series(1, 600) g;
create function total_by_loop(most int) returns numeric language plpgsql as $$
declare found numeric := 0; one record; price numeric;
begin
  for one in select product_id from line order by id limit most loop
    select p.price into price from product p where p.id = one.product_id;
    found := found + price;
  end loop;
  return found;
end $$;
create function total_at_once(most int) returns numeric language sql as $$
  select sum(p.price) from (select product_id from line order by id limit most) l join product p on p.id = l.product_id
$$;
