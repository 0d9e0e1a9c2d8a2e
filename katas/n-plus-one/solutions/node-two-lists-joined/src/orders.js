// What the endpoints ask the database about orders: everything at once.
import { pool } from "./database.js";

const NEWEST_FIRST = "ORDER BY placed_at DESC, id DESC";

export function newestOrders(limit, status) {
  if (status === undefined) return ordersOf(`SELECT * FROM orders ${NEWEST_FIRST} LIMIT $1`, [limit]);
  return ordersOf(`SELECT * FROM orders WHERE status = $2 ${NEWEST_FIRST} LIMIT $1`, [limit, status]);
}

export async function orderById(id) {
  const [order] = await ordersOf("SELECT * FROM orders WHERE id = $1", [id]);
  return order;
}

export function ordersOfCustomer(customerId, limit) {
  return ordersOf(`SELECT * FROM orders WHERE customer_id = $1 ${NEWEST_FIRST} LIMIT $2`, [customerId, limit]);
}

export async function customerExists(id) {
  const { rows } = await pool.query("SELECT 1 FROM customers WHERE id = $1", [id]);
  return rows.length > 0;
}

async function ordersOf(page, parameters) {
  const { rows } = await pool.query(
    `SELECT o.id, o.status, o.placed_at, c.id AS customer_id, c.name AS customer_name,
            i.id AS item_id, i.quantity, i.unit_price_cents, p.id AS product_id, p.sku, p.name,
            y.id AS payment_id, y.amount_cents
     FROM (${page}) o
     JOIN customers c ON c.id = o.customer_id
     LEFT JOIN order_items i ON i.order_id = o.id
     LEFT JOIN products p ON p.id = i.product_id
     LEFT JOIN payments y ON y.order_id = o.id
     ORDER BY o.placed_at DESC, o.id DESC, i.id`,
    parameters,
  );
  const orders = new Map();
  const seen = { items: new Set(), payments: new Set() };
  for (const row of rows) {
    if (!orders.has(row.id)) orders.set(row.id, emptyOrder(row));
    const order = orders.get(row.id);
    if (row.item_id !== null && !seen.items.has(row.item_id)) {
      seen.items.add(row.item_id);
      order.items.push(itemOf(row));
    }
    if (row.payment_id !== null && !seen.payments.has(row.payment_id)) {
      seen.payments.add(row.payment_id);
      order.paid_cents += row.amount_cents;
    }
  }
  return [...orders.values()];
}

function emptyOrder({ id, status, placed_at, customer_id, customer_name }) {
  return { id, status, placed_at, customer: { id: customer_id, name: customer_name }, items: [], paid_cents: 0 };
}

function itemOf({ product_id, sku, name, quantity, unit_price_cents }) {
  return { product: { id: product_id, sku, name }, quantity, unit_price_cents };
}
