// The units of items: taken for an order, given back, added, and counted.
import { Problem } from "./problems.js";

/** @typedef {import("pg").ClientBase | import("pg").Pool} Database */
/** @typedef {import("./bodies.js").Line} Line */

/** @param {Database} db */
export async function knownOf(db, skus) {
  const { rows } = await db.query("SELECT sku FROM items WHERE sku = ANY($1)", [skus]);
  return new Set(rows.map(({ sku }) => sku));
}

/**
 * The units on sale of each item. A problem where they are too few.
 * @param {Database} db
 * @param {Line[]} lines
 */
export async function look(db, lines) {
  const { rows } = await db.query("SELECT sku, stock FROM items WHERE sku = ANY($1)", [lines.map(({ sku }) => sku)]);
  const units = new Map(rows.map(({ sku, stock }) => [sku, stock]));
  for (const { sku, quantity } of lines) {
    if (units.get(sku) < quantity) throw outOfStock(sku);
  }
  return units;
}

export function outOfStock(sku) {
  return new Problem(409, `There are too few units of ${sku}.`, { type: "/problems/out-of-stock" });
}

/**
 * @param {Database} db
 * @param {Line[]} lines
 * @param {Map<string, number>} units
 */
export async function take(db, lines, units) {
  for (const { sku, quantity } of lines) {
    await db.query("UPDATE items SET stock = $2 WHERE sku = $1", [sku, units.get(sku) - quantity]);
  }
}

/**
 * Put units back on sale.
 * @param {Database} db
 * @param {Line[]} lines
 */
export async function give(db, lines) {
  for (const { sku, quantity } of lines) await restock(db, sku, quantity);
}

/** Add units. An unknown item stays unknown. */
export async function restock(db, sku, quantity) {
  const { rows } = await db.query("SELECT stock FROM items WHERE sku = $1", [sku]);
  if (rows.length === 0) return;
  await db.query("UPDATE items SET stock = $2 WHERE sku = $1", [sku, rows[0].stock + quantity]);
}

/** The item with its three numbers. */
export async function read(db, sku) {
  const { rows } = await db.query(
    `SELECT i.sku, i.name, i.stock AS available,
            coalesce(sum(l.quantity) FILTER (WHERE o.status = 'reserved'), 0)::int AS reserved,
            coalesce(sum(l.quantity) FILTER (WHERE o.status = 'confirmed'), 0)::int AS sold
     FROM items i LEFT JOIN order_lines l ON l.sku = i.sku LEFT JOIN orders o ON o.id = l.order_id
     WHERE i.sku = $1 GROUP BY i.sku`,
    [sku],
  );
  if (rows.length === 0) throw new Problem(404, "There is no such item.");
  return rows[0];
}
