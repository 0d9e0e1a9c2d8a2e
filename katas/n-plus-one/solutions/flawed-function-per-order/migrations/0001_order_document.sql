-- One order as clients see it.
CREATE FUNCTION order_document(wanted orders) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    customer jsonb;
    items jsonb;
    total bigint;
    paid bigint;
BEGIN
    SELECT jsonb_build_object('id', id, 'name', name) INTO customer FROM customers WHERE id = wanted.customer_id;
    SELECT coalesce(jsonb_agg(jsonb_build_object(
               'product', jsonb_build_object('id', p.id, 'sku', p.sku, 'name', p.name),
               'quantity', i.quantity,
               'unit_price_cents', i.unit_price_cents
           ) ORDER BY i.id), '[]'), coalesce(sum(i.quantity::bigint * i.unit_price_cents), 0)
      INTO items, total
      FROM order_items i JOIN products p ON p.id = i.product_id
     WHERE i.order_id = wanted.id;
    SELECT coalesce(sum(amount_cents), 0) INTO paid FROM payments WHERE order_id = wanted.id;
    RETURN jsonb_build_object(
        'id', wanted.id, 'status', wanted.status,
        'placed_at', to_char(wanted.placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'customer', customer, 'items', items,
        'total_cents', total, 'paid_cents', paid, 'balance_cents', total - paid
    );
END
$$;
