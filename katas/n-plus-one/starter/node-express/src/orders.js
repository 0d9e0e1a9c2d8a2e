// What the endpoints ask the database about orders.
import { pool } from "./database.js";

/**
 * @typedef {object} OrderRow
 * @property {number} id
 * @property {number} customer_id
 * @property {string} status
 * @property {string} placed_at
 */

/**
 * @param {number} limit
 * @param {string} [status]
 * @returns {Promise<OrderRow[]>}
 */
export async function newestOrders(limit, status) {
  const filter = status === undefined ? "" : "WHERE status = $2";
  const { rows } = await pool.query(
    `SELECT id, customer_id, status, placed_at FROM orders ${filter} ORDER BY placed_at DESC, id DESC LIMIT $1`,
    status === undefined ? [limit] : [limit, status],
  );
  return rows;
}

/** @returns {Promise<OrderRow | undefined>} */
export async function orderById(id) {
  const { rows } = await pool.query("SELECT id, customer_id, status, placed_at FROM orders WHERE id = $1", [id]);
  return rows[0];
}

/** @returns {Promise<OrderRow[]>} */
export async function ordersOfCustomer(customerId, limit) {
  const { rows } = await pool.query(
    `SELECT id, customer_id, status, placed_at FROM orders
     WHERE customer_id = $1 ORDER BY placed_at DESC, id DESC LIMIT $2`,
    [customerId, limit],
  );
  return rows;
}

export async function customerById(id) {
  const { rows } = await pool.query("SELECT id, name FROM customers WHERE id = $1", [id]);
  return rows[0];
}

export async function productById(id) {
  const { rows } = await pool.query("SELECT id, sku, name FROM products WHERE id = $1", [id]);
  return rows[0];
}

export async function itemsOf(orderId) {
  const { rows } = await pool.query(
    "SELECT product_id, quantity, unit_price_cents FROM order_items WHERE order_id = $1 ORDER BY id",
    [orderId],
  );
  return rows;
}

export async function paymentsOf(orderId) {
  const { rows } = await pool.query("SELECT amount_cents FROM payments WHERE order_id = $1", [orderId]);
  return rows;
}
