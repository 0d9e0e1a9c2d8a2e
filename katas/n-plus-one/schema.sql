-- A small shop: who bought what, and what has been paid.

CREATE TABLE customers (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL
);

CREATE TABLE products (
    id bigint PRIMARY KEY,
    sku text NOT NULL UNIQUE,
    name text NOT NULL,
    price_cents int NOT NULL CHECK (price_cents >= 0)
);

CREATE TABLE orders (
    id bigint PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers (id),
    status text NOT NULL CHECK (status IN ('open', 'paid', 'shipped', 'cancelled')),
    placed_at timestamptz NOT NULL
);

CREATE TABLE order_items (
    id bigint PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES orders (id),
    product_id bigint NOT NULL REFERENCES products (id),
    quantity int NOT NULL CHECK (quantity > 0),
    unit_price_cents int NOT NULL CHECK (unit_price_cents >= 0)
);

CREATE TABLE payments (
    id bigint PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES orders (id),
    amount_cents int NOT NULL,
    received_at timestamptz NOT NULL
);

CREATE INDEX orders_customer_id ON orders (customer_id);
CREATE INDEX orders_newest_first ON orders (placed_at DESC, id DESC);
CREATE INDEX order_items_order_id ON order_items (order_id);
CREATE INDEX payments_order_id ON payments (order_id);
