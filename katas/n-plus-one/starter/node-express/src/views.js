// The JSON that clients see.
import { customerById, itemsOf, paymentsOf, productById } from "./orders.js";

/** @param {import("./orders.js").OrderRow} order */
export async function orderView(order) {
  const customer = await customerById(order.customer_id);
  const items = [];
  let total = 0;
  for (const item of await itemsOf(order.id)) {
    items.push(await itemView(item));
    total += item.quantity * item.unit_price_cents;
  }
  let paid = 0;
  for (const payment of await paymentsOf(order.id)) paid += payment.amount_cents;
  return {
    id: order.id,
    status: order.status,
    placed_at: order.placed_at,
    customer,
    items,
    total_cents: total,
    paid_cents: paid,
    balance_cents: total - paid,
  };
}

async function itemView({ product_id, quantity, unit_price_cents }) {
  return { product: await productById(product_id), quantity, unit_price_cents };
}
