// What the endpoints ask the database about sales.
import { pool } from "./database.js";
import { productById } from "./orders.js";

/** The best sellers by revenue. Cancelled orders do not count. */
export async function topProducts(limit) {
  const { rows } = await pool.query(
    `SELECT i.product_id, i.quantity, i.unit_price_cents
     FROM order_items i JOIN orders o ON o.id = i.order_id
     WHERE o.status <> 'cancelled'`,
  );
  const sales = new Map();
  for (const { product_id, quantity, unit_price_cents } of rows) {
    const line = sales.get(product_id) ?? { product_id, units: 0, revenue_cents: 0 };
    line.units += quantity;
    line.revenue_cents += quantity * unit_price_cents;
    sales.set(product_id, line);
  }
  const best = [...sales.values()]
    .sort((one, other) => other.revenue_cents - one.revenue_cents || one.product_id - other.product_id)
    .slice(0, limit);
  const lines = [];
  for (const { product_id, units, revenue_cents } of best) {
    lines.push({ product: await productById(product_id), units, revenue_cents });
  }
  return lines;
}
