// The JSON that clients see.

/** An order that is complete: with its customer, its items and what has been paid. */
export function orderView({ id, status, placed_at, customer, items, paid_cents }) {
  const total = items.reduce((sum, item) => sum + item.quantity * item.unit_price_cents, 0);
  return {
    id,
    status,
    placed_at,
    customer,
    items,
    total_cents: total,
    paid_cents,
    balance_cents: total - paid_cents,
  };
}
