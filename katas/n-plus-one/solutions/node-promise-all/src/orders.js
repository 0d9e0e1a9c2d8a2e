// What the endpoints ask the database about orders: the page first, then what belongs to it, list by list.
import { pool } from "./database.js";

const ORDERS = `
  SELECT o.id, o.status, o.placed_at, json_build_object('id', c.id, 'name', c.name) AS customer
  FROM orders o JOIN customers c ON c.id = o.customer_id`;
const NEWEST_FIRST = "ORDER BY o.placed_at DESC, o.id DESC";

/**
 * @param {number} limit
 * @param {string} [status]
 */
export async function newestOrders(limit, status) {
  if (status === undefined) return completed(await pool.query(`${ORDERS} ${NEWEST_FIRST} LIMIT $1`, [limit]));
  return completed(await pool.query(`${ORDERS} WHERE o.status = $2 ${NEWEST_FIRST} LIMIT $1`, [limit, status]));
}

/** The order, or undefined if there is none. */
export async function orderById(id) {
  const [order] = await completed(await pool.query(`${ORDERS} WHERE o.id = $1`, [id]));
  return order;
}

export async function ordersOfCustomer(customerId, limit) {
  return completed(
    await pool.query(`${ORDERS} WHERE o.customer_id = $1 ${NEWEST_FIRST} LIMIT $2`, [customerId, limit]),
  );
}

export async function customerExists(id) {
  const { rows } = await pool.query("SELECT 1 FROM customers WHERE id = $1", [id]);
  return rows.length > 0;
}

/**
 * The orders with their items and what has been paid.
 * @param {import("pg").QueryResult} page
 */
function completed({ rows: orders }) {
  return Promise.all(
    orders.map(async (order) => {
      const [items, paid_cents] = await Promise.all([itemsOf(order.id), paidFor(order.id)]);
      return { ...order, items, paid_cents };
    }),
  );
}

async function itemsOf(orderId) {
  const { rows } = await pool.query(
    `SELECT i.quantity, i.unit_price_cents, p.id, p.sku, p.name
     FROM order_items i JOIN products p ON p.id = i.product_id
     WHERE i.order_id = $1 ORDER BY i.id`,
    [orderId],
  );
  return rows.map(({ quantity, unit_price_cents, ...product }) => ({ product, quantity, unit_price_cents }));
}

async function paidFor(orderId) {
  const { rows } = await pool.query(
    "SELECT coalesce(sum(amount_cents), 0)::bigint AS cents FROM payments WHERE order_id = $1",
    [orderId],
  );
  return rows[0].cents;
}
