// What the endpoints ask the database about sales.
import { pool } from "./database.js";

/** The best sellers by revenue. Cancelled orders do not count. */
export async function topProducts(limit) {
  const { rows } = await pool.query(
    `SELECT p.id, p.sku, p.name, s.units, s.revenue_cents
     FROM (SELECT i.product_id, sum(i.quantity) AS units, sum(i.quantity::bigint * i.unit_price_cents)::bigint AS revenue_cents
           FROM order_items i JOIN orders o ON o.id = i.order_id
           WHERE o.status <> 'cancelled'
           GROUP BY i.product_id
           ORDER BY revenue_cents DESC, i.product_id
           LIMIT $1) s
     JOIN products p ON p.id = s.product_id
     ORDER BY s.revenue_cents DESC, p.id`,
    [limit],
  );
  return rows.map(({ units, revenue_cents, ...product }) => ({ product, units, revenue_cents }));
}
