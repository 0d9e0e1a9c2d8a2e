create table items (
    sku text primary key,
    name text not null,
    stock integer not null
);

create table orders (
    id bigint generated always as identity primary key,
    status text not null check (status in ('reserved', 'confirmed', 'cancelled', 'expired')),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);

create table order_lines (
    order_id bigint not null references orders (id),
    sku text not null references items (sku),
    quantity integer not null check (quantity > 0),
    primary key (order_id, sku)
);
create index order_lines_sku on order_lines (sku);
