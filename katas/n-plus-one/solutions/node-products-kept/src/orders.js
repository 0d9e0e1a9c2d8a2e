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
async function completed({ rows: orders }) {
  if (orders.length === 0) return [];
  const ids = orders.map((order) => order.id);
  const items = await itemsOf(ids);
  const paid = await paidFor(ids);
  return orders.map((order) => ({ ...order, items: items.get(order.id) ?? [], paid_cents: paid.get(order.id) ?? 0 }));
}

/** Products by id: they hardly ever change. */
const products = new Map();

async function itemsOf(orderIds) {
  const { rows } = await pool.query(
    "SELECT order_id, product_id, quantity, unit_price_cents FROM order_items WHERE order_id = ANY ($1) ORDER BY id",
    [orderIds],
  );
  await learnProducts(rows.map((row) => row.product_id).filter((id) => !products.has(id)));
  const byOrder = new Map();
  for (const { order_id, product_id, quantity, unit_price_cents } of rows) {
    if (!byOrder.has(order_id)) byOrder.set(order_id, []);
    byOrder.get(order_id).push({ product: products.get(product_id), quantity, unit_price_cents });
  }
  return byOrder;
}

async function learnProducts(ids) {
  if (ids.length === 0) return;
  const { rows } = await pool.query("SELECT id, sku, name FROM products WHERE id = ANY ($1)", [[...new Set(ids)]]);
  for (const product of rows) products.set(product.id, product);
}

async function paidFor(orderIds) {
  const { rows } = await pool.query(
    "SELECT order_id, sum(amount_cents)::bigint AS cents FROM payments WHERE order_id = ANY ($1) GROUP BY order_id",
    [orderIds],
  );
  return new Map(rows.map(({ order_id, cents }) => [order_id, cents]));
}
