// Orders: placed, confirmed, cancelled, read.
import { Problem } from "./problems.js";
import * as stock from "./stock.js";

const RESERVATION_SECONDS = Number(process.env.RESERVATION_SECONDS ?? 900);

/** @typedef {import("./stock.js").Database} Database */
/** @typedef {import("./bodies.js").Line} Line */

/**
 * The id of the new order, with all of its units taken. A problem where they are too few; then nothing is taken.
 * @param {Database} db in a transaction
 * @param {Line[]} lines
 */
export async function place(db, lines) {
  const units = await stock.look(db, lines);
  const id = await write(db, lines);
  await stock.take(db, lines, units);
  return id;
}

async function write(db, lines) {
  const { rows } = await db.query(
    `INSERT INTO orders (status, expires_at) VALUES ('reserved', clock_timestamp() + make_interval(secs => $1))
     RETURNING id`,
    [RESERVATION_SECONDS],
  );
  for (const { sku, quantity } of lines) {
    await db.query("INSERT INTO order_lines (order_id, sku, quantity) VALUES ($1, $2, $3)", [rows[0].id, sku, quantity]);
  }
  return rows[0].id;
}

/** Confirm the order if it is open. */
export async function confirm(db, id) {
  if (await isOpen(db, id)) await setStatus(db, id, "confirmed");
}

/** Cancel the order if it is open, and put its units back on sale. */
export async function cancel(db, id) {
  if (!(await isOpen(db, id))) return;
  await setStatus(db, id, "cancelled");
  await stock.give(db, await linesOf(db, id));
}

async function isOpen(db, id) {
  const { rowCount } = await db.query(
    "SELECT FROM orders WHERE id = $1 AND status = 'reserved' AND expires_at > clock_timestamp()",
    [id],
  );
  return rowCount === 1;
}

export async function setStatus(db, id, status) {
  await db.query("UPDATE orders SET status = $2 WHERE id = $1", [id, status]);
}

/** @returns {Promise<Line[]>} */
export async function linesOf(db, id) {
  const { rows } = await db.query("SELECT sku, quantity FROM order_lines WHERE order_id = $1 ORDER BY sku", [id]);
  return rows;
}

/** The order as clients see it. */
export async function read(db, id) {
  const { rows } = await db.query("SELECT id, status, expires_at FROM orders WHERE id = $1", [id]);
  if (rows.length === 0) throw new Problem(404, "There is no such order.");
  return { ...rows[0], lines: await linesOf(db, id) };
}
