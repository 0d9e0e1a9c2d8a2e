// What the endpoint asks the database about events.
import { pool } from "./database.js";

/**
 * The events behind a position, newest first, and whether there are more behind these.
 * @param {import("./parameters.js").Wanted} wanted
 * @param {import("./cursors.js").Position} [after]
 */
export async function pageOf({ limit, kind, account_id }, after) {
  const parameters = [];
  const conditions = [];
  if (kind !== undefined) conditions.push(`kind = $${parameters.push(kind)}`);
  if (account_id !== undefined) conditions.push(`account_id = $${parameters.push(account_id)}`);
  if (after !== undefined) {
    conditions.push(`occurred_at < $${parameters.push(after.occurred_at)}`);
  }
  const where = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
  const { rows } = await pool.query(
    `SELECT id, account_id, kind, occurred_at, payload FROM events ${where}
     ORDER BY occurred_at DESC, id DESC LIMIT $${parameters.push(limit + 1)}`,
    parameters,
  );
  return { events: rows.slice(0, limit), more: rows.length > limit };
}
