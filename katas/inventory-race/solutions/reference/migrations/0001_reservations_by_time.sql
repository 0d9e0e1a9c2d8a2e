CREATE INDEX orders_reserved_until ON orders (expires_at) WHERE status = 'reserved';
