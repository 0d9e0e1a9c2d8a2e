// What the endpoint asks the database about events.
import { pool } from "./database.js";

/**
 * The events from an offset on, newest first, and whether there are more behind these.
 * @param {import("./parameters.js").Wanted} wanted
 * @param {number} offset
 */
export async function pageOf({ limit, kind, account_id }, offset) {
  const parameters = [];
  const conditions = [];
  if (kind !== undefined) conditions.push(`kind = $${parameters.push(kind)}`);
  if (account_id !== undefined) conditions.push(`account_id = $${parameters.push(account_id)}`);
  const where = conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "";
  const { rows } = await pool.query(
    `SELECT id, account_id, kind, occurred_at, payload FROM events ${where}
     ORDER BY occurred_at DESC, id DESC OFFSET $${parameters.push(offset)} LIMIT $${parameters.push(limit + 1)}`,
    parameters,
  );
  return { events: rows.slice(0, limit), more: rows.length > limit };
}
