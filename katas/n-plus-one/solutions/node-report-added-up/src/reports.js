// What the endpoints ask the database about sales.
import { pool } from "./database.js";

/** The best sellers by revenue. Cancelled orders do not count. */
export async function topProducts(limit) {
  const { rows } = await pool.query(
    `SELECT p.id, p.sku, p.name, i.quantity, i.unit_price_cents
     FROM order_items i JOIN orders o ON o.id = i.order_id JOIN products p ON p.id = i.product_id
     WHERE o.status <> 'cancelled'`,
  );
  const lines = new Map();
  for (const { quantity, unit_price_cents, ...product } of rows) {
    const line = lines.get(product.id) ?? { product, units: 0, revenue_cents: 0 };
    line.units += quantity;
    line.revenue_cents += quantity * unit_price_cents;
    lines.set(product.id, line);
  }
  return [...lines.values()]
    .sort((one, other) => other.revenue_cents - one.revenue_cents || one.product.id - other.product.id)
    .slice(0, limit);
}
